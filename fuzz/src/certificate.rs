//! Certificates that peers show, in DER (`src/tls/facts.rs`, `src/tls/unsuitable.rs`). Oracle: texts are bounded and hide nothing, names
//! are those that webpki reads, and reading is a function.

use std::net::IpAddr;
use std::time::SystemTime;

use rustls_pki_types::CertificateDer;
use tunnel_client::fuzzing::secrets::certificate;
use tunnel_client::limits::{CERTIFICATE_NAMES_MAX, CERTIFICATE_TEXT_MAX};
use webpki::EndEntityCert;

use crate::support::text::assert_line;

/// Feeds `data` as a certificate.
pub fn check(data: &[u8]) {
    let facts = certificate(data);
    for text in [&facts.subject, &facts.issuer].into_iter().chain(&facts.names) {
        assert_line(text, CERTIFICATE_TEXT_MAX + 3);
        assert!(!text.is_empty());
    }
    assert!(facts.names.len() <= CERTIFICATE_NAMES_MAX);
    assert_line(&facts.expiry(), 40);
    let _ = facts.validity(SystemTime::UNIX_EPOCH);
    assert!(!facts.ends_before(&facts));
    facts
        .defects
        .iter()
        .for_each(|defect| assert_line(&defect.to_string(), 300));
    assert_eq!(certificate(data), facts);
    let der = CertificateDer::from(data);
    let Ok(theirs) = EndEntityCert::try_from(&der) else {
        return;
    };
    let theirs: Vec<&str> = theirs.valid_dns_names().collect();
    // One name that is no text makes all of them unreadable here; then no server may use the certificate.
    assert!(!facts.names.is_empty() || theirs.is_empty() || !facts.defects.is_empty());
    let is_whole = (1..CERTIFICATE_NAMES_MAX).contains(&facts.names.len());
    let is_read = facts.not_after.is_some();
    if is_whole && is_read {
        for name in theirs.iter().filter(|name| name.len() < CERTIFICATE_TEXT_MAX) {
            assert!(
                facts.names.iter().any(|ours| ours == name),
                "{name} is not among {:?}",
                facts.names
            );
        }
    }
    for name in facts.names.iter().filter(|name| name.parse::<IpAddr>().is_err()) {
        // Those that are no DNS names webpki leaves out.
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
            && name.bytes().any(|byte| byte.is_ascii_alphabetic());
        let is_name = is_plain && name.len() < 64 && !name.split('.').any(str::is_empty);
        assert!(
            !is_name
                || theirs.contains(&name.as_str())
                || name
                    .rsplit('.')
                    .next()
                    .is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit())),
            "{name} is not among {theirs:?}"
        );
    }
}
