//! One command from start to its one terminal answer (contract: wire, section 5; wire, section 6; wire, section 8; wire, section 9).

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use log::{info, warn};
use tokio::time::{sleep, sleep_until};

use super::audit::{self, End, Spent};
use super::job::{Job, Work};
use super::report::{ack_response, json_response, refused};
use super::server::{Ack, Call, Outcome, Server};
use super::{Channel, Shared};
use crate::backoff::millis;
use crate::delivery::{Delivery, Notifier, Post};
use crate::limits::CANCEL_GRACE;
use crate::wire::command::Action;
use crate::wire::failure::{Failure, Source, own_error_json};
use crate::wire::jsonrpc::{INTERNAL_ERROR, Id, Message, References};
use crate::wire::response::{Response, ResponseType};

/// How a call ended.
enum Ended {
    Outcome(Outcome),
    TimeUp,
    Abandoned,
    Cancelled,
}

/// A command that was done, before its answer is delivered.
struct Done {
    /// `call` or `notification`, as metrics name it.
    kind: &'static str,
    /// `ok`, or a word for what went wrong.
    outcome: &'static str,
    /// The failure of its server or of the way there, for the log.
    failure: Option<Failure>,
    response: Response,
}

impl Done {
    /// A command that the client answered in its own words.
    fn in_own_words(outcome: &'static str, response: Response) -> Self {
        Self {
            kind: "call",
            outcome,
            failure: None,
            response,
        }
    }
}

impl<S: Server, P: Post> Shared<S, P> {
    /// Runs one command, counts it, and hands over its record.
    pub(super) async fn run(&self, job: &Arc<Job>) {
        let channel = self.channel(&job.route.channel);
        // Unbound channels are the service's words: they share one label.
        let name = channel.map_or("none", |channel| &*channel.name);
        let running = self.monitor.begun(name, job.received.elapsed());
        let is_admitted = self.records.admits();
        let end = self.carry_out(job, (name, channel), is_admitted).await;
        running.ended(end.finished());
        self.records.ended(job, &end, is_admitted);
    }

    /// Runs one command and delivers its answer; refuses it when it is not admitted. `name`: of the channel, for metrics.
    async fn carry_out(&self, job: &Arc<Job>, (name, channel): (&str, Option<&Channel<S>>), is_admitted: bool) -> End {
        let begun = Instant::now();
        let queue = millis(begun.saturating_duration_since(job.received));
        if job.is_expired() {
            let spent = Spent {
                queue,
                ..Spent::default()
            };
            return self.expired(job, spent, false);
        }
        let is_asked = matches!((&job.work, channel, is_admitted), (Work::Do(_), Some(_), true));
        let done = match (&job.work, channel) {
            (Work::Do(action), _) if !is_admitted => {
                let is_termination = matches!(action, Action::SessionTermination);
                let reason = "the audit log of the tunnel client cannot be written";
                Done::in_own_words(
                    "refused",
                    refused(&job.route, 503, is_termination, job.call_id(), reason),
                )
            }
            (
                Work::Refused {
                    status,
                    termination,
                    id,
                    reason,
                },
                _,
            ) => Done::in_own_words(
                "refused",
                refused(&job.route, *status, *termination, id.as_deref(), reason),
            ),
            (Work::Do(action), None) => {
                Done::in_own_words("unsupported_channel", self.unsupported_channel(job, action))
            }
            (Work::Do(action), Some(channel)) => match self.perform(job, action, &channel.server).await {
                Some(done) => done,
                None => {
                    let server = millis(begun.elapsed());
                    let spent = Spent {
                        queue,
                        server,
                        delivery: 0,
                    };
                    return self.expired(job, spent, true);
                }
            },
        };
        let answered = Instant::now();
        let server = millis(answered.saturating_duration_since(begun));
        let delivery = self.responder.deliver(&job.route, &done.response, job.deadline).await;
        let spent = Spent {
            queue,
            server,
            delivery: millis(answered.elapsed()),
        };
        if let Some(failure) = &done.failure {
            log_failure(job, failure, spent);
        }
        match delivery {
            Delivery::Expired => {
                self.expired(job, spent, is_asked);
            }
            Delivery::Done
            | Delivery::Late
            | Delivery::NoStream
            | Delivery::Gone
            | Delivery::Refused
            | Delivery::Rejected
            | Delivery::Failed => {
                self.monitor
                    .metrics
                    .answered(name, done.kind, done.outcome, job.received.elapsed());
            }
        }
        End {
            outcome: done.outcome,
            status: Some(done.response.code),
            delivery: audit::undelivered(delivery),
            bytes_out: done.response.payload.as_ref().map_or(0, Bytes::len),
            spent,
            is_asked,
        }
    }

    /// Does what the command says; `None` when its time is up.
    async fn perform(&self, job: &Arc<Job>, action: &Action, server: &S) -> Option<Done> {
        let (kind, ack) = match action {
            Action::Call {
                payload,
                id,
                initialize,
                repeatable,
                ..
            } => {
                let call = Call {
                    payload,
                    id,
                    initialize: *initialize,
                    repeatable: *repeatable,
                    headers: &job.headers,
                    caller: job.caller,
                    server_requests: job.server_requests,
                    cancelled: &job.cancelled,
                    time_up: self.time_up(job),
                };
                let ended = self.call(job, call, server).await;
                return self.call_done(job, id, ended);
            }
            Action::Notification { payload, method } => {
                if &**method == "notifications/cancelled" {
                    self.cancel(job, payload);
                }
                let sent = server.notify(payload, method, &job.headers, job.caller);
                (ResponseType::NotifyAck, self.bounded(job, sent).await?)
            }
            Action::Answer { payload, id } => {
                self.responder.answered(&job.route.channel, job.session(), id);
                let sent = server.answer(payload, id, &job.headers, job.caller);
                (ResponseType::NotifyAck, self.bounded(job, sent).await?)
            }
            Action::SessionTermination => {
                let sent = server.end_session(&job.headers, job.caller);
                (ResponseType::SessionTermination, self.bounded(job, sent).await?)
            }
        };
        let failure = ack.failure.clone();
        let outcome = match &failure {
            None => {
                // What MCP servers answer to a message; any other success may be a page that stands in the server's place.
                if ack.code == 202 {
                    self.server_answered(job);
                }
                "ok"
            }
            Some(failure) => {
                self.doubt_after(job, failure);
                failure.source.as_str()
            }
        };
        Some(Done {
            kind: "notification",
            outcome,
            failure,
            response: ack_response(&job.route, kind, ack),
        })
    }

    async fn call(&self, job: &Job, call: Call<'_>, server: &S) -> Ended {
        // What was given up while it waited must not be begun: the caller has been told, or will be, and may ask again.
        if self.abandon.is_set() {
            return Ended::Abandoned;
        }
        if job.cancelled.is_cancelled() {
            return Ended::Cancelled;
        }
        let mut events = Notifier::new(&self.responder, &job.route, job.session(), job.deadline, &job.gone);
        tokio::select! {
            biased;
            outcome = server.call(call, &mut events) => Ended::Outcome(outcome),
            () = sleep_until(self.time_up(job).into()) => Ended::TimeUp,
            () = self.abandon.wait() => Ended::Abandoned,
            // Nobody will read the answer: the server need not go on.
            () = job.gone.wait() => Ended::Cancelled,
            () = async { job.cancelled.wait().await; sleep(CANCEL_GRACE).await } => Ended::Cancelled,
        }
    }

    /// A call with its terminal response; `None` when nobody waits for it any more.
    fn call_done(&self, job: &Job, id: &str, ended: Ended) -> Option<Done> {
        let request_id = &job.route.request_id;
        let outcome = match ended {
            Ended::Outcome(outcome) => outcome,
            Ended::TimeUp if job.is_expired() => {
                self.server_late(job);
                return None;
            }
            Ended::TimeUp => Failure::timeout().into(),
            Ended::Abandoned => Failure::shutting_down().into(),
            Ended::Cancelled => {
                // Ours, not the server's: nothing was learnt of it.
                let payload = own_error_json(Some(id), INTERNAL_ERROR, "the request was cancelled", request_id);
                return Some(Done::in_own_words("cancelled", json_response(200, payload)));
            }
        };
        let (failure, code, headers, payload) = match outcome {
            Outcome::Reply { code, headers, payload } => {
                self.server_answered(job);
                (None, code, headers, payload)
            }
            Outcome::Failed { failure, headers } => {
                self.doubt_after(job, &failure);
                let failure = match self.pass_error_text {
                    true => failure,
                    false => failure.saying(None),
                };
                let payload = Bytes::from(failure.to_json(Some(id), request_id));
                let status = failure.status;
                (Some(failure), status, headers, payload)
            }
        };
        let headers = if headers.is_event_stream() {
            headers
        } else {
            headers.as_json()
        };
        Some(Done {
            kind: "call",
            outcome: failure.as_ref().map_or("ok", |failure| failure.source.as_str()),
            failure,
            response: Response {
                kind: ResponseType::JsonRpcResponse,
                code,
                headers,
                payload: Some(payload),
            },
        })
    }

    /// Ends the call that a notification cancels, if exactly one can be meant.
    fn cancel(&self, job: &Job, payload: &Bytes) {
        let Some(message) = std::str::from_utf8(payload).ok().and_then(|t| Message::parse(t).ok()) else {
            return;
        };
        let Ok(References {
            request_id: Some(named),
            ..
        }) = message.references()
        else {
            return;
        };
        let Some(id) = Id::from_json(named.json) else { return };
        let meant = self.lock().calls.meant(job, id);
        if let Some(call) = meant {
            call.cancelled.cancel(payload.clone());
        }
    }

    /// Bounds a message without an answer; `None` when the command's own time is up.
    async fn bounded(&self, job: &Job, send: impl Future<Output = Ack>) -> Option<Ack> {
        tokio::select! {
            biased;
            () = self.abandon.wait() => Some(Failure::shutting_down().into()),
            ack = send => Some(ack),
            () = sleep_until(self.time_up(job).into()) => {
                if job.is_expired() {
                    self.server_late(job);
                    return None;
                }
                Some(Failure::timeout().into())
            }
        }
    }

    /// When work on this command ends in any case.
    fn time_up(&self, job: &Job) -> Instant {
        let now = Instant::now();
        // A TTL past the end of the clock is none.
        let ttl = now
            .checked_add(self.connection_max_ttl)
            .unwrap_or(now + Duration::from_secs(365 * 86_400));
        job.deadline.map_or(ttl, |deadline| deadline.min(ttl))
    }

    /// Has the server of a failed command probed, unless the failure is not its own.
    fn doubt_after(&self, job: &Job, failure: &Failure) {
        let in_doubt = match failure.source {
            // A proxy answers for a server that is gone; any other error status is the server's own.
            Source::TargetHttp => failure.upstream_status.is_some_and(|status| status >= 500),
            Source::Dns
            | Source::Tls
            | Source::Connect
            | Source::TransportClosed
            | Source::Timeout
            | Source::Protocol => true,
            Source::ClientInternal => false,
        };
        if in_doubt {
            self.server_doubted(job);
        }
    }

    fn server_answered(&self, job: &Job) {
        if self.is_probed(job) {
            self.monitor.health.server_answered(&job.route.channel);
        }
    }

    fn server_doubted(&self, job: &Job) {
        if self.is_probed(job) {
            self.monitor.health.server_doubted(&job.route.channel);
        }
    }

    /// The caller did not wait any longer.
    fn server_late(&self, job: &Job) {
        if self.is_probed(job) {
            self.monitor.health.server_late(&job.route.channel);
        }
    }

    /// Whether a command shows something of its server: of a child its supervisor knows better.
    fn is_probed(&self, job: &Job) -> bool {
        let channel = self.channel(&job.route.channel);
        channel.is_some_and(|channel| channel.server.is_judged_by_calls())
    }

    /// `is_asked`: it was handed to its server.
    fn expired(&self, job: &Job, spent: Spent, is_asked: bool) -> End {
        self.monitor.metrics.dropped("response_deadline");
        info!(
            request_id = &*job.route.request_id,
            caller_request_id = job.route.caller_request_id.as_deref(),
            channel = &*job.route.channel,
            queue_ms = spent.queue,
            server_ms = spent.server;
            "command response deadline reached; dropping without posting a response"
        );
        End::expired(spent, is_asked)
    }

    fn unsupported_channel(&self, job: &Job, action: &Action) -> Response {
        self.monitor.metrics.unsupported_channel.inc();
        let channel = &job.route.channel;
        warn!(
            request_id = &*job.route.request_id,
            caller_request_id = job.route.caller_request_id.as_deref(),
            channel = &**channel;
            "command for a channel that is not bound"
        );
        let id = match action {
            Action::Call { id, .. } => Some(&**id),
            Action::Notification { .. } | Action::Answer { .. } => None,
            Action::SessionTermination => {
                return ack_response(&job.route, ResponseType::SessionTermination, Ack::of(400));
            }
        };
        let message = format!("Bad Request: unsupported channel \"{channel}\"");
        json_response(400, own_error_json(id, INTERNAL_ERROR, &message, &job.route.request_id))
    }
}

/// Writes the one line about a failed command, once it is known how long its answer took to deliver.
fn log_failure(job: &Job, failure: &Failure, spent: Spent) {
    warn!(
        request_id = &*job.route.request_id,
        caller_request_id = job.route.caller_request_id.as_deref(),
        channel = &*job.route.channel,
        failure_source = failure.source.as_str(),
        transport_error_kind = failure.kind,
        reason = failure.reason.as_deref(),
        upstream_response_received = failure.received,
        upstream_status = failure.upstream_status,
        resp_code = failure.status,
        queue_ms = spent.queue,
        server_ms = spent.server,
        delivery_ms = spent.delivery;
        "MCP command failed"
    );
}
