//! How long the steps of a connection may take, and how keys and certificates are exchanged while it runs.

use super::{Setting, TIME};

pub(in crate::config) static RESOLVE_TIMEOUT: Setting = Setting {
    key: "connection.resolve_timeout",
    flag: "connection.resolve-timeout",
    variables: &["CONNECTION_RESOLVE_TIMEOUT"],
    default: Some("10s"),
    help: "The most time that resolving a name may take",
    values: "more than 0, at most 5m",
    ..TIME
};

pub(in crate::config) static CONNECT_TIMEOUT: Setting = Setting {
    key: "connection.connect_timeout",
    flag: "connection.connect-timeout",
    variables: &["CONNECTION_CONNECT_TIMEOUT"],
    default: Some("10s"),
    help: "The most time that connecting to a host may take, over all of its addresses",
    values: "more than 0, at most 5m",
    details: "Addresses are tried as in RFC 8305: IPv6 and IPv4 in turn, a quarter of a second apart, and the first that answers is taken.",
    ..TIME
};

pub(in crate::config) static TLS_TIMEOUT: Setting = Setting {
    key: "connection.tls_timeout",
    flag: "connection.tls-timeout",
    variables: &["CONNECTION_TLS_TIMEOUT"],
    default: Some("10s"),
    help: "The most time that a TLS handshake may take",
    values: "more than 0, at most 5m",
    ..TIME
};

pub(in crate::config) static PROXY_TIMEOUT: Setting = Setting {
    key: "connection.proxy_timeout",
    flag: "connection.proxy-timeout",
    variables: &["CONNECTION_PROXY_TIMEOUT"],
    default: Some("10s"),
    help: "The most time that a proxy may take to open a tunnel",
    values: "more than 0, at most 5m",
    ..TIME
};

pub(in crate::config) static RELOAD_INTERVAL: Setting = Setting {
    key: "reload.check_interval",
    flag: "reload.check-interval",
    variables: &["RELOAD_CHECK_INTERVAL"],
    default: Some("5s"),
    help: "Time between looks at the files of keys, certificates and proxies; 0 is never",
    details: "When one has changed, all of them are read, checked together and put in force together; if one is wrong, the ones in force stay. SIGHUP does the same at once, takes log.level from the configuration file, and names settings there that need a restart.",
    ..TIME
};

/// Settings of this page, in the order of help texts.
pub(super) const CONNECTION: &[&Setting] = &[
    &RESOLVE_TIMEOUT,
    &CONNECT_TIMEOUT,
    &TLS_TIMEOUT,
    &PROXY_TIMEOUT,
    &RELOAD_INTERVAL,
];
