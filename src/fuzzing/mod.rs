//! Doors to private code for `fuzz/`. They exist in builds for fuzzing only (`cfg(fuzzing)`): thin wrappers, without decisions.

pub mod messages;
pub mod processes;
pub mod secrets;
pub mod settings;
