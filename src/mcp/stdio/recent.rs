//! Callers that the child has worked for lately.

use std::time::Duration;

use tokio::time::Instant;

use crate::wire::caller::Caller;

/// The last caller, and the time when the last other caller before it was served. These two suffice to tell, for any caller, when
/// another one was served last.
#[derive(Debug, Default)]
pub(super) struct Recent {
    last: Option<(Caller, Instant)>,
    other: Option<Instant>,
}

impl Recent {
    /// Records that the child has worked for this caller until now.
    pub(super) fn served(&mut self, caller: Caller) {
        // A session that is opened now shows nothing about those who came before.
        let opened = caller.in_opened_session();
        if let Some((last, at)) = self.last.replace((caller, Instant::now()))
            && !last.is_same(&opened)
        {
            self.other = Some(at);
        }
    }

    /// True when the child worked for another caller within `window`, so that its output may still concern that one.
    pub(super) fn is_shared(&self, caller: Caller, window: Duration) -> bool {
        let another = match self.last {
            Some((last, _)) if last.is_same(&caller) => self.other,
            Some((_, at)) => Some(at),
            None => None,
        };
        another.is_some_and(|at| at.elapsed() < window)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use tokio::time::advance;

    use super::*;
    use crate::wire::command::Headers;

    const WINDOW: Duration = Duration::from_secs(30);

    fn caller(name: &str) -> Caller {
        Caller::new(&Headers::default(), Some(name))
    }

    #[test]
    fn any_other_caller_within_the_window_counts_and_the_same_one_does_not() {
        let (a, b, c) = (caller("a"), caller("b"), caller("c"));
        let mut recent = Recent::default();
        assert!(!recent.is_shared(a, WINDOW));
        for _ in 0..3 {
            recent.served(a);
            assert!(!recent.is_shared(a, WINDOW) && recent.is_shared(b, WINDOW));
        }
        recent.served(b);
        recent.served(b);
        assert!(recent.is_shared(a, WINDOW) && recent.is_shared(b, WINDOW) && recent.is_shared(c, WINDOW));
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_window_another_caller_no_longer_counts() {
        let (a, b) = (caller("a"), caller("b"));
        let mut recent = Recent::default();
        recent.served(a);
        advance(WINDOW).await;
        assert!(!recent.is_shared(b, WINDOW));
        recent.served(b);
        assert!(!recent.is_shared(b, WINDOW) && recent.is_shared(a, WINDOW));
    }
}
