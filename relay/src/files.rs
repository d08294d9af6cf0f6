//! Files that options name. They are read and replaced only where no other user can exchange them.
//!
//! A path is followed component by component, by descriptors. A symbolic link counts only when root or the relay's own user made
//! it, in a directory that nobody else can write; `/var/run`, volumes of Kubernetes and `current` links are of this kind.

mod records;

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, StatVfsMountFlags, fstatvfs, openat, readlinkat, renameat, unlinkat};
use rustix::io::Errno;
use rustix::process::{getegid, geteuid};

use crate::limits;

pub(crate) use records::Place;

const OTHERS_READ: u32 = 0o004;
const OTHERS_WRITE: u32 = 0o002;
const OTHERS_SEARCH: u32 = 0o001;
const GROUP_WRITE: u32 = 0o020;
const STICKY: u32 = 0o1000;

/// A place in the tree; nothing is read from it.
const PLACE: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// An opened file, and who else can read it.
pub(crate) struct Opened {
    /// The file.
    pub(crate) file: File,
    /// Whether no directory on the way keeps other users out.
    reachable: bool,
}

impl Opened {
    /// The mode of a file that every user can read.
    pub(crate) fn exposed_mode(&self) -> Option<u32> {
        let metadata = self.file.metadata().ok()?;
        let exposed = self.reachable && metadata.is_file() && metadata.mode() & OTHERS_READ != 0;
        exposed.then_some(metadata.mode() & 0o7777)
    }
}

/// Opens a file for reading: a regular one or a pipe that others cannot change or exchange. A descriptor of the shell's
/// (`<(command)`) is as good as the process that handed it over.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    open_seen(path, Pipes::Taken).map(|opened| opened.file)
}

/// Whether a file may be a pipe, which waits for its writer and can be read once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pipes {
    /// Pipes are opened.
    Taken,
    /// Pipes are refused.
    Refused,
}

/// The same, telling who else can read it.
pub(crate) fn open_seen(path: &Path, pipes: Pipes) -> io::Result<Opened> {
    let of_descriptors = [Path::new("/dev/fd"), Path::new("/proc/self/fd")];
    if path.parent().is_some_and(|parent| of_descriptors.contains(&parent)) || path == Path::new("/dev/stdin") {
        if pipes == Pipes::Refused {
            return Err(refused(path, ONCE));
        }
        return File::open(path).map(|file| Opened { file, reachable: false });
    }
    let mut outcome = Err(Errno::AGAIN.into());
    for _ in 0..limits::FILE_LOOKS {
        outcome = open_once(path, pipes);
        match &outcome {
            // The path was exchanged in between, as Kubernetes exchanges a volume.
            Err(error) if [io::ErrorKind::WouldBlock, io::ErrorKind::NotFound].contains(&error.kind()) => {}
            _ => break,
        }
    }
    outcome
}

/// Why a pipe is not opened a second time.
const ONCE: &str = "is a pipe, which is read once, at start; restart the relay to have it read again, or name a file";

/// Opens a file that [`replace`] is going to replace. The file read and the file replaced must be the same, so a link
/// in its place is refused.
pub(crate) fn open_replaced(path: &Path) -> io::Result<File> {
    Spot::of(path)?.judge_replaced()?;
    open(path)
}

fn open_once(path: &Path, pipes: Pipes) -> io::Result<Opened> {
    let mut walk = Walk::begin(path)?;
    while let Some(step) = walk.ahead.pop() {
        let Some((entry, found)) = walk.step(&step)? else {
            continue;
        };
        if !walk.ahead.is_empty() {
            return Err(Errno::NOTDIR.into());
        }
        if !found.is_file() && !found.file_type().is_fifo() {
            return Err(refused(&walk.at.join(&step), "is neither a regular file nor a pipe"));
        }
        if pipes == Pipes::Refused && !found.is_file() {
            return Err(refused(&walk.at.join(&step), ONCE));
        }
        if found.mode() & OTHERS_WRITE != 0 {
            return Err(refused(&walk.at.join(&step), "can be changed by others; chmod o-w it"));
        }
        // A pipe waits for its writer, as ever.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = File::from(openat(&walk.directory, &step, flags, Mode::empty())?);
        let opened = file.metadata()?;
        // The place is open, so its inode cannot be reused for another file.
        let same = (opened.dev(), opened.ino()) == (found.dev(), found.ino());
        drop(entry);
        let reachable = walk.searchable.iter().all(|searchable| *searchable);
        return match same {
            true => Ok(Opened { file, reachable }),
            false => Err(Errno::AGAIN.into()),
        };
    }
    Err(Errno::ISDIR.into())
}

/// Writes a new file in the same directory, on disk, and renames it over the old one: a reader or a crash sees either
/// the old or the new file. Readable by its owner only. Replaces regular files only.
pub(crate) fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let spot = Spot::of(path)?;
    spot.judge_replaced()?;
    let new = format!(".tunnel-relay.{}.new", crate::ids::hex(&random()?));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(openat(&spot.directory, &*new, flags, Mode::from_raw_mode(0o600))?);
    let mut write = || {
        file.write_all(text)?;
        file.sync_all()?;
        io::Result::Ok(renameat(&spot.directory, &*new, &spot.directory, &spot.name)?)
    };
    if let Err(error) = write() {
        let _ = unlinkat(&spot.directory, &*new, AtFlags::empty());
        return Err(error);
    }
    // The rename itself must survive a crash, too.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    File::from(openat(&spot.directory, ".", flags, Mode::empty())?).sync_all()
}

fn random() -> io::Result<[u8; 8]> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}

/// A name in an opened directory.
struct Spot {
    directory: File,
    name: OsString,
    path: PathBuf,
}

impl Spot {
    fn of(path: &Path) -> io::Result<Self> {
        let (walk, name) = Walk::to_parent(path)?;
        Ok(Self {
            directory: walk.directory,
            path: walk.at.join(&name),
            name,
        })
    }

    fn judge_replaced(&self) -> io::Result<()> {
        match entry(&self.directory, &self.name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok((_, found)) if found.is_file() => Ok(()),
            Ok(_) => Err(refused(
                &self.path,
                "is not a regular file (symbolic links are not followed here)",
            )),
        }
    }
}

struct Walk {
    directory: File,
    metadata: Metadata,
    /// Path to it without links.
    at: PathBuf,
    /// Names still to be followed, the next one last.
    ahead: Vec<OsString>,
    links: usize,
    /// For each directory of `at` but the root: whether all users can search it.
    searchable: Vec<bool>,
}

impl Walk {
    fn begin(path: &Path) -> io::Result<Self> {
        let absolute = std::path::absolute(path)?;
        let (directory, metadata) = entry(CWD, "/")?;
        Ok(Self {
            directory,
            metadata,
            at: PathBuf::from("/"),
            ahead: steps(&absolute).collect(),
            links: 0,
            searchable: Vec::new(),
        })
    }

    /// Follows the path up to its last name.
    fn to_parent(path: &Path) -> io::Result<(Self, OsString)> {
        let name = path.file_name().ok_or(Errno::ISDIR)?.to_owned();
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let mut walk = Self::begin(parent.unwrap_or(Path::new(".")))?;
        while let Some(step) = walk.ahead.pop() {
            if walk.step(&step)?.is_some() {
                return Err(Errno::NOTDIR.into());
            }
        }
        Ok((walk, name))
    }

    /// Follows the next name. Returns whatever is neither a directory nor a link.
    fn step(&mut self, step: &OsStr) -> io::Result<Option<(File, Metadata)>> {
        let (entry, found) = entry(&self.directory, step)?;
        let path = self.at.join(step);
        let mode = self.writable_mode();
        if step != ".." && mode & OTHERS_WRITE != 0 {
            if mode & STICKY == 0 {
                return Err(refused(&self.at, "is a directory that others can write; chmod o-w it"));
            }
            if !is_trusted(found.uid()) && found.uid() != self.metadata.uid() {
                return Err(refused(
                    &path,
                    "belongs to another user, in a directory that all can write",
                ));
            }
        }
        if found.is_symlink() {
            self.judge_link(&path, &found)?;
            self.links += 1;
            if self.links > limits::SYMLINKS {
                return Err(Errno::LOOP.into());
            }
            // An empty name means the opened link itself (readlink(2), since Linux 2.6.39).
            let target = readlinkat(&entry, "", Vec::new())?.into_bytes();
            let target = PathBuf::from(OsString::from_vec(target));
            if target.is_absolute() {
                (self.directory, self.metadata) = self::entry(CWD, "/")?;
                self.at = PathBuf::from("/");
                self.searchable.clear();
            }
            self.ahead.extend(steps(&target));
            return Ok(None);
        }
        if !found.is_dir() {
            return Ok(Some((entry, found)));
        }
        if step == ".." {
            self.at.pop();
            self.searchable.pop();
        } else {
            self.at.push(step);
            self.searchable.push(found.mode() & OTHERS_SEARCH != 0);
        }
        (self.directory, self.metadata) = (entry, found);
        Ok(None)
    }

    /// Mode of the directory, without the rights to write that a read-only mount takes away: volumes of Kubernetes are 0777 below
    /// (ConfigMaps), or 2775 for the group of the pod.
    fn writable_mode(&self) -> u32 {
        let is_read_only =
            fstatvfs(&self.directory).is_ok_and(|found| found.f_flag.contains(StatVfsMountFlags::RDONLY));
        match is_read_only {
            true => self.metadata.mode() & !(OTHERS_WRITE | GROUP_WRITE),
            false => self.metadata.mode(),
        }
    }

    /// The group of its own that many distributions give each user may write the directory, and root's.
    fn judge_link(&self, path: &Path, link: &Metadata) -> io::Result<()> {
        let (mode, gid) = (self.writable_mode(), self.metadata.gid());
        let group = mode & GROUP_WRITE != 0 && gid != 0 && gid != getegid().as_raw();
        let shared = group || mode & OTHERS_WRITE != 0;
        let exchanged = shared && (mode & STICKY == 0 || link.nlink() != 1);
        if exchanged || !is_trusted(self.metadata.uid()) || !is_trusted(link.uid()) {
            return Err(refused(
                path,
                "is a symbolic link that another user made or can replace; name the path that it leads to",
            ));
        }
        Ok(())
    }
}

fn is_trusted(uid: u32) -> bool {
    uid == 0 || uid == geteuid().as_raw()
}

fn entry(directory: impl std::os::fd::AsFd, name: impl rustix::path::Arg) -> io::Result<(File, Metadata)> {
    let file = File::from(openat(directory, name, PLACE, Mode::empty())?);
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::other(format!("{} {why}", path.display()))
}

/// The names in a path, the last one first.
fn steps(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().rev().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, lchown, symlink};

    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("relay-files-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn directory(&self, name: &str, mode: u32) -> PathBuf {
            let path = self.0.join(name);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            path
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn read(path: &Path) -> Result<String, String> {
        let file = open(path).map_err(|error| error.to_string())?;
        io::read_to_string(file).map_err(|error| error.to_string())
    }

    #[test]
    fn a_link_in_the_place_of_a_file_or_of_its_draft_is_not_written_through() {
        let scratch = Scratch::new("planted");
        let (precious, path) = (scratch.0.join("precious"), scratch.0.join("tunnels"));
        fs::write(&precious, "precious").unwrap();
        let draft = format!("tunnels.{}.new", std::process::id());
        symlink(&precious, scratch.0.join(draft)).unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        fs::remove_file(&path).unwrap();
        symlink(&precious, &path).unwrap();
        assert!(
            replace(&path, b"new")
                .unwrap_err()
                .to_string()
                .contains("not a regular file")
        );
        assert!(
            open_replaced(&path)
                .unwrap_err()
                .to_string()
                .contains("not a regular file")
        );
        assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
        assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 3, "no draft stays behind");
    }

    #[test]
    fn a_file_is_exposed_when_all_users_can_read_it_and_reach_it() {
        let scratch = Scratch::new("exposed");
        let private = scratch.directory("private", 0o700);
        let public = scratch.directory("public", 0o755);
        let key = |directory: &Path, mode| {
            let path = directory.join(format!("key-{mode:o}"));
            fs::write(&path, "key").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            open_seen(&path, Pipes::Refused).unwrap().exposed_mode()
        };
        assert_eq!((key(&public, 0o644), key(&public, 0o640)), (Some(0o644), None));
        assert_eq!(key(&private, 0o644), None);
        // What counts is the way that is left after links and `..`.
        symlink(&public, private.join("out")).unwrap();
        assert_eq!(key(&private.join("out"), 0o604), Some(0o604));
        assert_eq!(key(&public.join("../private/../public"), 0o644), Some(0o644));
        assert_eq!(key(&public.join("../private"), 0o644), None);
    }

    #[test]
    fn a_pipe_is_not_opened_where_it_would_be_read_a_second_time() {
        let scratch = Scratch::new("pipe");
        let path = scratch.0.join("pipe");
        rustix::fs::mknodat(CWD, &path, rustix::fs::FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        for path in [&path, Path::new("/dev/fd/0")] {
            let error = open_seen(path, Pipes::Refused).err().unwrap().to_string();
            assert!(error.contains("restart the relay"), "{error}");
        }
    }

    #[test]
    fn a_link_or_directory_that_others_can_exchange_is_not_followed() {
        let scratch = Scratch::new("ways");
        let key = scratch.0.join("keys");
        fs::write(&key, "keys").unwrap();
        fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        symlink("keys", scratch.0.join("current")).unwrap();
        assert_eq!(read(&scratch.0.join("current")).unwrap(), "keys");
        let open = scratch.directory("open", 0o777);
        fs::write(open.join("keys"), "theirs").unwrap();
        assert!(read(&open.join("keys")).unwrap_err().contains("others can write"));
        assert!(replace(&open.join("inner/keys"), b"x").is_err());
        // A volume of Kubernetes.
        let volume = scratch.directory("volume", 0o1777);
        fs::create_dir(volume.join("..2026")).unwrap();
        fs::write(volume.join("..2026/keys"), "volume").unwrap();
        symlink("..2026", volume.join("..data")).unwrap();
        symlink("..data/keys", volume.join("keys")).unwrap();
        assert_eq!(read(&volume.join("keys")).unwrap(), "volume");
        fs::set_permissions(&key, Permissions::from_mode(0o602)).unwrap();
        assert!(read(&key).unwrap_err().contains("can be changed by others"));
        fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        if !crate::needs::root() {
            return;
        }
        let home = scratch.directory("home", 0o755);
        symlink("../keys", home.join("keys")).unwrap();
        symlink(&scratch.0, home.join("link")).unwrap();
        lchown(&home, Some(12345), Some(12345)).unwrap();
        for path in [home.join("keys"), home.join("link/keys")] {
            assert!(read(&path).unwrap_err().contains("symbolic link that another user"));
        }
        let planted = replace(&home.join("link/tunnels"), b"x").unwrap_err();
        assert!(planted.to_string().contains("symbolic link that another user"));
        assert!(!scratch.0.join("tunnels").exists());
    }
}
