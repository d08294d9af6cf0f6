//! Delivery of responses: attempts, pauses, and what each status means (spec: wire, section 7).

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use log::{debug, warn};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout_at};

use super::backoff::Backoff;
use super::client::{ControlError, ControlPlane};
use crate::limits::{DELIVERY_ATTEMPTS, QUESTIONS_MAX};
use crate::ops::Ops;
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
    ops: Arc<Ops>,
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
    Gone,
    /// The service refused this payload and keeps the command open (spec: wire-newer, response bodies).
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
    Gone,
    Refused,
    Final,
    Retry { at_least: Duration },
}

impl Responder {
    /// A responder whose connections are at most `workers` and one more.
    pub fn new(control: Arc<ControlPlane>, ops: Arc<Ops>, workers: usize) -> Self {
        let connections = Semaphore::new(workers.saturating_add(1).min(Semaphore::MAX_PERMITS));
        Self(Arc::new(Shared {
            control,
            ops,
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
            Delivery::Done | Delivery::Gone | Delivery::Refused | Delivery::Rejected => self.0.ops.health.delivered(),
            Delivery::Failed => self.0.ops.health.delivery_failed(),
            Delivery::Expired => {}
        }
        delivery
    }

    async fn attempts(&self, route: &Route, kind: ResponseType, body: Parts) -> Delivery {
        let mut backoff = Backoff::default();
        for attempt in 1.. {
            let generation = self.0.control.live().number();
            // The permit is not kept through the pause.
            let result = match self.0.connections.acquire().await {
                Ok(_permit) => self.0.control.respond(route, body.clone()).await,
                // Nobody closes the semaphore.
                Err(_) => return Delivery::Failed,
            };
            let Err(error) = result else { return Delivery::Done };
            let renewed = self.0.control.live().number() != generation;
            match verdict(&error, kind, renewed) {
                Verdict::Gone => {
                    warn!(request_id = &*route.request_id; "the service did not wait for this response any more");
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
                    sleep(pause).await;
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
        ControlError::Status { status: 404, .. } => Verdict::Gone,
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
    /// Set when the service does not know the call any more.
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
    /// For one call. `gone` is set when the service does not know it any more.
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
            gone,
            asked: Vec::new(),
        }
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
        let sent = self.send(payload, headers).await;
        if !sent && let Some(question) = self.asked.pop() {
            questions.lock().remove(&question);
        }
        sent
    }

    /// Posts one message; true when the service has it. After one that failed the rest is skipped, so that the caller
    /// never sees a gap; the reply still follows.
    pub async fn send(&mut self, payload: Bytes, headers: &ResponseHeaders) -> bool {
        if self.stopped {
            return false;
        }
        let response = Response {
            kind: ResponseType::JsonRpcNotify,
            code: 200,
            headers: headers.clone().as_event_stream(),
            payload: Some(payload),
        };
        match self.responder.deliver(self.route, &response, self.deadline).await {
            Delivery::Done => true,
            Delivery::Refused => false,
            Delivery::Gone => {
                self.stopped = true;
                self.gone.set();
                false
            }
            Delivery::Failed | Delivery::Rejected | Delivery::Expired => {
                self.stopped = true;
                false
            }
        }
    }
}
