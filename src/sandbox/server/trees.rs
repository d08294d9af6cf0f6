//! Random trees of directories, files and links, random files of the client's among them, and a server that tries everything.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, RenameFlags, linkat, renameat_with};

use super::{Protected, ServerCage, names};
use crate::config::{Mode, ServerSandbox};

const TREES: u64 = 100;

/// xorshift64*: the same trees each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % bound
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    fn is_one_of(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }
}

/// Device and number of the file that a path leads to.
type Identity = Option<(u64, u64)>;

struct Tree {
    base: PathBuf,
    directories: Vec<PathBuf>,
    files: Vec<PathBuf>,
    links: Vec<PathBuf>,
    /// Paths as the client's settings name them.
    ours: Vec<PathBuf>,
    argv: Vec<String>,
}

impl Tree {
    fn grow(seed: u64) -> Self {
        let base = std::env::temp_dir().canonicalize().unwrap();
        let base = base.join(format!("tunnel-client-trees-{}/{seed}/t", std::process::id()));
        fs::create_dir_all(&base).unwrap();
        let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (seed + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9));
        let (mut directories, mut files) = (vec![base.clone()], Vec::new());
        let mut links: Vec<PathBuf> = Vec::new();
        for number in 0..random.below(7) + 1 {
            let directory = random.of(&directories).join(format!("d{number}"));
            fs::create_dir(&directory).unwrap();
            directories.push(directory);
        }
        for number in 0..random.below(8) + 3 {
            let file = random.of(&directories).join(format!("f{number}"));
            fs::write(&file, format!("contents {number}")).unwrap();
            files.push(file);
        }
        for number in 0..random.below(3) {
            let file = random.of(&directories).join(format!("h{number}"));
            fs::hard_link(random.of(&files), &file).unwrap();
            files.push(file);
        }
        for number in 0..random.below(6) {
            let link = random.of(&directories).join(format!("l{number}"));
            let target = match random.below(8) {
                0 => PathBuf::from("../t"),
                1 => random.of(&directories).join("later"),
                2 | 3 => random.of(&files).clone(),
                4 if !links.is_empty() => random.of(&links).clone(),
                _ => random.of(&directories).clone(),
            };
            symlink(target, &link).unwrap();
            links.push(link);
        }
        let mut ours = Vec::new();
        for _ in 0..random.below(4) + 1 {
            let name = match random.below(6) {
                0 => PathBuf::from("missing"),
                1 => PathBuf::from(random.of(&files).file_name().unwrap()),
                2 if !links.is_empty() => PathBuf::from(random.of(&links).file_name().unwrap()),
                _ => {
                    ours.push(random.of(&files).clone());
                    continue;
                }
            };
            let directory = match links.is_empty() || random.is_one_of(2) {
                true => random.of(&directories).clone(),
                false => random.of(&links).clone(),
            };
            ours.push(directory.join(name));
        }
        // Some servers live in the directory of the client's files.
        let argv = match random.is_one_of(2) {
            true => vec!["/bin/sh".to_owned()],
            false => vec!["/bin/sh".to_owned(), random.of(&files).display().to_string()],
        };
        Self {
            base,
            directories,
            files,
            links,
            ours,
            argv,
        }
    }

    /// Names of the client's files, however they are found.
    fn names(&self) -> BTreeSet<PathBuf> {
        self.ours.iter().flat_map(|path| names::on_the_way(path)).collect()
    }

    fn cage(&self) -> super::Prepared {
        let files = Protected {
            own: self.ours.iter().map(PathBuf::as_path),
            trust: std::iter::empty(),
        };
        let sandbox = ServerSandbox::default();
        let cage = ServerCage::new(&sandbox, Mode::Enforce, &self.argv, files, std::iter::empty());
        cage.prepare(&self.argv, None).unwrap()
    }

    /// Files that are hidden with a whole directory, and files that no part of the cage has a reason to hide.
    fn neighbours_and_theirs(&self) -> (Vec<&PathBuf>, Vec<&PathBuf>) {
        let used = names::used_by(&self.argv, std::iter::empty());
        let hidden: Vec<_> = self.ours.iter().flat_map(|path| names::around(path, &used)).collect();
        let names = self.names();
        let (mut neighbours, mut theirs) = (Vec::new(), Vec::new());
        for path in self
            .files
            .iter()
            .filter(|path| fs::metadata(path).unwrap().nlink() == 1)
        {
            // A name below a file leads nowhere, and the file cannot be replaced.
            let is_way = names.iter().any(|name| name.starts_with(path));
            if hidden.iter().any(|hidden| path.starts_with(hidden)) {
                neighbours.push(path);
            } else if !is_way {
                theirs.push(path);
            }
        }
        (neighbours, theirs)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.base.parent().unwrap());
    }
}

fn identity(path: &Path) -> Identity {
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// All operations on the file behind a name.
fn open(path: &Path) -> [(&'static str, io::Result<()>); 4] {
    let options = |write: bool, append: bool, truncate: bool| {
        let mut options = OpenOptions::new();
        options
            .write(write)
            .append(append)
            .truncate(truncate)
            .open(path)
            .map(drop)
    };
    [
        ("read", File::open(path).map(drop)),
        ("write", options(true, false, false)),
        ("append", options(false, true, false)),
        ("cut off", options(true, false, true)),
    ]
}

/// All operations on a name; each one that is not refused takes place.
fn attack(tree: &Tree, at: usize, path: &Path) {
    let free = tree.base.join(format!("free-{at}"));
    let _ = fs::rename(path, &free);
    let _ = fs::hard_link(path, free.with_extension("link"));
    let _ = linkat(CWD, path, CWD, free.with_extension("followed"), AtFlags::SYMLINK_FOLLOW);
    for directory in &tree.directories {
        let _ = fs::rename(path, directory.join(format!("moved-{at}")));
        let other = directory.join("other");
        let _ = fs::write(&other, "theirs");
        let _ = renameat_with(CWD, &other, CWD, path, RenameFlags::EXCHANGE);
        let _ = fs::rename(&other, path);
    }
    let _ = fs::remove_file(path);
    let _ = fs::remove_dir_all(path);
    let _ = fs::create_dir_all(path);
    let _ = symlink("/dev/null", path);
    let _ = fs::write(path, "theirs");
}

#[test]
fn no_name_of_the_clients_files_is_open_or_leads_elsewhere_whatever_the_tree_is_like() {
    let mut tried = 0;
    for seed in 0..TREES {
        let tree = Tree::grow(seed);
        let ours: BTreeMap<_, _> = tree.ours.iter().map(|path| (path, identity(path))).collect();
        let identities: BTreeSet<_> = ours.values().flatten().copied().collect();
        // A file that has another name elsewhere can be written by that one.
        let is_alone = |path: &&PathBuf| fs::metadata(path).is_ok_and(|found| found.is_file() && found.nlink() == 1);
        let contents: Vec<_> = tree
            .ours
            .iter()
            .filter(is_alone)
            .map(|path| (path, fs::read(path).unwrap()))
            .collect();
        let names = tree.names();
        let is_way = |directory: &Path| names.iter().any(|name| name.starts_with(directory));
        // No rule can know a hard link that somebody made elsewhere.
        let is_told = |path: &Path| {
            let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
            names.contains(&real) || real.parent().is_some_and(is_way)
        };
        let (neighbours, theirs) = tree.neighbours_and_theirs();
        let cage = tree.cage();
        let (opened, closed) = std::thread::scope(|scope| {
            let server = scope.spawn(|| {
                cage.enter().unwrap();
                let mut opened = Vec::new();
                let all = tree.files.iter().chain(&tree.links).chain(&tree.ours);
                for path in all.filter(|path| identity(path).is_some_and(|found| identities.contains(&found))) {
                    if path.is_file() && is_told(path) {
                        let done = open(path).into_iter().filter(|(_, done)| done.is_ok());
                        opened.extend(done.map(|(what, _)| (what, path.clone())));
                    }
                }
                for path in neighbours {
                    let done = open(path).into_iter().filter(|(_, done)| done.is_ok());
                    opened.extend(done.map(|(what, _)| (what, path.clone())));
                }
                let closed: Vec<_> = theirs.iter().filter(|path| fs::read(path).is_err()).collect();
                let names = names.iter().chain(&tree.ours).chain(&tree.links).chain(&tree.files);
                for (at, path) in names.chain(&tree.directories).enumerate() {
                    attack(&tree, at, path);
                }
                (opened, closed)
            });
            server.join().unwrap()
        });
        assert_eq!(opened, [], "tree {seed}: {:?}, {:?}", tree.ours, tree.argv);
        assert_eq!(closed, [] as [&&PathBuf; 0], "tree {seed}: {:?}", tree.ours);
        for (path, before) in &ours {
            assert_eq!(identity(path), *before, "tree {seed}: {}", path.display());
        }
        for (path, before) in contents {
            assert_eq!(fs::read(path).unwrap(), before, "tree {seed}: {}", path.display());
        }
        tried += identities.len();
    }
    let _ = fs::remove_dir(std::env::temp_dir().join(format!("tunnel-client-trees-{}", std::process::id())));
    assert!(tried > 100, "{tried} files");
}
