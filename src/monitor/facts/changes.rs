//! Changes of the status of components, for the log: each is one line, and a component that changes again and again has one line
//! in a while, with a count.

use std::time::Instant;

use crate::limits::COMPONENT_LINE_INTERVAL;
use crate::monitor::component::{Brief, Status};

/// Changes that the log does not have yet, a place for each component.
#[derive(Debug, Default)]
pub(in super::super) struct Changes(Vec<Followed>);

#[derive(Debug, Default, Clone)]
struct Followed {
    /// As it is.
    seen: Brief,
    /// As the log has it.
    logged: Brief,
    changes: u64,
    /// The last lines: of changes to or from `degraded`, and of others, which must not hold up those.
    last_lines: [Option<Instant>; 2],
}

/// Changes of one component that are one line of the log.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// Its place in the list of components.
    pub component: usize,
    /// Before the first of the changes.
    pub from: Brief,
    /// After the last of them.
    pub to: Brief,
    /// Their number.
    pub changes: u64,
}

impl Changes {
    pub(in super::super) fn of(components: usize) -> Self {
        Self(vec![Followed::default(); components])
    }

    /// Records how a component is; true when its status has changed.
    pub(in super::super) fn note(&mut self, component: usize, brief: Brief) -> bool {
        let Some(followed) = self.0.get_mut(component) else {
            return false;
        };
        let is_change = followed.seen.status != brief.status;
        followed.seen = brief;
        followed.changes += u64::from(is_change);
        is_change
    }

    /// The lines that are due, and when the next one is.
    pub(in super::super) fn due(&mut self, now: Instant) -> (Vec<Line>, Option<Instant>) {
        let (mut lines, mut next) = (Vec::new(), None::<Instant>);
        for (component, followed) in self.0.iter_mut().enumerate().filter(|(_, one)| one.changes > 0) {
            let is_grave = [followed.logged.status, followed.seen.status].contains(&Status::Degraded);
            let [grave, other] = &mut followed.last_lines;
            let last_line = if is_grave { grave } else { other };
            let soonest = last_line.and_then(|last| last.checked_add(COMPONENT_LINE_INTERVAL));
            if let Some(soonest) = soonest.filter(|soonest| *soonest > now) {
                next = Some(next.map_or(soonest, |next| next.min(soonest)));
                continue;
            }
            lines.push(Line {
                component,
                from: followed.logged,
                to: followed.seen,
                changes: followed.changes,
            });
            *last_line = Some(now);
            followed.logged = followed.seen;
            followed.changes = 0;
        }
        (lines, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Brief = Brief::new(Status::Ok, "polling");
    const BAD: Brief = Brief::new(Status::Degraded, "backoff");

    #[test]
    fn each_change_of_status_is_one_line_and_a_change_of_state_is_none() {
        let (mut changes, now) = (Changes::of(2), Instant::now());
        assert!(changes.note(1, GOOD));
        assert!(!changes.note(1, Brief::new(Status::Ok, "idle")));
        let (lines, next) = changes.due(now);
        assert_eq!((lines.len(), next), (1, None));
        assert_eq!(
            (
                lines[0].component,
                lines[0].from.status,
                lines[0].to.state,
                lines[0].changes
            ),
            (1, Status::Unknown, "idle", 1)
        );
        assert_eq!(changes.due(now), (Vec::new(), None));
    }

    #[test]
    fn a_component_that_flaps_has_a_line_in_a_while_with_the_number_of_changes() {
        let (mut changes, start) = (Changes::of(1), Instant::now());
        changes.note(0, GOOD);
        assert_eq!(changes.due(start).0.len(), 1);
        changes.note(0, BAD);
        assert_eq!(changes.due(start).0.len(), 1, "the first good sign holds up no fault");
        for _ in 0..100 {
            changes.note(0, GOOD);
            changes.note(0, BAD);
            changes.note(0, GOOD);
            assert_eq!(changes.due(start), (Vec::new(), Some(start + COMPONENT_LINE_INTERVAL)));
            changes.note(0, BAD);
        }
        changes.note(0, GOOD);
        let (lines, next) = changes.due(start + COMPONENT_LINE_INTERVAL);
        assert_eq!((lines.len(), next), (1, None));
        assert_eq!((lines[0].from, lines[0].to, lines[0].changes), (BAD, GOOD, 401));
    }
}
