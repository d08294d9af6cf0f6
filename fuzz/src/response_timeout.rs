//! `response_timeout` of a command (`src/wire/duration.rs`) and the deadline that comes from it. Oracle: the grammar once more, in
//! 128 bits of nanoseconds.

use std::time::{Duration, Instant};

use tunnel_client::wire::duration;

/// Feeds `data` as the text.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let ours = duration::parse(text);
    assert_eq!(ours.map(|timeout| timeout.as_nanos()), nanoseconds(text), "{text:?}");
    if let Some(timeout) = ours {
        let now = Instant::now();
        let deadline = now
            .checked_add(timeout)
            .expect("a deadline of this length can be computed");
        assert_eq!(deadline - now, timeout);
        assert!(timeout <= Duration::from_nanos(i64::MAX as u64));
    }
}

/// Digits and a unit, as long as they fit into Go's `time.Duration`.
fn nanoseconds(text: &str) -> Option<u128> {
    // The longest unit first: `ms` ends in `s`.
    let units = [
        ("ns", 1),
        ("us", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    let (digits, unit) = units
        .iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    let number: u128 = match significant.len() {
        0 => 0,
        1..=25 => significant.parse().ok()?,
        _ => return None,
    };
    number
        .checked_mul(unit)
        .filter(|nanoseconds| *nanoseconds <= i64::MAX as u128)
}
