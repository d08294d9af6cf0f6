//! The poll loop (spec: wire, section 4; better 8 and 9).

use std::sync::Arc;
use std::time::{Duration, Instant};

use log::{Level, debug, error, info, log};
use tokio::time::{sleep, timeout};

use super::backoff::Backoff;
use super::client::{ControlError, ControlPlane, PollAnswer, Room};
use super::responder::millis;
use super::told::Told;
use crate::dispatch::Dispatcher;
use crate::limits::{AUTH_RETRY, DRAIN_POLL_TIMEOUT, DRAIN_TIMEOUT, EMPTY_POLL_MIN, POLL_HELD_OPEN};
use crate::net::{NetError, Phase};
use crate::ops::Ops;
use crate::shutdown::Signal;
use crate::telemetry::redact;
use crate::wire::api_error::ApiError;
use crate::wire::command::{self, NotACommandList};

/// Polls until shutdown.
#[derive(Debug)]
pub struct Poller {
    control: Arc<ControlPlane>,
    dispatcher: Dispatcher,
    ops: Arc<Ops>,
    shutdown: Signal,
    /// An empty answer that is faster counts towards backoff.
    empty_poll_min: Duration,
}

/// What one poll came to.
enum Polled {
    Answer(PollAnswer),
    Failed(ControlError),
    /// Shutdown, and no answer was on its way.
    Stopped,
}

impl Poller {
    /// A poller that hands commands to `dispatcher` until `shutdown`.
    pub fn new(control: Arc<ControlPlane>, dispatcher: Dispatcher, ops: Arc<Ops>, shutdown: Signal) -> Self {
        let empty_poll_min = EMPTY_POLL_MIN.min(control.poll_timeout());
        Self {
            control,
            dispatcher,
            ops,
            shutdown,
            empty_poll_min,
        }
    }

    /// The loop. Returns after shutdown, when the last answer has been handed over.
    pub async fn run(self) {
        let mut backoff = Backoff::default();
        let mut told = Told::default();
        let mut failing = false;
        let mut live = self.control.live().clone();
        while !self.shutdown.is_set() {
            let room = tokio::select! {
                room = self.dispatcher.room() => room,
                () = self.shutdown.wait() => break,
            };
            let started = Instant::now();
            let polled = self.poll(&room).await;
            self.ops.metrics.poll_cycles.inc();
            let pause = match polled {
                Polled::Stopped => break,
                Polled::Failed(error) => {
                    self.ops.metrics.poll_latency(started.elapsed(), false);
                    failing = true;
                    self.failed(&error, &mut backoff, &mut told)
                }
                Polled::Answer(answer) => {
                    self.ops.metrics.poll_latency(started.elapsed(), true);
                    match self.accept(&answer, room.places) {
                        Ok(commands) => {
                            self.ops.health.poll_succeeded();
                            self.ops.metrics.poll_succeeded();
                            told.forget();
                            if std::mem::take(&mut failing) {
                                info!("poller recovered; polling operational");
                            }
                            if commands > 0 || started.elapsed() >= self.empty_poll_min {
                                backoff.reset();
                                continue;
                            }
                            let pause = backoff.next_pause();
                            debug!(retry_in_ms = millis(pause); "the service answered an empty poll at once; backing off");
                            pause
                        }
                        Err(NotACommandList) => {
                            failing = true;
                            self.undecodable(&answer, &mut backoff, &mut told)
                        }
                    }
                }
            };
            tokio::select! {
                () = sleep(pause) => {}
                // Another key, or another way to prove who we are: worth a try at once.
                () = live.changed() => backoff.reset(),
                () = self.shutdown.wait() => {}
            }
        }
        debug!("stopping control-plane poller");
    }

    async fn poll(&self, room: &Room) -> Polled {
        // Both may have become ready at once.
        if self.shutdown.is_set() {
            return Polled::Stopped;
        }
        let poll = self.control.poll(room);
        tokio::pin!(poll);
        let mut held_open = false;
        loop {
            tokio::select! {
                result = &mut poll => return result.map_or_else(Polled::Failed, Polled::Answer),
                () = sleep(POLL_HELD_OPEN), if !held_open => {
                    if self.control.poll_phase() == Phase::Waiting {
                        held_open = true;
                        self.ops.health.poll_held_open();
                    }
                }
                () = self.shutdown.wait() => break,
            }
        }
        // An answer may be on its way, and its commands would be lost: end our side, read what still comes.
        if self.control.poll_phase() == Phase::Unsent {
            return Polled::Stopped;
        }
        self.control.half_close_poll();
        let mut answer = timeout(DRAIN_POLL_TIMEOUT, &mut poll).await;
        if answer.is_err() && self.control.poll_phase() == Phase::Answering {
            answer = timeout(DRAIN_TIMEOUT, poll).await;
        }
        match answer {
            Ok(Ok(answer)) => Polled::Answer(answer),
            _ => Polled::Stopped,
        }
    }

    /// Hands the commands over; gives their number.
    fn accept(&self, answer: &PollAnswer, limit: usize) -> Result<usize, NotACommandList> {
        if answer.body.is_empty() {
            return Ok(0);
        }
        let commands = command::parse_list(&answer.body)?;
        let count = commands.len();
        if count > limit {
            error!(limit, commands = count; "the service sent more commands than were asked for; all are processed");
        }
        self.ops.metrics.commands_polled.inc_by(count as u64);
        for parsed in commands {
            self.dispatcher.submit(parsed, answer);
        }
        Ok(count)
    }

    fn failed(&self, error: &ControlError, backoff: &mut Backoff, told: &mut Told) -> Duration {
        match error {
            ControlError::Net { error, written } => {
                let pause = backoff.next_pause();
                // Of a poll that was sent; connecting that takes too long is another matter.
                let timed_out = matches!(error, NetError::Timeout | NetError::NoFirstByte(_)) && *written;
                self.ops.metrics.poll_error(if timed_out { "timeout" } else { "other" });
                self.ops.health.poll_failed(error.to_string(), !timed_out);
                let message = if timed_out {
                    "poll timed out; backing off"
                } else {
                    "poll failed; backing off"
                };
                let level = told.level(error.to_string());
                log!(level, control_plane = self.control.origin(), proxy = self.control.proxy(), retry_in_ms = millis(pause), tunnel_request_id = "missing_request_id", error:% = error; "{message}");
                pause
            }
            ControlError::Status {
                status,
                error,
                retry_after,
                request_id,
            } => {
                self.ops.metrics.poll_error("other");
                let auth = matches!(status, 401 | 403 | 404);
                let at_least = retry_after.unwrap_or_default();
                let pause = if auth { AUTH_RETRY } else { backoff.next_pause() }.max(at_least);
                if auth {
                    self.ops.health.poll_unauthorized(*status);
                } else {
                    self.ops.health.poll_failed(format!("HTTP status {status}"), false);
                }
                let level = told.level(format!("{status} {}", error.code));
                self.tell_status(level, *status, error, pause, request_id.as_deref());
                pause
            }
        }
    }

    fn undecodable(&self, answer: &PollAnswer, backoff: &mut Backoff, told: &mut Told) -> Duration {
        let pause = backoff.next_pause();
        self.ops.metrics.poll_error("other");
        self.ops.health.poll_failed(NotACommandList.to_string(), false);
        log!(
            told.level(NotACommandList.to_string()),
            control_plane = self.control.origin(),
            proxy = self.control.proxy(),
            retry_in_ms = millis(pause),
            tunnel_request_id = answer.request_id.as_deref().unwrap_or("missing_request_id"),
            error:% = NotACommandList;
            "poll failed; backing off"
        );
        pause
    }

    fn tell_status(&self, level: Level, status: u16, error: &ApiError, pause: Duration, request_id: Option<&str>) {
        log!(
            level,
            control_plane = self.control.origin(),
            proxy = self.control.proxy(),
            retry_in_ms = millis(pause),
            tunnel_request_id = request_id.unwrap_or("missing_request_id"),
            status_code = status,
            status = crate::wire::failure::reason(status),
            error_code = redact::scrub(&error.code).as_ref(),
            error_type = redact::scrub(&error.kind).as_ref(),
            error_message = redact::scrub(&error.message).as_ref(),
            mitigation = error.mitigation().or(match status {
                401 => Some("the API key was not accepted; check control_plane.api_key"),
                403 => Some("the API key may not use this tunnel; check its scopes and control_plane.organization_id"),
                404 => Some("the service does not know this tunnel; check control_plane.tunnel_id and control_plane.base_url"),
                300..=399 => Some("set control_plane.base_url to the address that answers; redirects are not followed"),
                _ => None,
            }).unwrap_or_default();
            "poll failed; backing off"
        );
    }
}
