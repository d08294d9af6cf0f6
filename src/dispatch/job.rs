//! One command of a poll as it waits and runs: where its answer goes, what is to be done, until when.

use std::sync::Arc;
use std::time::Instant;

use super::poll::Arrival;
use super::room::CommandRoom;
use super::server::Cancellation;
use crate::memory;
use crate::shutdown::Signal;
use crate::wire::caller::Caller;
use crate::wire::command::{Action, Headers, Parsed, Route};

/// A queued command.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) route: Route,
    pub(super) work: Work,
    pub(super) headers: Headers,
    pub(super) caller: Caller,
    pub(super) received: Instant,
    pub(super) deadline: Option<Instant>,
    pub(super) server_requests: bool,
    /// Bytes of the command as received.
    size: usize,
    /// Share of the budget that a large command takes; its message carries the same.
    room: Option<Arc<CommandRoom>>,
    /// Its caller sent `notifications/cancelled`.
    pub(super) cancelled: Cancellation,
    /// Its caller went away, as the service says.
    pub(super) gone: Signal,
}

/// What is to be done for a command.
#[derive(Debug)]
pub(super) enum Work {
    /// What it says.
    Do(Action),
    /// Telling what is wrong with it.
    Refused {
        /// `resp_code`.
        status: u16,
        /// It is a bad `session_termination`.
        termination: bool,
        /// The id of its message, as JSON text; `None` when it has none.
        id: Option<Box<str>>,
        /// What is wrong.
        reason: &'static str,
    },
}

impl Job {
    /// `None` for what cannot be answered.
    pub(super) fn new(parsed: Parsed, arrival: &Arrival) -> Option<Self> {
        let (route, headers, caller, response_timeout, size, work) = match parsed {
            Parsed::Command(c) => (
                c.route,
                c.headers,
                c.caller,
                c.response_timeout,
                c.size,
                Work::Do(c.action),
            ),
            Parsed::Refused {
                route,
                response_timeout,
                termination,
                id,
                reason,
            } => (
                route,
                Headers::default(),
                Caller::new(&Headers::default(), None),
                response_timeout,
                0,
                Work::Refused {
                    status: 400,
                    termination,
                    // It may have one that cannot be read (JSON-RPC 2.0, section 5).
                    id: Some(id.unwrap_or_else(|| "null".into())),
                    reason,
                },
            ),
            Parsed::Unanswerable { .. } => return None,
        };
        let (mut route, mut headers) = (route, headers);
        if matches!(work, Work::Do(_)) {
            headers.name_request(&route.request_id);
        }
        if route.client_request_id.is_none() {
            route.client_request_id.clone_from(&arrival.request_id);
        }
        Some(Self {
            route,
            work,
            headers,
            caller,
            received: arrival.received,
            deadline: response_timeout.and_then(|timeout| arrival.received.checked_add(timeout)),
            server_requests: arrival.server_requests,
            size,
            room: None,
            cancelled: Cancellation::default(),
            gone: Signal::default(),
        })
    }

    /// Bytes of the command as received.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The same command with other work, which needs no part of the received command.
    pub(super) fn instead(self, work: Work) -> Self {
        Self {
            work,
            headers: Headers::default(),
            ..self
        }
    }

    /// Makes the command part of the budget: every copy of its message keeps its room.
    pub(super) fn within(mut self, room: CommandRoom) -> Self {
        let room = Arc::new(room);
        if let Work::Do(
            Action::Call { payload, .. } | Action::Notification { payload, .. } | Action::Answer { payload, .. },
        ) = &mut self.work
        {
            *payload = memory::carrying(std::mem::take(payload), Arc::clone(&room));
        }
        self.room = Some(room);
        self
    }

    /// The id of a call, as JSON text.
    pub(super) fn call_id(&self) -> Option<&str> {
        match &self.work {
            Work::Do(Action::Call { id, .. }) => Some(id),
            _ => None,
        }
    }

    /// The session that it belongs to.
    pub(super) fn session(&self) -> Option<&str> {
        self.headers.value("mcp-session-id")
    }

    /// Whether its time is up.
    pub(super) fn is_expired(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }
}
