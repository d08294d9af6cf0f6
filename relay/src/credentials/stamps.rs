//! Whether files have changed.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Files as they were at one look. A look is one `stat(2)` a file and follows whatever links lead to it: Kubernetes
/// exchanges a link two directories up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamps(Vec<(&'static str, Option<Stamp>)>);

/// Device, inode, size, and time of the last change to content or attributes in seconds and nanoseconds.
type Stamp = (u64, u64, u64, i64, i64);

impl Stamps {
    /// Looks at the files.
    pub(super) fn look<'a>(files: impl Iterator<Item = (&'static str, &'a Path)>) -> Self {
        let stamp = |path: &Path| {
            let found = std::fs::metadata(path).ok()?;
            // Also changes with the mode, which decides whether the file is accepted.
            Some((
                found.dev(),
                found.ino(),
                found.size(),
                found.ctime(),
                found.ctime_nsec(),
            ))
        };
        Self(files.map(|(option, path)| (option, stamp(path))).collect())
    }

    /// The options whose files differ.
    pub(super) fn changed(&self, before: &Self) -> Vec<&'static str> {
        let pairs = self.0.iter().zip(&before.0);
        pairs
            .filter(|(now, before)| now != before)
            .map(|(now, _)| now.0)
            .collect()
    }
}
