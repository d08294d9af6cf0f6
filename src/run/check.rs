//! The steps of a start that only read: what `run` would refuse, found without a connection and without a new file.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::{Enclosure, Error};
use crate::audit;
use crate::config::{Config, Listen, Target};
use crate::control::ControlPlane;
use crate::files::{self, Missing, Rule, Spot};
use crate::identity;
use crate::mcp::http::{FixedHeaders, HttpServer, patience};
use crate::mcp::servers;
use crate::mcp::stdio::{exposures, specifications};
use crate::net::{ClientCertificate, Network, Way};
use crate::ops::files::could_write;
use crate::preflight;
use crate::sandbox::{self, ReadableProgram, current_umask};
use crate::telemetry::log::{could_open, try_socket};
use crate::telemetry::try_connect;
use crate::tls::Validity;

/// What was found, one sentence each.
#[derive(Debug, Default)]
pub struct Findings {
    /// Reasons for which `run` would not start, or a server not work.
    pub errors: Vec<String>,
    /// What `run` would warn of.
    pub warnings: Vec<String>,
}

impl Findings {
    fn error(&mut self, error: &Error) {
        self.errors.push(error.to_string());
    }
}

/// Reads what a start reads: keys, certificates and trust anchors, users, cages, programs of stdio servers, the places of files to be
/// created. What the kernel offers is a matter of the host, and a warning.
#[must_use]
pub fn check(config: &Config) -> Findings {
    let mut found = Findings {
        warnings: config.warnings.clone(),
        ..Findings::default()
    };
    found.warnings.extend(config.secluded.iter().map(ToString::to_string));
    found.warnings.extend(sandbox::unprotected(config));
    let readable = ReadableProgram::find(config);
    found
        .warnings
        .extend(readable.map(|readable| format!("{readable}; {}", readable.remedy())));
    places(config, &mut found);
    programs(config, &mut found);
    match Network::load(config) {
        Ok(network) => {
            let generation = network.live().current();
            found
                .warnings
                .extend(generation.secluded().iter().map(ToString::to_string));
            certificates(&network, &mut found);
            peers(config, &network, &mut found);
            enclosure(config, &network, &mut found);
        }
        Err(error) => found.error(&error.into()),
    }
    found
}

/// The files and the socket that a start creates.
fn places(config: &Config, found: &mut Findings) {
    if let Err(error) = try_socket(&config.log) {
        found.error(&Error::Log(error));
    }
    if let Some(path) = &config.log.file
        && let Err(error) = could_open(path, sandbox::log_owners(config))
    {
        let error = io::Error::from(error);
        found.error(&Error::Log(io::Error::new(
            error.kind(),
            format!("open log file {}: {error}", path.display()),
        )));
    }
    let forward = config.audit.as_ref().and_then(|audit| audit.forward.as_ref());
    if let Some(forward) = forward
        && let Err(error) = try_connect(&forward.target, "audit.forward")
    {
        found.error(&Error::Records(error));
    }
    if let Err(error) = audit::could_open(config) {
        found.error(&Error::Audit(error));
    }
    let socket = match &config.health.listen {
        Listen::Unix(path) => Some(path),
        Listen::Tcp { .. } | Listen::Named { .. } => None,
    };
    let mut place = |setting: &str, path: Option<&Path>, could: fn(&Path) -> Result<(), files::Error>| {
        if let Some((path, error)) = path.and_then(|path| Some((path, could(path).err()?))) {
            found
                .errors
                .push(format!("{} ({setting}) cannot be written: {error}", path.display()));
        }
    };
    place("health.url_file", config.health.url_file.as_deref(), could_write);
    place("process.pid_file", config.pid_file.as_deref(), could_write);
    place("health.unix_socket", socket.map(|path| path.as_path()), |path| {
        Spot::of(path, Rule::creating(), Missing::Stop)?.could_create()
    });
}

/// The programs of stdio servers, and their cages.
fn programs(config: &Config, found: &mut Findings) {
    for binding in config.served() {
        let Target::Stdio { argv, .. } = &binding.target else {
            continue;
        };
        let environment = config.child_environment(&binding.target);
        if let Err(problem) = preflight::check(argv, environment.value("PATH")) {
            found
                .errors
                .push(format!("mcp.commands of channel {}: {problem}", binding.channel));
        }
    }
    for server in specifications(config) {
        if let Err(error) = server.cage.check(&server.argv) {
            found.error(&Error::ServerCage(server.name, error));
        }
    }
}

fn certificates(network: &Network, found: &mut Findings) {
    if let Some(error) = network.broken_certificate() {
        found.error(&Error::Tls(error));
    }
    found
        .warnings
        .extend(network.live().current().notes().iter().map(ToString::to_string));
    let now = SystemTime::now();
    for ClientCertificate { setting, facts } in network.client_certificates() {
        let fault = match facts.validity(now) {
            Validity::Expired => format!("expired on {}", facts.expiry()),
            Validity::NotYetValid => "is not valid yet".to_owned(),
            Validity::Valid if !facts.purposes.client => "is not for clients (extended key usage)".to_owned(),
            Validity::Valid => continue,
        };
        found
            .warnings
            .push(format!("{setting}: the certificate of {} {fault}", facts.subject));
    }
}

/// What is said to the control plane and to MCP servers in every request.
fn peers(config: &Config, network: &Network, found: &mut Findings) {
    let control = network.connector(&Way::to_control_plane(config)).map_err(Error::Tls);
    let control = control
        .and_then(|connector| ControlPlane::new(config, &identity::instance_id(), connector).map_err(Error::Header));
    if let Err(error) = control {
        found.error(&error);
    }
    let fixed = FixedHeaders::of_traffic(&config.mcp);
    let fixed = match fixed.and_then(|fixed| Ok((fixed.with_discovery(&config.mcp)?, fixed))) {
        Ok((_, fixed)) => fixed,
        Err(error) => return found.error(&Error::Header(error)),
    };
    for binding in config.served() {
        let (Target::Http { url, .. }, Some(way)) = (&binding.target, Way::to_server(&binding.target)) else {
            continue;
        };
        let channel = binding.channel.as_str();
        let error = match network.connector(&way) {
            Ok(connector) => match HttpServer::new(channel, url, connector, patience(&config.mcp), fixed.clone()) {
                Some(_) => continue,
                None => servers::Error::Url(channel.into()),
            },
            Err(error) => servers::Error::Tls(channel.into(), error),
        };
        found.error(&Error::Server(error));
    }
}

/// Users and layers of the sandbox, and what servers could do to each other.
fn enclosure(config: &Config, network: &Network, found: &mut Findings) {
    match Enclosure::of(config, network, current_umask()) {
        Ok(enclosure) => {
            for exposure in exposures(config, &enclosure.servers_account()) {
                match exposure.is_refused {
                    true => found.error(&Error::Exposed(exposure)),
                    false => found.warnings.push(exposure.to_string()),
                }
            }
        }
        Err(error @ Error::Sandbox(sandbox::Error::Landlock(_) | sandbox::Error::Seccomp(_))) => {
            found.warnings.push(format!("on this host {error}"));
        }
        Err(error) => found.error(&error),
    }
}
