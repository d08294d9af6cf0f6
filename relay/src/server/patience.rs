//! Bounds on the time that a connection waits for its peer.

use std::future::Future as _;
use std::pin::Pin;
use std::task::Context;

use tokio::time::{Instant, Sleep};

use super::activity::Activity;
use super::pace::Pace;
use crate::limits;

/// Waits for requests: bounds idle connections and slow heads.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The head that is arriving, and the number of heads before it.
    head: Option<(Pace, u64)>,
    timer: Timer,
}

impl Reading {
    /// Records that so many bytes came.
    pub(super) fn progress(&mut self, activity: &Activity, bytes: usize) {
        // Bytes of bodies have a pace of their own.
        if bytes == 0 || activity.is_serving() {
            return;
        }
        let heads = activity.heads();
        match &mut self.head {
            Some((pace, before)) if *before == heads => pace.progress(bytes),
            head => *head = Some((Pace::new(limits::HEAD_GRACE), heads)),
        }
    }

    /// Whether the peer is too late with a request, given that nothing more has come.
    pub(super) fn is_late(&mut self, activity: &Activity, cx: &mut Context<'_>) -> bool {
        if activity.is_serving() {
            return false;
        }
        let heads = activity.heads();
        let head = self.head.as_ref().filter(|(_, before)| *before == heads);
        let head = head.map(|(pace, _)| pace.until());
        // hyper bounds how long a known connection is idle.
        let idle = (!activity.is_known()).then(|| {
            let wait = if heads == 0 {
                limits::FIRST_REQUEST_HEAD
            } else {
                limits::ANONYMOUS_IDLE
            };
            activity.quiet_since() + wait
        });
        match (head, idle) {
            (None, None) => false,
            (Some(until), None) | (None, Some(until)) => self.timer.is_over(until, cx),
            (Some(head), Some(idle)) => self.timer.is_over(head.min(idle), cx),
        }
    }
}

/// Waits for the peer to take written bytes. Its pace begins when a write waits, and ends when all bytes were taken.
#[derive(Debug, Default)]
pub(super) struct Writing {
    pace: Option<Slow>,
    timer: Timer,
}

#[derive(Debug)]
struct Slow {
    pace: Pace,
    known: bool,
    /// Bytes written so far.
    written: u64,
}

impl Writing {
    /// Whether the peer takes written bytes too slowly. `written` counts all bytes that the kernel took.
    pub(super) fn is_late(&mut self, pending: bool, written: u64, known: bool, cx: &mut Context<'_>) -> bool {
        if !pending && self.pace.is_none() {
            return false;
        }
        let new = || Slow {
            pace: Pace::new(if known {
                limits::WRITE_GRACE
            } else {
                limits::ANONYMOUS_IDLE
            }),
            known,
            written,
        };
        let slow = self.pace.get_or_insert_with(new);
        if slow.known != known {
            *slow = new();
        }
        let bytes = written.saturating_sub(slow.written);
        slow.written = written;
        if bytes > 0 {
            slow.pace.progress(usize::try_from(bytes).unwrap_or(usize::MAX));
        }
        let until = slow.pace.until();
        pending && self.timer.is_over(until, cx)
    }

    /// Records that all bytes were taken.
    pub(super) fn done(&mut self) {
        self.pace = None;
    }
}

/// A timer that is created when it is first needed.
#[derive(Debug, Default)]
struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    fn is_over(&mut self, until: Instant, cx: &mut Context<'_>) -> bool {
        let timer = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        timer.as_mut().poll(cx).is_ready()
    }
}
