//! Configuration: what was written (flags, environment, a file or profile) becomes one checked value.
//!
//! [`table`](SETTINGS) lists the settings; [`Selection`] chooses the file to read; [`Opened`] holds the settings as written and
//! checks them all: it reports every mistake at once, or returns a [`Config`]. [`read`] does all of that. Everything past start-up
//! sees only the [`Config`]; it cannot hold a value that is out of range.

#![forbid(unsafe_code)]

mod checked;
mod file;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod load;
mod settings;
mod values;

#[cfg(test)]
mod tests;

pub use checked::{
    Audit, Binding, ChildEnvironment, Class, Config, ConfigFile, ControlPlane, FileRole, Forward, Hardening, Header,
    Health, Identity, Inheritance, Level, Listen, Lockdown, Log, LogFormat, LogServer, LogTarget, Mcp, Mode, NamedFile,
    OnFailure, Page, Proxies, Proxy, ServerNetwork, ServerSandbox, Settings, SystemStore, Target, Timeouts, TlsVersion,
    Trust, UserName, Variable,
};
pub use file::{ProfileDirs, ProfileName, Selection, profile_dirs};
pub use load::{
    Admin, Keys, Opened, flag_masking, mistakes, read, read_admin, tunnel_id, variable_holds_secret, written_base_url,
    written_secrets,
};
pub(crate) use load::{log_level_of, read_key_again};
pub use settings::{
    ADMIN_SETTINGS, ConfigError, ConfigErrors, Effective, EffectiveValue, Embedded, EmbeddedMode, EmbeddedPlace, Entry,
    Field, FieldValue, File, Fingerprint, Flags, Kind, Location, Origin, Record, SELECTORS, SETTINGS, Separator,
    Setting, Shape, Shown, Source, Text, Value, embedded_text, shown_origin, shown_variable,
};
pub use values::{Cidr, HttpUrl, NoNetwork, UrlError};
pub(crate) use values::{boolean, echo, is_channel};

/// Splits the command of a stdio server into program and arguments, as `run` does.
///
/// # Errors
///
/// There is no program, or a quote or an escape is left open: a sentence that says which.
pub fn split_command(command: &str) -> Result<Vec<String>, String> {
    values::argv::of_command(command).map_err(|error| error.to_string())
}
