//! What is said of the sandbox at start, and of the log when somebody asks.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use log::{error, info, warn};

use super::Error;
use crate::config::Config;
use crate::files::Account;
use crate::mcp::stdio::{Closed, Exposure, closed_to_new_files};
use crate::monitor::{Lines, Log};
use crate::net::Network;
use crate::sandbox::server::ClosedDirectory;
use crate::sandbox::{Finding, Layer, ReadableProgram, State, Status};
use crate::telemetry::log::{self as sink, Condition};

/// Says which layers are in force, and which files can no longer be read for a rotation.
pub(super) fn layers(status: &Status, network: &Network) {
    let of = |layer| status.finding(layer).map(Finding::state_and_detail).unwrap_or_default();
    let (process, privileges) = (of(Layer::Process), of(Layer::Privileges));
    let (landlock, seccomp) = (of(Layer::Landlock), of(Layer::Seccomp));
    match status.worst() {
        State::Enforced => info!(process, privileges, landlock, seccomp; "sandbox"),
        State::Partial => info!(process, privileges, landlock, seccomp; "sandbox, as far as this host lets it"),
        State::Missing => {
            warn!(process, privileges, landlock, seccomp; "sandbox: layers are missing; hardening.mode is best-effort");
        }
        State::Off => error!("sandbox: nothing keeps this process in; hardening.mode off is for tests"),
    }
    for file in network.files() {
        let opened = std::fs::File::open(&file.path);
        if opened.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied) {
            warn!(setting = &*file.setting, path:% = file.path.display();
                "this file cannot be read any more, so what replaces it needs a restart; let the user of the process read it");
        }
    }
}

/// Logs the stdio servers whose programs other stdio servers can replace.
///
/// # Errors
/// One of them must not start in that case.
pub(super) fn replaceable_programs(exposures: Vec<Exposure>) -> Result<(), Error> {
    for exposure in exposures {
        if exposure.is_refused {
            return Err(Error::Exposed(exposure));
        }
        warn!(channel = exposure.channel, path:% = exposure.path.display(), by = exposure.by.join(", ");
            "the program of a stdio MCP server can be replaced by another stdio MCP server");
    }
    Ok(())
}

/// Logs that stdio servers can read this program.
pub(super) fn readable_program(config: &Config) {
    if let Some(readable) = ReadableProgram::find(config) {
        warn!(path:% = readable.path.display(), user = readable.uid, action = readable.remedy();
            "stdio MCP servers can read the program of tunnel-client, and so open the memory of one that starts");
    }
}

/// Logs the directories in which stdio servers cannot make files although their user can: what fails there fails in the server.
pub(super) fn closed_directories(config: &Config, account: &Account) {
    let closed: Vec<Closed> = config
        .served()
        .filter_map(|binding| closed_to_new_files(config, binding, account))
        .collect();
    let each = |part: fn(&ClosedDirectory) -> &Path| {
        let parts = closed.iter().flat_map(|closed| &closed.directories).map(part);
        let parts: BTreeSet<&Path> = parts.collect();
        parts
            .iter()
            .map(|path| path.to_string_lossy())
            .collect::<Vec<_>>()
            .join(", ")
    };
    if closed.is_empty() {
        return;
    }
    let channels: Vec<&str> = closed.iter().map(|closed| closed.channel.as_str()).collect();
    warn!(directories = each(|closed| &closed.directory), because = each(|closed| &closed.because),
        channels = channels.join(", "), action = Closed::REMEDY;
        "stdio MCP servers cannot create files directly in some directories, because files of tunnel-client lie in them");
}

/// Says what stdio servers can do to the client's files as the user that they are: no layer looks at modes.
pub(super) fn exposed(config: &Config, uid: u32) {
    if uid == 0 {
        warn!("stdio MCP servers run as root, without capabilities; set process.server_user or process.user");
        return;
    }
    let is_theirs = |path: &&Path| std::fs::metadata(path).is_ok_and(|found| found.uid() == uid);
    let exposed: Vec<_> = config
        .own_files()
        .filter(is_theirs)
        .map(Path::to_string_lossy)
        .collect();
    if !exposed.is_empty() {
        info!(files = exposed.join(", ");
            "these files belong to the user that stdio MCP servers run as, who cannot read them and can change their modes; \
             let root own them, or set process.server_user");
    }
}

/// How the log is, for `/health`.
pub(super) fn log() -> Log {
    Log {
        lines: match sink::condition() {
            Condition::Writing => Lines::Written,
            Condition::Waiting => Lines::Waiting,
            Condition::Unreachable => Lines::Unreachable,
            Condition::Losing => Lines::Lost,
        },
        lost: sink::lost_lines(),
    }
}
