//! Anchors: what a second place knows of the chain.

use std::fmt;

use crate::key::Head;

/// What became of an anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnchorState {
    /// The record is there with this seal.
    Found,
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
            Self::Differs => "its record has another seal",
            Self::Beyond => "the files end before it",
            Self::Earlier => "the files begin after it",
            Self::Unverified => "its record could not be verified",
        })
    }
}

#[derive(Debug)]
pub(super) struct Anchors(Vec<(Head, Seen)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    No,
    Same,
    Other,
}

impl Anchors {
    pub(super) fn new(mut anchors: Vec<Head>) -> Self {
        anchors.sort_unstable_by_key(|anchor| anchor.count);
        Self(anchors.into_iter().map(|anchor| (anchor, Seen::No)).collect())
    }

    /// A record that was verified.
    pub(super) fn see(&mut self, head: Head) {
        let start = self.0.partition_point(|(anchor, _)| anchor.count < head.count);
        let rest = self.0.iter_mut().skip(start);
        for (anchor, seen) in rest.take_while(|(anchor, _)| anchor.count == head.count) {
            // A number can stand twice, where a run did not know the last records of the one before.
            if *anchor == head {
                *seen = Seen::Same;
            } else if *seen == Seen::No {
                *seen = Seen::Other;
            }
        }
    }

    /// What became of each, given the first and the last record of the files.
    pub(super) fn states(self, first: Option<u64>, last: Option<u64>) -> Vec<(Head, AnchorState)> {
        let state = |anchor: &Head, seen| match seen {
            Seen::Same => AnchorState::Found,
            Seen::Other => AnchorState::Differs,
            Seen::No if last.is_none_or(|last| last < anchor.count) => AnchorState::Beyond,
            Seen::No if first.is_some_and(|first| anchor.count < first) => AnchorState::Earlier,
            Seen::No => AnchorState::Unverified,
        };
        self.0
            .into_iter()
            .map(|(anchor, seen)| (anchor, state(&anchor, seen)))
            .collect()
    }
}
