//! From what was written to the checked configuration.

mod admin;
mod api_key;
mod bindings;
mod control_plane;
mod foreign;
mod harpoon;
mod headers;
mod health;
mod identity;
mod log;
mod mcp;
mod poll_channels;
mod proxies;
mod secret_variables;
mod without_effect;

pub use admin::{Admin, Keys, load_admin};
pub use control_plane::tunnel_id;

use super::checked::{Config, ControlPlane, Mcp};
use super::error::ConfigErrors;
use super::proxy::Proxies;
use super::reader::{Checked, Reader, Reported};
use super::selection::Selection;
use super::sources::Sources;
use super::table;

/// How a message about the bundle begins (spec: cli, section 4).
const INVALID_CA_BUNDLE: &str = "invalid ca-bundle: it";

/// Checks everything that was written, for `tunnel-client run`.
///
/// Reads the files of references to secrets and values and nothing else; looks nothing up and connects nowhere.
///
/// # Errors
///
/// Every mistake there is, each with its setting and source.
pub fn load(sources: &Sources<'_>) -> Result<Config, ConfigErrors> {
    let mut reader = Reader::new(*sources);
    let proxies = proxies::proxies(&mut reader);
    let peers = peers(&mut reader, &proxies);
    let ca_bundle = reader.path_reference(&table::CA_BUNDLE, INVALID_CA_BUNDLE);
    let log = log::log_settings(&mut reader);
    let health = health::health(&mut reader);
    let pid_file = reader.path(&table::PID_FILE);
    let announce_ui = reader.switch(&table::UI_OPEN);
    foreign::refuse(&mut reader);
    let findings = reader.into_findings();
    match (proxies, peers, ca_bundle, log, health, pid_file, announce_ui) {
        (Ok(proxies), Ok((control_plane, mcp)), Ok(ca_bundle), Ok(log), Ok(health), Ok(pid_file), Ok(announce_ui))
            if findings.errors.is_empty() =>
        {
            Ok(Config {
                control_plane,
                ca_bundle,
                proxies,
                mcp,
                log,
                health,
                pid_file,
                announce_ui,
                selection: Selection::None,
                secret_variables: secret_variables::secret_variables(sources),
                warnings: findings.warnings,
            })
        }
        _ => Err(ConfigErrors(findings.errors)),
    }
}

/// The control plane and the servers: what they say about channels must fit together.
fn peers(reader: &mut Reader<'_>, proxies: &Checked<Proxies>) -> Checked<(ControlPlane, Mcp)> {
    // Mistakes in proxies are reported; for the rest of the check there are none.
    let none = Proxies::default();
    let proxies = proxies.as_ref().unwrap_or(&none);
    let control_plane = control_plane::control_plane(reader, proxies);
    let polled = poll_channels::poll_channels(reader);
    let identity = identity::identity(reader, &table::MCP_CERT, &table::MCP_KEY);
    let defaults = bindings::Defaults {
        proxies,
        identity: identity.as_ref().ok().cloned().flatten(),
    };
    let bindings = bindings::bindings(reader, &defaults, polled.as_deref().ok());
    let targets = without_effect::check(reader);
    let polled = match (polled, &bindings, targets) {
        (Ok(polled), Ok(bindings), Ok(targets)) => poll_channels::served(reader, polled, bindings, targets > 0),
        _ => Err(Reported),
    };
    let mcp = mcp::mcp(reader, bindings);
    identity?;
    let control_plane = ControlPlane {
        poll_channels: polled?,
        ..control_plane?
    };
    Ok((control_plane, mcp?))
}
