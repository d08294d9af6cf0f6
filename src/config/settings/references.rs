//! References in values: `env:NAME`, `file:PATH`, `credential:NAME` (contract: config, section 3).

use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;

use secrecy::zeroize::Zeroizing;

use super::Sources;
use crate::limits::{UNIX_SOCKET_PATH_MAX, VALUE_FILE_MAX};
use crate::secrets::{Files as _, Prefix, Reference, ReferenceError};

impl Sources<'_> {
    /// What a value of a configuration file stands for that may be a reference: itself, or what the reference leads to,
    /// trimmed and not empty (contract: config, section 3).
    pub(in crate::config) fn referenced_value(&self, text: &str) -> Result<Zeroizing<String>, String> {
        if !Reference::is_meant(text, Prefix::AnyCase) {
            return Ok(Zeroizing::new(text.to_owned()));
        }
        let reference = Reference::parse_any_case(text).ok_or(NO_REFERENCE)?;
        let found = reference
            .text(self.environment, |path| self.files.read(path, VALUE_FILE_MAX))
            .map_err(|error| format!("refers to {reference}, which {error}"))?;
        match found.trim() {
            "" => Err(format!("refers to {reference}, which {}", ReferenceError::Empty)),
            text => Ok(Zeroizing::new(text.to_owned())),
        }
    }
}

/// What is wrong with `env:a b`.
pub(in crate::config) const NO_REFERENCE: &str =
    "is not a valid reference; write env:NAME, file:PATH or credential:NAME";

/// What a plain path, `env:NAME`, `file:PATH` or `credential:NAME` stands for (contract: config, section 3).
/// A credential has to be there: how its file is read says nothing of the unit of the service.
pub(in crate::config) fn referenced_path(sources: &Sources<'_>, written: &OsStr) -> Result<PathBuf, String> {
    match Reference::parse(written) {
        Some(Reference::Variable(name)) => {
            let value = sources
                .environment
                .value(&name)
                .ok_or_else(|| format!("refers to variable {name}, which is not set; set it"))?;
            Ok(PathBuf::from(value))
        }
        Some(reference) => {
            let there = reference.file(sources.environment).and_then(|path| match path {
                Some(path) if matches!(reference, Reference::Credential(_)) && !sources.files.is_there(&path) => {
                    let is_visible = path.parent().is_some_and(|directory| sources.files.is_there(directory));
                    let kind = if is_visible {
                        io::ErrorKind::NotFound
                    } else {
                        io::ErrorKind::PermissionDenied
                    };
                    Err(reference.unread(kind.into()))
                }
                path => Ok(path.unwrap_or_default()),
            });
            there.map_err(|error| format!("refers to {reference}, which {error}"))
        }
        None if written
            .to_str()
            .is_some_and(|text| Reference::is_meant(text, Prefix::Exact)) =>
        {
            Err("is not a valid reference; write a path, env:NAME, file:PATH or credential:NAME".to_owned())
        }
        None => Ok(PathBuf::from(written)),
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
