//! What `admin tunnels` needs: the way to the control plane, and a key.

use secrecy::{ExposeSecret as _, SecretString};

use super::api_key::{Place, check, place_of};
use super::identity::identity;
use super::proxies::{to_control_plane, toward_control_plane};
use super::reader::{Checked, Reader, Reported};
use super::{control_plane, lockdown, trust};
use crate::config::checked::{Identity, Lockdown, Proxy, Trust};
use crate::config::settings::{ConfigErrors, Origin, Sources, Written, table};
use crate::config::values::HttpUrl;
use crate::limits::SECRET_FILE_MAX;
use crate::secrets::Files as _;

/// What messages call the admin key.
const ADMIN_KEY: &str = "admin key";

/// The way of `admin tunnels` to the control plane.
#[derive(Debug)]
pub struct Admin {
    /// Scheme, host and port of the base URL; a path in it is not used.
    pub base_url: HttpUrl,
    /// Prefix of every path: empty, or starting with `/` and not ending with it.
    pub url_path: String,
    /// What is trusted, and which TLS is spoken.
    pub trust: Trust,
    /// Rules that the connection keeps.
    pub lockdown: Lockdown,
    /// The client certificate shown to the control plane.
    pub identity: Option<Identity>,
    /// The proxy on the way.
    pub proxy: Option<Proxy>,
    /// The admin key, or the runtime key that stands in for it.
    pub key: SecretString,
    /// One line each: what is allowed and probably not meant.
    pub warnings: Vec<String>,
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
pub(in crate::config) fn load_admin(sources: &Sources<'_>, keys: Keys) -> Result<Admin, ConfigErrors> {
    let mut reader = Reader::new(*sources);
    let admin = admin(&mut reader, keys);
    let findings = reader.into_findings();
    match admin {
        Ok(admin) if findings.errors.is_empty() => {
            let secluded = sources.files.secluded();
            let warnings = findings
                .warnings
                .into_iter()
                .chain(secluded.iter().map(ToString::to_string));
            Ok(Admin {
                warnings: warnings.collect(),
                ..admin
            })
        }
        _ => Err(ConfigErrors(findings.errors)),
    }
}

fn admin(reader: &mut Reader<'_>, keys: Keys) -> Checked<Admin> {
    let base_url = control_plane::base_url(reader);
    let url_path = control_plane::url_path(reader);
    let proxies = toward_control_plane(reader);
    let identity = identity(reader, &table::CONTROL_CERT, &table::CONTROL_KEY);
    let trust = trust::trust(reader);
    let lockdown = lockdown::toward_control_plane(reader);
    let key = key(reader, keys);
    let identity = identity.map(|identity| identity.map(|(identity, _)| identity));
    let base_url = base_url.and_then(|url| {
        Ok(control_plane::for_identity(
            url,
            identity.as_ref().map_err(|e| *e)?.as_ref(),
        ))
    });
    let proxy = match (proxies, &base_url) {
        (Ok(proxies), Ok(url)) => to_control_plane(reader, &proxies, url).inspect(|proxy| {
            control_plane::warn_about_base_url(reader, url, proxy.as_ref());
        }),
        _ => Err(Reported),
    };
    if let Ok(lockdown) = &lockdown {
        if let (Ok(url), Ok(proxy), Ok(identity), Ok(trust)) = (&base_url, &proxy, &identity, &trust) {
            let control = lockdown::Control {
                url,
                proxy: proxy.as_ref(),
                identity: identity.as_ref(),
            };
            lockdown::check_control(reader, lockdown, &control, trust);
        }
        lockdown::check_secrets(reader, lockdown, None);
    }
    Ok(Admin {
        base_url: base_url?,
        url_path: url_path?,
        trust: trust?,
        lockdown: lockdown?,
        identity: identity?,
        proxy: proxy?,
        key: key?,
        warnings: Vec::new(),
    })
}

/// The key, or what to do when there is none.
fn key(reader: &mut Reader<'_>, keys: Keys) -> Checked<SecretString> {
    let setting = table::ADMIN_KEY.flag;
    match (place(&reader.sources, keys), keys) {
        (Some(written), _) => {
            read(&reader.sources, &written).map_err(|problem| reader.report(setting, written.origin, problem))
        }
        (None, Keys::Admin) => Err(reader.report(
            setting,
            Origin::UNSET,
            "admin key is required; set OPENAI_ADMIN_KEY, or --admin-key to env:NAME, file:PATH or credential:NAME",
        )),
        (None, Keys::AdminOrRuntime) => Err(reader.report(
            setting,
            Origin::UNSET,
            "tunnel get requires a runtime or admin key; set CONTROL_PLANE_API_KEY, OPENAI_API_KEY or \
             OPENAI_ADMIN_KEY, or --admin-key to env:NAME, file:PATH or credential:NAME",
        )),
    }
}

/// Where the key is. A flag that spells out the default place names nothing when nothing is there.
fn place<'a>(sources: &Sources<'a>, keys: Keys) -> Option<Written<'a>> {
    const VARIABLE: &str = "OPENAI_ADMIN_KEY";
    let admin = sources.one(&table::ADMIN_KEY);
    let is_there = admin.as_ref().is_some_and(|written| {
        written.value.to_str().and_then(|text| text.strip_prefix("env:")) != Some(VARIABLE)
            || sources.environment.value(VARIABLE).is_some()
    });
    match keys {
        Keys::AdminOrRuntime if !is_there => sources.one(&table::API_KEY).or(admin),
        _ => admin,
    }
}

fn read(sources: &Sources<'_>, written: &Written<'_>) -> Result<SecretString, String> {
    let key = match place_of(ADMIN_KEY, written)? {
        Place::Variable(_, key) => SecretString::from(key.trim()),
        Place::Reference(reference) => sources
            .secret(&reference, SECRET_FILE_MAX)
            .map_err(|error| format!("{ADMIN_KEY}: {reference} {error}"))?,
    };
    check(ADMIN_KEY, key.expose_secret())?;
    Ok(key)
}
