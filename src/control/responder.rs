//! Delivery of responses: attempts, pauses, and what each status means (contract: wire, section 7).

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use log::{debug, info, warn};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout_at};

use super::client::{ControlError, ControlPlane};
use crate::backoff::Backoff;
use crate::limits::{DELIVERY_ATTEMPTS, QUESTIONS_MAX};
use crate::monitor::Monitor;
use crate::shutdown::Signal;
use crate::telemetry::redact;
use crate::wire::command::Route;
use crate::wire::headers::ResponseHeaders;
use crate::wire::response::{Parts, Response, ResponseType};

/// Delivers responses. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Responder(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    control: Arc<ControlPlane>,
    monitor: Arc<Monitor>,
    /// One permit a connection: the workers', and one for what needs no worker.
    connections: Semaphore,
    /// Requests of servers that wait for their callers' answers.
    questions: Questions,
}

/// Requests of servers that wait for their callers' answers.
#[derive(Debug, Default)]
struct Questions {
    open: Mutex<HashSet<Box<str>>>,
    asked: Notify,
}

impl Questions {
    fn lock(&self) -> MutexGuard<'_, HashSet<Box<str>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What ties an answer to its question: channel, session, id. Without a session two servers' questions may look alike;
/// then one of them is forgotten early, which costs it the places that are kept for its answer, no more.
fn question(channel: &str, session: Option<&str>, id: &str) -> Box<str> {
    format!("{channel} {} {id}", session.unwrap_or_default()).into()
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The service has it.
    Done,
    /// The service did not wait for it any more (404), which is as good.
    Late,
    /// The service has no stream for a message before the reply (404): it counts as delivered, and the reply is still wanted.
    NoStream,
    /// The caller went away (410): nobody waits for the call.
    Gone,
    /// The service refused this payload and keeps the command open (contract: wire, section 7).
    Refused,
    /// The service refused it for good.
    Rejected,
    /// It could not be delivered.
    Failed,
    /// The command's deadline passed first.
    Expired,
}

/// Whether another attempt may follow. The rule is a type, so that no status is looked at twice.
enum Verdict {
    Late,
    NoStream,
    Gone,
    Refused,
    Final,
    Retry { at_least: Duration },
}

impl Responder {
    /// A responder whose connections are at most `workers` and one more.
    pub fn new(control: Arc<ControlPlane>, monitor: Arc<Monitor>, workers: usize) -> Self {
        let connections = Semaphore::new(workers.saturating_add(1).min(Semaphore::MAX_PERMITS));
        Self(Arc::new(Shared {
            control,
            monitor,
            connections,
            questions: Questions::default(),
        }))
    }

    /// Whether some call waits for an answer of its caller, which arrives by a poll.
    pub fn is_asking(&self) -> bool {
        !self.0.questions.lock().is_empty()
    }

    /// Returns when another call asks its caller.
    pub async fn asked(&self) {
        self.0.questions.asked.notified().await;
    }

    /// A caller's answer has come.
    pub fn answered(&self, channel: &str, session: Option<&str>, id: &str) {
        self.0.questions.lock().remove(&question(channel, session, id));
    }

    /// Delivers one response, with the attempts that its type allows, before `deadline`.
    pub async fn deliver(&self, route: &Route, response: &Response, deadline: Option<Instant>) -> Delivery {
        let body = response.body(&route.request_id, &route.channel);
        let attempts = self.attempts(route, response.kind, body);
        let delivery = match deadline {
            Some(deadline) => timeout_at(deadline.into(), attempts).await.unwrap_or(Delivery::Expired),
            None => attempts.await,
        };
        match delivery {
            // A payload that the service refuses says nothing of the way to it.
            Delivery::Done
            | Delivery::Late
            | Delivery::NoStream
            | Delivery::Gone
            | Delivery::Refused
            | Delivery::Rejected => self.0.monitor.health.delivered(),
            Delivery::Failed => self.0.monitor.health.delivery_failed(),
            Delivery::Expired => {}
        }
        delivery
    }

    async fn attempts(&self, route: &Route, kind: ResponseType, body: Parts) -> Delivery {
        let mut backoff = Backoff::default();
        let mut live = self.0.control.live().clone();
        for attempt in 1.. {
            let generation = live.seen();
            // The permit is not kept through the pause.
            let result = match self.0.connections.acquire().await {
                Ok(_permit) => self.0.control.respond(route, body.clone()).await,
                // Nobody closes the semaphore.
                Err(_) => return Delivery::Failed,
            };
            let Err(error) = result else { return Delivery::Done };
            let renewed = live.number() != generation;
            match verdict(&error, kind, renewed) {
                Verdict::Late => {
                    warn!(request_id = &*route.request_id; "the service did not wait for this response any more");
                    return Delivery::Late;
                }
                Verdict::NoStream => return Delivery::NoStream,
                Verdict::Gone => {
                    info!(request_id = &*route.request_id, resp_type = kind.as_str(); "the caller of this command is gone");
                    return Delivery::Gone;
                }
                Verdict::Refused => {
                    log_failure(
                        route,
                        kind,
                        &error,
                        "the service refused a notification; the call goes on",
                    );
                    return Delivery::Refused;
                }
                Verdict::Retry { at_least } if attempt < DELIVERY_ATTEMPTS => {
                    let pause = backoff.next_pause().max(at_least);
                    debug!(request_id = &*route.request_id, retry_in_ms = millis(pause); "response not delivered; retrying");
                    tokio::select! {
                        () = sleep(pause) => {}
                        // Another key, or another way to prove who we are: worth a try at once.
                        () = live.changed() => {}
                    }
                }
                Verdict::Final | Verdict::Retry { .. } => {
                    log_failure(route, kind, &error, "response not delivered");
                    return match error {
                        ControlError::Status {
                            status: 400 | 402 | 405..=499,
                            ..
                        } => Delivery::Rejected,
                        _ => Delivery::Failed,
                    };
                }
            }
        }
        Delivery::Failed
    }
}

/// `renewed`: another key has come in force since the attempt began.
fn verdict(error: &ControlError, kind: ResponseType, renewed: bool) -> Verdict {
    let notify = kind == ResponseType::JsonRpcNotify;
    match error {
        ControlError::Status {
            status: 401 | 403 | 407,
            ..
        } if renewed => Verdict::Retry {
            at_least: Duration::ZERO,
        },
        // A notification that may have arrived is not sent twice.
        ControlError::Net { written: true, .. } if notify => Verdict::Final,
        ControlError::Net { .. } => Verdict::Retry {
            at_least: Duration::ZERO,
        },
        ControlError::Status { status: 404, .. } if notify => Verdict::NoStream,
        ControlError::Status { status: 404, .. } => Verdict::Late,
        ControlError::Status { status: 410, .. } => Verdict::Gone,
        ControlError::Status { status: 400, .. } if notify => Verdict::Refused,
        ControlError::Status {
            status, retry_after, ..
        } => {
            let retried = if notify {
                *status == 429
            } else {
                matches!(status, 408 | 429 | 502 | 503 | 504)
            };
            if retried {
                Verdict::Retry {
                    at_least: retry_after.unwrap_or_default(),
                }
            } else {
                Verdict::Final
            }
        }
    }
}

fn log_failure(route: &Route, kind: ResponseType, error: &ControlError, message: &str) {
    match error {
        ControlError::Net { error, .. } => warn!(
            request_id = &*route.request_id, resp_type = kind.as_str(), error:% = error; "{message}"
        ),
        ControlError::Status {
            status,
            error,
            request_id,
            ..
        } => warn!(
            request_id = &*route.request_id,
            resp_type = kind.as_str(),
            status_code = status,
            tunnel_request_id = request_id.as_deref().unwrap_or("missing_request_id"),
            error_code = redact::scrub(&error.code).as_ref(),
            error_message = redact::scrub(&error.message).as_ref();
            "{message}"
        ),
    }
}

/// Milliseconds for a log field.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Posts the messages of one call that precede its reply, one after the other.
#[derive(Debug)]
pub struct Notifier<'a> {
    responder: &'a Responder,
    route: &'a Route,
    session: Option<&'a str>,
    deadline: Option<Instant>,
    stopped: bool,
    /// That the service has no stream for this call was logged.
    streamless: bool,
    /// Set when the caller went away.
    gone: &'a Signal,
    /// What its server asked its caller.
    asked: Vec<Box<str>>,
}

/// The questions of a call end with it.
impl Drop for Notifier<'_> {
    fn drop(&mut self) {
        if !self.asked.is_empty() {
            let mut open = self.responder.0.questions.lock();
            self.asked.iter().for_each(|question| {
                open.remove(question);
            });
        }
    }
}

impl<'a> Notifier<'a> {
    /// For one call. `gone` is set when its caller went away.
    pub fn new(
        responder: &'a Responder,
        route: &'a Route,
        session: Option<&'a str>,
        deadline: Option<Instant>,
        gone: &'a Signal,
    ) -> Self {
        Self {
            responder,
            route,
            session,
            deadline,
            stopped: false,
            streamless: false,
            gone,
            asked: Vec::new(),
        }
    }

    /// Counts what the server sent that is no part of the call. `odd`: its kind.
    pub fn skipped(&self, odd: &'static str) {
        self.responder.0.monitor.metrics.odd_event(&self.route.channel, odd);
    }

    /// Posts a server's request, with its id as JSON text; true when the service has it, and an answer will come as a
    /// command of its own.
    pub async fn send_request(&mut self, payload: Bytes, id: &str, headers: &ResponseHeaders) -> bool {
        if self.asked.len() >= QUESTIONS_MAX {
            return false;
        }
        let question = question(&self.route.channel, self.session, id);
        let questions = &self.responder.0.questions;
        // Counted first: the answer may be faster than the end of this delivery.
        questions.lock().insert(question.clone());
        self.asked.push(question);
        questions.asked.notify_one();
        // Without a stream it reaches nobody, so the server has to be told that no answer will come.
        let sent = self.post(payload, headers).await == Some(Delivery::Done);
        if !sent && let Some(question) = self.asked.pop() {
            questions.lock().remove(&question);
        }
        sent
    }

    /// Posts one message; true when the service has it, or has no stream for it. After one that failed the rest is skipped, so
    /// that the caller never sees a gap; the reply still follows.
    pub async fn send(&mut self, payload: Bytes, headers: &ResponseHeaders) -> bool {
        let delivery = self.post(payload, headers).await;
        matches!(delivery, Some(Delivery::Done | Delivery::NoStream))
    }

    /// Posts one message; `None` when an earlier one failed.
    async fn post(&mut self, payload: Bytes, headers: &ResponseHeaders) -> Option<Delivery> {
        if self.stopped {
            return None;
        }
        let response = Response {
            kind: ResponseType::JsonRpcNotify,
            code: 200,
            headers: headers.clone().as_event_stream(),
            payload: Some(payload),
        };
        let delivery = self.responder.deliver(self.route, &response, self.deadline).await;
        match delivery {
            Delivery::Done | Delivery::Refused => {}
            Delivery::NoStream | Delivery::Late => {
                if !std::mem::replace(&mut self.streamless, true) {
                    debug!(request_id = &*self.route.request_id; "the service has no stream for this call; it goes on");
                }
            }
            Delivery::Gone => {
                self.stopped = true;
                self.gone.set();
            }
            Delivery::Failed | Delivery::Rejected | Delivery::Expired => self.stopped = true,
        }
        Some(delivery)
    }
}
