//! Anchors: what a second place knows of the chain.

use std::fmt;

use crate::key::Head;

/// What became of an anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnchorState {
    /// The record is there with this seal.
    Found,
    /// The record is not there; the first one names it, with this seal, as the one before.
    Named,
    /// The record is there with another seal.
    Differs,
    /// The files end before it.
    Beyond,
    /// The files begin after it.
    Earlier,
    /// The record is not among those that could be verified.
    Unverified,
}

impl fmt::Display for AnchorState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Found => "found",
            Self::Named => "the files begin right after it",
            Self::Differs => "its record has another seal",
            Self::Beyond => "the files end before it",
            Self::Earlier => "the files begin after it",
            Self::Unverified => "its record could not be verified",
        })
    }
}

#[derive(Debug)]
pub(super) struct Anchors {
    all: Vec<(Head, Seen)>,
    /// The one that the files may begin after.
    start: Option<Head>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    No,
    Named,
    Same,
    Other,
}

impl Anchors {
    pub(super) fn new(mut anchors: Vec<Head>) -> Self {
        anchors.sort_unstable_by_key(|anchor| anchor.count);
        Self {
            all: anchors.into_iter().map(|anchor| (anchor, Seen::No)).collect(),
            start: None,
        }
    }

    /// The files may begin after this one, which is an anchor like the others.
    pub(super) fn start_after(&mut self, start: Head) {
        let place = self.all.partition_point(|(anchor, _)| anchor.count < start.count);
        self.all.insert(place, (start, Seen::No));
        self.start = Some(start);
    }

    /// A record that was verified.
    pub(super) fn see(&mut self, head: Head) {
        for (anchor, seen) in self.numbered(head.count) {
            // A number can stand twice, where a run did not know the last records of the one before.
            if *anchor == head {
                *seen = Seen::Same;
            } else if *seen == Seen::No {
                *seen = Seen::Other;
            }
        }
    }

    /// A record that a verified one names as the one before, whether or not it is there.
    pub(super) fn name(&mut self, head: Head) {
        for (anchor, seen) in self.numbered(head.count).filter(|(_, seen)| *seen == Seen::No) {
            *seen = match *anchor == head {
                true => Seen::Named,
                false => Seen::Other,
            };
        }
    }

    fn numbered(&mut self, count: u64) -> impl Iterator<Item = &mut (Head, Seen)> {
        let start = self.all.partition_point(|(anchor, _)| anchor.count < count);
        let rest = self.all.iter_mut().skip(start);
        rest.take_while(move |(anchor, _)| anchor.count == count)
    }

    /// Whether the files begin at the record that they may begin after, or before it.
    pub(super) fn is_start_there(&self) -> bool {
        let is_there =
            |(anchor, seen): &(Head, Seen)| Some(*anchor) == self.start && matches!(seen, Seen::Same | Seen::Named);
        self.all.iter().any(is_there)
    }

    /// What became of each, given the first and the last record of the files.
    pub(super) fn states(self, first: Option<u64>, last: Option<u64>) -> Vec<(Head, AnchorState)> {
        let state = |anchor: &Head, seen| match seen {
            Seen::Same => AnchorState::Found,
            Seen::Named => AnchorState::Named,
            Seen::Other => AnchorState::Differs,
            Seen::No if last.is_none_or(|last| last < anchor.count) => AnchorState::Beyond,
            Seen::No if first.is_some_and(|first| anchor.count < first) => AnchorState::Earlier,
            Seen::No => AnchorState::Unverified,
        };
        self.all
            .into_iter()
            .map(|(anchor, seen)| (anchor, state(&anchor, seen)))
            .collect()
    }
}
