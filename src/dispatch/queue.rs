//! The bounded queue: lanes inside one common limit. Pure state, no I/O (contract: wire, section 6).

use std::collections::VecDeque;

/// Jobs that wait, and counts of those that run.
#[derive(Debug)]
pub(super) struct Queue<T> {
    lanes: Vec<Lane<T>>,
    /// Jobs of common lanes that may run at once.
    common_limit: usize,
    common_running: usize,
    running: usize,
    waiting: usize,
    /// The lane that is looked at first.
    turn: usize,
}

/// One kind of job of one channel.
#[derive(Debug)]
struct Lane<T> {
    jobs: VecDeque<T>,
    limit: usize,
    running: usize,
    common: bool,
}

impl<T> Queue<T> {
    /// A queue without lanes.
    pub(super) fn new(common_limit: usize) -> Self {
        Self {
            lanes: Vec::new(),
            common_limit,
            common_running: 0,
            running: 0,
            waiting: 0,
            turn: 0,
        }
    }

    /// Adds a lane of which `limit` jobs may run at once; a `common` one also within the common limit. Gives its number.
    pub(super) fn add_lane(&mut self, limit: usize, common: bool) -> usize {
        self.lanes.push(Lane {
            jobs: VecDeque::new(),
            limit,
            running: 0,
            common,
        });
        self.lanes.len() - 1
    }

    /// Queues a job. Bounding the queue is up to whoever asks the service for more.
    pub(super) fn push(&mut self, lane: usize, job: T) {
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.jobs.push_back(job);
            self.waiting += 1;
        }
    }

    /// Takes a job that may run now, the lanes in turn; it runs until [`Queue::done`].
    pub(super) fn start(&mut self) -> Option<(usize, T)> {
        if self.waiting == 0 {
            return None;
        }
        let count = self.lanes.len();
        for step in 0..count {
            let number = (self.turn + step) % count;
            let full = self.common_running >= self.common_limit;
            let Some(lane) = self.lanes.get_mut(number) else {
                continue;
            };
            if lane.running >= lane.limit || (lane.common && full) {
                continue;
            }
            let Some(job) = lane.jobs.pop_front() else { continue };
            lane.running += 1;
            self.common_running += usize::from(lane.common);
            self.running += 1;
            self.waiting -= 1;
            self.turn = (number + 1) % count;
            return Some((number, job));
        }
        None
    }

    /// A job of this lane has ended.
    pub(super) fn done(&mut self, lane: usize) {
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.running -= 1;
            self.common_running -= usize::from(lane.common);
            self.running -= 1;
        }
    }

    /// Jobs of one lane that wait.
    pub(super) fn waiting_in(&self, lane: usize) -> usize {
        self.lanes.get(lane).map_or(0, |lane| lane.jobs.len())
    }

    /// Jobs that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Jobs that run.
    pub(super) fn running(&self) -> usize {
        self.running
    }
}

/// How many of `total` places one of `channels` channels may use: all but one for each of the others, at least one.
pub(super) fn share(total: usize, channels: usize) -> usize {
    total.saturating_sub(channels.saturating_sub(1)).max(1)
}

#[cfg(test)]
mod exhaustive;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_channel_leaves_a_place_for_the_other() {
        let mut queue = Queue::new(3);
        let (slow, quick) = (queue.add_lane(share(3, 2), true), queue.add_lane(share(3, 2), true));
        for _ in 0..5 {
            queue.push(slow, "slow");
        }
        assert_eq!(queue.start(), Some((slow, "slow")));
        assert_eq!(queue.start(), Some((slow, "slow")));
        assert_eq!(queue.start(), None);
        queue.push(quick, "quick");
        assert_eq!(queue.start(), Some((quick, "quick")));
        assert_eq!((queue.waiting(), queue.running()), (3, 3));
        queue.done(quick);
        assert_eq!(queue.start(), None);
        queue.done(slow);
        assert_eq!(queue.start(), Some((slow, "slow")));
    }

    #[test]
    fn lanes_take_turns_within_the_common_limit() {
        let mut queue = Queue::new(1);
        let lanes = [queue.add_lane(1, true), queue.add_lane(1, true)];
        for lane in lanes {
            queue.push(lane, lane);
            queue.push(lane, lane);
        }
        let mut order = Vec::new();
        while let Some((lane, _)) = queue.start() {
            order.push(lane);
            queue.done(lane);
        }
        assert_eq!(order, [0, 1, 0, 1]);
    }

    #[test]
    fn what_is_not_common_runs_beside_a_full_queue() {
        let mut queue = Queue::new(1);
        let (calls, prompt) = (queue.add_lane(1, true), queue.add_lane(1, false));
        queue.push(calls, 1);
        queue.push(calls, 2);
        queue.push(prompt, 3);
        assert_eq!(queue.start(), Some((calls, 1)));
        assert_eq!(queue.start(), Some((prompt, 3)));
        assert_eq!(queue.start(), None);
    }
}
