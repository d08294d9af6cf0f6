//! Client certificates: which files they are. What is in them is checked when TLS is set up.

use super::reader::{Checked, Reader};
use crate::config::checked::Identity;
use crate::config::settings::{Origin, Setting};

/// A certificate and its key, both or none, with the place of the certificate.
pub(super) fn identity(
    reader: &mut Reader<'_>,
    certificate: &'static Setting,
    key: &'static Setting,
) -> Checked<Option<(Identity, Origin)>> {
    let paths = (
        reader.path_reference(certificate, &format!("client certificate path: {}", certificate.flag)),
        reader.path_reference(key, &format!("client key path: {}", key.flag)),
    );
    let (Some(certificate_path), Some(key_path)) = (paths.0?, paths.1?) else {
        return missing_partner(reader, certificate, key);
    };
    let identity = Identity {
        certificate: certificate_path,
        key: key_path,
        setting: certificate.flag,
    };
    Ok(Some((identity, reader.sources.origin(certificate))))
}

fn missing_partner(
    reader: &mut Reader<'_>,
    certificate: &'static Setting,
    key: &'static Setting,
) -> Checked<Option<(Identity, Origin)>> {
    let (there, missing, name) = match (reader.sources.one(certificate), reader.sources.one(key)) {
        (Some(_), None) => (certificate, key, "client-key"),
        (None, Some(_)) => (key, certificate, "client-cert"),
        _ => return Ok(None),
    };
    let problem = format!(
        "missing {name}: {} is set without {}; set both or none",
        there.flag, missing.flag
    );
    Err(reader.report(missing.flag, Origin::UNSET, problem))
}
