//! Finding a program as `execvp` finds it.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::problem::{Kind, Problem};

/// Where musl looks when `PATH` is not set.
const DEFAULT_PATH: &str = "/usr/local/bin:/bin:/usr/bin";

/// The file that would be executed for `name`.
pub(super) fn find(name: &str, path: Option<&OsStr>) -> Result<PathBuf, Problem> {
    if name.contains('/') {
        return match judge(Path::new(name)) {
            None => Ok(PathBuf::from(name)),
            Some(kind) => Err(Problem::new(kind, name)),
        };
    }
    if name.is_empty() {
        return Err(Problem::new(Kind::NotFound, name));
    }
    let mut denied = None;
    for directory in std::env::split_paths(path.unwrap_or(OsStr::new(DEFAULT_PATH))) {
        // An empty part of PATH is the working directory.
        let candidate = Path::new(".").join(directory).join(name);
        match judge(&candidate) {
            None => return Ok(candidate),
            Some(Kind::NotExecutable) => denied = denied.or(Some(candidate)),
            Some(_) => {}
        }
    }
    Err(match denied {
        Some(candidate) => Problem::new(Kind::NotExecutable, candidate),
        None => Problem::new(Kind::NotFound, name),
    })
}

/// False for what a login shell would look up later.
pub(super) fn is_path(found: &Path) -> bool {
    found.as_os_str().as_encoded_bytes().contains(&b'/')
}

/// True for a file that the effective user can execute.
pub(super) fn can_execute(file: &Path) -> bool {
    judge(file).is_none()
}

/// What keeps the effective user from executing `file`.
fn judge(file: &Path) -> Option<Kind> {
    match std::fs::metadata(file) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Some(Kind::Forbidden),
        Err(_) => Some(Kind::NotFound),
        Ok(found) if found.is_dir() => Some(Kind::Directory),
        // The kernel's own answer: it knows access lists, noexec mounts, and that root needs one execute bit.
        Ok(found) if !found.is_file() || accessat(CWD, file, Access::EXEC_OK, AtFlags::EACCESS).is_err() => {
            Some(Kind::NotExecutable)
        }
        Ok(_) => None,
    }
}
