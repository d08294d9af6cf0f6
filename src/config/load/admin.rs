//! What `admin tunnels` needs: the way to the control plane, and a key.

use secrecy::{ExposeSecret as _, SecretString};

use super::identity::identity;
use super::proxies::{to_control_plane, toward_control_plane};
use super::reader::{Checked, Reader, Reported};
use super::{api_key, control_plane, lockdown, trust};
use crate::config::checked::{Identity, Lockdown, Proxy, Trust};
use crate::config::settings::{ConfigErrors, Origin, Source, Sources, Written, table};
use crate::config::values::HttpUrl;
use crate::limits::SECRET_FILE_MAX;
use crate::secrets::{Files as _, Reference};

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
    let base_url = control_plane::base_url(&mut reader);
    let url_path = control_plane::url_path(&mut reader);
    let proxies = toward_control_plane(&mut reader);
    let identity = identity(&mut reader, &table::CONTROL_CERT, &table::CONTROL_KEY);
    let trust = trust::trust(&mut reader);
    let lockdown = lockdown::toward_control_plane(&mut reader);
    let key = key(&mut reader, keys);
    let base_url = base_url.and_then(|url| {
        let identity = identity.as_ref().map_err(|reported| *reported)?;
        Ok(control_plane::for_identity(
            url,
            identity.as_ref().map(|(identity, _)| identity),
        ))
    });
    let proxy = match (proxies, &base_url) {
        (Ok(proxies), Ok(url)) => to_control_plane(&mut reader, &proxies, url).inspect(|proxy| {
            control_plane::warn_about_base_url(&mut reader, url, proxy.as_ref());
        }),
        _ => Err(Reported),
    };
    if let (Ok(url), Ok(proxy), Ok(identity), Ok(lockdown), Ok(trust)) =
        (&base_url, &proxy, &identity, &lockdown, &trust)
    {
        let control = lockdown::Control {
            url,
            proxy: proxy.as_ref(),
            identity: identity.as_ref().map(|(identity, _)| identity),
        };
        lockdown::check_control(&mut reader, lockdown, &control, trust);
    }
    if let Ok(lockdown) = &lockdown {
        lockdown::check_secrets(&mut reader, lockdown, None);
    }
    let findings = reader.into_findings();
    let secluded = sources.files.secluded();
    match (base_url, url_path, proxy, identity, trust, lockdown, key) {
        (Ok(base_url), Ok(url_path), Ok(proxy), Ok(identity), Ok(trust), Ok(lockdown), Ok(key))
            if findings.errors.is_empty() =>
        {
            Ok(Admin {
                base_url,
                url_path,
                trust,
                lockdown,
                identity: identity.map(|(identity, _)| identity),
                proxy,
                key,
                warnings: findings
                    .warnings
                    .into_iter()
                    .chain(secluded.iter().map(ToString::to_string))
                    .collect(),
            })
        }
        _ => Err(ConfigErrors(findings.errors)),
    }
}

/// The key, or what to do when there is none.
fn key(reader: &mut Reader<'_>, keys: Keys) -> Checked<SecretString> {
    let setting = table::ADMIN_KEY.flag;
    match (place(&reader.sources, keys), keys) {
        (Some(written), _) => read(reader, &written).map_err(|problem| reader.report(setting, written.origin, problem)),
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

/// A key from a variable is taken as it is; a flag only names the place.
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
    match api_key::fault(key.expose_secret()) {
        None => Ok(key),
        Some(why) => Err(malformed(why)),
    }
}

fn malformed(why: &str) -> String {
    format!("admin key is malformed: {why}; copy it again")
}
