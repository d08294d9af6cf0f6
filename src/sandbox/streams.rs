//! Files that this process was given as its standard streams: `run >> FILE 2>&1` makes FILE a log that no setting names.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use rustix::fs::{FileType, fstat};

/// Finds their paths. Pipes, sockets, terminals and devices have none. A removed file needs none. Files that this process cannot
/// find by that name (chroot(2), another mount namespace) are out of reach of its servers as well.
pub(super) fn files() -> Vec<PathBuf> {
    let streams = [file(0, io::stdin()), file(1, io::stdout()), file(2, io::stderr())];
    streams.into_iter().flatten().collect()
}

/// The kernel names the target of a descriptor (proc_pid_fd(5)), for the process itself also when it is not dumpable. The name may
/// belong to a removed file, so the present file has to be the same one.
fn file(number: u8, stream: impl AsFd) -> Option<PathBuf> {
    let opened = fstat(stream).ok()?;
    if FileType::from_raw_mode(opened.st_mode) != FileType::RegularFile {
        return None;
    }
    let path = fs::read_link(format!("/proc/self/fd/{number}")).ok()?;
    let found = fs::symlink_metadata(&path).ok()?;
    (found.dev() == opened.st_dev && found.ino() == opened.st_ino).then_some(path)
}
