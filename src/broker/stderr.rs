//! The standard error of servers: a pipe for each, whose lines the broker passes on. None shares a descriptor with the client.
//!
//! Whoever reads the broker's own standard error may be slow: servers then wait a little, and after that lines are left out. Each
//! turn reads a bounded amount, from another server first, so that one that floods keeps nobody from being heard, started or ended.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio, read};

use super::lines::Lines;
use super::sink::Sink;
use crate::limits::{BROKER_LAST_WORDS, BROKER_RUNS_MAX, BROKER_STDERR_READ, BROKER_STDERR_TURN};

/// The pipes of all servers.
#[derive(Debug)]
pub(super) struct Stderr {
    sink: Sink,
    pipes: VecDeque<Pipe>,
    /// The last turn read as much as it may, and may not have come to everybody.
    cut_short: bool,
}

#[derive(Debug)]
struct Pipe {
    run: u64,
    from: OwnedFd,
    lines: Lines,
    /// Bytes that are still read of a run that has ended. Others may hold the pipe open for as long as they like.
    last: Option<usize>,
}

impl Stderr {
    pub(super) fn new(sink: Sink) -> Self {
        Self {
            sink,
            pipes: VecDeque::new(),
            cut_short: false,
        }
    }

    /// Passes on what comes from this pipe, of the server with this name.
    ///
    /// # Errors
    /// It cannot be read without waiting.
    pub(super) fn add(&mut self, run: u64, name: &str, from: OwnedFd) -> Result<(), Errno> {
        ioctl_fionbio(&from, true)?;
        self.pipes.push_back(Pipe {
            run,
            from,
            lines: Lines::new(name),
            last: None,
        });
        Ok(())
    }

    /// A run has ended: what it has written is still read, and nothing that comes later.
    pub(super) fn end(&mut self, run: u64) {
        if let Some(pipe) = self.pipes.iter_mut().find(|pipe| pipe.run == run) {
            pipe.last = Some(BROKER_LAST_WORDS);
        }
        let ended = self.pipes.iter().filter(|pipe| pipe.last.is_some()).count();
        if ended > BROKER_RUNS_MAX
            && let Some(oldest) = self
                .pipes
                .iter()
                .filter(|pipe| pipe.last.is_some())
                .map(|pipe| pipe.run)
                .min()
        {
            self.pipes.retain(|pipe| pipe.run != oldest);
        }
    }

    /// Writes a line of the broker's own, or counts it as omitted when there is no room.
    pub(super) fn say(&mut self, line: &str) {
        let _ = self.sink.is_ready();
        self.sink.say(format!("{line}\n").as_bytes());
    }

    /// What to watch until the next turn.
    pub(super) fn watched(&self) -> impl Iterator<Item = PollFd<'_>> {
        let room = self.sink.awaited();
        let heard = match self.sink.holds_up() {
            Some(_) => 0,
            None => self.pipes.len(),
        };
        let pipes = self.pipes.iter().take(heard);
        room.map(|room| PollFd::from_borrowed_fd(room, PollFlags::OUT))
            .into_iter()
            .chain(pipes.map(|pipe| PollFd::new(&pipe.from, PollFlags::IN)))
    }

    /// When the next turn is due though nothing that is watched is ready.
    pub(super) fn due(&self) -> Option<Duration> {
        match self.cut_short {
            true => Some(Duration::ZERO),
            false => self.sink.holds_up(),
        }
    }

    /// Passes on what there is, up to a bound.
    pub(super) fn turn(&mut self) {
        let mut budget = BROKER_STDERR_TURN;
        // There may be news of lines that were left out.
        let mut has_room = self.sink.is_ready();
        let mut heard = 0;
        while has_room && heard < self.pipes.len() && budget > 0 {
            let Some(mut pipe) = self.pipes.pop_front() else { break };
            if pipe.pass_on(&mut self.sink, &mut budget) {
                heard += 1;
                self.pipes.push_back(pipe);
            }
            has_room = self.sink.is_ready();
        }
        self.cut_short = has_room && (heard < self.pipes.len() || budget == 0);
    }

    /// Passes on the last words of all, until then at most.
    pub(super) fn finish(&mut self, deadline: Instant) {
        let runs: Vec<u64> = self
            .pipes
            .iter()
            .filter(|pipe| pipe.last.is_none())
            .map(|pipe| pipe.run)
            .collect();
        runs.into_iter().for_each(|run| self.end(run));
        loop {
            self.turn();
            let left = deadline.saturating_duration_since(Instant::now());
            if self.pipes.is_empty() || left.is_zero() {
                return;
            }
            let left = self.due().map_or(left, |due| due.min(left));
            let Ok(left) = Timespec::try_from(left) else { return };
            let mut watched: Vec<_> = self.watched().collect();
            let _ = poll(&mut watched, Some(&left));
        }
    }
}

impl Pipe {
    /// Passes on a part of what there is; whether there may be more.
    fn pass_on(&mut self, sink: &mut Sink, budget: &mut usize) -> bool {
        let mut buffer = [0; BROKER_STDERR_READ];
        let mut is_read = false;
        while sink.is_ready() {
            if let Some(line) = self.lines.next() {
                sink.put(line);
                continue;
            }
            if is_read && (self.last.is_none() || *budget == 0) {
                return true;
            }
            let most = self.last.unwrap_or(BROKER_STDERR_READ).min(BROKER_STDERR_READ);
            match read(&self.from, buffer.get_mut(..most).unwrap_or_default()) {
                Ok(length @ 1..) => {
                    self.lines.add(buffer.get(..length).unwrap_or_default());
                    self.last = self.last.map(|last| last.saturating_sub(length));
                    *budget = budget.saturating_sub(length);
                    is_read = true;
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if self.last.is_none() => return true,
                // Nobody can write any more, or nobody who does counts.
                Ok(_) | Err(_) => {
                    if let Some(line) = self.lines.rest() {
                        sink.put(line);
                    }
                    return false;
                }
            }
        }
        true
    }
}
