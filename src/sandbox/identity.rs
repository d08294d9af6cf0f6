//! Files by their device and inode number: a renamed file keeps them.

use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::limits::HIDDEN_IDENTITIES_MAX;

type Identity = (u64, u64);

/// Files that earlier cages of a server have hidden. The kernel may give the number of a removed file to another one, which is
/// then hidden as well.
#[derive(Debug, Clone, Default)]
pub(super) struct Identities {
    known: BTreeSet<Identity>,
    /// In the order in which they were added; the oldest is dropped first.
    order: VecDeque<Identity>,
}

impl Identities {
    /// Adds the file at a path, if there is one. A link is added itself, not its target.
    pub(super) fn add(&mut self, path: &Path) {
        if let Ok(found) = fs::symlink_metadata(path) {
            self.insert(of(&found));
        }
    }

    /// These, and then the others.
    pub(super) fn followed_by(&self, others: &Self) -> Self {
        let mut all = self.clone();
        others.order.iter().for_each(|identity| all.insert(*identity));
        all
    }

    fn insert(&mut self, identity: Identity) {
        if self.known.insert(identity) {
            self.order.push_back(identity);
        }
        if self.order.len() > HIDDEN_IDENTITIES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    /// Whether this file was added.
    pub(super) fn contain(&self, found: &Metadata) -> bool {
        self.known.contains(&of(found))
    }
}

fn of(found: &Metadata) -> Identity {
    (found.dev(), found.ino())
}
