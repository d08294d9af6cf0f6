//! `tunnel-client doctor`: walks the way that `run` goes, hop by hop, with the same code, and says which hop fails first.

#![forbid(unsafe_code)]

mod advice;
mod certificate;
mod checks;
pub mod json;
mod neighbour;
mod report;
pub mod text;
mod walk;
mod way;
mod why;

#[cfg(fuzzing)]
pub use checks::challenge_fuzzing;

use std::path::Path;

use crate::config::{Config, Flags, Opened, Selection, Target, written_base_url};
use crate::limits::DOCTOR_TIMEOUT;
use crate::net::Network;
use crate::probes::Again;
use crate::secrets::{Environment, Files};
use crate::telemetry::redact;
use checks::{audit, control, files, health, log_server, mcp, names, sandbox, settings, stdio, trust};
use walk::Walk;

pub(crate) use report::shell_word;
pub use report::{Check, Report, Status};

/// What is to be examined.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The flags of `run`.
    pub flags: &'a Flags,
    /// The environment.
    pub environment: &'a Environment,
    /// `--profile-dir` as it was given, for the command that the report recommends.
    pub profile_dir: Option<&'a str>,
    /// Start the stdio servers to see whether they answer.
    pub start_stdio: bool,
    /// How this program is started once more with the same configuration; without it the sandbox is not looked at.
    pub again: Option<&'a Again>,
}

/// Walks the whole way. `progress` is told the id of each check that may take a while.
///
/// Binds and connects as `run` does, starts programs only when asked to, and leaves nothing behind: no file, no process,
/// no session.
pub fn examine(request: &Request<'_>, files: &dyn Files, progress: &mut dyn FnMut(&str)) -> Report {
    let nsswitch = neighbour::read(Path::new(names::NSSWITCH));
    let unseen: Vec<String> = match cfg!(target_env = "musl") {
        true => names::unseen(nsswitch.as_deref().unwrap_or_default())
            .into_iter()
            .map(str::to_owned)
            .collect(),
        false => Vec::new(),
    };
    let mut walk = Walk::new(&unseen, progress);
    let opened = match Opened::open(request.flags, request.environment, files) {
        Ok(opened) => opened,
        Err(errors) => {
            walk.add(settings::no_source(&errors));
            let base_url = written_base_url(request.flags, request.environment, files);
            walk.add_all(settings::addresses(base_url.as_ref()));
            return report(walk, "tunnel-client run".to_owned());
        }
    };
    let selection = opened.selection();
    let run_command = run_command(selection, request.profile_dir);
    walk.add(Check::pass("config_source", selection.to_string()));
    match opened.check() {
        Ok(config) => {
            let loaded = selection
                .path()
                .map_or_else(|| selection.to_string(), |path| path.display().to_string());
            walk.add(Check::pass("profile_load", loaded));
            walk.add_all(settings::accepted(&config));
            walk.add_all(settings::addresses(Some(&config.control_plane.base_url)));
            config.for_each_secret(redact::protect);
            examine_configured(&mut walk, &config, nsswitch.as_deref(), request);
        }
        Err(errors) => {
            let in_file = opened.file().map_or(&[][..], |file| &file.mistakes);
            let base_url = opened.base_url();
            walk.add_all(settings::refused(&errors, in_file, selection, base_url.as_ref()));
            walk.add_all(settings::addresses(base_url.as_ref()));
        }
    }
    report(walk, run_command)
}

fn report(walk: Walk<'_>, run_command: String) -> Report {
    Report {
        checks: walk.into_checks(),
        run_command,
    }
}

/// What follows on a configuration that is right.
fn examine_configured(walk: &mut Walk<'_>, config: &Config, nsswitch: Option<&str>, request: &Request<'_>) {
    let (check, network) = trust::ca_bundle(config);
    walk.add(check);
    let network = network.as_ref().ok_or("ca_bundle");
    match network {
        Ok(network) => walk.add(trust::client_certificate(network)),
        Err(by) => walk.add(Check::blocked("client_certificate", by)),
    }
    walk.add(names::name_resolution(hosts(config), nsswitch));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => {
            runtime.block_on(examine_network(walk, config, network, request));
            // What is left are connections that nobody waits for.
            runtime.shutdown_background();
        }
        Err(error) => walk.add(Check::fail(
            "control_plane_route",
            format!("the system gives no event loop: {error}"),
        )),
    }
}

async fn examine_network(walk: &mut Walk<'_>, config: &Config, network: Result<&Network, &str>, request: &Request<'_>) {
    match network {
        Ok(network) => control::control_plane(walk, config, network).await,
        Err(by) => control::blocked(walk, config, by),
    }
    if config.served().next().is_none() {
        walk.add(Check::skip("mcp_target", "no channel with an MCP server is polled"));
    }
    for binding in config.served() {
        let late = walk.is_past(DOCTOR_TIMEOUT);
        let network = match late {
            true => Err("the time that doctor may take"),
            false => network,
        };
        mcp::http(walk, config, network, binding).await;
        stdio::stdio(walk, config, network, binding, request.start_stdio && !late).await;
    }
    match &config.log_server {
        Some(server) => {
            let network = match walk.is_past(DOCTOR_TIMEOUT) {
                true => Err("the time that doctor may take"),
                false => network,
            };
            log_server::log_server(walk, config, network, server).await;
        }
        None => walk.add(files::log_file(config)),
    }
    walk.add_all(audit::audit_log(config));
    walk.add(files::state_files(config));
    walk.begin("sandbox");
    walk.add(sandbox::layers(config.hardening.mode, request.again));
    walk.add(sandbox::program_file(config));
    walk.begin("health_listener");
    let listener = health::listener(config).await;
    let ui = health::ui(config, &listener);
    walk.add_all([listener, ui]);
}

/// The names that connections go to.
fn hosts(config: &Config) -> Vec<&str> {
    let control = &config.control_plane;
    let first = control
        .proxy
        .as_ref()
        .map_or(control.base_url.host.as_str(), |proxy| &proxy.host);
    let servers = config.served().filter_map(|binding| match &binding.target {
        Target::Http {
            unix_socket: None,
            url,
            proxy,
            ..
        } => Some(proxy.as_ref().map_or(url.host.as_str(), |proxy| &proxy.host)),
        _ => None,
    });
    let log = config.log_server.as_ref().map(|server| server.url.host.as_str());
    std::iter::once(first).chain(servers).chain(log).collect()
}

/// The command that runs what was examined.
fn run_command(selection: &Selection, profile_dir: Option<&str>) -> String {
    let mut command = "tunnel-client run".to_owned();
    let selector = match selection {
        Selection::None => None,
        Selection::Config(path) => Some(("config", path.display().to_string())),
        Selection::Profile { name, .. } => Some(("profile", name.clone())),
        Selection::ProfileFile(path) => Some(("profile-file", path.display().to_string())),
    };
    let directory = match selection {
        Selection::Profile { .. } => profile_dir.map(|path| ("profile-dir", path.to_owned())),
        _ => None,
    };
    for (flag, value) in selector.into_iter().chain(directory) {
        command.push_str(&format!(" --{flag} {}", shell_word(&value)));
    }
    command
}
