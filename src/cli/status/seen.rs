//! What a daemon answered.

use serde_json::{Value, json};

use super::source::Source;
use super::{NO_ANSWER, NOT_READY};
use crate::cli::health::get::get_as;
use crate::cli::page_token::PageToken;
use crate::limits::{HEALTH_BODY_MAX, STATUS_CALLS, STATUS_TIMEOUT};
use crate::monitor::hops::{Hop, hops};

/// The answers of one moment. All texts are the daemon's.
#[derive(Debug)]
pub(super) struct Seen {
    /// Who was asked.
    pub(super) url: String,
    /// Why there is no answer.
    pub(super) error: Option<String>,
    /// `/readyz` says so.
    pub(super) is_ready: bool,
    /// Its words.
    pub(super) readiness: String,
    /// The report of `/health`.
    pub(super) report: Value,
    pub(super) hops: [Hop; 4],
    /// The last calls, or why they are not known.
    pub(super) calls: Result<Vec<Value>, String>,
}

impl Seen {
    /// Asks for everything.
    pub(super) fn ask(source: &Source) -> Self {
        let get = |path: &str, token| get_as(&source.base, path, token, STATUS_TIMEOUT);
        let readyz = get("/readyz", None);
        let report = get("/health?details=true", None);
        let (error, is_ready, readiness) = match readyz {
            Ok(answer) => {
                let body = answer.body.get(..HEALTH_BODY_MAX).unwrap_or(&answer.body);
                let text = String::from_utf8_lossy(body).trim().to_owned();
                match answer.status {
                    200 | 503 => (None, answer.status == 200, text),
                    status => (
                        Some(format!(
                            "/readyz answers with HTTP status {status}; is this tunnel-client?"
                        )),
                        false,
                        text,
                    ),
                }
            }
            Err(error) => (Some(error), false, String::new()),
        };
        let report = report.ok().filter(|answer| answer.status == 200);
        let report: Value = report
            .and_then(|answer| serde_json::from_slice(&answer.body).ok())
            .unwrap_or_default();
        let calls = match error {
            None => {
                let token = source.token.as_ref().map(PageToken::shown);
                calls(get(&format!("/api/calls?limit={STATUS_CALLS}"), token))
            }
            Some(_) => Err("nothing answers".to_owned()),
        };
        Self {
            url: source.base.to_string(),
            error,
            is_ready,
            hops: hops(&report, &readiness),
            readiness,
            report,
            calls,
        }
    }

    /// See the help.
    pub(super) fn exit_code(&self) -> u8 {
        match (&self.error, self.is_ready) {
            (Some(_), _) => NO_ANSWER,
            (None, false) => NOT_READY,
            (None, true) => 0,
        }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "url": self.url,
            "error": self.error,
            "ready": self.is_ready,
            "ready_reason": self.readiness,
            "hops": self.hops,
            "health": self.report,
            "calls": self.calls.as_ref().ok(),
        })
    }
}

fn calls(answer: Result<crate::net::blocking::Answer, String>) -> Result<Vec<Value>, String> {
    let answer = answer?;
    match answer.status {
        200 => {
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            Ok(body["calls"].as_array().cloned().unwrap_or_default())
        }
        404 => Err("admin_ui.enabled is false".to_owned()),
        401 => Err("they need the token of admin_ui.token".to_owned()),
        status => Err(format!("/api/calls answers with HTTP status {status}")),
    }
}
