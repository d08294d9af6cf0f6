//! Pauses of every attempt, for every series that the client uses.
#![allow(clippy::print_stdout, reason = "audit/proofs.md has these numbers")]

use super::*;
use crate::limits::{
    AUTH_RETRY_MAX, AUTH_RETRY_MIN, SSE_RESUME_PAUSE, SSE_RETRY_MAX, STDIO_RESTART_MAX, STDIO_RESTART_MIN,
};

/// Every series that the client uses: first pause, longest pause, growth.
const SERIES: [(Duration, Duration, u32); 4] = [
    (BACKOFF_MIN, BACKOFF_MAX, 20),
    (AUTH_RETRY_MIN, AUTH_RETRY_MAX, 20),
    (STDIO_RESTART_MIN, STDIO_RESTART_MAX, 20),
    (SSE_RESUME_PAUSE, SSE_RETRY_MAX, 15),
];

/// Checks the attempts of a series until the step changes no more; from there on all attempts are alike.
fn check(first: Duration, last: Duration, tenths: u32, fractions: impl Iterator<Item = u32> + Clone) -> u64 {
    let mut backoff = Backoff::new(first, last).growing(f64::from(tenths) / 10.0);
    let (mut step, mut checked, mut attempts) = (first, 0, 0);
    loop {
        let mut previous = Duration::ZERO;
        for bits in fractions.clone() {
            let mut backoff = backoff.clone();
            let pause = backoff.pause_at(random_fraction(bits));
            assert!(
                first <= pause && pause <= step,
                "attempt {attempts}: {pause:?} not in {first:?}..={step:?}"
            );
            assert!(previous <= pause, "attempt {attempts}: {pause:?} after {previous:?}");
            previous = pause;
            checked += 1;
        }
        let before = backoff.step;
        backoff.pause_at(0.0);
        attempts += 1;
        if backoff.step == before {
            break;
        }
        step = (step * tenths / 10).min(last);
        assert_eq!(backoff.step, step, "attempt {attempts}");
        assert!(attempts < 64, "the step grows for ever");
    }
    assert_eq!(step, last);
    // The bound is reached, but for the last of all fractions.
    assert!(backoff.pause_at(random_fraction(u32::MAX)) > last - Duration::from_micros(1));
    checked
}

#[test]
fn every_pause_of_every_attempt_lies_between_the_first_and_the_step_and_grows_with_the_fraction() {
    // The ends one by one, and every 2^16th between them.
    let fractions = (0..1 << 12)
        .chain((1 << 12..u32::MAX - (1 << 12)).step_by(1 << 16))
        .chain(u32::MAX - (1 << 12)..=u32::MAX);
    let checked: u64 = SERIES
        .map(|(first, last, tenths)| check(first, last, tenths, fractions.clone()))
        .iter()
        .sum();
    println!("backoff: {checked} pauses");
}

#[test]
#[ignore = "a larger bound, for the slow tests: every 2^10th of all 2^32 fractions"]
fn every_pause_of_every_attempt_lies_between_the_first_and_the_step_at_a_finer_grain() {
    for (first, last, tenths) in SERIES {
        check(first, last, tenths, (0..=u32::MAX).step_by(1 << 10));
    }
}

#[test]
fn a_last_pause_below_the_first_is_the_first() {
    let mut backoff = Backoff::new(Duration::from_secs(3), Duration::from_secs(1));
    for _ in 0..3 {
        assert_eq!(backoff.next_pause(), Duration::from_secs(3));
    }
}
