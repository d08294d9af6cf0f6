//! References in values: `env:NAME`, `file:PATH`, `credential:NAME` (spec: config, section 3).

use std::ffi::OsStr;
use std::path::PathBuf;

use secrecy::zeroize::Zeroizing;

use super::sources::Sources;
use crate::limits::{UNIX_SOCKET_PATH_MAX, VALUE_FILE_MAX};
use crate::secrets::{Environment, Files as _, Prefix, Reference, ReferenceError};

impl Sources<'_> {
    /// What a value of a configuration file stands for that may be a reference: itself, or what the reference leads to,
    /// trimmed and not empty (spec: config, section 3, value references).
    pub(super) fn referenced_value(&self, text: &str) -> Result<Zeroizing<String>, String> {
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
pub(super) const NO_REFERENCE: &str = "is not a valid reference; write env:NAME, file:PATH or credential:NAME";

/// What a plain path, `env:NAME`, `file:PATH` or `credential:NAME` stands for (spec: config, section 3, path references).
pub(super) fn referenced_path(environment: &Environment, written: &OsStr) -> Result<PathBuf, String> {
    match Reference::parse(written) {
        Some(Reference::Variable(name)) => {
            let value = environment
                .value(&name)
                .ok_or_else(|| format!("refers to variable {name}, which is not set; set it"))?;
            Ok(PathBuf::from(value))
        }
        Some(reference) => match reference.file(environment) {
            Ok(path) => Ok(path.unwrap_or_default()),
            Err(error) => Err(format!("refers to {reference}, which {error}")),
        },
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
pub(super) fn socket_path(path: PathBuf) -> Result<PathBuf, String> {
    if path.as_os_str().len() > UNIX_SOCKET_PATH_MAX {
        return Err(format!(
            "is longer than the {UNIX_SOCKET_PATH_MAX} bytes that the path of a unix socket may have; shorten it"
        ));
    }
    Ok(path)
}
