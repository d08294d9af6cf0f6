//! The queue of the relay and the shares of its pools (`relay/src/queue`, `relay/src/share.rs`), as sequences of operations.
//!
//! Oracles: a plain list of commands as a model; sums; at the end all counts are zero.

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use tunnel_relay::fuzzing::queue::{
    BYTES_MAX, Bench, COMMANDS_MAX, Found, MESSAGE_MAX, RESERVE, RESERVE_BYTES, Totals,
};
use tunnel_relay::fuzzing::shares::Shares;

/// Operations on a queue, and on a pool.
#[derive(Debug, Arbitrary)]
pub struct Input {
    queue: Vec<Step>,
    pool: u16,
    shares: Vec<Charge>,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Step {
    Push {
        key: u8,
        channel: u8,
        size: u8,
        is_front: bool,
    },
    /// The same, many times.
    Fill {
        key: u8,
        size: u8,
        count: u8,
    },
    Take {
        channels: u8,
        limit: u8,
        bytes: u8,
    },
    End {
        poll: u8,
        is_delivered: bool,
    },
    Withdraw(u8),
    WithdrawWaiting(u8),
    Remove,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Charge {
    Add(u8, Option<u8>),
    Grow(u8, u16),
    Shrink(u8, u16),
    Pass(u8, u8, Option<u8>),
    End(u8),
}

const KEYS: [&str; 3] = ["a", "b", "c"];
const CHANNELS: [&str; 3] = ["main", "x", "y"];
/// Commands that one input fills queues with.
const FILLED_MAX: usize = 1200;

/// One command of the model.
#[derive(Debug, Clone)]
struct Command {
    number: usize,
    key: usize,
    channel: usize,
    size: usize,
    is_front: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    /// Being written for this poll; somebody waits for it.
    Leased(usize),
    /// Being written, and nobody waits for it.
    Abandoned(usize),
}

struct Model {
    /// In their order: those at the front first.
    commands: Vec<Command>,
    pushed: usize,
    polls: usize,
    is_removed: bool,
    /// Commands that may still be filled in.
    left: usize,
}

/// Feeds one sequence.
pub fn check(input: &Input) {
    let mut bench = Bench::new().expect("a queue");
    let mut model = Model {
        commands: Vec::new(),
        pushed: 0,
        polls: 0,
        is_removed: false,
        left: FILLED_MAX,
    };
    for step in input.queue.iter().take(200) {
        model.step(*step, &mut bench);
        assert_eq!(bench.totals(), model.totals(), "{step:?}");
    }
    for poll in 0..model.polls {
        bench.end(poll, poll % 2 == 0);
    }
    for number in 0..model.pushed {
        bench.withdraw(number);
    }
    assert_eq!(bench.totals(), Totals::default());
    charge(input);
}

impl Model {
    fn step(&mut self, step: Step, bench: &mut Bench) {
        match step {
            Step::Push {
                key,
                channel,
                size,
                is_front,
            } => self.push(key, channel, size, is_front, bench),
            Step::Fill { key, size, count } => {
                for _ in 0..(usize::from(count) * 8).min(self.left) {
                    self.push(key, 0, size, false, bench);
                    self.left -= 1;
                }
            }
            Step::Take { channels, limit, bytes } => self.take(channels, limit, bytes, bench),
            Step::End { poll, is_delivered } => {
                let poll = usize::from(poll) % self.polls.max(1);
                bench.end(poll, is_delivered);
                self.end(poll, is_delivered);
            }
            Step::Withdraw(number) => {
                let number = self.number(number);
                let found = self.withdraw(number);
                assert_eq!(bench.withdraw(number), (self.pushed > 0).then_some(found));
            }
            Step::WithdrawWaiting(number) => {
                let number = self.number(number);
                let before = self.commands.len();
                self.commands
                    .retain(|command| command.number != number || command.state != State::Waiting);
                let is_found = self.commands.len() < before;
                assert_eq!(bench.withdraw_waiting(number), (self.pushed > 0).then_some(is_found));
            }
            Step::Remove => {
                bench.remove();
                self.is_removed = true;
                self.commands.clear();
            }
        }
    }

    /// One of the last commands.
    fn number(&self, back: u8) -> usize {
        self.pushed.saturating_sub(1 + usize::from(back))
    }

    fn push(&mut self, key: u8, channel: u8, size: u8, is_front: bool, bench: &mut Bench) {
        let (key, channel) = (usize::from(key) % KEYS.len(), usize::from(channel) % CHANNELS.len());
        let message = usize::from(size) * MESSAGE_MAX / 255;
        let outcome = bench.push(KEYS[key], CHANNELS[channel], message, is_front);
        let size = match outcome {
            Err(is_gone) => {
                assert_eq!(is_gone, self.is_removed);
                assert!(
                    is_gone || !self.fits(key, message + 514, is_front),
                    "a command that has a place is refused"
                );
                return;
            }
            Ok(size) => size,
        };
        assert!(
            !self.is_removed && self.fits(key, size, is_front),
            "a command has more than its place"
        );
        let command = Command {
            number: self.pushed,
            key,
            channel,
            size,
            is_front,
            state: State::Waiting,
        };
        let at = match is_front {
            true => self.commands.iter().take_while(|other| other.is_front).count(),
            false => self.commands.len(),
        };
        self.commands.insert(at, command);
        self.pushed += 1;
    }

    /// A key may hold as much as remains free without the reserve; what goes to the front has the reserve in addition.
    fn fits(&self, key: usize, size: usize, is_front: bool) -> bool {
        let (mut held, mut bytes, mut own_commands, mut own_bytes) = (0, 0, 1, size);
        for command in &self.commands {
            held += usize::from(!matches!(command.state, State::Abandoned(_)));
            bytes += command.size;
            own_commands += usize::from(command.key == key);
            own_bytes += if command.key == key { command.size } else { 0 };
        }
        let (reserve, reserve_bytes) = if is_front { (RESERVE, RESERVE_BYTES) } else { (0, 0) };
        let fits = |all: usize, limit: usize, reserve: usize, own: usize| {
            all <= limit + reserve && own <= limit + reserve - all + reserve
        };
        held == 0
            || fits(held + 1, COMMANDS_MAX, reserve, own_commands)
                && fits(bytes + size, BYTES_MAX, reserve_bytes, own_bytes)
    }

    fn take(&mut self, channels: u8, limit: u8, bytes: u8, bench: &mut Bench) {
        let asked: Vec<usize> = (0..CHANNELS.len())
            .filter(|channel| channels >> channel & 1 == 1)
            .collect();
        let names: Vec<&str> = asked.iter().map(|channel| CHANNELS[*channel]).collect();
        let (limit, most) = (usize::from(limit % 25) + 1, usize::from(bytes) * 64 * 1024);
        let taken = bench.take(&names, limit, most);
        if self.is_removed {
            assert_eq!(taken, None);
            return;
        }
        let (mut expected, mut sum) = (Vec::new(), 0);
        for command in &mut self.commands {
            if command.state != State::Waiting || !(asked.is_empty() || asked.contains(&command.channel)) {
                continue;
            }
            sum += command.size;
            if expected.len() == limit || (!expected.is_empty() && sum > most) {
                break;
            }
            command.state = State::Leased(self.polls);
            expected.push(command.number);
        }
        if !expected.is_empty() {
            self.polls += 1;
        }
        assert_eq!(taken, Some(expected));
    }

    fn end(&mut self, poll: usize, is_delivered: bool) {
        self.commands.retain_mut(|command| match command.state {
            State::Leased(of) if of == poll && !is_delivered => {
                command.state = State::Waiting;
                true
            }
            State::Leased(of) | State::Abandoned(of) => of != poll,
            State::Waiting => true,
        });
    }

    fn withdraw(&mut self, number: usize) -> Found {
        let Some(at) = self.commands.iter().position(|command| command.number == number) else {
            return Found::Elsewhere;
        };
        match self.commands[at].state {
            State::Waiting => {
                self.commands.remove(at);
                Found::Waiting
            }
            State::Leased(poll) => {
                self.commands[at].state = State::Abandoned(poll);
                Found::Leased
            }
            State::Abandoned(_) => Found::Elsewhere,
        }
    }

    fn totals(&self) -> Totals {
        let count = |state: fn(State) -> bool| self.commands.iter().filter(|command| state(command.state)).count();
        let mut keys: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        for command in &self.commands {
            let (commands, bytes) = keys.entry(command.key).or_default();
            *commands += 1;
            *bytes += command.size;
        }
        Totals {
            waiting: count(|state| state == State::Waiting),
            leased: count(|state| matches!(state, State::Leased(_))),
            bytes: self.commands.iter().map(|command| command.size).sum(),
            keys: keys
                .into_iter()
                .map(|(key, (commands, bytes))| (KEYS[key].to_owned(), commands, bytes))
                .collect(),
        }
    }
}

/// Shares of one pool.
fn charge(input: &Input) {
    let total = usize::from(input.pool);
    let mut shares = Shares::new(total, 3);
    // Key, tunnel and amount of each; `None` for one that has ended.
    let mut model: Vec<Option<(u8, Option<usize>, usize)>> = Vec::new();
    let tunnel = |tunnel: Option<u8>| tunnel.map(|tunnel| usize::from(tunnel % 3));
    for step in input.shares.iter().take(400) {
        let index = |share: u8| usize::from(share) % model.len().max(1);
        match *step {
            Charge::Add(key, of) => {
                shares.add(key % 3, tunnel(of));
                model.push(Some((key % 3, tunnel(of), 0)));
            }
            Charge::Grow(share, amount) => {
                let index = index(share);
                let grown = shares.grow(index, amount.into());
                let held = model.clone();
                if let Some(Some((key, of, own))) = model.get_mut(index) {
                    let (grown, amount) = (grown.expect("a share"), usize::from(amount).max(*own));
                    let fits = amount == *own || may_take(&held, total, *key, *of, amount - *own);
                    assert_eq!(grown, fits);
                    *own = if grown { amount } else { *own };
                }
            }
            Charge::Shrink(share, amount) => {
                let index = index(share);
                shares.shrink(index, amount.into());
                if let Some(Some((.., own))) = model.get_mut(index) {
                    *own = (*own).min(amount.into());
                }
            }
            Charge::Pass(share, key, of) => {
                let index = index(share);
                let passed = shares.pass(index, key % 3, tunnel(of));
                let Some(Some(before)) = model.get(index).copied() else {
                    continue;
                };
                let passed = passed.expect("a share");
                if let Some(share) = model.get_mut(index) {
                    *share = None;
                }
                let is_same = (before.0, before.1) == (key % 3, tunnel(of));
                assert_eq!(
                    passed,
                    is_same || before.2 == 0 || may_take(&model, total, key % 3, tunnel(of), before.2)
                );
                model[index] = Some(if passed {
                    (key % 3, tunnel(of), before.2)
                } else {
                    before
                });
            }
            Charge::End(share) => {
                let index = index(share);
                shares.end(index);
                if let Some(share) = model.get_mut(index) {
                    *share = None;
                }
            }
        }
        let held: usize = model.iter().flatten().map(|(.., amount)| amount).sum();
        assert_eq!(shares.free(), total - held, "{step:?}");
    }
    for share in 0..model.len() {
        shares.end(share);
    }
    assert_eq!((shares.free(), shares.accounts()), (total, 0));
}

/// A key holds at most as much as remains free; a key on a tunnel at most half of what remains beyond the tunnel's own part.
fn may_take(
    held: &[Option<(u8, Option<usize>, usize)>],
    total: usize,
    key: u8,
    tunnel: Option<usize>,
    more: usize,
) -> bool {
    let sum = |choose: &dyn Fn(u8, Option<usize>) -> bool| -> usize {
        held.iter()
            .flatten()
            .filter(|(key, of, _)| choose(*key, *of))
            .map(|(.., amount)| amount)
            .sum()
    };
    let Some(free) = (total - sum(&|_, _| true)).checked_sub(more) else {
        return false;
    };
    let of_key = sum(&|other, _| other == key) + more;
    let is_fair_on_tunnel = tunnel.is_none_or(|tunnel| {
        let of_tunnel = sum(&|_, of| of == Some(tunnel)) + more;
        let own = sum(&|other, of| other == key && of == Some(tunnel)) + more;
        free >= of_tunnel && own <= (free - of_tunnel) / 2
    });
    of_key <= free && is_fair_on_tunnel
}
