//! The sections `tls` and `proxy`, and `ca_bundle`: which files and sets they are. What is in them is checked when TLS is set
//! up.

use std::path::PathBuf;

use super::INVALID_CA_BUNDLE;
use super::identity::identity;
use super::reader::{Checked, Reader};
use crate::config::checked::{SystemStore, TlsVersion, Trust};
use crate::config::settings::table;
use crate::config::values::scalar::echo;
use crate::secrets::Files as _;

/// Where Go, too, looks first for the store of the system.
const STORE_VARIABLE: &str = "SSL_CERT_FILE";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    System,
    Webpki,
    Bundle,
}

/// What is trusted.
pub(super) fn trust(reader: &mut Reader<'_>) -> Checked<Trust> {
    let bundle = reader.path_reference(&table::CA_BUNDLE, INVALID_CA_BUNDLE);
    let sets = sets(reader);
    let min_version = reader.required(&table::TLS_MIN_VERSION, "tls.min-version is missing", version);
    let proxy_bundle = reader.path_reference(&table::PROXY_CA_BUNDLE, "invalid proxy.ca-bundle: it");
    let proxy_identity = identity(reader, &table::PROXY_CERT, &table::PROXY_KEY);
    let (bundle, sets) = (bundle?, sets?);
    let (bundle, sets) = check_bundle(reader, bundle, sets)?;
    let trusted = |set| sets.as_ref().is_none_or(|sets| sets.contains(&set));
    let mut store = SystemStore {
        file: reader.sources.environment.value(STORE_VARIABLE).map(PathBuf::from),
        required: sets.is_some(),
    };
    // Determined once, so that the same file is read, watched and protected.
    store.file = store.find(|path| reader.sources.files.is_there(path));
    Ok(Trust {
        webpki: trusted(Set::Webpki),
        system: trusted(Set::System).then_some(store),
        bundle,
        min_version: min_version?,
        proxy_bundle: proxy_bundle?,
        proxy_identity: proxy_identity?.map(|(identity, _)| identity),
    })
}

/// `None`: all there are.
fn sets(reader: &mut Reader<'_>) -> Checked<Option<Vec<Set>>> {
    let sets = reader.list(&table::TLS_TRUST, set)?;
    let sets: Vec<_> = sets.into_iter().map(|(set, _)| set).collect();
    Ok((!sets.is_empty()).then_some(sets))
}

/// A bundle that is not trusted, and trust in a bundle that is not there, are slips that would show late.
fn check_bundle(
    reader: &mut Reader<'_>,
    bundle: Option<PathBuf>,
    sets: Option<Vec<Set>>,
) -> Checked<(Option<PathBuf>, Option<Vec<Set>>)> {
    let named = sets.as_ref().is_none_or(|sets| sets.contains(&Set::Bundle));
    let problem = match (&bundle, &sets) {
        (None, Some(_)) if named => "tls.trust names bundle, and ca-bundle is not set; set it",
        (Some(_), Some(_)) if !named => {
            "ca-bundle is set, and tls.trust does not name bundle; add it, or remove ca-bundle"
        }
        _ => return Ok((bundle, sets)),
    };
    Err(reader.refuse(&table::TLS_TRUST, problem))
}

fn set(text: &str) -> Result<Set, String> {
    match text.to_ascii_lowercase().as_str() {
        "system" => Ok(Set::System),
        "webpki" => Ok(Set::Webpki),
        "bundle" => Ok(Set::Bundle),
        _ => Err(format!(
            "tls.trust does not know {}; write system, webpki or bundle",
            echo(text)
        )),
    }
}

fn version(text: &str) -> Result<TlsVersion, String> {
    match text {
        "1.2" => Ok(TlsVersion::V1_2),
        "1.3" => Ok(TlsVersion::V1_3),
        _ => Err(format!("tls.min-version must be 1.2 or 1.3, not {}", echo(text))),
    }
}
