//! From what was written to the checked configuration.

mod admin;
mod api_key;
mod binding;
mod bindings;
mod connection;
mod control_plane;
mod foreign;
mod hardening;
mod harpoon;
mod headers;
mod health;
mod identity;
mod lockdown;
mod log;
mod mcp;
mod poll_channels;
mod proxies;
mod read;
mod reader;
mod secret_variables;
mod stdio;
mod trust;
mod without_effect;

pub(super) use admin::load_admin;
pub use admin::{Admin, Keys};
pub(crate) use api_key::read_key_again;
pub use control_plane::tunnel_id;
pub use read::{Opened, mistakes, read, read_admin, written_base_url};
pub use secret_variables::{flag_holds_secret, variable_holds_secret};

use std::path::Path;
use std::time::Duration;

use self::reader::{Checked, Reader, Reported};
use crate::config::checked::{Config, ControlPlane, Inheritance, Lockdown, Mcp, Proxies, Target, Timeouts, Trust};
use crate::config::file::Selection;
use crate::config::settings::{ConfigErrors, Sources, table};
use crate::config::values::HttpUrl;
use crate::secrets::{self, Files as _};

/// How a message about the bundle begins (contract: config, section 8).
const INVALID_CA_BUNDLE: &str = "invalid ca-bundle: it";

/// Checks all written settings, for `tunnel-client run`; `selection` is the file of `sources`.
///
/// Reads the files of references to secrets and values and nothing else; looks nothing up and connects nowhere.
///
/// # Errors
///
/// Every mistake there is, each with its setting and source.
pub(super) fn load(sources: &Sources<'_>, selection: &Selection) -> Result<Config, ConfigErrors> {
    let mut reader = Reader::new(*sources);
    let proxies = proxies::proxies(&mut reader);
    let secret_variables = secret_variables::secret_variables(sources);
    let peers = peers(&mut reader, &proxies, &secret_variables);
    let net = net(&mut reader);
    let log = log::log_settings(&mut reader);
    let health = health::health(&mut reader);
    let pid_file = reader.path(&table::PID_FILE);
    let announce_ui = reader.switch(&table::UI_OPEN);
    let hardening = hardening::hardening(&mut reader);
    foreign::refuse(&mut reader);
    // Without the proxies that were meant, every rule about them would seem broken.
    if let (Ok(_), Ok((control_plane, mcp)), Ok(net)) = (&proxies, &peers, &net) {
        lockdown::check_control(&mut reader, &net.lockdown, &control_plane.into(), &net.trust);
        lockdown::check_servers(&mut reader, &net.lockdown, mcp.served(control_plane));
    }
    if let (Ok(net), Ok(hardening)) = (&net, &hardening) {
        lockdown::check_secrets(&mut reader, &net.lockdown, hardening.server_user.as_ref());
    }
    let findings = reader.into_findings();
    let process = (pid_file, announce_ui, hardening);
    match (proxies, peers, net, log, health, process) {
        (
            Ok(proxies),
            Ok((control_plane, mcp)),
            Ok(net),
            Ok(log),
            Ok(health),
            (Ok(pid_file), Ok(announce_ui), Ok(hardening)),
        ) if findings.errors.is_empty() => {
            let patterns = mcp.bindings.iter().filter_map(|binding| match &binding.target {
                Target::Stdio { pass_env, .. } => Some(pass_env),
                Target::Http { .. } => None,
            });
            let patterns = mcp.pass_env.iter().chain(patterns.flatten());
            let inheritance =
                Inheritance::choose(sources.environment, patterns, &secret_variables, &control_plane.api_key);
            Ok(Config {
                control_plane,
                trust: net.trust,
                lockdown: net.lockdown,
                timeouts: net.timeouts,
                reload_interval: net.reload_interval,
                proxies,
                mcp,
                log,
                health,
                pid_file,
                announce_ui,
                hardening,
                selection: selection.clone(),
                files_read: sources.files.paths_read(),
                credentials: secrets::credentials_directory(sources.environment).map(Path::to_owned),
                secret_variables,
                inheritance,
                secluded: sources.files.secluded(),
                warnings: findings.warnings,
            })
        }
        _ => Err(ConfigErrors(findings.errors)),
    }
}

/// The control plane, as far as it can be read from what was written.
pub(super) fn base_url(sources: &Sources<'_>) -> Option<HttpUrl> {
    control_plane::base_url(&mut Reader::new(*sources)).ok()
}

/// What every connection shares.
struct Net {
    trust: Trust,
    lockdown: Lockdown,
    timeouts: Timeouts,
    reload_interval: Option<Duration>,
}

fn net(reader: &mut Reader<'_>) -> Checked<Net> {
    let trust = trust::trust(reader);
    let lockdown = lockdown::lockdown(reader);
    let timeouts = connection::timeouts(reader);
    let reload_interval = connection::reload_interval(reader);
    Ok(Net {
        trust: trust?,
        lockdown: lockdown?,
        timeouts: timeouts?,
        reload_interval: reload_interval?,
    })
}

/// The control plane and the servers: what they say about channels must fit together.
fn peers(
    reader: &mut Reader<'_>,
    proxies: &Checked<Proxies>,
    secret_variables: &[String],
) -> Checked<(ControlPlane, Mcp)> {
    // Mistakes in proxies are reported; for the rest of the check there are none.
    let none = Proxies::default();
    let proxies = proxies.as_ref().unwrap_or(&none);
    let control_plane = control_plane::control_plane(reader, proxies);
    let polled = poll_channels::poll_channels(reader);
    let identity = identity::identity(reader, &table::MCP_CERT, &table::MCP_KEY);
    let defaults = bindings::Defaults {
        proxies,
        identity: identity.as_ref().ok().cloned().flatten(),
        own: stdio::Own {
            variables: secret_variables,
            key: control_plane.as_ref().ok().map(|control| &control.api_key),
        },
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
