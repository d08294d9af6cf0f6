//! Files of trust anchors and the users that stdio servers run as: a server that could change them would choose the client's peers.

use super::broker::BrokerCage;
use super::cage::Error;
use crate::config::{Config, Level, Mode, Target};
use crate::files::Account;
use crate::secrets::Outsiders;

/// The users that must not be able to change a file of trust anchors: the one that stdio servers run as, where that is not the
/// client's own. A server of the client's own user is kept from these files by its cage.
///
/// # Errors
/// The user does not exist.
pub fn outsiders(config: &Config) -> Result<Outsiders, Error> {
    if servers(config).next().is_none() {
        return Ok(Outsiders::default());
    }
    let servers = BrokerCage::other_account(config)?;
    Ok(Outsiders(servers.into_iter().collect()))
}

/// One sentence for each file of trust anchors that a stdio server without a sandbox may change, as the client's own user.
#[must_use]
pub fn unprotected(config: &Config) -> Vec<String> {
    let is_off = |level: Level| level == Level::Off || config.hardening.mode == Mode::Off;
    let open: Vec<&str> = servers(config)
        .filter_map(|(channel, level)| is_off(level).then_some(channel))
        .collect();
    // Files of another user are refused when they are read.
    if open.is_empty() || !BrokerCage::other_account(config).is_ok_and(|other| other.is_none()) {
        return Vec::new();
    }
    let own = Account::own();
    let exposed = config.trust_files().filter_map(|file| {
        let place = own.replaceable(file.path, &|_| true)?.by;
        Some(format!(
            "{}: the stdio MCP servers without a sandbox ({}) can change {} as the client's own user, because of {}, and with it \
             whom the client trusts; let root own it, set process.server_user, or remove sandbox: off",
            file.setting,
            open.join(", "),
            file.path.display(),
            place.display()
        ))
    });
    exposed.collect()
}

/// The stdio servers to start, by their channels, and their confinement.
pub(super) fn servers(config: &Config) -> impl Iterator<Item = (&str, Level)> {
    config.served().filter_map(|binding| match &binding.target {
        Target::Stdio { sandbox, .. } => Some((binding.channel.as_str(), sandbox.level)),
        Target::Http { .. } => None,
    })
}
