//! Time of a record: UTC, in milliseconds (RFC 3339).

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Adds `2026-12-01T03:04:05.678Z`. A clock before 1970 gives 1970.
pub(crate) fn write(out: &mut String, moment: SystemTime) {
    let elapsed: Duration = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = elapsed.as_secs();
    // The civil date by the days-from-civil method: eras of 400 years, years that begin in March. Days since 0000-03-01.
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
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let milliseconds = elapsed.subsec_millis();
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_utc() {
        for (milliseconds, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_123, "2000-02-29T00:00:00.123Z"),
            (1_796_094_245_678, "2026-12-01T03:04:05.678Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
        ] {
            let mut text = String::new();
            write(&mut text, UNIX_EPOCH + Duration::from_millis(milliseconds));
            assert_eq!(text, expected);
        }
        let mut text = String::new();
        write(&mut text, UNIX_EPOCH - Duration::from_secs(1));
        assert_eq!(text, "1970-01-01T00:00:00.000Z");
    }
}
