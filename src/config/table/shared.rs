//! What every connection shares.

use super::{Setting, Shown, UNSET};

pub(in crate::config) static CA_BUNDLE: Setting = Setting {
    key: "ca_bundle",
    flag: "ca-bundle",
    variables: &["CA_BUNDLE"],
    placeholder: "PATH",
    help: "PEM file of certificate authorities to trust besides the built-in ones",
    details: "They are trusted for the control plane, MCP servers and proxies alike.",
    ..UNSET
};

pub(in crate::config) static HTTP_PROXY: Setting = Setting {
    key: "http_proxy",
    flag: "http-proxy",
    variables: &["TUNNEL_CLIENT_HTTP_PROXY"],
    shown: Shown::Origin,
    placeholder: "URL|env:NAME",
    help: "Proxy for every connection that has none of its own",
    values: "http:// or https://",
    details: "Wins over HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment.",
    ..UNSET
};

pub(in crate::config) static PROXY_CHECK_INTERVAL: Setting = Setting {
    key: "proxy.check_interval",
    flag: "proxy.check-interval",
    variables: &["PROXY_CHECK_INTERVAL"],
    default: Some("1m"),
    placeholder: "DURATION",
    help: "Time between checks of the proxies",
    values: "more than 0",
    without_effect: Some("proxies are checked by doctor only"),
    ..UNSET
};
