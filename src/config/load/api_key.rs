//! The keys: the runtime key, and the admin key of `admin tunnels`.

use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use super::reader::{Checked, Reader};
use crate::config::settings::{Origin, Source, Sources, Written, table};
use crate::limits::{API_KEY_MAX, SECRET_FILE_MAX};
use crate::secrets::{ApiKey, Environment, Files, Reference, SeenFile};

/// What messages call the runtime key; the text is an interface (contract: ops, section 6).
const RUNTIME_KEY: &str = "control plane API key";

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
    read_api_key(&reader.sources, &written).map_err(|problem| reader.refuse(setting, problem))
}

fn read_api_key(sources: &Sources<'_>, written: &Written<'_>) -> Result<Found, String> {
    let place = place_of(RUNTIME_KEY, written)?;
    let (source, file) = match &place {
        Place::Variable(name, _) => (format!("env:{name}"), None),
        Place::Reference(reference) => {
            let path = reference.file(sources.environment).ok().flatten();
            (reference.written(), path.and_then(|path| SeenFile::look(&path)))
        }
    };
    let key = match &place {
        Place::Variable(_, key) => SecretString::from(*key),
        Place::Reference(reference) => sources
            .secret(reference, SECRET_FILE_MAX)
            .map_err(|error| match reference {
                Reference::File(_) | Reference::Credential(_) => {
                    format!("read control-plane api key file: {reference} {error}")
                }
                Reference::Variable(_) => format!("{RUNTIME_KEY}: {reference} {error}"),
            })?,
    };
    Ok(Found {
        key: checked(key.expose_secret())?,
        source,
        file,
    })
}

/// Where a key is.
pub(super) enum Place<'a> {
    /// In this variable, with this text.
    Variable(&'static str, &'a str),
    /// Somewhere else.
    Reference(Reference),
}

/// Where a key is that was written: a variable of the setting has the key itself, a flag or a file only names its place. `what` begins
/// the sentence about a mistake.
pub(super) fn place_of<'a>(what: &str, written: &Written<'a>) -> Result<Place<'a>, String> {
    let reference = match written.origin.source {
        Source::Variable(name) => {
            let key = written
                .value
                .to_str()
                .ok_or_else(|| malformed(what, "it is not text"))?;
            return Ok(Place::Variable(name, key));
        }
        Source::File(_) => written.value.to_str().and_then(Reference::parse_any_case),
        _ => Reference::parse(written.value),
    };
    reference.map(Place::Reference).ok_or_else(|| {
        format!(
            "{what} must be a reference, never the key itself; write \"env:\" and the name of a variable, \"file:\" and a path, or \
             \"credential:\" and the name of a systemd credential"
        )
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

/// The runtime key in its own memory, if it is one.
fn checked(key: &str) -> Result<ApiKey, String> {
    check(RUNTIME_KEY, key)?;
    ApiKey::new(key).map_err(|error| format!("there is no memory for the {RUNTIME_KEY}: {error}"))
}

/// Checks that a text is a key of the service. The key is never part of the message.
pub(super) fn check(what: &str, key: &str) -> Result<(), String> {
    let is_key_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let why = if key.len() > API_KEY_MAX {
        "it is too long"
    } else if key.trim() != key {
        "there is white space around it"
    } else if !key.bytes().all(is_key_byte) {
        "it has a character that is no letter, digit, \"-\" or \"_\""
    } else {
        return Ok(());
    };
    Err(malformed(what, why))
}

fn malformed(what: &str, why: &str) -> String {
    format!("{what} is malformed: {why}; copy it again")
}
