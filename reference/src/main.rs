//! Writes the man pages, the completions and the configuration reference.

fn main() {}
