//! Loaders of programs. A child of `preflight::elf`.

use std::fs::File;

/// The loader that a program names.
#[must_use]
pub fn loader(program: &File) -> Option<Vec<u8>> {
    super::loader(program)
}
