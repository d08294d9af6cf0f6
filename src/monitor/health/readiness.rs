//! Whether the process is ready (contract: ops, section 2).

use super::{Health, Poll, Server};
use crate::limits::DELIVERY_FAILURES_UNREADY;

/// What `/readyz` says before anything is known (contract: ops, section 2).
const POLL_PENDING: &str = "control plane poll pending";
/// See [`POLL_PENDING`].
const PROBE_PENDING: &str = "mcp startup probe pending";

/// Under `audit.on_failure: block`.
const AUDIT_REFUSES: &str = "audit log cannot be written: commands are refused";

/// The answer to `/readyz`.
#[derive(Debug, PartialEq, Eq)]
pub struct Readiness {
    /// 200 or 503.
    pub ready: bool,
    /// One line of text.
    pub text: String,
}

impl Health {
    /// Whether the process is ready, and why not.
    pub fn readiness(&self) -> Readiness {
        let state = self.lock();
        let not_ready = |text: String| Readiness { ready: false, text };
        if state.draining {
            return not_ready("shutting down".to_owned());
        }
        match &state.control.poll {
            Poll::Pending => return not_ready(POLL_PENDING.to_owned()),
            Poll::Failing(reason) => return not_ready(format!("control plane poll failed: {reason}")),
            Poll::Unauthorized(status) => {
                let hint = match status {
                    401 => "the API key was not accepted",
                    403 => "the API key may not use this tunnel",
                    _ => "the tunnel is not known",
                };
                return not_ready(format!("control plane auth failed: HTTP status {status}, {hint}"));
            }
            Poll::Good => {}
        }
        if state.audit.refuses() {
            return not_ready(AUDIT_REFUSES.to_owned());
        }
        let failed = state.delivery.failed_in_a_row;
        if failed >= DELIVERY_FAILURES_UNREADY {
            return not_ready(format!("responses cannot be delivered: the last {failed} failed"));
        }
        let mut text = "ready".to_owned();
        for (channel, server) in state.servers.counted() {
            let of = if channel == "main" {
                String::new()
            } else {
                format!(" (channel {channel})")
            };
            match server {
                Server::Pending => return not_ready(format!("{PROBE_PENDING}{of}")),
                Server::Failing(reason) => return not_ready(format!("mcp probe failed{of}: {reason}")),
                Server::AuthRequired(reason) => text = format!("ready (mcp initialize requires auth{of}: {reason})"),
                Server::Slow(reason) => text = format!("ready (mcp startup probe timed out{of}: {reason})"),
                Server::Good => {}
            }
        }
        Readiness { ready: true, text }
    }

    /// What is known to fail: nothing while there is only something to wait for.
    pub fn failing(&self) -> Option<String> {
        let Readiness { ready, text } = self.readiness();
        let pending = text == POLL_PENDING || text.starts_with(PROBE_PENDING);
        (!ready && !pending).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::facts::{Disposition, Evidence, Failed};

    #[test]
    fn readiness_follows_polls_deliveries_and_servers() {
        let health = Health::new(["main"].into_iter());
        let text = |h: &Health| h.readiness().text;
        assert_eq!(text(&health), "control plane poll pending");
        assert_eq!(health.failing(), None, "to wait is no failure");
        health.poll_succeeded();
        assert_eq!(text(&health), "mcp startup probe pending");
        health.server("main", Server::Good);
        health.server("other", Server::Failing("x".into()));
        assert_eq!(
            health.readiness(),
            Readiness {
                ready: true,
                text: "ready".into()
            }
        );
        health.poll_unauthorized(401);
        health.metadata_succeeded();
        assert_eq!(
            text(&health),
            "control plane auth failed: HTTP status 401, the API key was not accepted"
        );
        health.poll_failed("timed out".into(), Failed::at("timeout"));
        assert_eq!(text(&health), "control plane poll failed: timed out");
        health.poll_held_open();
        assert!(health.readiness().ready);
        for _ in 0..DELIVERY_FAILURES_UNREADY {
            health.delivery_begun();
            health.delivery_ended(Disposition::Failed);
        }
        assert!(text(&health).starts_with("responses cannot be delivered"));
        health.delivery_begun();
        health.delivery_ended(Disposition::Accepted);
        health.server("main", Server::Failing("connection refused".into()));
        assert_eq!(text(&health), "mcp probe failed: connection refused");
        assert_eq!(health.failing(), Some(text(&health)));
        health.server("main", Server::AuthRequired("HTTP status 401".into()));
        assert!(health.readiness().ready);
        health.audit(true, false);
        assert!(health.readiness().ready, "records are counted and commands go on");
        health.audit(false, true);
        health.audit(true, true);
        assert_eq!(text(&health), AUDIT_REFUSES);
        health.audit(false, true);
        health.server_doubted("main");
        assert!(health.readiness().ready, "a failed call alone decides nothing");
        assert_eq!(health.evidence("main"), Evidence::Doubt);
        health.server_answered("main");
        assert_eq!(health.evidence("main"), Evidence::Answer);
        assert_eq!(text(&health), "ready");
    }
}
