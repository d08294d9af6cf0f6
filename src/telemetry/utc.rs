//! Moments for people. The calendar is that of the audit log.

use std::fmt;

pub(crate) use audit_log::Utc;

/// `2026-11-23 01:02:03 UTC`.
pub(crate) struct ForPeople(pub(crate) Utc);

impl fmt::Display for ForPeople {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Utc {
            year,
            month,
            day,
            hour,
            minute,
            second,
            millisecond: _,
        } = self.0;
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_date_is_written_with_all_its_digits() {
        let utc = Utc::of(UNIX_EPOCH + Duration::from_secs(1_795_395_723));
        assert_eq!(ForPeople(utc).to_string(), "2026-11-23 01:02:03 UTC");
    }
}
