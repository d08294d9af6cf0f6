//! Every state that small queues can reach, by every order of jobs that come, start and end.
#![allow(clippy::print_stdout, reason = "audit/proofs.md has these numbers")]

use std::collections::HashSet;

use super::*;

/// Jobs that may wait in one lane.
const WAITING: usize = 2;

/// What decides what a queue does: the waiting and running jobs of each lane, and the turn.
type State = (Vec<(usize, usize)>, usize);

/// A queue in a state. Waiting jobs are numbered in their order.
fn queue(common_limit: usize, lanes: &[(usize, bool)], (counts, turn): &State) -> Queue<usize> {
    let mut queue = Queue::new(common_limit);
    for ((limit, common), (waiting, running)) in lanes.iter().zip(counts) {
        let lane = queue.add_lane(*limit, *common);
        queue.lanes[lane].jobs.extend(0..*waiting);
        queue.lanes[lane].running = *running;
        queue.waiting += waiting;
        queue.running += running;
        queue.common_running += if *common { *running } else { 0 };
    }
    queue.turn = *turn;
    queue
}

fn state(queue: &Queue<usize>) -> State {
    (
        queue.lanes.iter().map(|lane| (lane.jobs.len(), lane.running)).collect(),
        queue.turn,
    )
}

/// Whether a lane has a job that may start, read from the rules of the queue and not from its code.
fn may_start(common_limit: usize, lanes: &[(usize, bool)], counts: &[(usize, usize)], lane: usize) -> bool {
    let common_running: usize = lanes
        .iter()
        .zip(counts)
        .filter(|((_, common), _)| *common)
        .map(|(_, (_, running))| running)
        .sum();
    let ((limit, common), (waiting, running)) = (lanes[lane], counts[lane]);
    waiting > 0 && running < limit && (!common || common_running < common_limit)
}

fn assert_accounts(common_limit: usize, lanes: &[(usize, bool)], queue: &Queue<usize>) {
    let sum = |of: fn(&Lane<usize>) -> usize| queue.lanes.iter().map(of).sum::<usize>();
    assert_eq!(queue.waiting(), sum(|lane| lane.jobs.len()));
    assert_eq!(queue.running(), sum(|lane| lane.running));
    assert_eq!(
        queue.common_running,
        sum(|lane| if lane.common { lane.running } else { 0 })
    );
    assert!(queue.common_running <= common_limit);
    for (lane, (limit, _)) in queue.lanes.iter().zip(lanes) {
        assert!(lane.running <= *limit);
    }
}

/// Searches all states of a queue. Gives the numbers of states and of steps.
fn search(common_limit: usize, lanes: &[(usize, bool)]) -> (usize, usize) {
    let start: State = (vec![(0, 0); lanes.len()], 0);
    let (mut seen, mut left, mut steps) = (HashSet::from([start.clone()]), vec![start], 0);
    while let Some(before) = left.pop() {
        let fresh = || queue(common_limit, lanes, &before);
        assert_eq!(state(&fresh()), before);
        let mut next = Vec::new();
        for lane in 0..lanes.len() {
            let (waiting, running) = before.0[lane];
            if waiting < WAITING {
                let mut queue = fresh();
                queue.push(lane, waiting);
                next.push(queue);
            }
            if running > 0 {
                let mut queue = fresh();
                queue.done(lane);
                next.push(queue);
            }
        }
        // No job of an unknown lane counts.
        let mut unknown = fresh();
        unknown.push(lanes.len(), 0);
        unknown.done(lanes.len());
        assert_eq!(state(&unknown), before);

        let mut started = fresh();
        let possible: Vec<_> = (0..lanes.len())
            .filter(|lane| may_start(common_limit, lanes, &before.0, *lane))
            .collect();
        match started.start() {
            // Work waits only for a limit, and the oldest job of a lane is first.
            None => assert!(possible.is_empty(), "{before:?}: {possible:?} may start"),
            Some((lane, job)) => {
                assert!(possible.contains(&lane), "{before:?}: {lane} may not start");
                assert_eq!(job, 0, "{before:?}: not the oldest job");
                let counts = &state(&started).0;
                assert_eq!(counts[lane], (before.0[lane].0 - 1, before.0[lane].1 + 1));
                next.push(started);
            }
        }
        // A lane that may start keeps waiting for at most one start of each other lane.
        for lane in possible {
            let mut queue = fresh();
            let mut waited = 0;
            while may_start(common_limit, lanes, &state(&queue).0, lane) {
                let Some((first, _)) = queue.start() else {
                    unreachable!("a lane may start")
                };
                if first == lane {
                    break;
                }
                waited += 1;
            }
            assert!(
                waited < lanes.len(),
                "{before:?}: lane {lane} waited for {waited} starts"
            );
        }
        for queue in next {
            steps += 1;
            assert_accounts(common_limit, lanes, &queue);
            // Jobs are numbered anew, so that states with the same counts are one.
            let after = state(&queue);
            if seen.insert(after.clone()) {
                left.push(after);
            }
        }
    }
    (seen.len(), steps)
}

/// All queues of this many lanes with limits of one and two, common or not.
fn all_queues(count: usize) -> (usize, usize, usize) {
    let (mut queues, mut states, mut steps) = (0, 0, 0);
    for common_limit in 0..=2 {
        for code in 0..4_usize.pow(u32::try_from(count).unwrap_or_default()) {
            let lanes: Vec<_> = (0..count)
                .map(|lane| code >> (2 * lane) & 3)
                .map(|bits| (1 + (bits & 1), bits & 2 != 0))
                .collect();
            let (found, made) = search(common_limit, &lanes);
            (queues, states, steps) = (queues + 1, states + found, steps + made);
        }
    }
    (queues, states, steps)
}

#[test]
fn every_small_queue_keeps_its_accounts_and_limits_starts_what_may_run_and_keeps_no_lane_waiting() {
    for count in 1..=2 {
        let (queues, states, steps) = all_queues(count);
        println!("queue: {queues} queues of {count} lanes, {states} states, {steps} steps");
    }
}

#[test]
#[ignore = "a larger bound, for the slow tests: queues of three lanes"]
fn every_queue_of_three_lanes_keeps_its_accounts_and_limits() {
    let (queues, states, steps) = all_queues(3);
    println!("queue: {queues} queues of 3 lanes, {states} states, {steps} steps");
}

#[test]
fn the_share_of_each_channel_leaves_a_place_for_every_other_one() {
    for total in 0..=200 {
        for channels in 0..=200 {
            let share = share(total, channels);
            assert!(share >= 1);
            if total >= channels && channels > 0 {
                assert_eq!(share + channels - 1, total.max(1), "{total} {channels}");
            }
        }
    }
}
