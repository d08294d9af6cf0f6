//! Settings of `admin tunnels`. The key is no setting of the daemon: whoever serves a tunnel must not be able to delete it.

use super::{
    BASE_URL, CA_BUNDLE, CONTROL_CERT, CONTROL_KEY, CONTROL_PROXY, HTTP_PROXY, Setting, Shown, UNSET, URL_PATH,
};

/// The flags of `admin tunnels` that come from the table, in the order of help texts.
pub static ADMIN_SETTINGS: &[&Setting] = &[
    &ADMIN_KEY,
    &BASE_URL,
    &URL_PATH,
    &CA_BUNDLE,
    &HTTP_PROXY,
    &CONTROL_PROXY,
    &CONTROL_CERT,
    &CONTROL_KEY,
];

pub(in crate::config) static ADMIN_KEY: Setting = Setting {
    flag: "admin-key",
    variables: &["OPENAI_ADMIN_KEY"],
    reference: true,
    shown: Shown::Secret,
    placeholder: "env:NAME|file:PATH|credential:NAME",
    help: "Where the admin API key is kept, never the key itself",
    ..UNSET
};
