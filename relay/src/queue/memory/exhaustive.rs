//! Every order of a few steps on the line of one tunnel, against a list that is kept by hand.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stdout, reason = "audit/proofs.md has these numbers")]

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::super::Payload;
use super::*;
use crate::ids::{CallerTag, Channel, ShardToken};

#[derive(Debug, Clone, Copy)]
enum Step {
    /// A command of this key, for the channel of the same number.
    Push(usize, Place),
    /// Takes so many, of one channel or of all.
    Take(usize, Option<usize>),
    /// Ends the oldest or the newest lease.
    Deliver(bool),
    GiveBack(bool),
    /// Withdraws the oldest or the newest command that was pushed, wherever it is.
    Withdraw(bool),
    WithdrawWaiting(bool),
}

const STEPS: [Step; 13] = [
    Step::Push(0, Place::Back),
    Step::Push(1, Place::Back),
    Step::Push(0, Place::Front),
    Step::Take(1, None),
    Step::Take(2, None),
    Step::Take(2, Some(1)),
    Step::Deliver(false),
    Step::GiveBack(false),
    Step::GiveBack(true),
    Step::Withdraw(false),
    Step::Withdraw(true),
    Step::WithdrawWaiting(false),
    Step::WithdrawWaiting(true),
];

/// A command as the list knows it.
#[derive(Debug, Clone)]
struct Known {
    request: RequestId,
    /// Those that went to the front come first, then in the order in which they came.
    order: (bool, usize),
    channel: usize,
    is_leased: bool,
    is_withdrawn: bool,
}

struct Bench {
    state: State,
    known: Vec<Known>,
    leases: Vec<Lease>,
    keys: [Arc<str>; 2],
    channels: [Channel; 2],
    caller: CallerTag,
    size: usize,
}

impl Bench {
    fn new() -> Self {
        let caller = CallerTag::new(&TunnelId::random(), "key");
        Self {
            state: State::default(),
            known: Vec::new(),
            leases: Vec::new(),
            keys: ["one".into(), "two".into()],
            channels: ["one", "two"].map(|name| Channel::parse(name).unwrap()),
            caller,
            size: 0,
        }
    }

    fn command(&self, number: usize) -> Command {
        let request = RequestId::random();
        Command {
            request,
            shard_token: ShardToken::random(request),
            key: Arc::clone(&self.keys[number]),
            channel: self.channels[number].clone(),
            created_at: SystemTime::UNIX_EPOCH,
            deadline: Instant::now() + Duration::from_secs(60),
            caller: self.caller,
            headers: "{}".into(),
            payload: Payload::SessionTermination,
        }
    }

    /// The place in the list of the oldest or the newest command that is in the queue.
    fn pick(&self, newest: bool) -> Option<usize> {
        if newest {
            self.known.len().checked_sub(1)
        } else {
            (!self.known.is_empty()).then_some(0)
        }
    }

    /// Does a step. False when there is nothing to do it with.
    fn step(&mut self, number: usize, step: Step) -> bool {
        match step {
            Step::Push(key, place) => {
                let command = self.command(key);
                self.size = command.size();
                self.known.push(Known {
                    request: command.request,
                    order: (place == Place::Back, number),
                    channel: key,
                    is_leased: false,
                    is_withdrawn: false,
                });
                assert_eq!(self.state.push(command, place), Ok(()));
            }
            Step::Take(limit, channel) => {
                let ask = Ask {
                    channels: channel
                        .map(|number| self.channels[number].clone())
                        .into_iter()
                        .collect(),
                    limit,
                    bytes: 1 << 20,
                };
                let mut wanted: Vec<_> = self
                    .known
                    .iter_mut()
                    .filter(|known| !known.is_leased && channel.is_none_or(|channel| known.channel == channel))
                    .collect();
                wanted.sort_by_key(|known| known.order);
                wanted.truncate(limit);
                wanted.iter_mut().for_each(|known| known.is_leased = true);
                let wanted: Vec<_> = wanted.iter().map(|known| known.request).collect();
                let leases = self.state.take(&ask).unwrap();
                assert_eq!(
                    leases.iter().map(|lease| lease.command.request).collect::<Vec<_>>(),
                    wanted
                );
                self.leases.extend(leases);
            }
            Step::Deliver(newest) | Step::GiveBack(newest) => {
                let at = if newest {
                    self.leases.len().checked_sub(1)
                } else {
                    (!self.leases.is_empty()).then_some(0)
                };
                let Some(at) = at else { return false };
                let lease = self.leases.remove(at);
                let place = self
                    .known
                    .iter()
                    .position(|known| known.request == lease.command.request)
                    .unwrap();
                let waits = self.state.end_lease(&lease);
                assert_eq!(waits, !self.known[place].is_withdrawn);
                if matches!(step, Step::GiveBack(_)) && waits {
                    self.known[place].is_leased = false;
                    self.state.insert(lease.rank, lease.command);
                } else {
                    self.known.remove(place);
                }
            }
            Step::Withdraw(newest) | Step::WithdrawWaiting(newest) => {
                let Some(at) = self.pick(newest) else { return false };
                let known = self.known[at].clone();
                let wanted = match (known.is_leased, known.is_withdrawn) {
                    (false, _) => Whereabouts::Waiting,
                    (true, false) => Whereabouts::Leased,
                    (true, true) => Whereabouts::Elsewhere,
                };
                if matches!(step, Step::WithdrawWaiting(_)) {
                    assert_eq!(self.state.withdraw_waiting(known.request), !known.is_leased);
                } else {
                    assert_eq!(self.state.withdraw(known.request), wanted);
                    self.known[at].is_withdrawn = true;
                }
                if !known.is_leased {
                    self.known.remove(at);
                }
            }
        }
        self.check();
        true
    }

    fn check(&self) {
        let state = &self.state;
        let mut waiting: Vec<_> = self.known.iter().filter(|known| !known.is_leased).collect();
        waiting.sort_by_key(|known| known.order);
        let requests = |known: &[&Known]| known.iter().map(|known| known.request).collect::<Vec<_>>();
        assert_eq!(
            state
                .waiting
                .values()
                .map(|command| command.request)
                .collect::<Vec<_>>(),
            requests(&waiting)
        );
        assert!(state.ranks.len() == state.waiting.len());
        assert!(
            state
                .ranks
                .iter()
                .all(|(request, rank)| state.waiting[rank].request == *request)
        );
        let leased = self
            .known
            .iter()
            .filter(|known| known.is_leased && !known.is_withdrawn)
            .count();
        assert_eq!(state.leased.len(), leased);
        // A command counts until it is delivered, given back and withdrawn, or withdrawn before it was taken.
        assert_eq!(state.bytes, self.known.len() * self.size);
        for (number, key) in self.keys.iter().enumerate() {
            let own = self.known.iter().filter(|known| known.channel == number).count();
            let load = state.of_key.get(key).copied().unwrap_or_default();
            assert_eq!((load.commands, load.bytes), (own, own * self.size));
            assert_eq!(state.of_key.contains_key(key), own > 0);
        }
    }
}

/// Every order of `depth` steps. Gives the number of orders.
fn check(depth: usize) -> usize {
    let (mut orders, mut digits) = (0, vec![0; depth]);
    loop {
        let mut bench = Bench::new();
        let possible = digits
            .iter()
            .enumerate()
            .take_while(|(number, digit): &(usize, &usize)| bench.step(*number, STEPS[**digit]))
            .count();
        orders += 1;
        digits.truncate((possible + 1).min(depth));
        while digits.last() == Some(&(STEPS.len() - 1)) {
            digits.pop();
        }
        let Some(last) = digits.last_mut() else { return orders };
        *last += 1;
        digits.resize(depth, 0);
    }
}

#[test]
fn every_order_of_steps_keeps_the_line_in_order_and_its_accounts_right() {
    println!("queue of a tunnel: {} orders of 5 steps", check(5));
}

#[test]
#[ignore = "a larger bound, for the slow tests: six steps"]
fn every_order_of_six_steps_keeps_the_line_in_order_and_its_accounts_right() {
    println!("queue of a tunnel: {} orders of 6 steps", check(6));
}
