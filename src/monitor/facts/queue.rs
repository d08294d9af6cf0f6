//! Component `queue`: commands that wait.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::monitor::component::{Brief, Moment, Status};

/// What the queue has done.
#[derive(Debug, Default)]
pub(in super::super) struct Queue {
    pub(in super::super) capacity: usize,
    pub(in super::super) depth: usize,
    last_enqueue: Option<Moment>,
    last_dequeue: Option<Moment>,
    /// When the newest of these was recorded. Clocks are set back, so it is not the latest of them.
    observed: Option<Moment>,
    enqueued: u64,
    dequeued: u64,
    /// Since when the poll loop waits for room.
    full_since: Option<Instant>,
    was_full: Duration,
}

impl Queue {
    pub(in super::super) fn enqueued(&mut self) {
        self.enqueued += 1;
        self.depth += 1;
        self.last_enqueue = Some(Moment::now());
        self.observed = self.last_enqueue;
    }

    pub(in super::super) fn dequeued(&mut self) {
        self.dequeued += 1;
        self.depth = self.depth.saturating_sub(1);
        self.last_dequeue = Some(Moment::now());
        self.observed = self.last_dequeue;
    }

    pub(in super::super) fn is_full(&mut self, is_full: bool) {
        match (is_full, self.full_since) {
            (true, None) => self.full_since = Some(Instant::now()),
            (false, Some(since)) => {
                self.was_full = self.was_full.saturating_add(since.elapsed());
                self.full_since = None;
            }
            _ => {}
        }
    }

    pub(in super::super) fn brief(&self) -> Brief {
        let state = match self.full_since {
            None => "available",
            Some(_) => "backpressured",
        };
        Brief::new(Status::Ok, state)
    }

    pub(in super::super) fn observed_at(&self) -> Option<Moment> {
        self.observed
    }

    pub(in super::super) fn details(&self) -> impl Serialize {
        let since = self.full_since.map_or(Duration::ZERO, |since| since.elapsed());
        Details {
            depth: self.depth,
            capacity: self.capacity,
            utilization: ratio(self.depth, self.capacity),
            last_enqueue: self.last_enqueue,
            last_dequeue: self.last_dequeue,
            enqueued: self.enqueued,
            dequeued: self.dequeued,
            backpressure_seconds: self.was_full.saturating_add(since).as_secs_f64(),
        }
    }
}

/// A part of a whole; 0 of nothing.
fn ratio(part: usize, whole: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if whole == 0 {
        return 0.0;
    }
    number(part) / number(whole)
}

#[derive(Serialize)]
struct Details {
    depth: usize,
    capacity: usize,
    utilization: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_enqueue: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_dequeue: Option<Moment>,
    enqueued: u64,
    dequeued: u64,
    backpressure_seconds: f64,
}
