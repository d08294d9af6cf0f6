//! From what was written to the checked configuration.

mod admin;
mod api_key;
mod control_plane;
mod health;
mod log;
mod mcp;

pub use admin::{Admin, Keys, load_admin};
pub use control_plane::tunnel_id;

use super::checked::{Config, ControlPlane};
use super::error::ConfigErrors;
use super::proxy::Proxies;
use super::reader::{Checked, Reader};
use super::selection::Selection;
use super::sources::{Origin, Source, Sources};
use super::table::{self, Setting};
use super::{scalar, unsupported};
use crate::secrets::Reference;

/// Variables that hold secrets whatever the configuration says; the last two are for other commands.
const SECRET_VARIABLES: [&str; 4] = [
    "CONTROL_PLANE_API_KEY",
    "OPENAI_API_KEY",
    "OPENAI_ADMIN_KEY",
    "CLOUDFLARED_TUNNEL_TOKEN",
];

/// Checks everything that was written, for `tunnel-client run`.
///
/// Reads the file of an API key reference and nothing else; looks nothing up and connects nowhere.
///
/// # Errors
///
/// Every mistake there is, each with its setting and source.
pub fn load(sources: &Sources<'_>) -> Result<Config, ConfigErrors> {
    let mut reader = Reader::new(*sources);
    let control_plane = control_plane::control_plane(&mut reader);
    let ca_bundle = reader.path_reference(&table::CA_BUNDLE);
    let mcp = mcp::mcp(&mut reader);
    let log = log::log_settings(&mut reader);
    let health = health::health(&mut reader);
    let pid_file = reader.path(&table::PID_FILE);
    refuse_unsupported(&mut reader);
    let errors = reader.into_errors();
    match (control_plane, ca_bundle, mcp, log, health) {
        (Ok(control_plane), Ok(ca_bundle), Ok(mcp), Ok(log), Ok(health)) if errors.is_empty() => Ok(Config {
            warnings: warnings(sources, &control_plane),
            secret_variables: secret_variables(sources),
            control_plane,
            ca_bundle,
            mcp,
            log,
            health,
            pid_file,
            proxies: Proxies::default(),
            announce_ui: false,
            selection: Selection::None,
        }),
        _ => Err(ConfigErrors(errors)),
    }
}

fn count(reader: &mut Reader<'_>, setting: &'static Setting, max: usize) -> Checked<usize> {
    reader.required(setting, "needs a number", |text| scalar::count(text, setting.flag, max))
}

fn refuse_unsupported(reader: &mut Reader<'_>) {
    let environment = reader.sources.environment;
    for name in unsupported::refused(environment) {
        let origin = Origin {
            source: Source::Variable(name),
            entry: None,
        };
        reader.report(
            name,
            origin,
            format!("{name} is not supported yet by this build; unset it"),
        );
    }
}

/// What is worth a word at start and no reason to refuse.
fn warnings(sources: &Sources<'_>, control_plane: &ControlPlane) -> Vec<String> {
    let mut warnings: Vec<String> = unsupported::proxies(sources.environment)
        .map(|name| format!("{name} is set, but proxies are not supported yet by this build: connections are direct"))
        .collect();
    let base_url = &control_plane.base_url;
    if !base_url.tls && !base_url.is_loopback() {
        warnings
            .push("control-plane.base-url is not https: the API key and all payloads travel unencrypted".to_owned());
    }
    if base_url.path_and_query != "/" {
        warnings.push("the path in control-plane.base-url is not used; set control-plane.url-path instead".to_owned());
    }
    warnings
}

/// Names of the variables that a child process must never see.
fn secret_variables(sources: &Sources<'_>) -> Vec<String> {
    let mut names: Vec<String> = SECRET_VARIABLES.map(str::to_owned).to_vec();
    if let Some(Reference::Variable(name)) = sources
        .one(&table::API_KEY)
        .and_then(|written| Reference::parse(written.value))
        && !names.contains(&name)
    {
        names.push(name);
    }
    names
}
