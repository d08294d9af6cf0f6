//! All short texts against exact arithmetic, and sums at the bound.
#![allow(clippy::print_stdout, reason = "audit/proofs.md has these numbers")]

use super::*;
use crate::every;

/// Digits, the letters of the units, the point and signs.
const BYTES: [u8; 11] = *b"059numsh.-+";

/// The value in nanoseconds, by long arithmetic over characters; `None` for what is no duration.
fn expected(text: &str) -> Option<u128> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut sum = 0;
    if unsigned == "0" {
        return Some(0);
    }
    let mut rest = unsigned;
    while !rest.is_empty() {
        let end = rest
            .find(|char: char| !char.is_ascii_digit() && char != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.len() + fraction.len() == 0 || fraction.contains('.') {
            return None;
        }
        let end = after
            .find(|char: char| char.is_ascii_digit() || char == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let factor: u128 = match unit {
            "ns" => 1,
            "us" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let scale = fraction.chars().fold(1_u128, |scale, _| scale * 10);
        let digits: u128 = format!("0{whole}{fraction}").parse().ok()?;
        // Rounded to the nearest nanosecond.
        sum += (digits * factor + scale / 2) / scale;
        rest = after;
    }
    if unsigned.is_empty() || (text.starts_with('-') && sum > 0) || sum >= 1 << 63 {
        return None;
    }
    Some(sum)
}

#[test]
fn every_short_text_is_read_as_exact_arithmetic_says() {
    let mut valid = 0;
    let texts = every::text(&BYTES.map(char::from), 5, |text| {
        let found = parse(text).ok().map(|found| found.as_nanos());
        assert_eq!(found, expected(text), "{text:?}");
        valid += usize::from(found.is_some());
    });
    println!("durations of the configuration: {texts} texts, {valid} of them valid");
}

#[test]
fn every_sum_at_the_bound_is_refused_above_it_and_read_below() {
    let limit = (1_u128 << 63) - 1;
    for (unit, factor) in [
        ("ns", 1),
        ("us", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ] {
        let most = limit / factor;
        for number in (most - 2..=most + 2).chain([1 << 63, (1 << 64) - 1, 1 << 64]) {
            for rest in [0, 1, limit - most * factor, limit - most * factor + 1] {
                let text = format!("{number}{unit}{rest}ns");
                let found = parse(&text).ok().map(|found| found.as_nanos());
                let wanted = Some(number * factor + rest).filter(|sum| *sum <= limit);
                assert_eq!(found, wanted, "{text}");
            }
        }
    }
}
