//! The runtime key.

use std::path::Path;

use secrecy::ExposeSecret as _;

use super::reader::{Checked, Reader};
use crate::config::settings::{Origin, Source, Sources, Written, table};
use crate::limits::{API_KEY_MAX, SECRET_FILE_MAX};
use crate::secrets::{ApiKey, Environment, Files, Reference, SeenFile};

/// The runtime key.
pub(super) struct Found {
    pub(super) key: ApiKey,
    /// Where it came from, without its value: `env:NAME`, `file:PATH`, `credential:NAME`.
    pub(super) source: String,
    /// The file that holds it, if one does.
    pub(super) file: Option<SeenFile>,
}

/// The runtime key and where it came from: from a variable as it is, from a flag or a file only by reference.
pub(super) fn api_key(reader: &mut Reader<'_>) -> Checked<Found> {
    let setting = &table::API_KEY;
    let Some(written) = reader.sources.one(setting) else {
        return Err(reader.report(
            setting.flag,
            Origin::UNSET,
            "control plane API key is required; set CONTROL_PLANE_API_KEY, \
             or --control-plane.api-key to env:NAME, file:PATH or credential:NAME",
        ));
    };
    let origin = written.origin.clone();
    read_api_key(reader, &written).map_err(|problem| reader.report(setting.flag, origin, problem))
}

fn read_api_key(reader: &Reader<'_>, written: &Written<'_>) -> Result<Found, String> {
    let reference = match written.origin.source {
        Source::Variable(name) => {
            let key = written.value.to_str().ok_or(malformed("it is not text"))?;
            return Ok(Found {
                key: checked(key)?,
                source: format!("env:{name}"),
                file: None,
            });
        }
        Source::File(_) => written.value.to_str().and_then(Reference::parse_any_case),
        _ => Reference::parse(written.value),
    };
    let reference = reference.ok_or(
        "control plane API key must be a reference, never the key itself; \
         write \"env:\" and the name of a variable, \"file:\" and a path, \
         or \"credential:\" and the name of a systemd credential",
    )?;
    let Sources { environment, files, .. } = reader.sources;
    let path = reference.file(environment).ok().flatten();
    let file = path.and_then(|path| SeenFile::look(&path));
    let key = reference
        .secret(environment, files, SECRET_FILE_MAX)
        .map_err(|error| match reference {
            Reference::File(_) | Reference::Credential(_) => {
                format!("read control-plane api key file: {reference} {error}")
            }
            Reference::Variable(_) => format!("control plane API key: {reference} {error}"),
        })?;
    Ok(Found {
        key: checked(key.expose_secret())?,
        source: reference.written(),
        file,
    })
}

/// The key that the file holds now.
///
/// # Errors
///
/// The file cannot be read, others can read it, or what is in it is no key.
pub(crate) fn read_key_again(path: &Path, files: &dyn Files) -> Result<ApiKey, String> {
    let reference = Reference::File(path.to_owned());
    let key = reference
        .secret(&Environment::default(), files, SECRET_FILE_MAX)
        .map_err(|error| format!("control-plane.api-key refers to {reference}, which {error}"))?;
    checked(key.expose_secret()).map_err(|problem| format!("control-plane.api-key refers to {reference}: {problem}"))
}

/// The key in its own memory, if it is one.
fn checked(key: &str) -> Result<ApiKey, String> {
    if let Some(why) = fault(key) {
        return Err(malformed(why));
    }
    ApiKey::new(key).map_err(|error| format!("there is no memory for the control plane API key: {error}"))
}

/// Why a text is no key of the service, if it is none; without the text.
pub(super) fn fault(key: &str) -> Option<&'static str> {
    let is_key_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if key.len() > API_KEY_MAX {
        Some("it is too long")
    } else if key.trim() != key {
        Some("there is white space around it")
    } else if !key.bytes().all(is_key_byte) {
        Some("it has a character that is no letter, digit, \"-\" or \"_\"")
    } else {
        None
    }
}

/// The text is an interface (contract: ops, section 6); the key is never part of it.
fn malformed(why: &str) -> String {
    format!("control plane API key is malformed: {why}; copy it again")
}
