//! The way of a call as four hops, callers to MCP servers, each with what is known of it (contract: status, section 3).
//!
//! It is derived from the report of `/health` and the text of `/readyz` alone, so that the status page and `tunnel-client status`, which
//! asks a process for them, show the same.

use serde::Serialize;
use serde_json::Value;

use super::Status;

/// One hop. Its texts come from the report, which may be another process's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// `callers`, `relay`, `client` or `mcp`.
    pub name: &'static str,
    /// Whether it does its work.
    pub status: Status,
    /// State of the component that decided.
    pub state: String,
    /// Its reason.
    pub reason_code: Option<String>,
    /// One sentence for people.
    pub text: String,
}

/// One component of a report.
#[derive(Debug, Clone, Copy)]
struct Seen<'a> {
    name: &'a str,
    status: Status,
    component: &'a Value,
}

/// The four hops, in the order of a call.
#[must_use]
pub fn hops(report: &Value, readiness: &str) -> [Hop; 4] {
    let all = Report { report, readiness };
    let relay = all.relay();
    let mcp = all.mcp(relay.status);
    [all.callers(), relay, all.client(), mcp]
}

/// The status of an MCP server, of which its component alone does not tell everything: behind a URL it knows only what probes show.
#[must_use]
pub fn server_status(component: &Value) -> Status {
    let probe = component["details"]["startup_probe"]["state"].as_str();
    match (status(component), probe) {
        (Status::Unknown, Some("succeeded" | "auth_required" | "timed_out")) => Status::Ok,
        (known, _) => known,
    }
}

struct Report<'a> {
    report: &'a Value,
    readiness: &'a str,
}

impl<'a> Report<'a> {
    fn seen(&self, name: &'a str) -> Seen<'a> {
        let component = &self.report["components"][name];
        Seen {
            name,
            status: status(component),
            component,
        }
    }

    fn callers(&self) -> Hop {
        let enqueued = self.report["components"]["queue"]["details"]["enqueued"]
            .as_u64()
            .unwrap_or(0);
        let (status, state, text) = match enqueued {
            0 => (Status::Unknown, "not_observed", "no command has come yet".to_owned()),
            1 => (Status::Ok, "observed", "1 command has come".to_owned()),
            more => (Status::Ok, "observed", format!("{more} commands have come")),
        };
        Hop {
            name: "callers",
            status,
            state: state.to_owned(),
            reason_code: None,
            text,
        }
    }

    fn relay(&self) -> Hop {
        let (polls, deliveries) = (self.seen("control-plane"), self.seen("response-delivery"));
        let (decides, text) = match (polls.status, deliveries.status) {
            (Status::Degraded, _) => {
                let why = self.readiness.strip_prefix("control plane ").map(str::to_owned);
                (polls, why.unwrap_or_else(|| format!("polls fail: {}", polls.why())))
            }
            (_, Status::Degraded) => (
                deliveries,
                format!("responses cannot be delivered: {}", deliveries.why()),
            ),
            (Status::Ok, _) if polls.state() == "stopped" => (polls, "polling has stopped".to_owned()),
            (Status::Ok, _) => (polls, "polls are answered".to_owned()),
            _ => (polls, "no poll was answered yet".to_owned()),
        };
        decides.hop("relay", text)
    }

    fn client(&self) -> Hop {
        let parts = ["sandbox", "audit", "log", "credentials", "queue"].map(|name| self.seen(name));
        if let Some(broken) = parts.into_iter().find(|part| part.status == Status::Degraded) {
            let text = format!("{}: {}", broken.name, broken.why());
            return broken.hop("client", text);
        }
        let lifecycle = self.report["runtime"]["lifecycle"].as_str().unwrap_or("unknown");
        let [.., credentials, queue] = parts;
        let text = match (credentials.reason(), queue.state()) {
            (Some("certificate_ends_soon"), _) => format!("{lifecycle}; a certificate ends soon"),
            (_, "backpressured") => format!("{lifecycle}; the queue is full"),
            _ => lifecycle.to_owned(),
        };
        Hop {
            name: "client",
            status: match self.report["runtime"].is_object() {
                true => Status::Ok,
                false => Status::Unknown,
            },
            state: lifecycle.to_owned(),
            reason_code: None,
            text,
        }
    }

    /// A command that failed says something of its server, unless the relay is broken.
    fn mcp(&self, relay: Status) -> Hop {
        let components = self.report["components"].as_object();
        let names = components.into_iter().flatten().map(|(name, _)| name.as_str());
        let is_server = |name: &&str| *name == "mcp" || name.starts_with("mcp-");
        let servers: Vec<_> = names
            .filter(is_server)
            .map(|name| self.seen(name))
            .filter(|server| server.status != Status::Disabled)
            .collect();
        if let Some(broken) = servers.iter().find(|server| server.status == Status::Degraded) {
            // The text names the channel of any other server before the colon.
            let told = self.readiness.strip_prefix("mcp probe failed: ");
            let text = match told.filter(|_| broken.name == "mcp") {
                Some(why) => why.to_owned(),
                None => format!("channel {}: {}", broken.channel(), broken.why()),
            };
            return broken.hop("mcp", text);
        }
        let last = self.seen("dispatcher");
        if last.status == Status::Degraded && relay != Status::Degraded {
            return last.hop("mcp", format!("the last command failed: {}", last.why()));
        }
        let best = |wanted: Status| servers.iter().find(|server| server_status(server.component) == wanted);
        match (best(Status::Unknown), best(Status::Ok)) {
            (Some(unknown), None) => unknown.hop("mcp", "no answer was seen yet".to_owned()),
            (_, Some(good)) => Hop {
                status: Status::Ok,
                ..good.hop("mcp", good.answers())
            },
            (None, None) => Hop {
                name: "mcp",
                status: Status::Disabled,
                state: "disabled".to_owned(),
                reason_code: None,
                text: "no MCP server is served".to_owned(),
            },
        }
    }
}

impl<'a> Seen<'a> {
    fn state(&self) -> &'a str {
        self.component["state"].as_str().unwrap_or("unknown")
    }

    fn reason(&self) -> Option<&'a str> {
        self.component["reason_code"].as_str()
    }

    fn channel(&self) -> &'a str {
        self.name.strip_prefix("mcp-").unwrap_or("main")
    }

    /// Reason, status of HTTP and hop of a failure, as far as they are known; otherwise the state.
    fn why(&self) -> String {
        let details = &self.component["details"];
        let http = details["http_status"]
            .as_u64()
            .map(|status| format!("HTTP status {status}"));
        let hop = details["failure_hop"].as_str().map(|hop| format!("at {hop}"));
        let reason = self.reason().unwrap_or_else(|| self.state()).replace('_', " ");
        let parts: Vec<String> = [Some(reason), hop, http].into_iter().flatten().collect();
        parts.join(", ")
    }

    fn answers(&self) -> String {
        match self.component["details"]["startup_probe"]["state"].as_str() {
            Some("auth_required") => "the server wants the credentials of callers".to_owned(),
            Some("timed_out") => "the server answers too slowly for a probe".to_owned(),
            _ if self.component["details"]["transport"] == "stdio" => "the server runs".to_owned(),
            _ => "the server answers".to_owned(),
        }
    }

    fn hop(&self, name: &'static str, text: String) -> Hop {
        Hop {
            name,
            status: self.status,
            state: self.state().to_owned(),
            reason_code: self.reason().map(str::to_owned),
            text,
        }
    }
}

fn status(component: &Value) -> Status {
    match component["status"].as_str() {
        Some("ok") => Status::Ok,
        Some("degraded") => Status::Degraded,
        Some("disabled") => Status::Disabled,
        _ => Status::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(changes: &[(&str, Value)]) -> Value {
        let mut report = json!({
            "runtime": {"lifecycle": "running"},
            "components": {
                "control-plane": {"status": "ok", "state": "polling"},
                "response-delivery": {"status": "unknown", "state": "not_observed"},
                "queue": {"status": "ok", "state": "available", "details": {"enqueued": 3}},
                "dispatcher": {"status": "ok", "state": "accepting"},
                "sandbox": {"status": "ok", "state": "enforced"},
                "credentials": {"status": "ok", "state": "current"},
                "mcp": {"status": "unknown", "state": "not_observed", "reason_code": "same_child_evidence_unavailable",
                        "details": {"startup_probe": {"state": "succeeded"}}},
            }
        });
        for (name, component) in changes {
            report["components"][*name] = component.clone();
        }
        report
    }

    fn broken(changes: &[(&str, Value)], readiness: &str) -> Vec<(&'static str, String)> {
        let hops = hops(&report(changes), readiness);
        let broken = hops.into_iter().filter(|hop| hop.status == Status::Degraded);
        broken.map(|hop| (hop.name, hop.text)).collect()
    }

    #[test]
    fn a_working_tunnel_has_four_good_hops() {
        let hops = hops(&report(&[]), "ready");
        assert_eq!(
            hops.each_ref().map(|hop| hop.name),
            ["callers", "relay", "client", "mcp"]
        );
        assert!(hops.iter().all(|hop| hop.status == Status::Ok), "{hops:?}");
    }

    #[test]
    fn what_is_broken_is_the_hop_where_it_is() {
        let failed = json!({"status": "degraded", "state": "backoff", "reason_code": "network_error",
                            "details": {"failure_hop": "dns"}});
        let operation = json!({"status": "degraded", "state": "accepting", "reason_code": "operation_failed"});
        let probe = json!({"status": "degraded", "state": "failed", "reason_code": "probe_failed"});
        for (changes, readiness, hop, text) in [
            (
                vec![("control-plane", failed.clone()), ("dispatcher", operation.clone())],
                "control plane poll failed: no such host",
                "relay",
                "poll failed: no such host",
            ),
            (
                vec![("control-plane", failed)],
                "shutting down",
                "relay",
                "polls fail: network error, at dns",
            ),
            (
                vec![(
                    "response-delivery",
                    json!({"status": "degraded", "state": "failed", "reason_code": "http_error",
                                                  "details": {"http_status": 503}}),
                )],
                "ready",
                "relay",
                "responses cannot be delivered: http error, HTTP status 503",
            ),
            (
                vec![("mcp", probe.clone()), ("dispatcher", operation.clone())],
                "mcp probe failed: connection refused",
                "mcp",
                "connection refused",
            ),
            (
                vec![("mcp-tools", probe.clone())],
                "ready",
                "mcp",
                "channel tools: probe failed",
            ),
            (
                vec![("mcp", probe.clone()), ("mcp-tools", probe)],
                "mcp probe failed (channel tools): no such host",
                "mcp",
                "channel main: probe failed",
            ),
            (
                vec![("dispatcher", operation)],
                "ready",
                "mcp",
                "the last command failed: operation failed",
            ),
            (
                vec![("sandbox", json!({"status": "degraded", "state": "off"}))],
                "ready",
                "client",
                "sandbox: off",
            ),
            (
                vec![(
                    "audit",
                    json!({"status": "degraded", "state": "refusing", "reason_code": "write_failed"}),
                )],
                "audit log cannot be written: commands are refused",
                "client",
                "audit: write failed",
            ),
            (
                vec![(
                    "log",
                    json!({"status": "degraded", "state": "losing", "reason_code": "log_lines_lost"}),
                )],
                "ready",
                "client",
                "log: log lines lost",
            ),
        ] {
            assert_eq!(broken(&changes, readiness), [(hop, text.to_owned())]);
        }
    }

    #[test]
    fn nothing_is_known_of_a_process_that_says_nothing() {
        let hops = hops(&Value::Null, "");
        assert!(
            hops.iter()
                .all(|hop| hop.status != Status::Ok && hop.status != Status::Degraded),
            "{hops:?}"
        );
    }
}
