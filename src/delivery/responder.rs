//! Delivery of one response: attempts and pauses (contract: wire, section 7).

use std::sync::Arc;
use std::time::Instant;

use log::{debug, info, warn};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout_at};

use super::post::{Credentials, Post, PostError};
use super::questions::{Questions, question};
use super::verdict::{Delivery, Verdict, verdict};
use crate::backoff::{Backoff, millis};
use crate::limits::DELIVERY_ATTEMPTS;
use crate::monitor::{Disposition, Monitor, Upload};
use crate::telemetry::redact;
use crate::wire::api_error::ErrorStatus;
use crate::wire::command::Route;
use crate::wire::response::{Parts, Response, ResponseType};

/// Delivers responses. Clones share the connections.
#[derive(Debug)]
pub struct Responder<P>(pub(super) Arc<Shared<P>>);

impl<P> Clone for Responder<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[derive(Debug)]
pub(super) struct Shared<P> {
    service: Arc<P>,
    pub(super) monitor: Arc<Monitor>,
    /// One permit a connection: the workers', and one for what needs no worker.
    connections: Semaphore,
    /// Requests of servers that wait for their callers' answers.
    pub(super) questions: Questions,
}

impl<P: Post> Responder<P> {
    /// A responder whose connections are at most `workers` and one more.
    pub fn new(service: Arc<P>, monitor: Arc<Monitor>, workers: usize) -> Self {
        let connections = Semaphore::new(workers.saturating_add(1).min(Semaphore::MAX_PERMITS));
        Self(Arc::new(Shared {
            service,
            monitor,
            connections,
            questions: Questions::default(),
        }))
    }

    /// Whether some call waits for an answer of its caller, which arrives by a poll.
    pub fn is_asking(&self) -> bool {
        self.0.questions.any()
    }

    /// Returns when another call asks its caller.
    pub async fn asked(&self) {
        self.0.questions.asked().await;
    }

    /// A caller's answer has come.
    pub fn answered(&self, channel: &str, session: Option<&str>, id: &str) {
        self.0.questions.remove([&question(channel, session, id)]);
    }

    /// Delivers one response, with the attempts that its type allows, before `deadline`.
    pub async fn deliver(&self, route: &Route, response: &Response, deadline: Option<Instant>) -> Delivery {
        // Whoever waits for this may give it up; then it ends as cancelled.
        let mut upload = self.0.monitor.upload();
        let body = response.body(&route.request_id, &route.channel);
        let attempts = self.attempts(route, response.kind, body, &mut upload);
        let delivery = match deadline {
            Some(deadline) => timeout_at(deadline.into(), attempts).await.unwrap_or(Delivery::Expired),
            None => attempts.await,
        };
        match delivery {
            Delivery::Done => upload.ended(Disposition::Accepted),
            Delivery::Late | Delivery::NoStream | Delivery::Gone => upload.ended(Disposition::Late),
            // A payload that the service refuses says nothing of the way to it.
            Delivery::Refused | Delivery::Rejected => upload.ended(Disposition::Refused),
            Delivery::Failed => upload.ended(Disposition::Failed),
            Delivery::Expired => upload.expired(),
        }
        delivery
    }

    async fn attempts(&self, route: &Route, kind: ResponseType, body: Parts, upload: &mut Upload<'_>) -> Delivery {
        let mut backoff = Backoff::default();
        let mut credentials = self.0.service.credentials();
        for attempt in 1.. {
            let generation = credentials.seen();
            upload.attempted();
            // The permit is not kept through the pause.
            let result = match self.0.connections.acquire().await {
                Ok(_permit) => self.0.service.post(route, body.clone()).await,
                // Nobody closes the semaphore.
                Err(_) => return Delivery::Failed,
            };
            let Err(error) = result else { return Delivery::Done };
            let renewed = credentials.number() != generation;
            let verdict = verdict(&error, kind, renewed);
            if let Verdict::Refused | Verdict::Retry { .. } | Verdict::Final(_) = verdict {
                upload.attempt_failed(error.shown());
            }
            match verdict {
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
                Verdict::Retry { at_least, .. } if attempt < DELIVERY_ATTEMPTS => {
                    let pause = backoff.next_pause().max(at_least);
                    debug!(request_id = &*route.request_id, retry_in_ms = millis(pause); "response not delivered; retrying");
                    tokio::select! {
                        () = sleep(pause) => {}
                        // Another key, or another way to prove who we are: worth a try at once.
                        () = credentials.changed() => {}
                    }
                }
                Verdict::Final(delivery)
                | Verdict::Retry {
                    otherwise: delivery, ..
                } => {
                    log_failure(route, kind, &error, "response not delivered");
                    return delivery;
                }
            }
        }
        Delivery::Failed
    }
}

fn log_failure(route: &Route, kind: ResponseType, error: &PostError, message: &str) {
    match error {
        PostError::Unanswered { reason, .. } => warn!(
            request_id = &*route.request_id, resp_type = kind.as_str(), error:% = reason; "{message}"
        ),
        PostError::Status(ErrorStatus {
            status,
            error,
            request_id,
            ..
        }) => warn!(
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
