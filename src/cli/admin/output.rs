//! What `admin tunnels` prints: tunnels and failures, as text or as JSON (contract: cli, section 9).

use std::fmt::Write as _;
use std::io::{self, Write as _};

use serde::Serialize;

use crate::admin::{self, Cause, Tunnel, TunnelList};
use crate::cli::text::{json, one_line};
use crate::cli::{Error, print};
use crate::config::ConfigErrors;
use crate::telemetry::redact;

/// The form that was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    pub(super) is_json: bool,
}

/// Why a command failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The arguments are wrong.
    Argument(String),
    /// The settings are wrong.
    Config(ConfigErrors),
    /// TLS cannot be set up.
    Setup(String),
    /// The request failed.
    Request(admin::Error),
    /// The answer could not be printed.
    Print(Error),
}

impl From<admin::Error> for Failure {
    fn from(error: admin::Error) -> Self {
        Self::Request(error)
    }
}

impl Output {
    /// A new tunnel; it takes the service a moment to know it everywhere.
    pub(super) fn created(self, tunnel: &Tunnel) -> Result<(), Failure> {
        self.tunnel(tunnel)?;
        if self.is_json {
            return Ok(());
        }
        self.print("Note: wait 25-30 seconds before expecting a newly created tunnel to be active and ready.\n")
    }

    /// One tunnel.
    pub(super) fn tunnel(self, tunnel: &Tunnel) -> Result<(), Failure> {
        self.print(&if self.is_json { json(tunnel) } else { described(tunnel) })
    }

    /// A list of tunnels.
    pub(super) fn list(self, list: &TunnelList) -> Result<(), Failure> {
        if self.is_json {
            return self.print(&json(list));
        }
        let mut text: String = list.iter().map(described).collect();
        if text.is_empty() {
            text.push_str("No tunnels found\n");
        }
        if list.has_more() {
            text.push_str("Note: the service has more tunnels than it put into this answer.\n");
        }
        self.print(&text)
    }

    /// Says on standard error what is probably not meant; with JSON, which scripts read, nothing is said there.
    pub(super) fn warn(self, warnings: &[String]) {
        if self.is_json {
            return;
        }
        let mut stderr = io::stderr().lock();
        for warning in warnings {
            // There is nowhere to report that a warning failed.
            let _ = writeln!(stderr, "warning: {}", one_line(warning));
        }
    }

    /// The error of the command: with JSON it stands on standard output, and nothing on standard error.
    pub(super) fn failure(self, failure: Failure) -> Error {
        if let Failure::Print(error) = failure {
            return error;
        }
        if self.is_json {
            return match print(&json(&Envelope {
                error: Problem::of(&failure),
            })) {
                Ok(()) => Error::Reported(1),
                Err(error) => error,
            };
        }
        match failure {
            Failure::Config(errors) => Error::Config(errors),
            Failure::Print(error) => error,
            Failure::Argument(problem) | Failure::Setup(problem) => Error::Message(problem),
            Failure::Request(error) => Error::Message(format!(
                "{}\nmitigation: {}",
                one_line(&error.to_string()),
                error.mitigation()
            )),
        }
    }

    #[expect(clippy::unused_self, reason = "reads as the other forms of output do")]
    fn print(self, text: &str) -> Result<(), Failure> {
        print(text).map_err(Failure::Print)
    }
}

/// `Tunnel` and the id, which scripts take as the second word (contract: cli, section 9), and what is known of it, one line each.
fn described(tunnel: &Tunnel) -> String {
    let mut text = format!("Tunnel {}\n", one_line(&tunnel.id));
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name}: {}", one_line(value));
    };
    for (name, value) in [
        ("Name", &tunnel.name),
        ("Description", &tunnel.description),
        ("Creator", &tunnel.creator),
    ] {
        if let Some(value) = value {
            line(name, value);
        }
    }
    for (name, ids) in [
        ("Organizations", &tunnel.organization_ids),
        ("Workspaces", &tunnel.workspace_ids),
    ] {
        if let Some(ids) = ids {
            line(name, &ids.join(", "));
        }
    }
    if let Some(ids) = tunnel.tenant_ids.as_ref().filter(|ids| !ids.is_empty()) {
        line("Tenants", &ids.join(", "));
    }
    if tunnel.deleted == Some(true) {
        line("Deleted", "yes");
    }
    text
}

#[derive(Serialize)]
struct Envelope {
    error: Problem,
}

/// What a script can tell failures apart by.
#[derive(Default, Serialize)]
struct Problem {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mitigation: Option<String>,
}

impl Problem {
    fn of(failure: &Failure) -> Self {
        let scrubbed = |text: &str| redact::scrub(text).into_owned();
        match failure {
            Failure::Argument(problem) | Failure::Setup(problem) => Self::new(problem),
            Failure::Config(errors) => Self::new(&errors.to_string()),
            Failure::Print(error) => Self::new(&error.to_string()),
            Failure::Request(error) => {
                let mut problem = Self::new(&error.to_string());
                problem.method = Some(error.method.to_string());
                problem.path = Some(error.path.clone());
                problem.status_code = error.status();
                problem.mitigation = Some(error.mitigation());
                if let Cause::Refused(refusal) = &error.cause {
                    let given = |text: &String| (!text.is_empty()).then(|| scrubbed(text));
                    problem.request_id = refusal.request_id.as_ref().map(|id| scrubbed(id));
                    problem.code = given(&refusal.error.code);
                    problem.kind = given(&refusal.error.kind);
                }
                problem
            }
        }
    }

    fn new(message: &str) -> Self {
        Self {
            message: redact::scrub(message).into_owned(),
            ..Self::default()
        }
    }
}
