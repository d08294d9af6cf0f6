//! Settings of `admin tunnels`. The key is no setting of the daemon: whoever serves a tunnel must not be able to delete it.

use super::{
    BASE_URL, CA_BUNDLE, CONTROL_CERT, CONTROL_KEY, CONTROL_PROXY, HTTP_PROXY, KEY, PROXY_CA_BUNDLE, PROXY_CERT,
    PROXY_KEY, REQUIRE_BUNDLE_TRUST, REQUIRE_CLIENT_CERT, REQUIRE_PROXY, Setting, TLS_MIN_VERSION, TLS_TRUST, URL_PATH,
};

/// The flags of `admin tunnels` that come from the table, in the order of help texts.
pub static ADMIN_SETTINGS: &[&Setting] = &[
    &ADMIN_KEY,
    &BASE_URL,
    &URL_PATH,
    &CA_BUNDLE,
    &TLS_TRUST,
    &TLS_MIN_VERSION,
    &HTTP_PROXY,
    &CONTROL_PROXY,
    &PROXY_CA_BUNDLE,
    &PROXY_CERT,
    &PROXY_KEY,
    &CONTROL_CERT,
    &CONTROL_KEY,
    &REQUIRE_PROXY,
    &REQUIRE_BUNDLE_TRUST,
    &REQUIRE_CLIENT_CERT,
];

pub(in crate::config) static ADMIN_KEY: Setting = Setting {
    flag: "admin-key",
    variables: &["OPENAI_ADMIN_KEY"],
    help: "Where the admin API key is kept, never the key itself",
    ..KEY
};
