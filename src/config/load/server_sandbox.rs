//! The sandbox of a stdio server, as its mapping in a configuration file says.

use std::path::{Path, PathBuf};

use super::stdio::Problems;
use crate::config::checked::{Level, ServerNetwork, ServerSandbox};
use crate::config::settings::{FieldValue, Record, Text};
use crate::config::values::{boolean, echo};
use crate::limits::SERVER_RULES_MAX;

/// What its mapping says that a stdio server may do.
pub(super) fn sandbox(record: &Record, problems: &mut Problems) -> ServerSandbox {
    let mut sandbox = ServerSandbox::default();
    let record = match record.value("sandbox") {
        Some(FieldValue::One(text)) => {
            sandbox.level = problems.take(text, level(text)).unwrap_or_default();
            return sandbox;
        }
        Some(FieldValue::Group(record)) => record,
        _ => return sandbox,
    };
    match record.field("level").map(|text| (text, level(text))) {
        Some((_, Ok(level))) => sandbox.level = level,
        Some((text, Err(problem))) => {
            problems.add(text, problem);
            // What the rest should be is not known.
            return sandbox;
        }
        None => {}
    }
    for (name, value) in &record.fields {
        let (least, levels) = match *name {
            "level" => (Level::Off, ""),
            "devices" => (Level::Default, "default or strict"),
            _ => (Level::Strict, "strict"),
        };
        if sandbox.level < least {
            let problem = format!("sandbox: {name} is for level: {levels}; write that too, or remove {name}");
            let location = value.texts().first().map(|text| text.location.clone());
            problems.0.push((location, problem));
        }
    }
    if sandbox.level >= Level::Default {
        sandbox.devices = paths(record, "devices", problems);
    }
    if sandbox.level < Level::Strict {
        return sandbox;
    }
    sandbox.read = paths(record, "read", problems);
    sandbox.write = paths(record, "write", problems);
    sandbox.network = network(record, problems);
    if let Some(text) = record.field("allow_writable_program") {
        let outcome = boolean(text.text.trim()).ok_or_else(|| {
            format!(
                "sandbox: allow_writable_program is not a boolean: {}; write true or false",
                echo(&text.text)
            )
        });
        sandbox.allow_writable_program = problems.take(text, outcome).unwrap_or_default();
    }
    sandbox
}

fn level(text: &Text) -> Result<Level, String> {
    match text.text.trim() {
        "default" => Ok(Level::Default),
        "strict" => Ok(Level::Strict),
        "off" => Ok(Level::Off),
        other => Err(format!(
            "sandbox has an unknown level: {}; write default, strict or off",
            echo(other)
        )),
    }
}

/// A list of the sandbox, not too long.
fn rules<'r>(record: &'r Record, name: &str, problems: &mut Problems) -> &'r [Text] {
    problems.list(record, name, SERVER_RULES_MAX, &format!("sandbox: {name}"), "entries")
}

fn paths(record: &Record, name: &'static str, problems: &mut Problems) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for text in rules(record, name, problems) {
        let path = Path::new(text.text.trim());
        let climbs = path.components().any(|part| part == std::path::Component::ParentDir);
        if !path.is_absolute() || climbs {
            let shown = echo(&text.text);
            let problem = format!(
                "sandbox: {name} has a path that is not absolute, or has .. in it: {shown}; write all of it from /"
            );
            problems.add(text, problem);
        } else if name == "devices" && !is_below_dev(path) {
            let shown = echo(&text.text);
            let problem =
                format!("sandbox: devices has a path that is not below /dev: {shown}; write the path of a device");
            problems.add(text, problem);
        } else {
            paths.push(path.to_owned());
        }
    }
    paths
}

fn is_below_dev(path: &Path) -> bool {
    path.strip_prefix("/dev")
        .is_ok_and(|rest| rest.components().next().is_some())
}

fn network(record: &Record, problems: &mut Problems) -> ServerNetwork {
    let mut ports = Vec::new();
    let known = problems.0.len();
    for text in rules(record, "connect", problems) {
        let port = text.text.trim().parse::<u16>().ok().filter(|port| *port > 0);
        let outcome = port.ok_or_else(|| {
            format!(
                "sandbox: connect has an invalid port: {}; write 1 to 65535",
                echo(&text.text)
            )
        });
        ports.extend(problems.take(text, outcome));
    }
    let Some(text) = record.field("network") else {
        return match ports.is_empty() {
            true => ServerNetwork::None,
            false => ServerNetwork::Tcp(ports),
        };
    };
    let names_ports = record.value("connect").is_some();
    let outcome = match (text.text.trim(), names_ports) {
        ("none", false) => Ok(ServerNetwork::None),
        ("any", false) => Ok(ServerNetwork::Any),
        ("tcp", true) => Ok(ServerNetwork::Tcp(ports)),
        ("none", true) => {
            Err("sandbox: network: none leaves no port of connect to reach; remove one of them".to_owned())
        }
        ("any", true) => {
            Err("sandbox: network: any opens all ports, not those of connect alone; remove one of them".to_owned())
        }
        ("tcp", false) => {
            Err("sandbox: network: tcp needs connect, the ports; or write any, which opens all".to_owned())
        }
        (other, _) => Err(format!(
            "sandbox has an unknown network: {}; write none, tcp or any",
            echo(other)
        )),
    };
    let network = problems.take(text, outcome);
    // With mistakes there is no binding, whatever this is.
    network.filter(|_| problems.0.len() == known).unwrap_or_default()
}
