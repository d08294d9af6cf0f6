//! Files that this process was given as its standard streams: `run >> FILE 2>&1` makes FILE a log that no setting names.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use rustix::fs::{FileType, fstat};

/// Finds their paths, those of named pipes among them. Other pipes have none, terminals and devices are closed to servers anyway, and
/// rules about files do not cover connections to sockets. A removed file needs none. Files that this process cannot
/// find by that name (chroot(2), another mount namespace) are out of reach of its servers as well.
pub(super) fn files() -> Vec<PathBuf> {
    let streams = [file(0, io::stdin()), file(1, io::stdout()), file(2, io::stderr())];
    streams.into_iter().flatten().collect()
}

/// The kernel names the target of a descriptor (proc_pid_fd(5)), for the process itself also when it is not dumpable. The name may
/// belong to a removed file, so the present file has to be the same one.
fn file(number: u32, stream: impl AsFd) -> Option<PathBuf> {
    let opened = fstat(stream).ok()?;
    let kind = FileType::from_raw_mode(opened.st_mode);
    if !matches!(kind, FileType::RegularFile | FileType::Fifo) {
        return None;
    }
    let path = fs::read_link(format!("/proc/self/fd/{number}")).ok()?;
    let found = fs::symlink_metadata(&path).ok()?;
    (found.dev() == opened.st_dev && found.ino() == opened.st_ino).then_some(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::File;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::net::UnixListener;
    use std::path::Path;

    use rustix::fs::{CWD, Mode, mknodat};

    use super::*;

    #[test]
    fn files_and_named_pipes_are_found_and_what_has_no_path_or_no_rule_is_not() {
        let base = std::env::temp_dir().canonicalize().unwrap();
        let base = base.join(format!("tunnel-client-streams-{}", std::process::id()));
        let _ = fs::remove_dir_all(&base);
        fs::create_dir_all(&base).unwrap();
        let (log, pipe) = (base.join("log"), base.join("pipe"));
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        fs::write(&log, "").unwrap();
        let find = |opened: &dyn AsFd| {
            let number = opened.as_fd().as_raw_fd();
            file(u32::try_from(number).unwrap(), opened.as_fd())
        };
        let open = |path: &Path| File::options().read(true).write(true).open(path).unwrap();
        assert_eq!(find(&open(&log)), Some(log.clone()));
        let opened = open(&pipe);
        assert_eq!(find(&opened), Some(pipe.clone()));
        // Another file has taken its name.
        fs::rename(&log, &pipe).unwrap();
        assert_eq!(find(&opened), None);
        let (_reader, writer) = io::pipe().unwrap();
        assert_eq!(find(&writer), None);
        assert_eq!(find(&UnixListener::bind(base.join("socket")).unwrap()), None);
        assert_eq!(find(&open(Path::new("/dev/null"))), None);
        fs::remove_dir_all(base).unwrap();
    }
}
