//! The poll loop (contract: wire, section 4).

use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderValue;
use log::{Level, debug, error, info, log};
use tokio::time::{sleep, timeout};

use super::client::{ControlError, ControlPlane, FailedPoll, PollAnswer};
use super::series::Series;
use super::verdict::{Cause, Failure, Kind, Verdict, mitigation, verdict};
use crate::backoff::millis;
use crate::dispatch::server::Server;
use crate::dispatch::{Arrival, Dispatcher, Room};
use crate::limits::{DRAIN_POLL_TIMEOUT, DRAIN_TIMEOUT, EMPTY_POLL_MIN, ROOM_LOOK};
use crate::monitor::{Monitor, Waits};
use crate::net::Phase;
use crate::shutdown::Signal;
use crate::telemetry::redact;
use crate::wire::command::Parsed;
use crate::wire::failure::reason;

/// Polls until shutdown.
#[derive(Debug)]
pub struct Poller<S> {
    control: Arc<ControlPlane>,
    dispatcher: Dispatcher<S, ControlPlane>,
    monitor: Arc<Monitor>,
    shutdown: Signal,
}

/// How one poll ended.
enum Polled {
    /// With an answer or without.
    Ended(Result<PollAnswer, FailedPoll>),
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
        Self {
            control,
            dispatcher,
            monitor,
            shutdown,
        }
    }

    /// The loop. Returns after shutdown, when the last answer has been handed over.
    pub async fn run(self) {
        let mut series = Series::new(self.control.wait());
        let mut live = self.control.live().clone();
        while !self.shutdown.is_set() {
            let room = tokio::select! {
                room = self.room() => room,
                () = self.shutdown.wait() => break,
            };
            live.seen();
            self.monitor.progress.step(self.control.poll_bound());
            let waits = series.begin(room.partial);
            self.monitor.health.poll_attempted(waits);
            let (token, attempt) = series.route();
            let started = Instant::now();
            let polled = self.poll(&room, waits, token, &mut series).await;
            let took = started.elapsed();
            self.monitor.metrics.poll_cycles.inc();
            let Polled::Ended(ended) = polled else { break };
            self.monitor.metrics.poll_latency(took, ended.is_ok());
            let (ended, correction) = match ended {
                Ok(answer) => (Ok(answer), None),
                Err(FailedPoll { error, correction }) => {
                    self.cut_off(&error, took, &mut series);
                    (Err(error), correction)
                }
            };
            let verdict = verdict(ended);
            series.routed(attempt, &verdict, correction.as_ref());
            let pause = match verdict {
                Verdict::Answered { commands, arrival } => {
                    let brought = self.accept(commands, &arrival, room.places);
                    let at_once = took < EMPTY_POLL_MIN.min(waits.effective);
                    self.answered(brought, at_once, &mut series)
                }
                Verdict::Failed(failure) => Some(self.failed(&failure, took, &mut series)),
            };
            let Some(pause) = pause else { continue };
            self.monitor.progress.step(pause);
            self.monitor.health.poll_pauses(pause);
            tokio::select! {
                () = sleep(pause) => {}
                // Another key, or another way to prove who we are: worth a try at once.
                () = live.changed() => series.renewed(),
                () = self.shutdown.wait() => {}
            }
        }
        self.monitor.health.polls_stopped();
        debug!("stopping control-plane poller");
    }

    /// What the next poll may bring, once that is something. Commands may take as long as they do, so this only shows that it still waits.
    async fn room(&self) -> Room {
        let room = self.dispatcher.room();
        tokio::pin!(room);
        tokio::select! {
            biased;
            room = &mut room => return room,
            () = ready(()) => {}
        }
        let _waits = Full::begin(&self.monitor);
        loop {
            self.monitor.progress.step(ROOM_LOOK);
            if let Ok(room) = timeout(ROOM_LOOK, &mut room).await {
                return room;
            }
        }
    }

    /// One poll. Held open for long enough, it counts as a success before its answer.
    async fn poll(&self, room: &Room, waits: Waits, token: Option<HeaderValue>, series: &mut Series) -> Polled {
        // Both may have become ready at once.
        if self.shutdown.is_set() {
            return Polled::Stopped;
        }
        let sign_of_life = series.sign_of_life();
        let poll = self.control.poll(room, waits, token);
        tokio::pin!(poll);
        let mut held_open = false;
        loop {
            tokio::select! {
                ended = &mut poll => return Polled::Ended(ended),
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
            Ok(Ok(answer)) => Polled::Ended(Ok(answer)),
            _ => Polled::Stopped,
        }
    }

    /// Hands the commands over; returns their number.
    fn accept(&self, commands: Vec<Parsed>, arrival: &Arrival, limit: usize) -> usize {
        let count = commands.len();
        if count > limit {
            error!(limit, commands = count; "the service sent more commands than were asked for; all are processed");
        }
        self.monitor.metrics.commands_polled.inc_by(count as u64);
        for parsed in commands {
            self.dispatcher.submit(parsed, arrival);
        }
        count
    }

    /// Records an answer with so many commands; returns the pause before the next poll, if there has to be one.
    fn answered(&self, commands: usize, at_once: bool, series: &mut Series) -> Option<Duration> {
        self.monitor.health.poll_succeeded();
        self.monitor.metrics.poll_succeeded();
        let pause = series.answered(commands == 0, at_once)?;
        debug!(retry_in_ms = millis(pause); "the service answered an empty poll at once; backing off");
        Some(pause)
    }

    /// Asks for shorter polls when a proxy cut one off.
    fn cut_off(&self, error: &ControlError, took: Duration, series: &mut Series) {
        if let Some(wait) = series.cut_off(error, took) {
            info!(
                proxy = self.control.proxy(),
                poll_duration_ms = millis(took),
                poll_timeout_ms = millis(wait);
                "a poll through the proxy was cut off; later polls are shorter"
            );
        }
    }

    /// Records a failure; returns the pause before the next poll.
    fn failed(&self, failure: &Failure, took: Duration, series: &mut Series) -> Duration {
        let (pause, level) = series.failed(failure, took);
        self.monitor.metrics.poll_error(failure.kind.label());
        match (&failure.cause, failure.kind) {
            (Cause::Reason(reason), _) => self.monitor.health.poll_failed(reason.clone(), failure.shown),
            (Cause::Status { status, .. }, Kind::Unauthorized) => self.monitor.health.poll_unauthorized(*status),
            (Cause::Status { status, .. }, _) => {
                let reason = format!("HTTP status {status}");
                self.monitor.health.poll_failed(reason, failure.shown);
            }
        }
        self.tell(failure, level, pause);
        pause
    }

    fn tell(&self, failure: &Failure, level: Level, pause: Duration) {
        let message = failure.kind.message();
        let tunnel_request_id = failure.request_id.as_deref().unwrap_or("missing_request_id");
        match &failure.cause {
            Cause::Reason(reason) => log!(
                level,
                control_plane = self.control.origin(),
                proxy = self.control.proxy(),
                retry_in_ms = millis(pause),
                tunnel_request_id,
                error:% = reason;
                "{message}"
            ),
            Cause::Status { status, error } => log!(
                level,
                control_plane = self.control.origin(),
                proxy = self.control.proxy(),
                retry_in_ms = millis(pause),
                tunnel_request_id,
                status_code = *status,
                status = reason(*status),
                error_code = redact::scrub(&error.code).as_ref(),
                error_type = redact::scrub(&error.kind).as_ref(),
                error_message = redact::scrub(&error.message).as_ref(),
                mitigation = mitigation(*status, error);
                "{message}"
            ),
        }
    }
}

/// The poll loop waits for room in the queue, until this is dropped.
struct Full<'a>(&'a Monitor);

impl<'a> Full<'a> {
    fn begin(monitor: &'a Monitor) -> Self {
        monitor.health.poll_waits_for_room(true);
        Self(monitor)
    }
}

impl Drop for Full<'_> {
    fn drop(&mut self) {
        self.0.health.poll_waits_for_room(false);
    }
}
