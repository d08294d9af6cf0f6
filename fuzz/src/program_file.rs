//! The beginning of a stdio server's program (`src/preflight`): interpreter line and ELF header.
//!
//! Oracles: the rules by which Linux reads a `#!` line (fs/binfmt_script.c), written down again; the crate `object` for the loader.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use object::Endianness;
use object::elf::{EM_AARCH64, EM_X86_64, FileHeader64, PT_INTERP};
use object::read::elf::{FileHeader as _, ProgramHeader as _};
use rustix::fs::{MemfdFlags, memfd_create};
use tunnel_client::fuzzing::processes::programs::{
    ELF_SEGMENTS_MAX, Outcome, PATH_MAX, can_execute, linked, loader, script,
};

/// Bytes of a program that Linux reads at first.
const FIRST: usize = 256;

/// Feeds `data` as a program.
pub fn check(data: &[u8]) {
    let mut file = File::from(memfd_create("program", MemfdFlags::CLOEXEC).expect("a file"));
    file.write_all(data).expect("a file in memory");
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    interpreter(data, &path);
    loader_of(data, &file, &path);
}

/// What Linux would execute for a `#!` line: the interpreter and its one argument. `None`: the line is no valid one.
fn kernel(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let mut first = [0; FIRST];
    let length = data.len().min(FIRST);
    first[..length].copy_from_slice(&data[..length]);
    let line = &data.get(2..length)?;
    let end = match first.iter().position(|byte| *byte == b'\n') {
        Some(end) => end,
        None => {
            // The last byte is taken for a zero. Without any end of the name it was cut off.
            let name = first[2..FIRST - 1].iter().position(|byte| !is_blank(byte))? + 2;
            first[name..FIRST - 1]
                .iter()
                .position(|byte| is_blank(byte) || *byte == 0)?;
            FIRST - 1
        }
    };
    let end = end.min(length);
    let line = line.get(..end.checked_sub(2)?)?;
    let line = &line[..line.iter().rposition(|byte| !is_blank(byte))? + 1];
    let line = &line[line.iter().position(|byte| !is_blank(byte))?..];
    let name = line
        .iter()
        .position(|byte| is_blank(byte) || *byte == 0)
        .unwrap_or(line.len());
    let (name, rest) = line.split_at(name);
    let argument = match rest.first() {
        None | Some(0) => &[],
        Some(_) => {
            let begin = rest.iter().position(|byte| !is_blank(byte)).unwrap_or(rest.len());
            let argument = &rest[begin..];
            &argument[..argument.iter().position(|byte| *byte == 0).unwrap_or(argument.len())]
        }
    };
    Some((name, argument))
}

fn interpreter(data: &[u8], path: &Path) {
    let (outcome, seen) = script(path);
    if !data.starts_with(b"#!") {
        assert!(matches!(outcome, Outcome::Fine | Outcome::NoShebang));
        assert!(outcome == Outcome::Fine || !data.starts_with(b"\x7fELF"));
        assert!(seen.is_empty());
        return;
    }
    let Some((name, argument)) = kernel(data) else {
        // Linux does not run it.
        assert_ne!(outcome, Outcome::NoShebang);
        return;
    };
    let file = Path::new(OsStr::from_bytes(name));
    match (name.first(), seen.first()) {
        (Some(b'/'), Some((found, arguments))) => {
            assert_eq!(found, file);
            let shown = String::from_utf8_lossy(argument).into_owned();
            assert_eq!(arguments, &[shown]);
            assert!(can_execute(file));
        }
        (Some(b'/'), None) => assert!(
            outcome == Outcome::Unavailable && !can_execute(file),
            "{outcome:?} {file:?}"
        ),
        _ => assert!(outcome == Outcome::Relative && seen.is_empty(), "{outcome:?} {seen:?}"),
    }
}

fn loader_of(data: &[u8], file: &File, path: &Path) {
    let found = loader(file);
    let named = theirs(data);
    if let Some(loader) = &found {
        assert!(loader.len() < PATH_MAX && !loader.contains(&0));
        let can_execute = can_execute(Path::new(OsStr::from_bytes(loader)));
        assert_eq!(linked(path), if can_execute { Outcome::Fine } else { Outcome::Loader });
    } else {
        assert_eq!(linked(path), Outcome::Fine);
    }
    if let Some(named) = named {
        assert_eq!(found, named, "{}", data.escape_ascii());
    }
}

/// The loader by another reader; `None` for what is no program of this machine, or has more segments than are read.
fn theirs(data: &[u8]) -> Option<Option<Vec<u8>>> {
    let machine = if cfg!(target_arch = "x86_64") {
        EM_X86_64
    } else {
        EM_AARCH64
    };
    let header = FileHeader64::<Endianness>::parse(data).ok()?;
    let endian = header.endian().ok()?;
    if endian != Endianness::Little || header.e_machine(endian) != machine || header.e_phentsize(endian) != 56 {
        return None;
    }
    let segments = header.program_headers(endian, data).ok()?;
    // Linux does not know the escape for more segments than the header can count.
    if segments.len() > usize::from(ELF_SEGMENTS_MAX) || header.e_phnum.get(endian) == u16::MAX {
        return None;
    }
    let named = segments.iter().find(|segment| segment.p_type(endian) == PT_INTERP);
    let path = named.and_then(|segment| {
        let bytes = segment.data(endian, data).ok()?;
        let end = bytes.iter().position(|byte| *byte == 0)?;
        (bytes.len() <= PATH_MAX).then(|| bytes[..end].to_vec())
    });
    Some(path)
}
