//! What is trusted, and which TLS is spoken.

use super::{COMMAS, Setting, TEXT};

pub(in crate::config) static TLS_TRUST: Setting = Setting {
    key: "tls.trust",
    flag: "tls.trust",
    variables: &["TUNNEL_CLIENT_TLS_TRUST"],
    needs_entry: true,
    placeholder: "SET",
    help: "Exactly these sets of authorities are trusted; repeatable or with commas",
    values: "system, webpki, bundle",
    details: "Unset: the set that is built in (webpki), the store of the system where there is one (the file that SSL_CERT_FILE names, or that of the distribution), and ca_bundle. With bundle alone nothing but ca_bundle is trusted.",
    ..COMMAS
};

pub(in crate::config) static TLS_MIN_VERSION: Setting = Setting {
    key: "tls.min_version",
    flag: "tls.min-version",
    variables: &["TUNNEL_CLIENT_TLS_MIN_VERSION"],
    default: Some("1.2"),
    placeholder: "1.2|1.3",
    help: "The oldest version of TLS that is spoken",
    details: "It holds for the control plane, MCP servers and proxies alike.",
    ..TEXT
};

/// Settings of this page, in the order of help texts.
pub(super) const TLS: &[&Setting] = &[&TLS_TRUST, &TLS_MIN_VERSION];
