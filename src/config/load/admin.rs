//! What `admin tunnels` needs: the way to the control plane, and a key.

use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

use super::identity::identity;
use super::proxies::proxies;
use super::{INVALID_CA_BUNDLE, control_plane};
use crate::config::checked::{HttpUrl, Identity, Proxy};
use crate::config::error::ConfigErrors;
use crate::config::proxy::Class;
use crate::config::reader::{Checked, Reader};
use crate::config::sources::{Origin, Source, Sources, Written};
use crate::config::table;
use crate::limits::{API_KEY_MAX, SECRET_FILE_MAX};
use crate::secrets::Reference;

/// The way of `admin tunnels` to the control plane.
#[derive(Debug)]
pub struct Admin {
    /// Scheme, host and port of the base URL; a path in it is not used.
    pub base_url: HttpUrl,
    /// Prefix of every path: empty, or starting with `/` and not ending with it.
    pub url_path: String,
    /// PEM file with additional trust anchors.
    pub ca_bundle: Option<PathBuf>,
    /// The client certificate shown to the control plane.
    pub identity: Option<Identity>,
    /// The proxy on the way.
    pub proxy: Option<Proxy>,
    /// The admin key, or the runtime key that stands in for it.
    pub key: SecretString,
}

/// Which keys are good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// The admin key.
    Admin,
    /// The runtime key too, when there is no admin key: reading one tunnel needs no more.
    AdminOrRuntime,
}

/// Checks everything that was written, for `tunnel-client admin tunnels`.
///
/// # Errors
///
/// Every mistake there is, each with its setting and source.
pub fn load_admin(sources: &Sources<'_>, keys: Keys) -> Result<Admin, ConfigErrors> {
    let mut reader = Reader::new(*sources);
    let base_url = control_plane::base_url(&mut reader);
    let url_path = control_plane::url_path(&mut reader);
    let ca_bundle = reader.path_reference(&table::CA_BUNDLE, INVALID_CA_BUNDLE);
    let identity = identity(&mut reader, &table::CONTROL_CERT, &table::CONTROL_KEY);
    let proxies = proxies(&mut reader);
    let key = key(&mut reader, keys);
    let errors = reader.into_findings().errors;
    match (base_url, url_path, ca_bundle, identity, proxies, key) {
        (Ok(base_url), Ok(url_path), Ok(ca_bundle), Ok(identity), Ok(proxies), Ok(key)) if errors.is_empty() => {
            Ok(Admin {
                proxy: proxies.of(Class::ControlPlane, &base_url),
                base_url,
                url_path,
                ca_bundle,
                identity: identity.map(|(identity, _)| identity),
                key,
            })
        }
        _ => Err(ConfigErrors(errors)),
    }
}

/// A key from a variable is taken as it is; a flag only names the place.
fn key(reader: &mut Reader<'_>, keys: Keys) -> Checked<SecretString> {
    let setting = &table::ADMIN_KEY;
    let written = reader.sources.one(setting);
    let stand_in = || match keys {
        Keys::AdminOrRuntime => reader.sources.one(&table::API_KEY),
        Keys::Admin => None,
    };
    // The flag may spell out the default place; what is not there is as good as not named.
    let (environment, default) = (reader.sources.environment, "env:OPENAI_ADMIN_KEY");
    let is_absent = |written: &Written<'_>| written.value == default && environment.value("OPENAI_ADMIN_KEY").is_none();
    let written = match written {
        Some(written) if is_absent(&written) => stand_in().or(Some(written)),
        Some(written) => Some(written),
        None => stand_in(),
    };
    let Some(written) = written else {
        let missing = match keys {
            Keys::Admin => {
                "admin key is required; set OPENAI_ADMIN_KEY, or --admin-key to env:NAME, file:PATH or \
                            credential:NAME"
            }
            Keys::AdminOrRuntime => {
                "tunnel get requires a runtime or admin key; set CONTROL_PLANE_API_KEY, OPENAI_API_KEY or \
                 OPENAI_ADMIN_KEY, or --admin-key to env:NAME, file:PATH or credential:NAME"
            }
        };
        return Err(reader.report(setting.flag, Origin::UNSET, missing));
    };
    read(reader, &written).map_err(|problem| reader.report(setting.flag, written.origin, problem))
}

fn read(reader: &Reader<'_>, written: &Written<'_>) -> Result<SecretString, String> {
    let key = match written.origin.source {
        Source::Variable(_) => SecretString::from(written.value.to_str().ok_or(malformed("it is not text"))?.trim()),
        _ => {
            let reference = Reference::parse(written.value).ok_or(
                "admin key must be a reference, never the key itself; write \"env:\" and the name of a variable, \
                 \"file:\" and a path, or \"credential:\" and the name of a systemd credential",
            )?;
            let Sources { environment, files, .. } = reader.sources;
            reference
                .secret(environment, files, SECRET_FILE_MAX)
                .map_err(|error| format!("admin key: {reference} {error}"))?
        }
    };
    check(key.expose_secret())?;
    Ok(key)
}

fn check(key: &str) -> Result<(), String> {
    if key.len() > API_KEY_MAX {
        return Err(malformed("it is too long"));
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

fn malformed(why: &str) -> String {
    format!("admin key is malformed: {why}; copy it again")
}
