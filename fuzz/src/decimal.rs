//! Numbers of JSON without rounding, as an oracle.

/// A number: sign, digits without zeros around them, and the power of ten of the last digit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    is_negative: bool,
    digits: String,
    power: i64,
}

impl Decimal {
    /// Reads a number. `None` for an exponent beyond all measure.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{}{fraction}", whole.trim_start_matches('-'));
        let digits = all.trim_end_matches('0');
        let dropped = i64::try_from(all.len() - digits.len()).ok()?;
        let digits = digits.trim_start_matches('0').to_owned();
        let power = i64::from(exponent) - i64::try_from(fraction.len()).ok()? + dropped;
        Some(Self {
            is_negative: whole.starts_with('-') && !digits.is_empty(),
            power: if digits.is_empty() { 0 } else { power },
            digits,
        })
    }

    /// Whether it has no fraction.
    pub(crate) fn is_whole(&self) -> bool {
        self.power >= 0
    }
}
