//! References in values: `env:NAME`, `file:PATH`, `credential:NAME` (contract: config, section 3).

use std::ffi::OsStr;
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::Sources;
use crate::limits::{UNIX_SOCKET_PATH_MAX, VALUE_FILE_MAX};
use crate::secrets::{Files as _, Prefix, Reference, ReferenceError};

/// Reads what may be a reference; `None` when it is not meant as one. `or` begins the list of what can be written instead of a wrong one.
///
/// # Errors
///
/// It is meant as a reference and is none.
pub(in crate::config) fn reference(written: &OsStr, prefix: Prefix, or: &str) -> Result<Option<Reference>, String> {
    let text = written.to_str();
    let reference = match prefix {
        Prefix::Exact => Reference::parse(written),
        Prefix::AnyCase => text.and_then(Reference::parse_any_case),
    };
    match reference {
        None if text.is_some_and(|text| Reference::is_meant(text, prefix)) => Err(format!(
            "is not a valid reference; write {or}env:NAME, file:PATH or credential:NAME"
        )),
        reference => Ok(reference),
    }
}

/// What is wrong with the thing that a reference leads to.
pub(in crate::config) fn refers(reference: &Reference, problem: impl Display) -> String {
    format!("refers to {reference}, which {problem}")
}

impl Sources<'_> {
    /// What a value stands for that may be a reference in a configuration file: itself, or what the reference leads to, trimmed and not
    /// empty (contract: config, section 3).
    pub(in crate::config) fn value(&self, text: &str, is_in_file: bool) -> Result<Zeroizing<String>, String> {
        let reference = match is_in_file {
            true => reference(OsStr::new(text), Prefix::AnyCase, "")?,
            false => None,
        };
        let Some(reference) = reference else {
            return Ok(Zeroizing::new(text.to_owned()));
        };
        let read = |path: &Path| self.files.read(path, VALUE_FILE_MAX);
        let found = reference
            .text(self.environment, read)
            .and_then(|found| match found.trim() {
                "" => Err(ReferenceError::Empty),
                text => Ok(Zeroizing::new(text.to_owned())),
            });
        found.map_err(|error| refers(&reference, error))
    }

    /// The secret that a reference leads to, of at most `limit` bytes.
    pub(in crate::config) fn secret(
        &self,
        reference: &Reference,
        limit: usize,
    ) -> Result<SecretString, ReferenceError> {
        reference.secret(self.environment, self.files, limit)
    }

    /// What a plain path, `env:NAME`, `file:PATH` or `credential:NAME` stands for (contract: config, section 3).
    /// A credential has to be there: how its file is read says nothing of the unit of the service.
    pub(in crate::config) fn path(&self, written: &OsStr) -> Result<PathBuf, String> {
        let Some(reference) = reference(written, Prefix::Exact, "a path, ")? else {
            return Ok(PathBuf::from(written));
        };
        if let Reference::Variable(name) = &reference {
            let value = self.environment.value(name);
            let unset = || format!("refers to variable {name}, which is not set; set it");
            return value.map(PathBuf::from).ok_or_else(unset);
        }
        let there = reference.file(self.environment).and_then(|path| match path {
            Some(path) if matches!(reference, Reference::Credential(_)) && !self.files.is_there(&path) => {
                let is_visible = path.parent().is_some_and(|directory| self.files.is_there(directory));
                let kind = match is_visible {
                    true => io::ErrorKind::NotFound,
                    false => io::ErrorKind::PermissionDenied,
                };
                Err(reference.unread(kind.into()))
            }
            path => Ok(path.unwrap_or_default()),
        });
        there.map_err(|error| refers(&reference, error))
    }

    /// As [`Self::path`], for a unix socket, whose path the kernel bounds.
    pub(in crate::config) fn socket(&self, written: &OsStr) -> Result<PathBuf, String> {
        self.path(written).and_then(socket_path)
    }
}

/// The path of a unix socket, which the kernel bounds.
pub(in crate::config) fn socket_path(path: PathBuf) -> Result<PathBuf, String> {
    if path.as_os_str().len() > UNIX_SOCKET_PATH_MAX {
        return Err(format!(
            "is longer than the {UNIX_SOCKET_PATH_MAX} bytes that the path of a unix socket may have; shorten it"
        ));
    }
    Ok(path)
}
