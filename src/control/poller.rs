//! The poll loop (contract: wire, section 4).

use std::sync::Arc;
use std::time::{Duration, Instant};

use log::{Level, debug, error, info, log};
use tokio::time::{sleep, timeout};

use super::client::{ControlError, ControlPlane, PollAnswer};
use super::held::Held;
use super::told::Told;
use crate::backoff::{Backoff, millis};
use crate::dispatch::server::Server;
use crate::dispatch::{Dispatcher, Room};
use crate::limits::{AUTH_RETRY_MAX, AUTH_RETRY_MIN, DRAIN_POLL_TIMEOUT, DRAIN_TIMEOUT, EMPTY_POLL_MIN, ROOM_LOOK};
use crate::monitor::Monitor;
use crate::net::{NetError, Phase};
use crate::shutdown::Signal;
use crate::telemetry::redact;
use crate::wire::api_error::ApiError;
use crate::wire::command::{self, NotACommandList};

/// Polls until shutdown.
#[derive(Debug)]
pub struct Poller<S> {
    control: Arc<ControlPlane>,
    dispatcher: Dispatcher<S, ControlPlane>,
    monitor: Arc<Monitor>,
    shutdown: Signal,
    /// An empty answer that is faster counts towards backoff.
    empty_poll_min: Duration,
}

/// What is known of the polls before the next one.
struct Series {
    /// Pauses after failures.
    backoff: Backoff,
    /// Pauses after refusals: 401, 403, 404.
    refused: Backoff,
    told: Told,
    held: Held,
    /// The last poll that ended had failed.
    failing: bool,
    /// A failure came since the last sign of success, be that an answer or a poll held open.
    outage: bool,
}

impl Series {
    fn new() -> Self {
        Self {
            backoff: Backoff::default(),
            refused: Backoff::new(AUTH_RETRY_MIN, AUTH_RETRY_MAX),
            told: Told::default(),
            held: Held::default(),
            failing: false,
            outage: false,
        }
    }

    /// A poll was answered.
    fn answered(&mut self) {
        self.refused.reset();
        self.held.answered();
        self.failing = false;
        self.recovered();
    }

    /// A poll was answered, or held open for long enough: an outage ends here, and the next failure is news.
    ///
    /// What a poll held open leaves as it is: the pauses, and how long the next one must be held; a service slow to refuse may have held it.
    fn recovered(&mut self) {
        self.told.forget();
        if std::mem::take(&mut self.outage) {
            info!("poller recovered; polling operational");
        }
    }

    /// A poll failed; returns whether the one before it had failed too.
    fn failed(&mut self) -> bool {
        self.outage = true;
        std::mem::replace(&mut self.failing, true)
    }

    /// Other credentials are active: what was refused may be granted.
    fn renewed(&mut self) {
        self.backoff.reset();
        self.refused.reset();
    }
}

/// What one poll came to.
enum Polled {
    Answer(PollAnswer),
    Failed(ControlError),
    /// Shutdown, and no answer was on its way.
    Stopped,
}

impl<S: Server> Poller<S> {
    /// A poller that hands commands to `dispatcher` until `shutdown`.
    pub fn new(
        control: Arc<ControlPlane>,
        dispatcher: Dispatcher<S, ControlPlane>,
        monitor: Arc<Monitor>,
        shutdown: Signal,
    ) -> Self {
        let empty_poll_min = EMPTY_POLL_MIN.min(control.poll_timeout());
        Self {
            control,
            dispatcher,
            monitor,
            shutdown,
            empty_poll_min,
        }
    }

    /// The loop. Returns after shutdown, when the last answer has been handed over.
    pub async fn run(self) {
        let mut series = Series::new();
        let mut live = self.control.live().clone();
        while !self.shutdown.is_set() {
            let room = tokio::select! {
                room = self.room() => room,
                () = self.shutdown.wait() => break,
            };
            live.seen();
            self.monitor.progress.step(self.control.poll_bound());
            let started = Instant::now();
            let polled = self.poll(&room, &mut series).await;
            let took = started.elapsed();
            self.monitor.metrics.poll_cycles.inc();
            let pause = match polled {
                Polled::Stopped => break,
                Polled::Failed(error) => {
                    self.monitor.metrics.poll_latency(took, false);
                    self.failed(&error, took, &mut series)
                }
                Polled::Answer(answer) => {
                    self.monitor.metrics.poll_latency(took, true);
                    match self.accept(&answer, room.places) {
                        Ok(commands) => {
                            self.monitor.health.poll_succeeded();
                            self.monitor.metrics.poll_succeeded();
                            series.answered();
                            if commands > 0 || took >= self.empty_poll_min {
                                series.backoff.reset();
                                continue;
                            }
                            let pause = series.backoff.next_pause();
                            debug!(retry_in_ms = millis(pause); "the service answered an empty poll at once; backing off");
                            pause
                        }
                        Err(NotACommandList) => self.undecodable(&answer, took, &mut series),
                    }
                }
            };
            self.monitor.progress.step(pause);
            tokio::select! {
                () = sleep(pause) => {}
                // Another key, or another way to prove who we are: worth a try at once.
                () = live.changed() => series.renewed(),
                () = self.shutdown.wait() => {}
            }
        }
        debug!("stopping control-plane poller");
    }

    /// What the next poll may bring, once that is something. Commands may take as long as they do, so this only shows that it still waits.
    async fn room(&self) -> Room {
        loop {
            self.monitor.progress.step(ROOM_LOOK);
            if let Ok(room) = timeout(ROOM_LOOK, self.dispatcher.room()).await {
                return room;
            }
        }
    }

    /// One poll. Held open for long enough, it counts as a success before its answer.
    async fn poll(&self, room: &Room, series: &mut Series) -> Polled {
        // Both may have become ready at once.
        if self.shutdown.is_set() {
            return Polled::Stopped;
        }
        let sign_of_life = series.held.needed();
        let poll = self.control.poll(room);
        tokio::pin!(poll);
        let mut held_open = false;
        loop {
            tokio::select! {
                result = &mut poll => return result.map_or_else(Polled::Failed, Polled::Answer),
                () = sleep(sign_of_life), if !held_open => {
                    if self.control.poll_phase() == Phase::Waiting {
                        held_open = true;
                        self.monitor.health.poll_held_open();
                        series.recovered();
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
        self.monitor.metrics.commands_polled.inc_by(count as u64);
        for parsed in commands {
            self.dispatcher.submit(parsed, &answer.arrival);
        }
        Ok(count)
    }

    fn failed(&self, error: &ControlError, took: Duration, series: &mut Series) -> Duration {
        let known = series.failed();
        match error {
            ControlError::Net { error, written } => {
                let pause = series.backoff.next_pause();
                // Of a poll that was sent; connecting that takes too long is another matter.
                let timed_out = matches!(error, NetError::Timeout | NetError::NoFirstByte(_)) && *written;
                self.monitor
                    .metrics
                    .poll_error(if timed_out { "timeout" } else { "other" });
                if timed_out {
                    series.held.refused(took);
                }
                self.monitor.health.poll_failed(error.to_string());
                let message = if timed_out {
                    "poll timed out; backing off"
                } else {
                    "poll failed; backing off"
                };
                let level = series.told.level(error.to_string());
                log!(level, control_plane = self.control.origin(), proxy = self.control.proxy(), retry_in_ms = millis(pause), tunnel_request_id = "missing_request_id", error:% = error; "{message}");
                pause
            }
            ControlError::Status {
                status,
                error,
                retry_after,
                request_id,
            } => {
                self.monitor.metrics.poll_error("other");
                let auth = matches!(status, 401 | 403 | 404);
                // The first failure may be the end of a poll that was rightly held open: a service that restarts.
                if auth || known {
                    series.held.refused(took);
                }
                let pause = if auth {
                    self.monitor.health.poll_unauthorized(*status);
                    series.refused.next_pause()
                } else {
                    self.monitor.health.poll_failed(format!("HTTP status {status}"));
                    series.backoff.next_pause()
                };
                let pause = pause.max(retry_after.unwrap_or_default());
                let level = series.told.level(format!("{status} {}", error.code));
                self.tell_status(level, *status, error, pause, request_id.as_deref());
                pause
            }
        }
    }

    fn undecodable(&self, answer: &PollAnswer, took: Duration, series: &mut Series) -> Duration {
        if series.failed() {
            series.held.refused(took);
        }
        let pause = series.backoff.next_pause();
        self.monitor.metrics.poll_error("other");
        self.monitor.health.poll_failed(NotACommandList.to_string());
        log!(
            series.told.level(NotACommandList.to_string()),
            control_plane = self.control.origin(),
            proxy = self.control.proxy(),
            retry_in_ms = millis(pause),
            tunnel_request_id = answer.arrival.request_id.as_deref().unwrap_or("missing_request_id"),
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
