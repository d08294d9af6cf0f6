//! All short texts, and all seconds around the bound.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stdout, reason = "audit/proofs.md has these numbers")]

use super::*;
use crate::every;

const BYTES: [u8; 13] = *b"0169 \t-+.:SG\xff";

#[test]
fn every_short_value_is_a_number_of_seconds_or_nothing() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 31);
    let mut valid = 0;
    let values = every::text(&BYTES.map(char::from), 4, |value| {
        let found = parse(value, now);
        let trimmed = value.trim_matches([' ', '\t']);
        let is_number = !trimmed.is_empty() && trimmed.chars().all(|char| char.is_ascii_digit());
        let wanted = is_number.then(|| Duration::from_secs(trimmed.parse().unwrap()).min(RETRY_AFTER_MAX));
        assert_eq!(found, wanted, "{value:?}");
        valid += usize::from(found.is_some());
    });
    println!("Retry-After: {values} values, {valid} of them valid");
}

#[test]
fn every_pause_is_within_the_bound_and_a_date_says_the_same_as_its_distance() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 31);
    let bound = RETRY_AFTER_MAX.as_secs();
    for seconds in (0..=2 * bound).chain([u64::from(u32::MAX), u64::MAX - 1, u64::MAX]) {
        let wanted = Some(Duration::from_secs(seconds.min(bound)));
        assert_eq!(parse(&seconds.to_string(), now), wanted);
        if let Some(at) = now
            .checked_add(Duration::from_secs(seconds))
            .filter(|_| seconds <= u64::from(u32::MAX))
        {
            assert_eq!(parse(&httpdate::fmt_http_date(at), now), wanted, "{seconds}");
        }
    }
}
