//! Durations of settings (`src/config/values/duration.rs`). Oracle: a reader of its own that counts in 128 bits, and what it writes reads back.

use std::time::Duration;

use tunnel_client::fuzzing::settings;
use tunnel_client::limits::DURATION_TEXT_MAX;

use crate::support::text::assert_line;

/// Feeds `data` as a duration.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = settings::duration(text);
    match (&read, expected(text)) {
        (Ok(read), Some(nanoseconds)) => {
            // A fraction is rounded where the other reader cuts it off.
            let terms = text.matches('.').count() as u128;
            let error = read.as_nanos().abs_diff(nanoseconds);
            assert!(error <= terms, "{text:?}: {read:?}, expected {nanoseconds} ns");
            round_trip(*read);
        }
        (Err(problem), None) => assert_line(problem, 120),
        // At the end of the range rounding decides.
        (Err(_), Some(nanoseconds)) if nanoseconds + 8 > u128::from(i64::MAX as u64) => {}
        (read, expected) => panic!("{text:?}: {read:?}, expected {expected:?}"),
    }
}

/// Nanoseconds of a duration; `None` when it is none, or below zero or beyond the range.
fn expected(text: &str) -> Option<u128> {
    if text.len() > DURATION_TEXT_MAX {
        return None;
    }
    let (is_negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest.is_empty() {
        return None;
    }
    let mut sum = 0_u128;
    if rest != "0" {
        while !rest.is_empty() {
            let number_end = rest
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .unwrap_or(rest.len());
            let (number, after) = rest.split_at(number_end);
            let unit_end = after
                .find(|c: char| c.is_ascii_digit() || c == '.')
                .unwrap_or(after.len());
            let (unit, after) = after.split_at(unit_end);
            sum = sum.checked_add(nanoseconds(number, unit)?)?;
            rest = after;
        }
    }
    let is_in_range = sum <= i64::MAX as u128 && !(is_negative && sum > 0);
    is_in_range.then_some(sum)
}

fn nanoseconds(number: &str, unit: &str) -> Option<u128> {
    let unit: u128 = match unit {
        "h" => 3_600_000_000_000,
        "m" => 60_000_000_000,
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ns" => 1,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole: u128 = match whole {
        "" => 0,
        digits => digits.parse().ok()?,
    };
    let mut sum = whole.checked_mul(unit)?;
    let mut place = unit * 1_000_000_000;
    let mut part = 0;
    for digit in fraction.bytes() {
        place /= 10;
        part += u128::from(digit - b'0') * place;
    }
    sum = sum.checked_add(part / 1_000_000_000)?;
    Some(sum)
}

/// What is written in each of the forms reads back as the same.
fn round_trip(duration: Duration) {
    let nanoseconds = duration.as_nanos();
    let (seconds, part) = (duration.as_secs(), duration.subsec_nanos());
    for text in [
        format!("{nanoseconds}ns"),
        format!("{seconds}s{part}ns"),
        format!("{seconds}.{part:09}s"),
        format!("{}h{}m{}.{part:09}s", seconds / 3600, seconds / 60 % 60, seconds % 60),
    ] {
        assert_eq!(settings::duration(&text), Ok(duration), "{text}");
    }
}
