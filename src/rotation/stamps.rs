//! How the files of a network were at one moment.

use std::collections::BTreeSet;

use crate::net::{Network, Watched};
use crate::secrets::Stamp;

/// How the files of a network were at one moment, in the order of [`Network::files`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamps(Vec<Stamp>);

impl Stamps {
    /// As they were when they were first read.
    pub(super) fn first(network: &Network) -> Self {
        Self(network.first_seen().to_vec())
    }

    /// As they are now.
    pub(super) fn look(files: &[Watched]) -> Self {
        Self(files.iter().map(|file| Stamp::of(&file.path)).collect())
    }

    /// The settings whose files are not as they were, each once.
    pub(super) fn changed<'a>(&self, before: &Self, files: &'a [Watched]) -> Vec<&'a str> {
        let pairs = self.0.iter().zip(&before.0).zip(files);
        let changed: BTreeSet<&str> = pairs
            .filter(|((now, before), _)| now != before)
            .map(|(_, file)| file.setting.as_str())
            .collect();
        changed.into_iter().collect()
    }
}
