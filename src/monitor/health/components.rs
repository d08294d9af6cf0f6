//! The components of `/health`: their names, and how each is (contract: ops, section 9).

use std::time::{Duration, SystemTime};

use super::{Health, State};
use crate::limits::{HEALTH_COMPONENT_NAME_MAX, HEALTH_COMPONENTS_MAX};
use crate::monitor::component::{Brief, Component, Moment, Status, details};
use crate::monitor::facts::Phase;

/// The channel whose server is the component `mcp`.
pub(super) const MAIN: &str = "main";

/// Components that there always are, by their place.
const FIXED: [&str; 11] = [
    "control-plane",
    "response-delivery",
    "queue",
    "dispatcher",
    "oauth",
    "harpoon",
    "mcp",
    "sandbox",
    "credentials",
    "log",
    "audit",
];

/// Names of all components, and the channels of those that are MCP servers.
#[derive(Debug)]
pub(super) struct Names {
    all: Vec<Box<str>>,
    /// The channels of the components behind [`FIXED`], in the same order.
    others: Vec<Box<str>>,
}

impl Names {
    pub(super) const CONTROL_PLANE: usize = 0;
    pub(super) const DELIVERY: usize = 1;
    pub(super) const QUEUE: usize = 2;
    pub(super) const DISPATCHER: usize = 3;
    const OAUTH: usize = 4;
    const HARPOON: usize = 5;
    const MCP: usize = 6;
    pub(super) const SANDBOX: usize = 7;
    pub(super) const CREDENTIALS: usize = 8;
    const LOG: usize = 9;
    pub(super) const AUDIT: usize = 10;
    /// No component: a channel beyond the bound.
    const NONE: usize = usize::MAX;

    /// Those of a process that serves these channels. Channels beyond the bound have no component of their own.
    pub(super) fn of<'a>(channels: impl Iterator<Item = &'a str>) -> Self {
        let mut names = Self {
            all: FIXED.map(Box::from).to_vec(),
            others: Vec::new(),
        };
        for channel in channels.filter(|channel| *channel != MAIN) {
            // Channels are ASCII.
            let name: Box<str> = format!("mcp-{channel}")
                .chars()
                .take(HEALTH_COMPONENT_NAME_MAX)
                .collect();
            if names.all.len() < HEALTH_COMPONENTS_MAX && !names.all.contains(&name) {
                names.all.push(name);
                names.others.push(channel.into());
            }
        }
        names
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The name of a component.
    pub(super) fn name(&self, component: usize) -> &str {
        self.all.get(component).map_or("", |name| &**name)
    }

    /// The component of a channel.
    pub(super) fn of_channel(&self, channel: &str) -> usize {
        if channel == MAIN {
            return Self::MCP;
        }
        let at = self.others.iter().position(|other| &**other == channel);
        at.map_or(Self::NONE, |at| FIXED.len() + at)
    }

    fn channel(&self, component: usize) -> Option<&str> {
        self.others.get(component.checked_sub(FIXED.len())?).map(|name| &**name)
    }
}

/// The process as a whole.
#[derive(Debug)]
pub struct Runtime<'a> {
    /// Its name towards the control plane.
    pub instance_id: &'a str,
    /// When it began.
    pub started_at: SystemTime,
    /// How long ago.
    pub uptime: Duration,
    /// `starting`, `running` or `draining`.
    pub lifecycle: &'static str,
}

impl Health {
    /// The process as a whole.
    pub fn runtime(&self) -> Runtime<'_> {
        Runtime {
            instance_id: &self.instance_id,
            started_at: self.started_at,
            uptime: self.started.elapsed(),
            lifecycle: match self.lock().phase() {
                Phase::Starting => "starting",
                Phase::Running => "running",
                Phase::Draining | Phase::Stopped => "draining",
            },
        }
    }

    /// Every component, by name, with details.
    pub fn components(&self) -> Vec<Component> {
        let state = self.lock();
        let mut all: Vec<_> = (0..self.names.len())
            .map(|at| state.component(&self.names, at))
            .collect();
        all.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// The component of this name, with details.
    pub fn component(&self, name: &str) -> Option<Component> {
        let at = self.names.all.iter().position(|known| &**known == name)?;
        Some(self.lock().component(&self.names, at))
    }
}

impl State {
    /// How a component is.
    pub(super) fn brief(&self, names: &Names, component: usize) -> Brief {
        match component {
            Names::CONTROL_PLANE => self.control.brief(),
            Names::DELIVERY => self.delivery.brief(),
            Names::QUEUE => self.queue.brief(),
            Names::DISPATCHER => self.dispatcher.brief(self.phase()),
            Names::SANDBOX => self.sandbox.brief(),
            Names::CREDENTIALS => self.credentials.brief(),
            Names::LOG => self.log().brief(),
            Names::AUDIT => self.audit.brief(),
            Names::MCP => {
                let main = self.servers.get(MAIN);
                main.map_or(DISABLED, |known| known.brief_of_main())
            }
            other => {
                let known = names.channel(other).and_then(|channel| self.servers.get(channel));
                known.map_or(DISABLED, |known| known.brief_of_other())
            }
        }
    }

    fn component(&self, names: &Names, component: usize) -> Component {
        let (observed_at, limited, details) = match component {
            Names::CONTROL_PLANE => (self.control.observed_at(), false, details(&self.control.details())),
            Names::DELIVERY => (self.delivery.observed_at(), false, details(&self.delivery.details())),
            Names::QUEUE => (self.queue.observed_at(), false, details(&self.queue.details())),
            Names::DISPATCHER => (
                self.dispatcher.observed_at(),
                self.dispatcher.is_limited(),
                details(&self.dispatcher.details(self.phase())),
            ),
            Names::SANDBOX => (self.sandbox.observed_at(), false, details(&self.sandbox.details())),
            Names::CREDENTIALS => (
                self.credentials.observed_at(),
                false,
                details(&self.credentials.details()),
            ),
            Names::LOG => (Some(Moment::now()), false, details(&self.log().details())),
            Names::AUDIT => {
                let shown = self.audit.details();
                (self.audit.observed_at(), false, shown.as_ref().and_then(details))
            }
            Names::OAUTH | Names::HARPOON => NOTHING,
            Names::MCP => self.servers.get(MAIN).map_or(NOTHING, |known| {
                (
                    known.observed_at(),
                    known.is_limited(),
                    details(&known.details_of_main()),
                )
            }),
            other => {
                let channel = names.channel(other).unwrap_or_default();
                self.servers.get(channel).map_or(NOTHING, |known| {
                    (known.observed_at(), false, details(&known.details_of_other(channel)))
                })
            }
        };
        Component {
            name: names.name(component).into(),
            brief: self.brief(names, component),
            observed_at,
            limited,
            details,
        }
    }
}

/// Of a component that this process does not have.
const DISABLED: Brief = Brief::new(Status::Disabled, "disabled");
/// Of the same: observation, limit, details.
const NOTHING: (Option<Moment>, bool, Option<Box<serde_json::value::RawValue>>) = (None, false, None);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::iter::repeat_with;

    use super::*;
    use crate::monitor::facts::{Child, Disposition, Failed, Finished, Server, Transport, Waits};
    use crate::monitor::health::{Served, Setup};

    fn health(channels: &[(&str, Transport)]) -> Health {
        let served = channels.iter().map(|(channel, transport)| Served {
            channel,
            transport: *transport,
            counts: true,
        });
        Health::of(&Setup {
            instance_id: "0123456789abcdef0123456789abcdef",
            servers: served.collect(),
            queue_capacity: 4,
            pool_limit: 2,
            ..Setup::default()
        })
    }

    fn brief(health: &Health, name: &str) -> (&'static str, &'static str, Option<&'static str>) {
        let Brief { status, state, reason } = health.component(name).unwrap().brief;
        (status.as_str(), state, reason)
    }

    fn details_of(health: &Health, name: &str) -> serde_json::Value {
        serde_json::from_str(health.component(name).unwrap().details.unwrap().get()).unwrap()
    }

    #[test]
    fn polls_show_in_the_control_plane() {
        let health = health(&[("main", Transport::Http)]);
        assert_eq!(brief(&health, "control-plane"), ("unknown", "starting", None));
        assert_eq!(health.runtime().lifecycle, "starting");
        assert_eq!(brief(&health, "dispatcher"), ("unknown", "starting", None));
        health.poll_attempted(Waits {
            configured: Duration::from_secs(30),
            effective: Duration::from_millis(500),
            deadline: Duration::from_secs(35),
        });
        assert_eq!(brief(&health, "control-plane"), ("unknown", "polling", None));
        assert_eq!(brief(&health, "dispatcher"), ("ok", "accepting", None));
        health.poll_failed("x".into(), Failed::at("dns"));
        health.poll_pauses(Duration::from_secs(2));
        assert_eq!(
            brief(&health, "control-plane"),
            ("degraded", "backoff", Some("network_error"))
        );
        let shown = details_of(&health, "control-plane");
        assert_eq!(
            (&shown["failure_hop"], &shown["consecutive_failures"]),
            (&"dns".into(), &1.into())
        );
        assert_eq!(shown["effective_wait_seconds"], 0.5);
        assert!(
            shown["next_retry"].is_string() && shown["last_success"].is_null(),
            "{shown}"
        );
        health.poll_unauthorized(401);
        assert_eq!(details_of(&health, "control-plane")["http_status"], 401);
        health.poll_held_open();
        assert_eq!(brief(&health, "control-plane").0, "ok");
        health.polls_stopped();
        health.draining();
        assert_eq!(brief(&health, "control-plane"), ("ok", "stopped", None));
        assert_eq!(brief(&health, "dispatcher"), ("ok", "draining", None));
        assert_eq!(health.runtime().lifecycle, "draining");
    }

    #[test]
    fn a_retried_upload_degrades_the_delivery_until_one_is_accepted() {
        let health = health(&[]);
        assert_eq!(brief(&health, "response-delivery"), ("unknown", "not_observed", None));
        health.delivery_begun();
        health.delivery_attempted(true);
        assert_eq!(brief(&health, "response-delivery"), ("unknown", "uploading", None));
        health.delivery_attempt_failed(Failed::with_status(503));
        assert_eq!(
            brief(&health, "response-delivery"),
            ("degraded", "uploading", Some("http_error"))
        );
        assert_eq!(details_of(&health, "response-delivery")["http_status"], 503);
        health.delivery_attempted(false);
        health.delivery_ended(Disposition::Accepted);
        assert_eq!(brief(&health, "response-delivery"), ("ok", "accepted", None));
        let shown = details_of(&health, "response-delivery");
        assert_eq!(
            (&shown["attempts"], &shown["retries"], &shown["accepted"]),
            (&2.into(), &1.into(), &1.into())
        );
        health.delivery_begun();
        health.delivery_ended(Disposition::Late);
        assert_eq!(brief(&health, "response-delivery"), ("ok", "late", None));
        health.delivery_begun();
        health.delivery_ended(Disposition::Failed);
        assert_eq!(brief(&health, "response-delivery").0, "degraded");
    }

    #[test]
    fn a_delivery_that_is_given_up_leaves_the_failure_before_it_open() {
        let health = health(&[]);
        health.delivery_begun();
        health.delivery_ended(Disposition::Canceled);
        assert_eq!(brief(&health, "response-delivery"), ("ok", "canceled", None));
        health.delivery_begun();
        health.delivery_attempt_failed(Failed::with_status(503));
        health.delivery_ended(Disposition::Canceled);
        assert_eq!(
            brief(&health, "response-delivery"),
            ("degraded", "canceled", Some("http_error"))
        );
        health.delivery_begun();
        health.delivery_ended(Disposition::Accepted);
        assert_eq!(brief(&health, "response-delivery"), ("ok", "accepted", None));
    }

    #[test]
    fn the_queue_and_the_workers_count() {
        let health = health(&[]);
        health.enqueued();
        health.enqueued();
        let number = health.work_begun();
        let shown = details_of(&health, "queue");
        assert_eq!(
            (&shown["depth"], &shown["capacity"], &shown["utilization"]),
            (&1.into(), &4.into(), &0.25.into())
        );
        health.poll_waits_for_room(true);
        assert_eq!(brief(&health, "queue"), ("ok", "backpressured", None));
        assert_eq!(brief(&health, "control-plane").1, "backpressured");
        health.poll_waits_for_room(false);
        assert_eq!(brief(&health, "queue"), ("ok", "available", None));
        health.work_ended(number, Finished::TimedOut);
        assert_eq!(
            brief(&health, "dispatcher"),
            ("degraded", "accepting", Some("operation_timed_out"))
        );
        let number = health.work_begun();
        health.work_ended(number, Finished::Cancelled);
        assert_eq!(
            brief(&health, "dispatcher").0,
            "degraded",
            "a cancelled call shows nothing"
        );
        let number = health.work_begun();
        health.work_ended(number, Finished::Done);
        assert_eq!(brief(&health, "dispatcher"), ("ok", "accepting", None));
        let shown = details_of(&health, "dispatcher");
        assert_eq!(
            (
                &shown["completed"],
                &shown["failures"],
                &shown["timeouts"],
                &shown["active"]
            ),
            (&3.into(), &1.into(), &1.into(), &0.into())
        );
    }

    #[test]
    fn ages_of_more_commands_than_the_bound_are_left_out_and_that_is_said() {
        let health = health(&[]);
        let numbers: Vec<u64> = repeat_with(|| health.work_begun()).take(1025).collect();
        assert!(health.component("dispatcher").unwrap().limited);
        health.work_ended(numbers[1024], Finished::Done);
        assert!(!health.component("dispatcher").unwrap().limited);
    }

    #[test]
    fn servers_over_http_and_on_stdio_show_what_is_known_of_them() {
        let health = health(&[
            ("main", Transport::Http),
            ("files", Transport::Stdio),
            ("tools", Transport::Http),
        ]);
        assert_eq!(
            brief(&health, "mcp"),
            ("unknown", "not_observed", Some("same_child_evidence_unavailable"))
        );
        assert_eq!(details_of(&health, "mcp")["startup_probe"]["state"], "pending");
        health.server_answered("main");
        let shown = details_of(&health, "mcp");
        assert!(
            shown["startup_probe"]["observed_at"].is_null(),
            "a call is no probe: {shown}"
        );
        health.server("main", Server::Failing("x".into()));
        assert_eq!(brief(&health, "mcp"), ("degraded", "failed", Some("probe_failed")));
        let shown = details_of(&health, "mcp");
        assert_eq!(shown["startup_probe"]["state"], "failed");
        assert!(shown["startup_probe"]["observed_at"].is_string(), "{shown}");
        health.server("main", Server::Good);
        assert_eq!(brief(&health, "mcp").0, "unknown");
        assert_eq!(brief(&health, "mcp-tools"), ("unknown", "not_observed", None));
        health.server_doubted("tools");
        assert_eq!(brief(&health, "mcp-tools"), ("unknown", "not_observed", None));
        health.server_late("tools");
        assert_eq!(
            brief(&health, "mcp-tools").0,
            "unknown",
            "callers choose how long they wait"
        );
        health.server_doubted("tools");
        assert_eq!(
            brief(&health, "mcp-tools"),
            ("degraded", "failing", Some("last_calls_failed"))
        );
        health.server_answered("tools");
        assert_eq!(brief(&health, "mcp-tools"), ("ok", "answering", None));
        health.server_doubted("tools");
        assert_eq!(brief(&health, "mcp-tools"), ("ok", "answering", None), "one alone");
        health.child("files", Child::Starting, None);
        assert_eq!(brief(&health, "mcp-files"), ("unknown", "starting", None));
        health.child("files", Child::Running, None);
        health.server("files", Server::Good);
        assert_eq!(brief(&health, "mcp-files"), ("ok", "running", None));
        health.child("files", Child::Closed, Some("stdio_connection_closed"));
        assert_eq!(
            brief(&health, "mcp-files"),
            ("degraded", "closed", Some("stdio_connection_closed"))
        );
        for disabled in ["oauth", "harpoon"] {
            assert_eq!(brief(&health, disabled), ("disabled", "disabled", None));
        }
    }

    #[test]
    fn the_audit_log_shows_what_becomes_of_records() {
        let health = health(&[]);
        assert_eq!(brief(&health, "audit"), ("disabled", "disabled", None));
        assert!(health.component("audit").unwrap().details.is_none());
        health.audit_begun(false);
        assert_eq!(brief(&health, "audit"), ("ok", "recording", None));
        health.audit_written(3);
        health.audit_dropped(2);
        assert_eq!(brief(&health, "audit"), ("degraded", "dropping", Some("queue_full")));
        let shown = details_of(&health, "audit");
        assert_eq!((&shown["records"], &shown["dropped"]), (&3.into(), &2.into()));
        assert!(shown["last_write"].is_string(), "{shown}");
        health.audit_written(1);
        assert_eq!(brief(&health, "audit").0, "ok");
        health.audit_failed();
        health.audit_dropped(1);
        // A file that may have lost what it took.
        health.audit_written(1);
        assert_eq!(brief(&health, "audit"), ("degraded", "dropping", Some("write_failed")));
        health.audit_recovered();
        assert_eq!(brief(&health, "audit").0, "ok");
    }

    #[test]
    fn there_are_at_most_sixteen_components_with_bounded_names_in_order() {
        let long = "x".repeat(64);
        let channels: Vec<String> = (0..20).map(|number| format!("c{number}")).collect();
        let mut served: Vec<_> = channels.iter().map(|name| (name.as_str(), Transport::Http)).collect();
        served.insert(0, (&long, Transport::Http));
        let health = health(&served);
        let names: Vec<_> = health.components().into_iter().map(|one| one.name).collect();
        assert_eq!(names.len(), 16);
        assert!(
            names.is_sorted() && names.iter().all(|name| name.len() <= 64),
            "{names:?}"
        );
        assert!(health.component("mcp-c3").is_some() && health.component("mcp-c4").is_none());
        assert_eq!(health.component("mcp").unwrap().brief.status, Status::Disabled);
        // A channel without a component counts for readiness all the same.
        assert!(health.server("c19", Server::Failing("x".into())));
    }
}
