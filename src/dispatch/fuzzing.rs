//! The queue of commands.

use super::queue::{self, Queue};

/// The queue, with numbers for jobs.
#[derive(Debug)]
pub struct Lanes(Queue<usize>);

impl Lanes {
    /// A queue without lanes.
    #[must_use]
    pub fn new(common_limit: usize) -> Self {
        Self(Queue::new(common_limit))
    }

    /// Adds a lane.
    pub fn add(&mut self, limit: usize, common: bool) -> usize {
        self.0.add_lane(limit, common)
    }

    /// Queues a job.
    pub fn push(&mut self, lane: usize, job: usize) {
        self.0.push(lane, job);
    }

    /// Takes a job that may run now.
    pub fn start(&mut self) -> Option<(usize, usize)> {
        self.0.start()
    }

    /// A job of this lane has ended.
    pub fn done(&mut self, lane: usize) {
        self.0.done(lane);
    }

    /// Jobs that wait, those that run, and those that wait in one lane.
    #[must_use]
    pub fn counts(&self, lane: usize) -> (usize, usize, usize) {
        (self.0.waiting(), self.0.running(), self.0.waiting_in(lane))
    }
}

/// The share of a channel.
#[must_use]
pub fn share(total: usize, channels: usize) -> usize {
    queue::share(total, channels)
}
