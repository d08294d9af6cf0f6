//! The section `hardening`, and who the processes run as.

use super::reader::{Checked, Reader, checked};
use crate::config::checked::{Hardening, Mode, UserName};
use crate::config::settings::{Setting, table};
use crate::config::values::scalar::echo;
use crate::limits::DISCOVERY_PORTS_MAX;

/// No port at all; an empty list would be a slip.
const NONE: &str = "none";

/// Where servers are found at run time when nothing is said.
const HTTPS: u16 = 443;

pub(super) fn hardening(reader: &mut Reader<'_>) -> Checked<Hardening> {
    checked!(Hardening {
        mode: reader.required(&table::HARDENING_MODE, "hardening.mode is missing", mode),
        discovery_ports: discovery_ports(reader),
        user: user_name(reader, &table::PROCESS_USER),
        server_user: user_name(reader, &table::SERVER_USER),
    })
}

/// What is wrong is not shown: a reference can lead to the wrong file, such as that of a key.
fn mode(text: &str) -> Result<Mode, String> {
    let modes = [Mode::Enforce, Mode::BestEffort, Mode::Off];
    let found = modes.into_iter().find(|mode| mode.as_str() == text);
    found.ok_or_else(|| "hardening.mode must be enforce, best-effort or off".to_owned())
}

fn discovery_ports(reader: &mut Reader<'_>) -> Checked<Vec<u16>> {
    let setting = &table::DISCOVERY_PORTS;
    let too_many = format!("{} must have at most {DISCOVERY_PORTS_MAX} entries", setting.flag);
    let entries = reader.at_most(setting, DISCOVERY_PORTS_MAX, &too_many, port)?;
    if entries.is_empty() {
        return Ok(vec![HTTPS]);
    }
    let mut ports: Vec<u16> = entries.into_iter().filter_map(|(port, _)| port).collect();
    ports.sort_unstable();
    ports.dedup();
    Ok(ports)
}

fn port(text: &str) -> Result<Option<u16>, String> {
    if text == NONE {
        return Ok(None);
    }
    let port = text.parse().ok().filter(|port| *port > 0);
    port.map(Some).ok_or_else(|| {
        format!(
            "{} must be port numbers from 1 to 65535, or none; {} is not",
            table::DISCOVERY_PORTS.flag,
            echo(text)
        )
    })
}

fn user_name(reader: &mut Reader<'_>, setting: &'static Setting) -> Checked<Option<UserName>> {
    reader.optional(setting, |text| {
        UserName::parse(text).ok_or_else(|| {
            format!(
                "{} must be the name of a user other than root, or UID:GID, not {}",
                setting.flag,
                echo(text)
            )
        })
    })
}
