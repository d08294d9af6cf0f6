//! Every order of a few steps on a small pool: what is taken, waited for, owed, shrunk, cancelled and given back.
#![allow(clippy::panic, reason = "tests")]
#![allow(clippy::print_stdout, reason = "audit/proofs.md has these numbers")]

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::*;

const TOTAL: usize = 3;

/// What can be done with a pool. Places are counted from the oldest reservation or reader.
#[derive(Debug, Clone, Copy)]
enum Step {
    Try(usize),
    Take(usize),
    Wait(usize),
    Drop(usize),
    Cancel(usize),
    Shrink(usize),
}

const STEPS: [Step; 13] = [
    Step::Try(1),
    Step::Try(2),
    Step::Try(3),
    Step::Take(1),
    Step::Take(2),
    Step::Wait(1),
    Step::Wait(3),
    // More than there is: all of it.
    Step::Wait(5),
    Step::Drop(0),
    Step::Drop(1),
    Step::Cancel(0),
    Step::Cancel(1),
    Step::Shrink(0),
];

type Waiting = Pin<Box<dyn Future<Output = Reservation>>>;

struct Bench {
    pool: &'static Pool,
    held: Vec<Reservation>,
    waiting: Vec<(usize, Waiting)>,
}

impl Bench {
    /// Does a step. False when there is nothing to do it with.
    fn step(&mut self, step: Step) -> bool {
        match step {
            Step::Try(bytes) => {
                let free = self.pool.free();
                let taken = self.pool.try_take(bytes);
                assert_eq!(taken.is_some(), free >= bytes);
                self.held.extend(taken);
            }
            Step::Take(bytes) => self.held.push(self.pool.take(bytes)),
            Step::Wait(bytes) => self
                .waiting
                .push((bytes.min(TOTAL), Box::pin(self.pool.wait_for(bytes)))),
            Step::Drop(at) if at < self.held.len() => drop(self.held.remove(at)),
            Step::Cancel(at) if at < self.waiting.len() => drop(self.waiting.remove(at)),
            Step::Shrink(at) if self.held.get(at).is_some_and(|held| held.bytes > 1) => self.held[at].shrink_to(1),
            Step::Drop(_) | Step::Cancel(_) | Step::Shrink(_) => return false,
        }
        self.settle();
        self.check();
        true
    }

    /// Readers that have room go on.
    fn settle(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        let mut at = 0;
        while let Some((bytes, reader)) = self.waiting.get_mut(at) {
            match reader.as_mut().poll(&mut cx) {
                Poll::Ready(reservation) => {
                    assert_eq!(reservation.bytes, *bytes);
                    self.held.push(reservation);
                    drop(self.waiting.remove(at));
                }
                Poll::Pending => at += 1,
            }
        }
    }

    fn check(&self) {
        let (free, owed) = (self.pool.free(), *self.pool.owed());
        let held: usize = self.held.iter().map(|held| held.bytes).sum();
        // What is neither held nor free is set aside for the readers that wait.
        let aside = (TOTAL + owed).checked_sub(held + free);
        let aside = aside.unwrap_or_else(|| panic!("{held} held and {free} free of {TOTAL}, {owed} owed"));
        match self.waiting.first() {
            None => assert_eq!(aside, 0),
            // The oldest reader waits only for what it lacks, and nothing is free meanwhile.
            Some((bytes, _)) => assert!(
                free == 0 && aside < *bytes,
                "{aside} aside, {free} free, {bytes} wanted"
            ),
        }
    }
}

/// Every order of `depth` steps. Gives the number of orders.
fn check(depth: usize) -> usize {
    let pool: &'static Pool = Box::leak(Box::new(Pool::new(TOTAL)));
    let (mut orders, mut digits) = (0, vec![0; depth]);
    loop {
        let mut bench = Bench {
            pool,
            held: Vec::new(),
            waiting: Vec::new(),
        };
        let possible = digits
            .iter()
            .take_while(|digit: &&usize| bench.step(STEPS[**digit]))
            .count();
        // Readers first, as when their connections are closed.
        drop(bench.waiting);
        drop(bench.held);
        assert_eq!((pool.free(), *pool.owed()), (TOTAL, 0), "{digits:?}");
        orders += 1;
        // The steps behind one that is not possible make no difference.
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
fn every_order_of_steps_keeps_the_account_of_a_pool_and_gives_all_of_it_back() {
    println!("memory: {} orders of 5 steps", check(5));
}

#[test]
#[ignore = "a larger bound, for the slow tests: seven steps"]
fn every_order_of_seven_steps_keeps_the_account_of_a_pool() {
    println!("memory: {} orders of 7 steps", check(7));
}
