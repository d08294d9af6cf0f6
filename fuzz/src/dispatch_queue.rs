//! The queue of commands (`src/dispatch/queue.rs`), as a sequence of operations.
//!
//! Oracles: lists as a model; no lane beyond its limit, no common lane beyond the common one; nothing that may run waits; at the end all
//! counts are zero.

use std::collections::VecDeque;

use arbitrary::Arbitrary;
use tunnel_client::fuzzing::processes::lanes::{Lanes, share};

/// Lanes and operations.
#[derive(Debug, Arbitrary)]
pub struct Input {
    common_limit: u8,
    lanes: Vec<(u8, bool)>,
    steps: Vec<Step>,
    share: (u8, u8),
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Step {
    Push(u8),
    Start,
    Done(u8),
}

struct Lane {
    limit: usize,
    is_common: bool,
    jobs: VecDeque<usize>,
    running: usize,
}

/// Feeds one sequence.
pub fn check(input: &Input) {
    let common_limit = usize::from(input.common_limit % 8);
    let mut queue = Lanes::new(common_limit);
    let mut lanes: Vec<Lane> = Vec::new();
    for (limit, is_common) in input.lanes.iter().take(6) {
        let limit = usize::from(limit % 5);
        assert_eq!(queue.add(limit, *is_common), lanes.len());
        lanes.push(Lane {
            limit,
            is_common: *is_common,
            jobs: VecDeque::new(),
            running: 0,
        });
    }
    // The lane that has its turn.
    let mut next = 0;
    for (job, step) in input.steps.iter().enumerate().take(1000) {
        match *step {
            Step::Push(lane) => {
                let lane = usize::from(lane) % (lanes.len() + 1);
                queue.push(lane, job);
                if let Some(lane) = lanes.get_mut(lane) {
                    lane.jobs.push_back(job);
                }
            }
            Step::Start => {
                let common = lanes
                    .iter()
                    .filter(|lane| lane.is_common)
                    .map(|lane| lane.running)
                    .sum::<usize>();
                let may = |lane: &Lane| {
                    !lane.jobs.is_empty() && lane.running < lane.limit && (!lane.is_common || common < common_limit)
                };
                let ready: Vec<usize> = (0..lanes.len()).filter(|lane| may(&lanes[*lane])).collect();
                let Some((lane, job)) = queue.start() else {
                    assert!(ready.is_empty(), "a job that may run waits");
                    continue;
                };
                assert!(ready.contains(&lane), "a job runs beyond a limit");
                assert_eq!(lanes[lane].jobs.pop_front(), Some(job));
                lanes[lane].running += 1;
                let nearest = (0..lanes.len())
                    .map(|step| (next + step) % lanes.len())
                    .find(|lane| ready.contains(lane));
                assert_eq!(nearest, Some(lane), "lanes take turns");
                next = (lane + 1) % lanes.len();
            }
            Step::Done(lane) => {
                let lane = usize::from(lane) % (lanes.len() + 1);
                if let Some(own) = lanes.get_mut(lane).filter(|lane| lane.running > 0) {
                    own.running -= 1;
                    queue.done(lane);
                }
            }
        }
        counts(&queue, &lanes);
    }
    for (number, lane) in lanes.iter_mut().enumerate() {
        for _ in 0..std::mem::take(&mut lane.running) {
            queue.done(number);
        }
    }
    counts(&queue, &lanes);
    let (total, channels) = (usize::from(input.share.0), usize::from(input.share.1));
    let own = share(total, channels);
    assert!(own >= 1 && own <= total.max(1));
    // All but one place for each other channel.
    assert!(own == 1 || own + channels.saturating_sub(1) == total);
}

fn counts(queue: &Lanes, lanes: &[Lane]) {
    let waiting: usize = lanes.iter().map(|lane| lane.jobs.len()).sum();
    let running: usize = lanes.iter().map(|lane| lane.running).sum();
    for (number, lane) in lanes.iter().enumerate() {
        assert_eq!(queue.counts(number), (waiting, running, lane.jobs.len()));
    }
}
