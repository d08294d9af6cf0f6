//! Which configuration file is read. These are no settings: a file cannot name itself.

use super::{PATH, Setting, TEXT};

/// The flags that choose the configuration file, in the order of help texts.
pub static SELECTORS: &[&Setting] = &[&CONFIG, &PROFILE, &PROFILE_FILE, &PROFILE_DIR];

pub(in crate::config) static CONFIG: Setting = Setting {
    flag: "config",
    variables: &["TUNNEL_CLIENT_CONFIG"],
    help: "Configuration file to read, YAML or JSON",
    details: "Its name does not matter. See tunnel-client.yaml(5).",
    ..PATH
};

pub(in crate::config) static PROFILE: Setting = Setting {
    flag: "profile",
    variables: &["TUNNEL_CLIENT_PROFILE"],
    placeholder: "NAME",
    help: "Profile to read: NAME.yaml in the profile directory",
    values: "1 to 128 letters, digits, ., _ or -, first a letter or digit",
    ..TEXT
};

pub(in crate::config) static PROFILE_FILE: Setting = Setting {
    flag: "profile-file",
    variables: &["TUNNEL_CLIENT_PROFILE_FILE"],
    help: "Profile to read, by its path: NAME.yaml",
    ..PATH
};

pub(in crate::config) static PROFILE_DIR: Setting = Setting {
    flag: "profile-dir",
    variables: &["TUNNEL_CLIENT_PROFILE_DIR"],
    placeholder: "DIR",
    help: "Where profiles are kept, instead of $XDG_CONFIG_HOME/tunnel-client or ~/.tunnel-client",
    ..TEXT
};
