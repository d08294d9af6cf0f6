//! Configuration: what was written (flags, environment, a file or profile) becomes one checked value.
//!
//! [`table`](SETTINGS) lists the settings; [`Selection`] chooses the file to read; [`Opened`] holds the settings as written and
//! checks them all: it reports every mistake at once, or returns a [`Config`]. [`read`] does all of that. Everything past start-up
//! sees only the [`Config`]; it cannot hold a value that is out of range.

#![forbid(unsafe_code)]

mod argv;
mod binding;
mod checked;
mod child_environment;
mod cidr;
mod connection;
mod duration;
mod effective;
mod error;
mod file;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod hardening;
mod load;
mod lockdown;
mod named;
mod no_proxy;
mod profiles;
mod proxy;
mod read;
mod reader;
mod references;
mod scalar;
mod secrets;
mod selection;
mod server_sandbox;
mod shell;
mod sources;
mod table;
mod trust;
mod url;

#[cfg(test)]
mod tests;

pub(crate) use binding::is_channel;
pub use checked::{
    Binding, Config, ControlPlane, Header, Health, HttpUrl, Identity, Listen, Log, LogFormat, Mcp, Proxy, Target,
    Variable,
};
pub use child_environment::{ChildEnvironment, Inheritance};
pub use cidr::{Cidr, NoNetwork};
pub use connection::Timeouts;
pub use effective::{Effective, EffectiveValue};
pub use error::{ConfigError, ConfigErrors};
pub use file::{Entry, FieldValue, File, Location, Record, Text, Value};
pub use hardening::{Hardening, Mode, UserName};
pub(crate) use load::read_key_again;
pub use load::{Admin, Keys, flag_holds_secret, tunnel_id, variable_holds_secret};
pub use lockdown::Lockdown;
pub use named::{FileRole, NamedFile};
pub use profiles::{ProfileDirs, ProfileName, profile_dirs};
pub use proxy::{Class, Proxies};
pub use read::{Opened, mistakes, read, read_admin, written_base_url};
pub(crate) use scalar::{boolean, echo};
pub use selection::Selection;
pub use server_sandbox::{Level, ServerNetwork, ServerSandbox};
pub use sources::{Flags, Origin, Source};
pub use table::{ADMIN_SETTINGS, Field, Kind, SELECTORS, SETTINGS, Separator, Setting, Shape, Shown};
pub use trust::{SystemStore, TlsVersion, Trust};
pub use url::UrlError;

/// Splits the command of a stdio server into program and arguments, as `run` does.
///
/// # Errors
///
/// There is no program, or a quote or an escape is left open: a sentence that says which.
pub fn split_command(command: &str) -> Result<Vec<String>, String> {
    argv::of_command(command).map_err(|error| error.to_string())
}
