//! All short texts against the grammar of the contract, and all units at their bounds.
#![allow(clippy::print_stdout, reason = "audit/proofs.md has these numbers")]

use std::time::Instant;

use super::*;
use crate::every;

/// Digits, the letters of the units, and what is near to them.
const BYTES: [u8; 14] = *b"0179numsh.-+ e";

/// The grammar once more: what stands before the longest unit must be digits.
fn expected(text: &str) -> Option<Duration> {
    let units = [
        ("ns", 1_u128),
        ("us", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    let (digits, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))?;
    if digits.is_empty() || digits.chars().any(|char| !char.is_ascii_digit()) {
        return None;
    }
    let nanoseconds = digits.parse::<u128>().ok()?.checked_mul(factor)?;
    // 64 bits with a sign.
    let limit = (1_u128 << 63) - 1;
    (nanoseconds <= limit).then(|| Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX)))
}

#[test]
fn every_short_text_is_read_as_the_grammar_says() {
    let mut valid = 0;
    let texts = every::text(&BYTES.map(char::from), 5, |text| {
        let found = parse(text);
        assert_eq!(found, expected(text), "{text:?}");
        valid += usize::from(found.is_some());
    });
    println!("response_timeout: {texts} texts, {valid} of them valid");
}

#[test]
fn every_unit_is_read_up_to_its_bound_and_no_deadline_overflows() {
    let now = Instant::now();
    for (unit, factor) in [
        ("ns", 1_u128),
        ("us", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ] {
        let most = ((1_u128 << 63) - 1) / factor;
        for number in (most - 3..=most + 3).chain([1 << 63, (1 << 64) - 1, 1 << 64, u128::MAX]) {
            let text = format!("{number}{unit}");
            let found = parse(&text);
            assert_eq!(found, expected(&text), "{text}");
            assert_eq!(found.is_some(), number <= most, "{text}");
            // A command with a valid timeout has a deadline.
            assert!(found.is_none_or(|timeout| now.checked_add(timeout).is_some()), "{text}");
        }
    }
}
