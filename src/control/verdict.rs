//! Judgement of how a poll ended (contract: wire, section 4).

use std::time::Duration;

use super::client::{ControlError, PollAnswer};
use super::correction::WRONG_CLUSTER;
use crate::dispatch::Arrival;
use crate::monitor::Failed;
use crate::net::NetError;
use crate::wire::api_error::{ApiError, ErrorStatus};
use crate::wire::command::{self, NotACommandList, Parsed};

/// Result of a poll.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The service answered, perhaps without commands.
    Answered {
        /// In the order of the answer.
        commands: Vec<Parsed>,
        /// Data that they inherit from it.
        arrival: Arrival,
    },
    /// There is nothing to be done but to poll again later.
    Failed(Failure),
}

/// A poll that failed.
#[derive(Debug)]
pub(super) struct Failure {
    /// Kind of the failure.
    pub(super) kind: Kind,
    /// Why, for people.
    pub(super) cause: Cause,
    /// Pause that the service asked for.
    pub(super) retry_after: Duration,
    /// The answer's `x-request-id`.
    pub(super) request_id: Option<Box<str>>,
    /// The same in words of `/health`.
    pub(super) shown: Failed,
}

/// Kinds of failures that have consequences of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The poll was sent, and no answer came in time.
    TimedOut,
    /// There was no answer for another reason; connecting that takes too long is one of them.
    Unanswered,
    /// The answer is not a list of commands.
    Undecodable,
    /// The key was refused, or the tunnel is not known: 401, 403, 404.
    Unauthorized,
    /// Any other error status.
    Refused,
}

/// Why a poll failed.
#[derive(Debug)]
pub(super) enum Cause {
    /// A sentence of this program.
    Reason(String),
    /// An error status.
    Status {
        /// HTTP status.
        status: u16,
        /// Message of the service.
        error: ApiError,
    },
}

impl Kind {
    /// The label of the metric.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::TimedOut => "timeout",
            Self::Unauthorized => "auth",
            Self::Unanswered | Self::Undecodable | Self::Refused => "other",
        }
    }

    /// The message of the log line.
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::TimedOut => "poll timed out; backing off",
            Self::Unanswered | Self::Undecodable | Self::Unauthorized | Self::Refused => "poll failed; backing off",
        }
    }

    /// Whether the service refused the poll, so that the time that it took shows how slow refusals are. `repeated`: the poll before had
    /// failed too. A first failure may be the end of a poll that was rightly held open: a service that restarts.
    pub(super) fn is_refusal(self, repeated: bool) -> bool {
        match self {
            Self::TimedOut | Self::Unauthorized => true,
            Self::Undecodable | Self::Refused => repeated,
            Self::Unanswered => false,
        }
    }
}

impl Cause {
    /// Text that distinguishes it from other causes in a series of failures.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Reason(reason) => reason.clone(),
            Self::Status { status, error } => format!("{status} {}", error.code),
        }
    }
}

/// Judges how a poll ended.
pub(super) fn verdict(ended: Result<PollAnswer, ControlError>) -> Verdict {
    let failure = match ended {
        Ok(PollAnswer { body, arrival }) if body.is_empty() => {
            return Verdict::Answered {
                commands: Vec::new(),
                arrival,
            };
        }
        Ok(PollAnswer { body, arrival }) => match command::parse_list(&body) {
            Ok(commands) => return Verdict::Answered { commands, arrival },
            Err(NotACommandList) => Failure {
                kind: Kind::Undecodable,
                cause: Cause::Reason(NotACommandList.to_string()),
                retry_after: Duration::ZERO,
                request_id: arrival.request_id,
                shown: Failed::with_status(200),
            },
        },
        Err(ControlError::Net { error, written, .. }) => Failure {
            kind: match error {
                NetError::Timeout | NetError::NoFirstByte(_) if written => Kind::TimedOut,
                _ => Kind::Unanswered,
            },
            cause: Cause::Reason(error.to_string()),
            retry_after: Duration::ZERO,
            request_id: None,
            shown: Failed::at(error.hop()),
        },
        Err(ControlError::Status(ErrorStatus {
            status,
            error,
            retry_after,
            request_id,
        })) => Failure {
            kind: match status {
                401 | 403 | 404 => Kind::Unauthorized,
                _ => Kind::Refused,
            },
            cause: Cause::Status { status, error },
            retry_after: retry_after.unwrap_or_default(),
            request_id,
            shown: Failed::with_status(status),
        },
    };
    Verdict::Failed(failure)
}

/// Advice about an error status.
pub(super) fn mitigation(status: u16, error: &ApiError) -> &'static str {
    error.mitigation().unwrap_or(match status {
        401 => "the API key was not accepted; check control_plane.api_key",
        403 => "the API key may not use this tunnel; check its scopes and control_plane.organization_id",
        409 if error.code == WRONG_CLUSTER => {
            "nothing while polls go on: the service sends them to another part of itself"
        }
        404 => "the service does not know this tunnel; check control_plane.tunnel_id and control_plane.base_url",
        300..=399 => "set control_plane.base_url to the address that answers; redirects are not followed",
        _ => "",
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "tests")]

    use std::time::Instant;

    use bytes::Bytes;

    use super::*;

    fn answered(body: &'static str) -> Result<PollAnswer, ControlError> {
        Ok(PollAnswer {
            body: Bytes::from_static(body.as_bytes()),
            arrival: Arrival {
                received: Instant::now(),
                server_requests: false,
                request_id: Some("q1".into()),
            },
        })
    }

    fn unanswered(error: NetError, written: bool) -> Result<PollAnswer, ControlError> {
        Err(ControlError::Net {
            error,
            written,
            stale: false,
        })
    }

    fn refused(status: u16) -> Result<PollAnswer, ControlError> {
        Err(ControlError::Status(ErrorStatus {
            status,
            error: ApiError::parse(br#"{"error":{"code":"c","message":"m"}}"#),
            retry_after: Some(Duration::from_secs(7)),
            request_id: Some("q2".into()),
        }))
    }

    #[test]
    fn each_end_of_a_poll_has_one_verdict() {
        let timeout = NetError::Timeout.to_string();
        let not_a_list = NotACommandList.to_string();
        for (ended, kind, key, request_id) in [
            (unanswered(NetError::Timeout, true), Kind::TimedOut, &*timeout, None),
            (unanswered(NetError::Timeout, false), Kind::Unanswered, &timeout, None),
            (
                unanswered(NetError::NotHttp, true),
                Kind::Unanswered,
                &NetError::NotHttp.to_string(),
                None,
            ),
            (answered("[]"), Kind::Undecodable, &not_a_list, Some("q1")),
            (refused(401), Kind::Unauthorized, "401 c", Some("q2")),
            (refused(403), Kind::Unauthorized, "403 c", Some("q2")),
            (refused(404), Kind::Unauthorized, "404 c", Some("q2")),
            (refused(302), Kind::Refused, "302 c", Some("q2")),
            (refused(429), Kind::Refused, "429 c", Some("q2")),
            (refused(503), Kind::Refused, "503 c", Some("q2")),
        ] {
            let Verdict::Failed(failure) = verdict(ended) else {
                panic!("{key} is no failure")
            };
            let found = (failure.kind, failure.cause.key(), failure.request_id.as_deref());
            assert_eq!(found, (kind, key.to_owned(), request_id));
            let asked_for = matches!(failure.cause, Cause::Status { .. });
            assert_eq!(
                failure.retry_after,
                Duration::from_secs(if asked_for { 7 } else { 0 }),
                "{key}"
            );
        }
        for (body, commands) in [("", 0), (r#"{"commands":[]}"#, 0), (r#"{"commands":[{},{}]}"#, 2)] {
            let Verdict::Answered { commands: found, .. } = verdict(answered(body)) else {
                panic!("{body} is no answer")
            };
            assert_eq!(found.len(), commands, "{body}");
        }
    }

    #[test]
    fn each_kind_of_failure_has_its_label_and_says_whether_it_is_a_refusal() {
        for (kind, label, first, repeated) in [
            (Kind::TimedOut, "timeout", true, true),
            (Kind::Unanswered, "other", false, false),
            (Kind::Undecodable, "other", false, true),
            (Kind::Unauthorized, "auth", true, true),
            (Kind::Refused, "other", false, true),
        ] {
            let found = (kind.label(), kind.is_refusal(false), kind.is_refusal(true));
            assert_eq!(found, (label, first, repeated), "{kind:?}");
        }
    }

    #[test]
    fn a_status_has_its_remedy() {
        let error = ApiError::parse(b"");
        for (status, word) in [(401, "api_key"), (403, "scopes"), (404, "tunnel_id"), (308, "base_url")] {
            assert!(mitigation(status, &error).contains(word), "{status}");
        }
        assert_eq!(mitigation(500, &error), "");
    }
}
