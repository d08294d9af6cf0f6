//! `response_timeout` of a command (contract: wire, section 5).

use std::time::Duration;

/// Parses `^[0-9]+(ns|us|ms|s|m|h)$`; anything else is not a timeout and gives `None`.
pub fn parse(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return None;
    }
    let (number, unit) = text.split_at(digits);
    let n: u64 = number.parse().ok()?;
    match unit {
        "ns" => Some(Duration::from_nanos(n)),
        "us" => Some(Duration::from_micros(n)),
        "ms" => Some(Duration::from_millis(n)),
        "s" => Some(Duration::from_secs(n)),
        "m" => n.checked_mul(60).map(Duration::from_secs),
        "h" => n.checked_mul(3600).map(Duration::from_secs),
        _ => None,
    }
    // Go keeps durations in 64 bits of nanoseconds; what overflows there is no timeout here either.
    .filter(|d| i64::try_from(d.as_nanos()).is_ok())
}

#[cfg(test)]
mod exhaustive;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_the_contract_are_read() {
        for (text, want) in [
            ("0s", Duration::ZERO),
            ("7ns", Duration::from_nanos(7)),
            ("5us", Duration::from_micros(5)),
            ("4500ms", Duration::from_millis(4500)),
            ("30s", Duration::from_secs(30)),
            ("2m", Duration::from_secs(120)),
            ("1h", Duration::from_secs(3600)),
        ] {
            assert_eq!(parse(text), Some(want), "{text}");
        }
    }

    #[test]
    fn everything_else_is_no_timeout() {
        for text in [
            "",
            "s",
            "1",
            "-1s",
            "+1s",
            "1.5s",
            "1m30s",
            " 1s",
            "1s ",
            "1µs",
            "1d",
            "99999999999999999999s",
            "9999999999s",
            "1S",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
