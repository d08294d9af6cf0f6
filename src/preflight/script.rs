//! Whether a script can be read.

use std::io::ErrorKind;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::problem::{Kind, Problem};

/// What keeps the effective user from reading `file`; a directory may be one that the interpreter runs as a package.
pub(super) fn check(file: &Path, directory_is_package: bool) -> Result<(), Problem> {
    let kind = match std::fs::metadata(file) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Kind::ScriptUnreadable,
        Err(_) => Kind::ScriptMissing,
        Ok(found) if found.is_dir() && !directory_is_package => Kind::ScriptUnreadable,
        Ok(_) if accessat(CWD, file, Access::READ_OK, AtFlags::EACCESS).is_err() => Kind::ScriptUnreadable,
        Ok(_) => return Ok(()),
    };
    Err(Problem::new(kind, file))
}
