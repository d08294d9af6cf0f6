//! Processes of other users that may have a part in this process's mounts, as far as `/proc` shows them.
//!
//! A file system that only this mount namespace shows is out of reach for every process of another namespace. Whether others are
//! in this one, and whether another one shows the file system too, is read once: the sandbox closes `/proc` later. What cannot be
//! read is a [`Doubt`], never a proof.
//!
//! Mounts identify namespaces: a mount is in one namespace only, its number is given once while it exists, and
//! `/proc/PID/mountinfo` is readable for every user, unlike `/proc/PID/ns/mnt`.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::io::Errno;

use crate::files::{Mounts, Trusted};
use crate::limits::NEIGHBOURS_MAX;

/// Name of the first pid namespace, whose number is part of the kernel's interface (PROC_PID_INIT_INO, include/linux/proc_ns.h).
const FIRST_PIDS: &str = "pid:[4026531836]";

/// Reasons why others may have a part in a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// `/proc` cannot be read.
    NoProc,
    /// `/proc` hides processes of other users.
    HiddenProcesses,
    /// The mount namespace is that of the host.
    HostsNamespace,
    /// Processes outside the pid namespace are not shown, and the root directory is not that of a container.
    HiddenHost,
    /// A process of another user is in the mount namespace.
    User {
        /// Its number.
        pid: u32,
        /// Its user.
        uid: u32,
    },
    /// The mounts of a process cannot be read.
    Unreadable {
        /// Its number.
        pid: u32,
    },
    /// A process of another mount namespace can reach the file system.
    Elsewhere {
        /// Its number.
        pid: u32,
    },
    /// The mount was made after mounts were looked at. Only root can make one.
    LaterMount,
    /// The sandbox is shut, and nothing needed the proof before.
    TooLate,
    /// There are too many processes.
    TooMany,
    /// The file system is an overlay, whose layers are directories of other file systems.
    Layers,
}

/// Mounts of another namespace, and a process there.
#[derive(Debug)]
struct Other {
    pid: u32,
    mounts: Mounts,
}

/// Mounts of this process when they were first asked for.
static MOUNTS: OnceLock<Option<Mounts>> = OnceLock::new();

/// The other mount namespaces, when they were first asked for.
static OTHERS: OnceLock<Result<Vec<Other>, Doubt>> = OnceLock::new();

/// Looks at other processes no more: the sandbox refuses the calls for it. Mounts are read now, if they were not before.
pub fn end_proofs() {
    let _ = own_mounts();
    let _ = OTHERS.set(Err(Doubt::TooLate));
}

/// Mounts of this process when they were first asked for.
///
/// # Errors
/// [`Doubt::NoProc`].
pub(super) fn own_mounts() -> Result<&'static Mounts, Doubt> {
    let mounts = MOUNTS.get_or_init(|| Mounts::read().ok());
    mounts.as_ref().ok_or(Doubt::NoProc)
}

/// Proves that no other user's process can have a part in the mount of an opened file; `path` is its path without links.
///
/// # Errors
/// [`Doubt`].
pub(super) fn are_absent(path: &Path, file: &File) -> Result<(), Doubt> {
    let mounts = own_mounts()?;
    let others = OTHERS.get_or_init(|| others(mounts)).as_ref().map_err(|doubt| *doubt)?;
    let place = mounts.place(path, file).ok_or(Doubt::LaterMount)?;
    if mounts.is_on_overlay(file) {
        return Err(Doubt::Layers);
    }
    match others.iter().find(|other| other.mounts.show(&place)) {
        Some(other) => Err(Doubt::Elsewhere { pid: other.pid }),
        None => Ok(()),
    }
}

/// The other mount namespaces in view, when no other user has a process in this one.
fn others(own: &Mounts) -> Result<Vec<Other>, Doubt> {
    if own.hide_processes() {
        return Err(Doubt::HiddenProcesses);
    }
    let pids = fs::read_link("/proc/self/ns/pid").map_err(|_| Doubt::NoProc)?;
    let is_first = pids == Path::new(FIRST_PIDS);
    // The kubelet and container runtimes keep what they mount where only root can enter; other programs that make a pid namespace
    // leave the host's root directory, where any user may be.
    if !is_first && !own.are_of_container() {
        return Err(Doubt::HiddenHost);
    }
    let numbers = own.numbers();
    let (mut others, mut known) = (Vec::new(), BTreeSet::new());
    for (count, pid) in processes()?.enumerate() {
        if count >= NEIGHBOURS_MAX {
            return Err(Doubt::TooMany);
        }
        let Some((mounts, place)) = look_at(pid)? else { continue };
        if mounts.share_namespace(&numbers) {
            if is_first && pid == 1 {
                return Err(Doubt::HostsNamespace);
            }
            check_user(pid, &place)?;
            continue;
        }
        let root = mounts.root().ok_or(Doubt::Unreadable { pid })?;
        if known.insert(root) {
            others.push(Other { pid, mounts });
        }
    }
    Ok(others)
}

fn processes() -> Result<impl Iterator<Item = u32>, Doubt> {
    let entries = fs::read_dir("/proc").map_err(|_| Doubt::NoProc)?;
    Ok(entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok()))
}

/// Mounts of a process and its directory in `/proc`; `None` when it has ended. The first thread of a process can have ended before the
/// others: it looks like a zombie then, and one of the others tells.
fn look_at(pid: u32) -> Result<Option<(Mounts, PathBuf)>, Doubt> {
    let process = PathBuf::from(format!("/proc/{pid}"));
    match Mounts::of_process(&process) {
        Ok(mounts) => return Ok(Some((mounts, process))),
        Err(error) if has_ended(&error) => {}
        Err(_) => return Err(Doubt::Unreadable { pid }),
    }
    let threads = match fs::read_dir(process.join("task")) {
        Ok(threads) => threads,
        Err(error) if has_ended(&error) => return Ok(None),
        Err(_) => return Err(Doubt::Unreadable { pid }),
    };
    for thread in threads.flatten() {
        match Mounts::of_process(&thread.path()) {
            Ok(mounts) => return Ok(Some((mounts, thread.path()))),
            Err(error) if has_ended(&error) => {}
            Err(_) => return Err(Doubt::Unreadable { pid }),
        }
    }
    Ok(None)
}

/// The thread is gone, or a zombie, which has no mounts (EINVAL).
fn has_ended(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(code, Some(Errno::NOENT | Errno::SRCH | Errno::INVAL))
}

/// All four user ids of a process: its real, effective, saved and file system user.
fn check_user(pid: u32, place: &Path) -> Result<(), Doubt> {
    let status = match fs::read_to_string(place.join("status")) {
        Ok(status) => status,
        Err(error) if has_ended(&error) => return Ok(()),
        Err(_) => return Err(Doubt::Unreadable { pid }),
    };
    let users = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let users = users.ok_or(Doubt::Unreadable { pid })?;
    for user in users.split_whitespace() {
        let uid = user.parse().map_err(|_| Doubt::Unreadable { pid })?;
        if !Trusted::ours().includes(uid) {
            return Err(Doubt::User { pid, uid });
        }
    }
    Ok(())
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProc => f.write_str("/proc does not show who else has this mount"),
            Self::HiddenProcesses => f.write_str("/proc hides other processes (hidepid)"),
            Self::HostsNamespace => f.write_str("the mount namespace is the host's"),
            Self::HiddenHost => f.write_str("processes of the host cannot be seen from this pid namespace"),
            Self::User { pid, uid } => write!(f, "process {pid} of user {uid} is in this mount namespace"),
            Self::Unreadable { pid } => write!(f, "the mounts of process {pid} cannot be read"),
            Self::Elsewhere { pid } => write!(f, "process {pid} has the same file system in another mount namespace"),
            Self::LaterMount => f.write_str("it was mounted after this process had looked at mounts; restart it"),
            Self::TooLate => f.write_str(
                "that other users have no part in its mount was not proved at the start; restart this process",
            ),
            Self::Layers => f.write_str("its file system is an overlay, whose layers may be open to others"),
            Self::TooMany => write!(f, "there are more than {NEIGHBOURS_MAX} processes"),
        }
    }
}
