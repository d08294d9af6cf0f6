//! Opening files that others may have prepared.

use std::fs::File;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat, open};

/// Opens a regular file for reading, without waiting: a pipe has no writer, another process can hold a lease on the file (`F_SETLEASE`
/// in fcntl(2)), a terminal would become that of this process.
pub(crate) fn open_regular(path: &Path) -> Option<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = open(path, flags, Mode::empty()).ok()?;
    let kind = FileType::from_raw_mode(fstat(&file).ok()?.st_mode);
    (kind == FileType::RegularFile).then(|| file.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rustix::fs::{CWD, mkfifoat};

    use super::*;

    #[test]
    fn only_a_regular_file_is_opened_and_a_pipe_without_a_writer_is_not_waited_for() {
        let fifo = std::env::temp_dir().join(format!("tunnel-client-preflight-{}", std::process::id()));
        let _ = std::fs::remove_file(&fifo);
        mkfifoat(CWD, &fifo, Mode::RWXU).unwrap();
        let found = open_regular(&fifo).is_some();
        std::fs::remove_file(&fifo).unwrap();
        assert!(!found);
        assert!(open_regular(Path::new("/dev/null")).is_none());
        assert!(open_regular(Path::new("/")).is_none());
        assert!(open_regular(Path::new("/proc/self/status")).is_some());
    }
}
