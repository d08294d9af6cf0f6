//! Which failures were told: one that repeats itself fills a log and says nothing new (contract: wire, section 4; ops, section 5).

use std::time::Instant;

use log::Level;

use crate::limits::FAILURE_REMINDER;

/// The last failure that was told.
#[derive(Debug, Default)]
pub(super) struct Told(Option<(String, Instant)>);

impl Told {
    /// How loud to tell of `cause`: the same one as a warning every [`FAILURE_REMINDER`] only.
    pub(super) fn level(&mut self, cause: String) -> Level {
        self.level_at(cause, Instant::now())
    }

    /// All is well again: the next failure is news, whatever it is.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }

    fn level_at(&mut self, cause: String, now: Instant) -> Level {
        match &self.0 {
            Some((last, told)) if *last == cause && now.duration_since(*told) < FAILURE_REMINDER => Level::Debug,
            _ => {
                self.0 = Some((cause, now));
                Level::Warn
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_failure_is_told_again_when_it_is_new_or_after_a_while() {
        let (mut told, start) = (Told::default(), Instant::now());
        let mut tell = |cause: &str, after: Duration| told.level_at(cause.to_owned(), start + after) == Level::Warn;
        assert!(tell("a", Duration::ZERO));
        assert!(!tell("a", Duration::from_secs(1)));
        assert!(tell("b", Duration::from_secs(2)));
        assert!(tell("a", Duration::from_secs(3)));
        assert!(!tell("a", FAILURE_REMINDER));
        assert!(tell("a", FAILURE_REMINDER + Duration::from_secs(3)));
        told.forget();
        assert_eq!(told.level("a".to_owned()), Level::Warn);
    }
}
