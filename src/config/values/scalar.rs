//! Counts, booleans, and how a wrong value is shown.

use std::borrow::Cow;

use crate::limits::ECHO_MAX;

/// A whole number from `min`, which is 0 or 1, to `max`; `name` is the setting.
pub(in crate::config) fn number(text: &str, name: &str, min: usize, max: usize) -> Result<usize, String> {
    let too_small = || {
        let bound = if min == 0 {
            "must not be negative"
        } else {
            "must be greater than 0"
        };
        format!("{name} {bound}; write a number from {min} to {max}")
    };
    match text.parse::<i64>().map(usize::try_from) {
        Ok(Ok(value)) if value < min => Err(too_small()),
        Ok(Ok(value)) if value <= max => Ok(value),
        Ok(Ok(_)) => Err(format!("{name} must be less than or equal to {max}")),
        Ok(Err(_)) => Err(too_small()),
        Err(_) => Err(format!(
            "{name} is not a number: {}; write a number from {min} to {max}",
            echo(text)
        )),
    }
}

/// A whole number of a configuration file in decimal: yaml.v3 takes underscores and other bases, too (`resolve.go`).
///
/// # Errors
///
/// It begins with a zero: yaml.v3 reads it as octal, who wrote it hardly did.
pub(in crate::config) fn yaml_number<'a>(text: &'a str, name: &str) -> Result<Cow<'a, str>, String> {
    let plain = text.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let based = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find_map(|(prefix, base)| Some((digits.strip_prefix(prefix)?, base)));
    let has_digits_only = digits.bytes().all(|byte| byte.is_ascii_digit());
    match based {
        // What is no number is shown as it was written.
        Some((digits, base)) => {
            Ok(i64::from_str_radix(digits, base)
                .map_or(Cow::Borrowed(text), |value| Cow::Owned(format!("{sign}{value}"))))
        }
        None if has_digits_only && digits.len() > 1 && digits.starts_with('0') => Err(format!(
            "{name} begins with a zero, which makes it an octal number in YAML; write it without"
        )),
        None if has_digits_only => Ok(Cow::Owned(format!("{sign}{digits}"))),
        None => Ok(Cow::Borrowed(text)),
    }
}

/// Go's `strconv.ParseBool`.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// A wrong value as a message may show it: quoted, without control characters, short, scrubbed.
pub(crate) fn echo(text: &str) -> String {
    let scrubbed = crate::telemetry::redact::scrub(text);
    let short: String = scrubbed.chars().take(ECHO_MAX).collect();
    let dots = if short.len() < scrubbed.len() { "..." } else { "" };
    format!("{short:?}{dots}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn counts_have_both_bounds() {
        let count = |text, name, max| number(text, name, 1, max);
        assert_eq!(count("1", "x", 10), Ok(1));
        assert_eq!(count("10", "x", 10), Ok(10));
        assert_eq!(count("11", "x", 10).unwrap_err(), "x must be less than or equal to 10");
        assert_eq!(number("0", "x", 0, 10), Ok(0));
        assert!(number("-1", "x", 0, 10).unwrap_err().contains("must not be negative"));
        for text in ["0", "-1"] {
            assert!(count(text, "x", 10).unwrap_err().contains("greater than 0"), "{text}");
        }
        for text in ["ten", "1.5", "99999999999999999999", "1 "] {
            assert!(count(text, "x", 10).unwrap_err().contains("not a number"), "{text}");
        }
    }

    #[test]
    fn numbers_of_a_file_are_those_of_yaml_v3() {
        for (text, expected) in [
            ("20", "20"),
            ("+5", "5"),
            ("-5", "-5"),
            ("0", "0"),
            ("100_000", "100000"),
            ("0x10", "16"),
            ("-0x10", "-16"),
            ("0o17", "15"),
            ("0b11", "3"),
            ("0x", "0x"),
            ("0x-1", "-1"),
            ("1_e", "1_e"),
            ("ten", "ten"),
            ("", ""),
        ] {
            assert_eq!(yaml_number(text, "x").unwrap(), expected, "{text}");
        }
        for text in ["010", "-07", "00"] {
            assert!(yaml_number(text, "x").unwrap_err().contains("octal"), "{text}");
        }
    }

    #[test]
    fn booleans_are_those_of_go() {
        assert_eq!(
            (boolean("True"), boolean("0"), boolean("yes"), boolean("tRUE")),
            (Some(true), Some(false), None, None)
        );
    }

    #[test]
    fn an_echoed_value_is_short_scrubbed_and_on_one_line() {
        assert_eq!(echo("a\nb"), "\"a\\nb\"");
        assert_eq!(echo(&"x".repeat(100)), format!("\"{}\"...", "x".repeat(ECHO_MAX)));
        assert!(!echo("sk-0123456789abcdef").contains("0123456789"));
    }
}
