//! From what was written to the checked configuration.

mod admin;
mod api_key;
mod audit;
mod bindings;
mod connection;
mod control_plane;
mod embedded;
mod foreign;
mod hardening;
mod harpoon;
mod headers;
mod health;
mod identity;
mod lockdown;
mod log;
mod mcp;
mod page;
mod poll_channels;
mod proxies;
mod read;
mod reader;
mod secret_variables;
mod server_sandbox;
mod stdio;
mod syslog;
mod trust;
mod without_effect;

pub(super) use admin::load_admin;
pub use admin::{Admin, Keys};
pub(crate) use api_key::read_key_again;
pub use control_plane::tunnel_id;
pub(crate) use log::log_level_of;
pub use read::{Opened, mistakes, read, read_admin, written_base_url};
pub use secret_variables::{flag_masking, variable_holds_secret, written_secrets};

use std::path::Path;
use std::time::Duration;

use self::reader::{Checked, Reader, Reported, checked};
use crate::config::checked::{
    Config, ConfigFile, ControlPlane, Inheritance, Lockdown, Mcp, Proxies, Settings, Timeouts, Trust,
};
use crate::config::file::Selection;
use crate::config::settings::{ConfigErrors, Fingerprint, Kind, SETTINGS, Setting, Source, Sources, table};
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
    let settings = settings(&mut reader, selection);
    let findings = reader.into_findings();
    match settings {
        Ok(settings) if findings.errors.is_empty() => Ok(Config::new(Settings {
            warnings: findings.warnings,
            ..settings
        })),
        _ => Err(ConfigErrors(findings.errors)),
    }
}

/// Shows `see` the secrets that can be read although the whole is not right: keys, headers, passwords of proxies.
pub(super) fn each_secret(sources: &Sources<'_>, mut see: impl FnMut(&str)) {
    if let Ok(found) = api_key::api_key(&mut Reader::new(*sources)) {
        see(found.key.expose_secret());
    }
    headers::each_secret(sources, &mut see);
    for setting in SETTINGS
        .iter()
        .filter(|setting| setting.holds_secret && setting.kind == Kind::One)
    {
        if let Some(value) = sources.one(setting).and_then(|written| written.value.to_str()) {
            written_secrets(true, setting.flag, value, &mut see);
        }
    }
}

/// Everything but the warnings.
fn settings(reader: &mut Reader<'_>, selection: &Selection) -> Checked<Settings> {
    let sources = reader.sources;
    let proxies = proxies::proxies(reader);
    let secret_variables = secret_variables::secret_variables(&sources);
    let peers = peers(reader, &proxies, &secret_variables);
    let net = net(reader);
    let log = log::log_settings(reader);
    let audit = audit::audit(reader, log.as_ref().ok());
    if let (Ok(log), Ok(audit)) = (&log, &audit) {
        audit::warn_of_identity(reader, log, audit.as_ref());
    }
    let health = health::health(reader);
    let pid_file = reader.path(&table::PID_FILE);
    let section = page::section(reader);
    let announce_ui = section.as_ref().is_ok_and(|section| section.announce);
    let hardening = hardening::hardening(reader);
    foreign::refuse(reader);
    if let Ok(net) = &net {
        // Without the proxies that were meant, every rule about them would seem broken.
        if let (Ok(_), Ok(Peers { control_plane, mcp })) = (&proxies, &peers) {
            lockdown::check_control(reader, &net.lockdown, &control_plane.into(), &net.trust);
            lockdown::check_servers(reader, &net.lockdown, mcp.served(control_plane));
        }
        let of_log = log.as_ref().ok().and_then(|log| log.server.as_ref());
        let of_audit = audit.as_ref().ok().and_then(|audit| audit.as_ref()?.server());
        for (server, setting) in of_log
            .map(|server| (server, &table::SYSLOG_ADDRESS))
            .into_iter()
            .chain(of_audit.map(|server| (server, audit::address_setting(reader))))
        {
            lockdown::check_log_server(reader, &net.lockdown, server, setting);
        }
        if let Ok(hardening) = &hardening {
            lockdown::check_secrets(reader, &net.lockdown, hardening.server_user.as_ref());
        }
    }
    let page = match (section, &health, &net) {
        (Ok(section), Ok(health), Ok(net)) => page::page(reader, section, health, &net.lockdown),
        _ => Err(Reported),
    };
    let (net, Peers { control_plane, mcp }, log) = (net?, peers?, log?);
    let inheritance = Inheritance::choose(
        sources.environment,
        mcp.passed_patterns(),
        &secret_variables,
        &control_plane.api_key,
    );
    Ok(Settings {
        control_plane,
        trust: net.trust,
        lockdown: net.lockdown,
        timeouts: net.timeouts,
        reload_interval: net.reload_interval,
        proxies: proxies?,
        mcp,
        embedded: sources.flags.embedded().cloned(),
        log: log.log,
        log_server: log.server,
        audit: audit?,
        health: health?,
        announce_ui: announce_ui && page.as_ref().is_ok_and(Option::is_some),
        page: page?,
        pid_file: pid_file?,
        hardening: hardening?,
        selection: selection.clone(),
        file: sources.file.map(|file| ConfigFile {
            path: file.path.clone(),
            fingerprint: Fingerprint::of(file),
            overridden: overridden(&sources),
        }),
        files_read: sources.files.paths_read(),
        credentials: secrets::credentials_directory(sources.environment).map(Path::to_owned),
        secret_variables,
        inheritance,
        secluded: sources.files.secluded(),
        warnings: Vec::new(),
    })
}

/// The settings that a flag or a variable sets.
fn overridden(sources: &Sources<'_>) -> Vec<&'static str> {
    let is_overridden =
        |setting: &&Setting| matches!(sources.origin(setting).source, Source::Flag(_) | Source::Variable(_));
    let overridden = SETTINGS.iter().copied().filter(is_overridden);
    overridden.map(|setting| setting.key).collect()
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
    checked!(Net {
        trust: trust::trust(reader),
        lockdown: lockdown::lockdown(reader),
        timeouts: connection::timeouts(reader),
        reload_interval: connection::reload_interval(reader),
    })
}

/// The control plane and the servers: what they say about channels must fit together.
struct Peers {
    control_plane: ControlPlane,
    mcp: Mcp,
}

fn peers(reader: &mut Reader<'_>, proxies: &Checked<Proxies>, secret_variables: &[String]) -> Checked<Peers> {
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
    let targets = harpoon::targets(reader);
    without_effect::check(reader);
    let polled = match (polled, &bindings, targets) {
        (Ok(polled), Ok(bindings), Ok(targets)) => poll_channels::served(reader, polled, bindings, targets > 0),
        _ => Err(Reported),
    };
    let mcp = mcp::mcp(reader, bindings);
    identity?;
    Ok(Peers {
        control_plane: ControlPlane {
            poll_channels: polled?,
            ..control_plane?
        },
        mcp: mcp?,
    })
}
