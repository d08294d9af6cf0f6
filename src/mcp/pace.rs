//! How often a warning about one server may be logged.

use std::time::Instant;

use crate::limits::{SERVER_WARNINGS, SERVER_WARNINGS_TIME};

/// Rate limit of a warning: [`SERVER_WARNINGS`] in [`SERVER_WARNINGS_TIME`].
#[derive(Debug, Default)]
pub(super) struct Pace {
    since: Option<Instant>,
    logged: u32,
    left_out: u64,
}

impl Pace {
    /// Whether one more may be logged; gives the number of those that were left out before it.
    pub(super) fn next(&mut self) -> Option<u64> {
        if self.since.is_none_or(|since| since.elapsed() >= SERVER_WARNINGS_TIME) {
            (self.since, self.logged) = (Some(Instant::now()), 0);
        }
        if self.logged >= SERVER_WARNINGS {
            self.left_out += 1;
            return None;
        }
        self.logged += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_cut_and_what_was_left_out_is_told_with_the_next() {
        let mut pace = Pace::default();
        for _ in 0..SERVER_WARNINGS {
            assert_eq!(pace.next(), Some(0));
        }
        assert_eq!((pace.next(), pace.next()), (None, None));
        if let Some(long_ago) = Instant::now().checked_sub(SERVER_WARNINGS_TIME) {
            pace.since = Some(long_ago);
            assert_eq!(pace.next(), Some(2));
        }
    }
}
