//! The civil date and time of a moment, in UTC.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A moment, taken apart. Its text is that of RFC 3339, with milliseconds: `2026-12-01T03:04:05.678Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Utc {
    /// From 1970 on.
    pub year: u64,
    /// 1 to 12.
    pub month: u64,
    /// 1 to 31.
    pub day: u64,
    /// 0 to 23.
    pub hour: u64,
    /// 0 to 59.
    pub minute: u64,
    /// 0 to 59.
    pub second: u64,
    /// 0 to 999.
    pub millisecond: u32,
}

impl Utc {
    /// Now; a clock set before 1970 gives 1970.
    #[must_use]
    pub fn now() -> Self {
        Self::of(SystemTime::now())
    }

    /// A moment; one before 1970 gives 1970. By the days-from-civil method: eras of 400 years, years that begin in March.
    #[must_use]
    pub fn of(moment: SystemTime) -> Self {
        let elapsed = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = elapsed.as_secs();
        // Days since 0000-03-01.
        let days = seconds / 86_400 + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        Self {
            year: era * 400 + year_of_era + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            hour: seconds / 3_600 % 24,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            millisecond: elapsed.subsec_millis(),
        }
    }
}

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            millisecond,
        } = self;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn moments_are_written_in_utc() {
        for (milliseconds, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_123, "2000-02-29T00:00:00.123Z"),
            (1_796_094_245_678, "2026-12-01T03:04:05.678Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
        ] {
            let utc = Utc::of(UNIX_EPOCH + Duration::from_millis(milliseconds));
            assert_eq!(utc.to_string(), expected);
        }
        let utc = Utc::of(UNIX_EPOCH - Duration::from_secs(1));
        assert_eq!(utc.to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, (1970, 1, 1, 0, 0, 0)),
            (951_782_399, (2000, 2, 28, 23, 59, 59)),
            (951_782_400, (2000, 2, 29, 0, 0, 0)),
            (951_868_800, (2000, 3, 1, 0, 0, 0)),
            (1_704_067_199, (2023, 12, 31, 23, 59, 59)),
            (1_795_395_723, (2026, 11, 23, 1, 2, 3)),
            (4_107_542_400, (2100, 3, 1, 0, 0, 0)),
        ] {
            let utc = Utc::of(UNIX_EPOCH + Duration::from_secs(seconds));
            assert_eq!(
                (utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second),
                expected,
                "{seconds}"
            );
        }
    }
}
