//! Names by which a file is found: links on the way to it, places of its successors, names in a server's command.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::reach;
use crate::limits::SYMLINKS_MAX;

/// Paths to hide so that a secret stays hidden when another file takes its place: its whole directory, unless everybody uses that
/// directory or a server lives in it; then the existing file, by its own name.
pub(super) fn around(file: &Path, used: &[PathBuf]) -> Vec<PathBuf> {
    let mut hidden = Vec::new();
    for place in reach::places(file, None) {
        let is_used = used.iter().any(|path| path.starts_with(&place));
        match is_used {
            false => hidden.push(place),
            true => hidden.extend(fs::canonicalize(file)),
        }
    }
    hidden.sort();
    hidden.dedup();
    hidden
}

/// Every name that decides where a path leads: each symbolic link on the way, also in the targets of others, and the name at the
/// end, whether such a file exists or not. Directories before them are without links.
#[must_use]
pub fn on_the_way(path: &Path) -> Vec<PathBuf> {
    let mut names = Vec::new();
    let Ok(path) = std::path::absolute(path) else {
        return names;
    };
    let mut at = PathBuf::from("/");
    let mut rest = parts(&path);
    while let Some(part) = rest.pop_front() {
        if part == ".." {
            at.pop();
            continue;
        }
        let name = at.join(part);
        match fs::read_link(&name) {
            Ok(target) if names.len() < SYMLINKS_MAX => {
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                names.push(name);
                let mut target = parts(&target);
                target.append(&mut rest);
                rest = target;
            }
            _ => at = name,
        }
    }
    names.push(at);
    names
}

fn parts(path: &Path) -> VecDeque<OsString> {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(_) | Component::ParentDir => Some(part.as_os_str().to_owned()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    parts.collect()
}

/// Places that a server's command names: its program, files among its arguments, without links and as written.
pub(super) fn used_by(argv: &[String], homes: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let named = argv
        .iter()
        .flat_map(|word| word.split(['=', ':', ',']))
        .filter(|word| word.contains('/'));
    let named = named.map(PathBuf::from).chain(homes);
    let mut used: Vec<PathBuf> = Vec::new();
    for path in named {
        let Ok(absolute) = std::path::absolute(&path) else {
            continue;
        };
        if absolute.components().all(|part| part == Component::RootDir) {
            continue;
        }
        used.extend(fs::canonicalize(&absolute));
        used.push(absolute);
    }
    used
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::os::unix::fs::symlink;

    use super::*;

    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Self {
            let base = std::env::temp_dir().canonicalize().unwrap();
            let base = base.join(format!("tunnel-client-names-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&base);
            fs::create_dir_all(base.join("ours")).unwrap();
            fs::create_dir_all(base.join("theirs")).unwrap();
            fs::write(base.join("ours/key"), "k").unwrap();
            fs::write(base.join("theirs/data"), "d").unwrap();
            Self(base)
        }

        fn join(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_directory_is_hidden_whole_unless_a_server_lives_in_it() {
        let base = Directory::new("around");
        let key = base.join("ours/key");
        assert_eq!(around(&key, &[base.join("theirs/data")]), [base.join("ours")]);
        assert_eq!(around(&key, &[base.join("ours/server.py")]), [&*key]);
        let used = used_by(
            &["python3".into(), format!("--at={}", base.join("ours/x").display())],
            std::iter::empty(),
        );
        assert_eq!(around(&key, &used), [key]);
        assert_eq!(around(Path::new("/etc/passwd"), &[]), [Path::new("/etc/passwd")]);
    }

    #[test]
    fn every_link_on_the_way_is_named_with_the_end_of_the_way() {
        let base = Directory::new("links");
        symlink("ours", base.join("relative")).unwrap();
        symlink(base.join("relative"), base.join("absolute")).unwrap();
        symlink("../theirs/../relative/key", base.join("theirs/up")).unwrap();
        symlink("nowhere/yet", base.join("dangling")).unwrap();
        symlink("loop", base.join("loop")).unwrap();
        let named = |path: &str| on_the_way(&base.join(path));
        let at = |names: &[&str]| names.iter().map(|name| base.join(name)).collect::<Vec<_>>();
        assert_eq!(named("ours/key"), at(&["ours/key"]));
        assert_eq!(named("absolute/key"), at(&["absolute", "relative", "ours/key"]));
        assert_eq!(named("theirs/up"), at(&["theirs/up", "relative", "ours/key"]));
        assert_eq!(named("theirs/../absolute/./key").last(), at(&["ours/key"]).last());
        assert_eq!(named("dangling"), at(&["dangling", "nowhere/yet"]));
        assert_eq!(named("not/there"), at(&["not/there"]));
        assert_eq!(named("loop/key").len(), SYMLINKS_MAX + 1);
    }
}
