//! What every connection shares.

use super::{FILE, PROXY, Setting, TIME};

pub(in crate::config) static CA_BUNDLE: Setting = Setting {
    key: "ca_bundle",
    flag: "ca-bundle",
    variables: &["CA_BUNDLE"],
    help: "PEM file of certificate authorities to trust besides the built-in ones and the system's",
    details: "They are trusted for the control plane, MCP servers and proxies alike. A server's own certificate may stand there too: it is then trusted as it is. Entries that have expired or cannot be used are named at start. A file that its group, others or the user of stdio servers can change is refused.",
    ..FILE
};

pub(in crate::config) static HTTP_PROXY: Setting = Setting {
    key: "http_proxy",
    flag: "http-proxy",
    variables: &["TUNNEL_CLIENT_HTTP_PROXY"],
    help: "Proxy for every connection that has none of its own",
    details: "Wins over HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment. A URL with a password belongs in a file that only this user can read, written as file:PATH, because arguments can be read by every user of the host until the client has masked them: user and password in it can be exchanged while the client runs.",
    ..PROXY
};

pub(in crate::config) static PROXY_CA_BUNDLE: Setting = Setting {
    key: "proxy.ca_bundle",
    flag: "proxy.ca-bundle",
    variables: &["PROXY_CA_BUNDLE"],
    help: "PEM file of the only certificate authorities that are trusted for proxies over TLS",
    details: "Unset: what is trusted for everything else. A file that its group, others or the user of stdio servers can change is refused.",
    ..FILE
};

pub(in crate::config) static PROXY_CERT: Setting = Setting {
    key: "proxy.client_cert",
    flag: "proxy.client-cert",
    variables: &["PROXY_CLIENT_CERT"],
    help: "PEM file of the client certificate and its chain, for proxies over TLS",
    details: "Needs client_key. No other client certificate is ever shown to a proxy.",
    ..FILE
};

pub(in crate::config) static PROXY_KEY: Setting = Setting {
    key: "proxy.client_key",
    flag: "proxy.client-key",
    variables: &["PROXY_CLIENT_KEY"],
    help: "PEM file of the private key of that certificate",
    details: "It must belong to client_cert. A file that others can reach and read is refused.",
    ..FILE
};

pub(in crate::config) static PROXY_CHECK_INTERVAL: Setting = Setting {
    key: "proxy.check_interval",
    flag: "proxy.check-interval",
    variables: &["PROXY_CHECK_INTERVAL"],
    default: Some("1m"),
    help: "Time between checks of the proxies",
    values: "more than 0",
    without_effect: Some("proxies are checked by doctor only"),
    ..TIME
};

/// Settings of this page, in the order of help texts.
pub(super) const SHARED: &[&Setting] = &[&CA_BUNDLE, &HTTP_PROXY];

/// Settings of the section `proxy`, in the order of help texts.
pub(super) const PROXIES: &[&Setting] = &[&PROXY_CA_BUNDLE, &PROXY_CERT, &PROXY_KEY, &PROXY_CHECK_INTERVAL];
