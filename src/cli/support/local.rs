//! What this host knows: configuration, log, sandbox, and what `doctor` finds.

use serde_json::{Value, json};

use crate::bundle::{self, Document, Log, Part, Written};
use crate::config::{Config, ConfigErrors, Flags, LogTarget, Mode, Opened};
use crate::doctor::{self, Request};
use crate::files::{Missing, Rule, Spot};
use crate::limits::BUNDLE_LOG_MAX;
use crate::probes::{self, Again};
use crate::sandbox;
use crate::secrets::Disk;

/// Configuration as it was written, and environment.
pub(in crate::cli) fn written(opened: &Opened<'_>, mistakes: Option<&ConfigErrors>, environment: Value) -> Value {
    let mistakes = mistakes
        .into_iter()
        .flat_map(|errors| errors.iter().map(ToString::to_string));
    let written = Written {
        selection: opened.selection(),
        file: opened.of_file(),
        effective: opened.effective(),
        mistakes: mistakes.collect(),
    };
    bundle::runtime(environment, Ok(&written))
}

/// The end of the log file.
pub(super) fn log(config: &Config) -> Part<Log> {
    let log = &config.log;
    let path = match (&log.target, &log.file) {
        (LogTarget::Stream, Some(path)) => path,
        (LogTarget::Stream, None) => {
            return Err(elsewhere(
                "the standard streams of the process; under systemd, in the journal",
            ));
        }
        (LogTarget::Journal, _) => return Err(elsewhere("the journal")),
        (_, _) => {
            return Err(
                "the log is in syslog; add its lines from the log server, or from /var/log/syslog or /var/log/messages here"
                    .to_owned(),
            );
        }
    };
    let owners = sandbox::log_owners(config);
    let spot = Spot::of(path, Rule::creating(), Missing::Stop);
    let opened = spot.and_then(|spot| spot.read(owners));
    let shown = path.display();
    let lines = match opened {
        Ok(mut file) => bundle::tail(&mut file).map_err(Into::into),
        Err(error) => Err(error),
    };
    let lines = lines.map_err(|error: crate::files::Error| format!("the log in {shown} cannot be read: {error}"))?;
    Ok(Log {
        place: format!("the last {BUNDLE_LOG_MAX} bytes at most of {shown}"),
        lines,
        window: None,
        capacity: None,
    })
}

fn elsewhere(place: &str) -> String {
    format!("the log is in {place}; add the output of: journalctl -u tunnel-client -o cat --since -1h")
}

/// The layers that this kernel applies to the configuration, told by a process that shuts itself in.
pub(super) fn sandbox(config: &Config, again: &Again) -> Part<Document> {
    let mode = config.hardening.mode;
    if mode == Mode::Off {
        return Ok(Document::Json(json!({ "mode": mode.as_str(), "layers": [] })));
    }
    let facts = probes::facts(again).map_err(|error| error.to_string())?;
    Ok(Document::Json(json!({
        "mode": mode.as_str(),
        "landlock": facts.status.landlock(),
        "layers": facts.status.findings(),
    })))
}

/// As `doctor --json` without `--start-stdio`: it asks each hop as `run` does and leaves nothing behind.
pub(super) fn doctor(flags: &Flags, again: &Again, disk: &Disk, progress: &mut dyn FnMut(&str)) -> Part<Document> {
    let request = Request {
        flags,
        environment: &again.environment,
        start_stdio: false,
        again: Some(again),
        profile_dir: None,
    };
    let report = doctor::examine(&request, disk, progress);
    let report = serde_json::from_str(&doctor::json::render(&report));
    report.map(Document::Json).map_err(|error| error.to_string())
}
