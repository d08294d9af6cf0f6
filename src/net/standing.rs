//! What a proxy thinks of the user and password of one generation.
//!
//! Directories lock an account after a few wrong passwords, often three to ten within half an hour, and for every program that uses
//! it. So a password is tried by one connection at a time until a proxy has accepted it, and one that was refused is tried again
//! after minutes only. New credentials are a new generation, and are tried at once.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::MutexGuard as Turn;

use super::challenge::Demand;
use crate::limits::{PROXY_REFUSED_PAUSE, PROXY_REFUSED_PAUSE_MAX};

/// What is known of them.
#[derive(Debug, Default)]
pub(super) struct Standing {
    state: Mutex<State>,
    /// The last demand, whatever it was about.
    demand: Mutex<Option<Demand>>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Untried,
    Accepted,
    Refused {
        demand: Demand,
        pause: Duration,
        until: Instant,
    },
}

impl Standing {
    /// Whether they may be sent now.
    ///
    /// # Errors
    /// The demand that they did not satisfy.
    pub(super) fn check(&self) -> Result<(), Demand> {
        self.check_at(Instant::now())
    }

    fn check_at(&self, now: Instant) -> Result<(), Demand> {
        match *self.state() {
            State::Refused { demand, until, .. } if now < until => Err(demand),
            _ => Ok(()),
        }
    }

    /// The same, and waits until no other connection is trying them for the first time.
    ///
    /// # Errors
    /// Those of [`Self::check`].
    pub(super) async fn turn(&self) -> Result<Option<Turn<'_, ()>>, Demand> {
        if matches!(*self.state(), State::Accepted) {
            return Ok(None);
        }
        let turn = self.turn.lock().await;
        self.check()?;
        Ok(Some(turn))
    }

    /// A proxy took them.
    pub(super) fn accepted(&self) {
        *self.state() = State::Accepted;
    }

    /// A proxy demanded others.
    pub(super) fn refused(&self, demand: Demand) {
        *self.demand.lock().unwrap_or_else(PoisonError::into_inner) = Some(demand);
        self.refused_at(demand, Instant::now());
    }

    /// The last demand.
    pub(super) fn demand(&self) -> Option<Demand> {
        *self.demand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused_at(&self, demand: Demand, now: Instant) {
        if !demand.refuses_password() {
            return;
        }
        let mut state = self.state();
        let pause = match *state {
            // Several connections may have been on their way: one refusal.
            State::Refused { until, .. } if now < until => return,
            State::Refused { pause, .. } => (pause * 2).min(PROXY_REFUSED_PAUSE_MAX),
            State::Untried | State::Accepted => PROXY_REFUSED_PAUSE,
        };
        *state = State::Refused {
            demand,
            pause,
            until: now + pause,
        };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::net::challenge::Schemes;

    const DEMAND: Demand = Demand {
        status: 407,
        schemes: Schemes::NONE,
        sent: true,
    };

    /// Fewer than the five within half an hour that lock most accounts.
    #[test]
    fn a_refused_password_is_tried_four_times_in_its_first_half_hour_at_most() {
        let (standing, start) = (Standing::default(), Instant::now());
        let mut tries = 0;
        for second in 0..1800 {
            let now = start + Duration::from_secs(second);
            if standing.check_at(now).is_ok() {
                tries += 1;
                standing.refused_at(DEMAND, now);
            }
        }
        assert!((2..=3).contains(&tries), "{tries}");
    }

    #[test]
    fn a_scheme_that_is_not_spoken_holds_nothing_back() {
        let standing = Standing::default();
        let schemes = Schemes::default().and("NTLM");
        standing.refused(Demand { schemes, ..DEMAND });
        standing.check().unwrap();
    }

    #[test]
    fn an_accepted_password_has_no_turns() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let standing = Standing::default();
            let first = standing.turn().await.unwrap();
            assert!(first.is_some());
            standing.accepted();
            assert!(standing.turn().await.unwrap().is_none());
            standing.refused(DEMAND);
            drop(first);
            assert_eq!(standing.turn().await.unwrap_err(), DEMAND);
        });
    }
}
