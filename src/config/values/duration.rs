//! Durations as Go writes them: `30s`, `1m30s`, `1.5h`, `100ms`, `0`.

use std::fmt;
use std::time::Duration;

use crate::limits::DURATION_TEXT_MAX;

/// Why a text is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum DurationError {
    /// Not the syntax.
    Syntax,
    /// A number without a unit.
    MissingUnit,
    /// A unit that does not exist.
    UnknownUnit,
    /// Below zero.
    Negative,
    /// More than 292 years.
    TooLarge,
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "is not a duration; write one such as 30s, 1m30s or 100ms",
            Self::MissingUnit => "has a number without a unit; write a duration such as 30s, 1m30s or 100ms",
            Self::UnknownUnit => "has an unknown unit; the units are h, m, s, ms, us and ns, as in 1m30s",
            Self::Negative => "must not be negative; write a duration such as 30s, 1m30s or 100ms",
            Self::TooLarge => "is too large; write a duration such as 30s, 1m30s or 100ms",
        })
    }
}

/// Reads a duration in Go's syntax: an optional sign, then numbers with an optional fraction and a unit, or just `0`.
///
/// # Errors
///
/// The syntax is another one, the value is negative or exceeds what Go can hold (2^63 - 1 ns).
pub(in crate::config) fn parse(text: &str) -> Result<Duration, DurationError> {
    if text.len() > DURATION_TEXT_MAX {
        return Err(DurationError::Syntax);
    }
    let (negative, unsigned) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let nanoseconds = match unsigned {
        b"0" => 0,
        b"" => return Err(DurationError::Syntax),
        terms => sum_of_terms(terms)?,
    };
    if negative && nanoseconds > 0 {
        return Err(DurationError::Negative);
    }
    Ok(Duration::from_nanos(nanoseconds))
}

fn sum_of_terms(mut rest: &[u8]) -> Result<u64, DurationError> {
    let mut sum = 0_u64;
    while !rest.is_empty() {
        let term;
        (term, rest) = term_nanoseconds(rest)?;
        sum = sum.checked_add(term).ok_or(DurationError::TooLarge)?;
    }
    i64::try_from(sum).map_err(|_| DurationError::TooLarge).map(|_| sum)
}

/// One number with its unit, and what follows it.
fn term_nanoseconds(text: &[u8]) -> Result<(u64, &[u8]), DurationError> {
    let (whole, rest) = split_digits(text);
    let (fraction, rest) = match rest {
        [b'.', after @ ..] => split_digits(after),
        _ => (&rest[..0], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(DurationError::Syntax);
    }
    let unit_end = rest
        .iter()
        .position(|byte| byte.is_ascii_digit() || *byte == b'.')
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(unit_end);
    let unit = unit_nanoseconds(unit)?;
    let whole = number(whole)?.checked_mul(unit).ok_or(DurationError::TooLarge)?;
    // Eighteen digits fit u64 and are more than the largest unit, 3.6e12 ns, can show.
    let digits = &fraction[..fraction.len().min(18)];
    let scale = digits.iter().fold(1_u128, |scale, _| scale * 10);
    let part = (u128::from(number(digits)?) * u128::from(unit) + scale / 2) / scale;
    let part = u64::try_from(part).map_err(|_| DurationError::TooLarge)?;
    Ok((whole.checked_add(part).ok_or(DurationError::TooLarge)?, rest))
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(
        text.iter()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(text.len()),
    )
}

fn number(digits: &[u8]) -> Result<u64, DurationError> {
    digits
        .iter()
        .try_fold(0_u64, |value, digit| {
            value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        })
        .ok_or(DurationError::TooLarge)
}

fn unit_nanoseconds(unit: &[u8]) -> Result<u64, DurationError> {
    match unit {
        b"ns" => Ok(1),
        // U+00B5, the micro sign, and U+03BC, the Greek letter.
        b"us" | b"\xc2\xb5s" | b"\xce\xbcs" => Ok(1_000),
        b"ms" => Ok(1_000_000),
        b"s" => Ok(1_000_000_000),
        b"m" => Ok(60_000_000_000),
        b"h" => Ok(3_600_000_000_000),
        b"" => Err(DurationError::MissingUnit),
        _ => Err(DurationError::UnknownUnit),
    }
}

#[cfg(test)]
mod exhaustive;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations_are_read() {
        for (text, nanoseconds) in [
            ("0", 0),
            ("+0", 0),
            ("-0", 0),
            ("0s", 0),
            ("-0s", 0),
            ("30s", 30_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            ("100ms", 100_000_000),
            ("1us", 1_000),
            ("1µs", 1_000),
            ("1μs", 1_000),
            ("7ns", 7),
            (".5s", 500_000_000),
            ("5.s", 5_000_000_000),
            ("+1h15m30.918273645s", 4_530_918_273_645),
            ("0.3333333333333333333h", 1_200_000_000_000),
            ("9223372036854775807ns", 9_223_372_036_854_775_807),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanoseconds)), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_a_reason() {
        use DurationError::{MissingUnit, Negative, Syntax, TooLarge, UnknownUnit};
        for (text, error) in [
            ("", Syntax),
            ("-", Syntax),
            ("s", Syntax),
            (".s", Syntax),
            ("1s ", UnknownUnit),
            (" 1s", Syntax),
            ("30", MissingUnit),
            ("1m30", MissingUnit),
            ("3d", UnknownUnit),
            ("1S", UnknownUnit),
            ("-5s", Negative),
            ("9223372036854775808ns", TooLarge),
            ("99999999999999999999s", TooLarge),
            ("3000000h", TooLarge),
            ("--1s", Syntax),
            ("٣s", Syntax),
        ] {
            assert_eq!(parse(text), Err(error), "{text:?}");
        }
        assert_eq!(parse(&"1s".repeat(1000)), Err(Syntax));
    }
}
