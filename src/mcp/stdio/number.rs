//! Numbers of ours in the forms in which servers return them.
//!
//! Servers keep ids as text, as floating point numbers, or in the number type of their language, and write them back as that prints:
//! `1` returns as `"1"`, `1.0` or `1e0`. Ids and tokens on the pipe are numbers of ours, so any form with their value names them.

use std::borrow::Cow;

use crate::limits::STDIO_NUMBER_MAX;

/// The whole number that a JSON text names: as a number in any notation, or as a string that holds one. `None` for any other value.
pub(super) fn whole(json: &str) -> Option<u64> {
    if json.len() > STDIO_NUMBER_MAX {
        return None;
    }
    let text: Cow<'_, str> = match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
        Some(_) => Cow::Owned(serde_json::from_str(json).ok()?),
        None => Cow::Borrowed(json),
    };
    value(text.trim())
}

/// True for the one form in which numbers of ours are written.
pub(super) fn is_as_written(json: &str, number: u64) -> bool {
    // Without a copy: each answer on a pipe is asked for.
    json.parse() == Ok(number) && (json == "0" || !json.starts_with(['0', '+']))
}

/// Computed digit by digit: a floating point number in between would change large ids.
fn value(text: &str) -> Option<u64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if integer.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits = [integer, fraction].concat();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_end_matches('0');
    if significant.trim_start_matches('0').is_empty() {
        return Some(0);
    }
    // Both lengths are at most that of an id.
    let dropped = i32::try_from(digits.len() - significant.len()).ok()?;
    let fraction = i32::try_from(fraction.len()).ok()?;
    let power = exponent.checked_add(dropped)?.checked_sub(fraction)?;
    let factor = 10_u64.checked_pow(u32::try_from(power).ok()?)?;
    significant.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_number_names_it() {
        for form in [
            "7",
            "\"7\"",
            "7.0",
            "7.000",
            "7e0",
            "7E+0",
            "70e-1",
            "0.7e1",
            "\"7.0\"",
            "\" 7 \"",
            "\"\\u0037\"",
            "\"007\"",
            "700.00e-2",
        ] {
            assert_eq!(whole(form), Some(7), "{form}");
        }
        assert_eq!(whole("9007199254740993"), Some(9_007_199_254_740_993));
        assert_eq!(whole("9007199254740993.0"), Some(9_007_199_254_740_993));
        assert_eq!(whole("18446744073709551615"), Some(u64::MAX));
        assert_eq!(whole("1.5e1"), Some(15));
        assert_eq!(whole("-0.0"), None);
        assert_eq!(whole("0e99"), Some(0));
    }

    #[test]
    fn other_values_name_no_number() {
        for form in [
            "7.5",
            "-7",
            "\"\"",
            "\"x\"",
            "\"7a\"",
            "null",
            "true",
            "[7]",
            "{\"7\":7}",
            "70e-2",
            "1e99",
            "1e99999999999",
            "18446744073709551616",
            ".",
            "e1",
            "\"\\ud800\"",
            "\"",
            "\"1_0\"",
            "\"0x7\"",
        ] {
            assert_eq!(whole(form), None, "{form}");
        }
        assert_eq!(whole(&format!("7.{}", "0".repeat(STDIO_NUMBER_MAX))), None);
    }

    #[test]
    fn only_the_digits_alone_are_the_form_that_is_written() {
        assert!(is_as_written("7", 7));
        assert!(!is_as_written("7.0", 7) && !is_as_written("\"7\"", 7) && !is_as_written("07", 7));
    }
}
