//! The civil date and time of a moment, in UTC.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Utc {
    pub(super) year: u64,
    pub(super) month: u64,
    pub(super) day: u64,
    pub(super) hour: u64,
    pub(super) minute: u64,
    pub(super) second: u64,
    pub(super) millisecond: u32,
}

impl Utc {
    /// Now; a clock set before 1970 gives 1970.
    pub(super) fn now() -> Self {
        Self::of(SystemTime::now())
    }

    /// A moment; one before 1970 gives 1970.
    pub(crate) fn of(moment: SystemTime) -> Self {
        Self::since_epoch(moment.duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    /// The civil date by the days-from-civil method: eras of 400 years, years that begin in March.
    fn since_epoch(elapsed: Duration) -> Self {
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
    /// `2026-11-23 01:02:03 UTC`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            ..
        } = self;
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_with_all_its_digits() {
        let utc = Utc::since_epoch(Duration::from_secs(1_795_395_723));
        assert_eq!(utc.to_string(), "2026-11-23 01:02:03 UTC");
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
            let utc = Utc::since_epoch(Duration::from_secs(seconds));
            assert_eq!(
                (utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second),
                expected,
                "{seconds}"
            );
        }
    }
}
