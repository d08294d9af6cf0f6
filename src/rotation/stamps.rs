//! How files were at one moment, without their contents.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// How files were at one moment, each with the setting that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamps(Vec<(String, Stamp)>);

/// What changes when a file is written, or when another one takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stamp {
    File {
        place: (u64, u64),
        size: u64,
        /// Of the contents, and of everything else; seconds and nanoseconds.
        times: [(i64, i64); 2],
    },
    /// It cannot be looked at.
    Hidden(io::ErrorKind),
}

impl Stamps {
    /// As they are now, at the end of all links.
    pub(super) fn look(files: &[(&str, PathBuf)]) -> Self {
        let stamp = |path: &PathBuf| match std::fs::metadata(path) {
            Ok(file) => Stamp::File {
                place: (file.dev(), file.ino()),
                size: file.size(),
                times: [(file.mtime(), file.mtime_nsec()), (file.ctime(), file.ctime_nsec())],
            },
            Err(error) => Stamp::Hidden(error.kind()),
        };
        let stamps = files.iter().map(|(setting, path)| ((*setting).to_owned(), stamp(path)));
        Self(stamps.collect())
    }

    /// The settings whose files are not as they were, each once. The files themselves are the same ones, in the same order,
    /// but for the last, which can appear and vanish.
    pub(super) fn different_from(&self, before: &Self) -> Vec<&str> {
        let same = |stamp: &(String, Stamp)| before.0.contains(stamp);
        let different: BTreeSet<&str> = self
            .0
            .iter()
            .filter(|stamp| !same(stamp))
            .map(|(setting, _)| setting.as_str())
            .collect();
        different.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_that_is_exchanged_above_a_file_is_seen() {
        let folder = std::env::temp_dir().join(format!("stamps-{}", std::process::id()));
        for version in ["a", "b"] {
            fs::create_dir_all(folder.join(version)).unwrap();
            fs::write(folder.join(version).join("key"), "same").unwrap();
        }
        symlink("a", folder.join("..data")).unwrap();
        symlink("..data/key", folder.join("key")).unwrap();
        let files = [("x", folder.join("key")), ("y", folder.join("none"))];
        let before = Stamps::look(&files);
        assert_eq!(Stamps::look(&files), before);
        symlink("b", folder.join("..new")).unwrap();
        fs::rename(folder.join("..new"), folder.join("..data")).unwrap();
        let after = Stamps::look(&files);
        assert_eq!(after.different_from(&before), ["x"]);
        fs::write(folder.join("none"), "now").unwrap();
        assert_eq!(Stamps::look(&files).different_from(&after), ["y"]);
        fs::remove_dir_all(&folder).unwrap();
    }
}
