//! Lists of mounts (`src/files/mounts.rs`): a wrong one makes a file seem to have no other name, or nobody else in its mount.
//!
//! Oracles: mounts are read as the kernel writes them (proc_pid_mountinfo(5)); other names by a search in texts; any bytes do no harm.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use arbitrary::Arbitrary;
use tunnel_client::fuzzing::processes::mounts::{Facts, facts, names, read, show};

/// A list of mounts.
#[derive(Debug, Arbitrary)]
pub enum Input<'a> {
    /// Any bytes.
    Raw(&'a [u8]),
    /// Mounts, and a path.
    Mounts(Vec<Mount<'a>>, Name<'a>, Option<u8>),
}

/// One mount.
#[derive(Debug, Arbitrary)]
pub struct Mount<'a> {
    id: u8,
    parent: u8,
    device: u8,
    root: Name<'a>,
    point: Name<'a>,
    optional: u8,
    kind: u8,
    settings: Vec<u8>,
}

/// A path: components from a few, and an odd one.
#[derive(Debug, Arbitrary)]
pub struct Name<'a> {
    parts: Vec<u8>,
    odd: Option<&'a [u8]>,
}

const PARTS: [&str; 5] = ["a", "b", "srv", "proc", "ostree"];
const KINDS: [&str; 8] = [
    "ext4", "overlay", "tmpfs", "btrfs", "proc", "devtmpfs", "devpts", "sysfs",
];
const SETTINGS: [&str; 8] = [
    "rw",
    "lowerdir=/l",
    "upperdir=/u",
    "hidepid=0",
    "hidepid=off",
    "hidepid=invisible",
    "hidepid=2",
    "subvol=/root",
];

impl Name<'_> {
    /// An absolute path without `.` and `..`.
    fn path(&self) -> PathBuf {
        let mut path = PathBuf::from("/");
        for part in self.parts.iter().take(4) {
            path.push(PARTS[usize::from(*part) % PARTS.len()]);
        }
        let odd = self
            .odd
            .filter(|odd| !odd.is_empty() && !odd.contains(&0) && !odd.contains(&b'/'));
        path.extend(odd.filter(|odd| !matches!(*odd, b"." | b"..")).map(OsStr::from_bytes));
        path
    }
}

impl Mount<'_> {
    fn device(&self) -> String {
        format!("8:{}", self.device % 3)
    }

    fn settings(&self) -> Vec<&'static str> {
        let settings = self.settings.iter().take(4);
        settings
            .map(|setting| SETTINGS[usize::from(*setting) % SETTINGS.len()])
            .collect()
    }

    fn kind(&self) -> &'static str {
        KINDS[usize::from(self.kind) % KINDS.len()]
    }

    /// The line of the kernel.
    fn line(&self) -> Vec<u8> {
        let mut line = format!("{} {} {} ", self.id, self.parent, self.device()).into_bytes();
        line.extend(escaped(&self.root.path()));
        line.push(b' ');
        line.extend(escaped(&self.point.path()));
        line.extend_from_slice(b" rw,relatime");
        for number in 0..self.optional % 3 {
            line.extend(format!(" shared:{number}").into_bytes());
        }
        line.extend(format!(" - {} source {}\n", self.kind(), self.settings().join(",")).into_bytes());
        line
    }
}

/// As the kernel writes paths: what separates fields and lines, and the escape itself, in octal.
fn escaped(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_bytes().iter();
    let escape = |byte: &u8| match byte {
        b' ' | b'\t' | b'\n' | b'\\' | b'#' => format!("\\{byte:03o}").into_bytes(),
        byte => vec![*byte],
    };
    bytes.flat_map(escape).collect()
}

/// Feeds one list.
pub fn check(input: &Input<'_>) {
    match input {
        Input::Raw(text) => raw(text),
        Input::Mounts(mounts, path, id) => {
            let mounts = &mounts[..mounts.len().min(12)];
            let text: Vec<u8> = mounts.iter().flat_map(Mount::line).collect();
            as_written(&text, mounts);
            all_names(&text, mounts, &path.path(), *id);
        }
    }
}

fn raw(text: &[u8]) {
    let mounts = read(text);
    assert!(mounts.len() <= text.split(|byte| *byte == b'\n').count());
    assert_eq!(facts(text).share_namespace, !mounts.is_empty());
    for mount in mounts.iter().take(4) {
        let names = names(text, &mount.point, Some(mount.ids.0));
        assert!(names.is_sorted() && names.len() <= mounts.len() * mounts.len());
        assert!(show(text, &mount.device, &mount.root));
    }
}

fn as_written(text: &[u8], mounts: &[Mount<'_>]) {
    let found = read(text);
    assert_eq!(found.len(), mounts.len());
    for (found, mount) in found.iter().zip(mounts) {
        assert_eq!(found.ids, (mount.id.into(), mount.parent.into()));
        assert_eq!(found.device, mount.device().as_bytes());
        assert_eq!((&found.root, &found.point), (&mount.root.path(), &mount.point.path()));
        let kind = mount.kind();
        let kinds = [
            ["devtmpfs", "devpts"].contains(&kind),
            ["proc", "sysfs"].contains(&kind),
            kind == "overlay",
            ["tmpfs", "btrfs"].contains(&kind),
        ];
        assert_eq!(found.kinds, kinds);
        assert_eq!(found.has_upper, mount.settings().contains(&"upperdir=/u"));
        assert_eq!(
            found.hides_processes,
            mount
                .settings()
                .iter()
                .any(|setting| matches!(*setting, "hidepid=invisible" | "hidepid=2"))
        );
    }
    let root = mounts.iter().rev().find(|mount| mount.point.path() == Path::new("/"));
    let is_container = |mount: &Mount<'_>| match mount.kind() {
        "overlay" => mount.settings().contains(&"upperdir=/u"),
        "tmpfs" | "btrfs" => false,
        _ => mount.root.path() != Path::new("/") && !mount.root.path().starts_with("/ostree"),
    };
    let proc = mounts.iter().filter(|mount| mount.point.path() == Path::new("/proc"));
    let expected = Facts {
        root: root.map(|mount| mount.id.into()),
        are_of_container: root.is_some_and(is_container),
        hide_processes: proc
            .flat_map(Mount::settings)
            .any(|setting| matches!(setting, "hidepid=invisible" | "hidepid=2")),
        share_namespace: !mounts.is_empty(),
    };
    assert_eq!(facts(text), expected);
}

/// The rest of a path below a directory, both as texts.
fn below(path: &str, directory: &str) -> Option<String> {
    let rest = path.strip_prefix(directory.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/').to_owned())
}

fn joined(directory: &str, rest: &str) -> String {
    match rest {
        "" => directory.to_owned(),
        rest => format!("{}/{rest}", directory.trim_end_matches('/')),
    }
}

/// Other names of a path, found step by step: each mount that shows its place, a directory above it or a part of it.
fn all_names(text: &[u8], mounts: &[Mount<'_>], path: &Path, id: Option<u8>) {
    let found = names(text, path, id.map(u64::from));
    let lossless = |path: &Path| path.to_str().map(str::to_owned);
    let all: Option<Vec<(String, String)>> = mounts
        .iter()
        .map(|mount| lossless(&mount.root.path()).zip(lossless(&mount.point.path())))
        .collect();
    let (Some(all), Some(path)) = (all, lossless(path)) else {
        return;
    };
    let depth = |path: &str| path.split('/').filter(|part| !part.is_empty()).count();
    let above: Vec<usize> = (0..mounts.len())
        .filter(|mount| below(&path, &all[*mount].1).is_some())
        .collect();
    let told = above.iter().copied().find(|mount| Some(mounts[*mount].id) == id);
    let nearest = above
        .iter()
        .copied()
        .max_by_key(|mount| (depth(&all[*mount].1), *mount));
    let mut expected = Vec::new();
    let mut place = told
        .or(nearest)
        .and_then(|mount| Some((mount, below(&path, &all[mount].1)?)));
    for _ in mounts {
        let Some((mount, rest)) = place else { break };
        let inside = joined(&all[mount].0, &rest);
        for other in (0..mounts.len())
            .filter(|other| mounts[*other].id != mounts[mount].id && mounts[*other].device() == mounts[mount].device())
        {
            let (root, point) = &all[other];
            if let Some(rest) = below(&inside, root) {
                expected.push(PathBuf::from(joined(point, &rest)));
            } else if below(root, &inside).is_some() {
                expected.push(PathBuf::from(point));
            }
        }
        let parent = mounts
            .iter()
            .position(|other| other.id == mounts[mount].parent && other.id != mounts[mount].id);
        place = parent.and_then(|parent| Some((parent, below(&all[mount].1, &all[parent].1)?)));
    }
    expected.sort();
    expected.dedup();
    assert_eq!(found, expected);
    for name in &found {
        assert!(name.is_absolute());
    }
}
