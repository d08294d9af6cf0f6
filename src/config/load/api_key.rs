//! The runtime key.

use secrecy::{ExposeSecret, SecretString};

use crate::config::reader::{Checked, Reader};
use crate::config::sources::{Origin, Source, Sources, Written};
use crate::config::table;
use crate::limits::{API_KEY_MAX, SECRET_FILE_MAX};
use crate::secrets::Reference;

/// The runtime key: from a variable as it is, from the flag only by reference.
pub(super) fn api_key(reader: &mut Reader<'_>) -> Checked<SecretString> {
    let setting = &table::API_KEY;
    let Some(written) = reader.sources.one(setting) else {
        return Err(reader.report(
            setting.flag,
            Origin::UNSET,
            "control plane API key is required; set CONTROL_PLANE_API_KEY, \
             or --control-plane.api-key to env:NAME or file:PATH",
        ));
    };
    let origin = written.origin.clone();
    read_api_key(reader, written).map_err(|problem| reader.report(setting.flag, origin, problem))
}

fn read_api_key(reader: &Reader<'_>, written: Written<'_>) -> Result<SecretString, String> {
    let key = match written.origin.source {
        Source::Flag(_) => {
            let reference = Reference::parse(written.value).ok_or(
                "control plane API key must be a reference, never the key itself; \
                 write \"env:\" and the name of a variable, or \"file:\" and a path",
            )?;
            let Sources { environment, files, .. } = reader.sources;
            reference
                .secret(environment, files, SECRET_FILE_MAX)
                .map_err(|error| match reference {
                    Reference::File(_) => {
                        format!("read control-plane api key file: {reference} {error}; correct the path or the file")
                    }
                    Reference::Variable(_) => format!("control plane API key: {reference} {error}; set it"),
                })?
        }
        _ => SecretString::from(written.value.to_str().ok_or(malformed("it is not text"))?),
    };
    check_api_key(key.expose_secret())?;
    Ok(key)
}

fn check_api_key(key: &str) -> Result<(), String> {
    if key.len() > API_KEY_MAX {
        return Err(malformed("it is too long"));
    }
    if key.trim() != key {
        return Err(malformed("there is white space around it"));
    }
    if key
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    {
        Ok(())
    } else {
        Err(malformed("it has a character that is no letter, digit, \"-\" or \"_\""))
    }
}

/// The text is an interface (spec: better, interface texts); the key is never part of it.
fn malformed(why: &str) -> String {
    format!("control plane API key is malformed: {why}; copy it again")
}
