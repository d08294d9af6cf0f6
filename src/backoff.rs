//! Pauses between attempts: exponential, with full-range jitter (contract: wire, section 4).

use std::time::Duration;

use crate::limits::{BACKOFF_MAX, BACKOFF_MIN};

/// The pauses of one series of failures.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    last: Duration,
    step: Duration,
    growth: f64,
}

impl Default for Backoff {
    /// The contract's: 200 ms doubling to 10 s.
    fn default() -> Self {
        Self::new(BACKOFF_MIN, BACKOFF_MAX)
    }
}

impl Backoff {
    /// From `first`, doubling up to `last`.
    pub fn new(first: Duration, last: Duration) -> Self {
        Self {
            first,
            last: last.max(first),
            step: first,
            growth: 2.0,
        }
    }

    /// The same, growing by another factor, at least 1.
    pub fn growing(self, growth: f64) -> Self {
        Self {
            growth: growth.max(1.0),
            ..self
        }
    }

    /// The next pause: a random one between the first and the current step.
    pub fn next_pause(&mut self) -> Duration {
        self.pause_at(random_fraction(random_bits()))
    }

    /// The next pause, at this fraction of the way from the first to the current step.
    fn pause_at(&mut self, fraction: f64) -> Duration {
        let step = self.step;
        self.step = step.mul_f64(self.growth).min(self.last);
        self.first + (step - self.first).mul_f64(fraction)
    }

    /// A success: the next series begins anew.
    pub fn reset(&mut self) {
        self.step = self.first;
    }
}

/// Milliseconds of a pause, for a log field.
pub fn millis(pause: Duration) -> u64 {
    u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)
}

/// Jitter needs no good randomness; without any it is none.
fn random_bits() -> u32 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u32::from_le_bytes(bytes),
        Err(_) => 0,
    }
}

/// Uniform in `[0, 1)`.
fn random_fraction(bits: u32) -> f64 {
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod exhaustive;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{AUTH_RETRY_MAX, AUTH_RETRY_MIN};

    #[test]
    fn pauses_stay_between_the_first_and_the_doubling_step() {
        for _ in 0..50 {
            let mut backoff = Backoff::default();
            let mut step = BACKOFF_MIN;
            for _ in 0..12 {
                let pause = backoff.next_pause();
                assert!(
                    pause >= BACKOFF_MIN && pause <= step,
                    "{pause:?} not in {BACKOFF_MIN:?}..={step:?}"
                );
                step = (step * 2).min(BACKOFF_MAX);
            }
        }
    }

    #[test]
    fn pauses_after_refusals_reach_a_minute_and_no_more() {
        let mut longest = Duration::ZERO;
        for _ in 0..20 {
            let mut backoff = Backoff::new(AUTH_RETRY_MIN, AUTH_RETRY_MAX);
            let pauses: Vec<Duration> = (0..20).map(|_| backoff.next_pause()).collect();
            assert_eq!(pauses[0], AUTH_RETRY_MIN);
            longest = longest.max(pauses.into_iter().max().unwrap_or_default());
        }
        assert!(longest > AUTH_RETRY_MAX / 2 && longest <= AUTH_RETRY_MAX, "{longest:?}");
    }

    #[test]
    fn a_success_starts_over() {
        let mut backoff = Backoff::default();
        for _ in 0..9 {
            backoff.next_pause();
        }
        backoff.reset();
        assert_eq!(backoff.next_pause(), BACKOFF_MIN);
    }
}
