//! The loader of a program that is linked dynamically: without it the kernel says that the program does not exist.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::problem::{Kind, Problem, show};
use super::{executable, file};
use crate::limits::{ELF_SEGMENTS_MAX, PATH_MAX};

#[cfg(fuzzing)]
pub(super) mod fuzzing {
    //! Loaders of programs.

    use std::fs::File;

    /// The loader that a program names.
    #[must_use]
    pub fn loader(program: &File) -> Option<Vec<u8>> {
        super::loader(program)
    }
}

/// What the file's header has for this machine (elf(5), `e_machine`); programs of others may have an emulator.
const MACHINE: Option<u16> = match std::env::consts::ARCH.as_bytes() {
    b"x86_64" => Some(62),
    b"aarch64" => Some(183),
    _ => None,
};
/// Type of the segment that names the loader.
const PT_INTERP: u32 = 3;

/// Checks that the loader of `program` exists. What is no 64-bit little-endian program for this machine, or cannot be
/// read, is taken for right.
pub(super) fn check(program: &Path) -> Result<(), Problem> {
    let Some(loader) = file::open_regular(program).and_then(|file| loader(&file)) else {
        return Ok(());
    };
    let loader = Path::new(OsStr::from_bytes(&loader));
    if executable::can_execute(loader) {
        return Ok(());
    }
    let loader = show(&loader.to_string_lossy());
    Err(Problem::new(Kind::Loader { loader }, program))
}

fn loader(file: &File) -> Option<Vec<u8>> {
    let header = bytes::<64>(file, 0)?;
    let is_ours = header.starts_with(b"\x7fELF\x02\x01") && Some(u16_at(&header, 18)?) == MACHINE;
    if !is_ours || u16_at(&header, 54)? != 56 {
        return None;
    }
    let (table, count) = (u64_at(&header, 32)?, u16_at(&header, 56)?);
    let segments = (0..count.min(ELF_SEGMENTS_MAX)).map_while(|index| {
        let offset = table.checked_add(u64::from(index) * 56)?;
        bytes::<56>(file, offset)
    });
    let named = segments
        .into_iter()
        .find(|segment| u32_at(segment, 0) == Some(PT_INTERP))?;
    let length = usize::try_from(u64_at(&named, 32)?)
        .ok()
        .filter(|length| *length <= PATH_MAX)?;
    let mut path = vec![0; length];
    file.read_exact_at(&mut path, u64_at(&named, 8)?).ok()?;
    path.truncate(path.iter().position(|byte| *byte == 0)?);
    Some(path)
}

fn bytes<const N: usize>(file: &File, offset: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact_at(&mut bytes, offset).ok()?;
    Some(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}
