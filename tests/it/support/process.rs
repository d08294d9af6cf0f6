//! What `/proc` says about a process.

use std::fs;
use std::path::PathBuf;

/// Threads of a process.
pub fn threads(pid: u32) -> usize {
    count(&format!("/proc/{pid}/task"))
}

/// Open file descriptors of a process. Root alone sees those of the client, which is closed to its own user.
pub fn descriptors(pid: u32) -> usize {
    count(&format!("/proc/{pid}/fd"))
}

/// What the descriptors of a process point to.
pub fn descriptor_targets(pid: u32) -> Vec<PathBuf> {
    entries(&format!("/proc/{pid}/fd"))
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .collect()
}

/// Direct children that are not zombies.
pub fn children(pid: u32) -> Vec<u32> {
    related(pid, |state| state != "Z")
}

/// Direct children that nobody has waited for.
pub fn zombies(pid: u32) -> Vec<u32> {
    related(pid, |state| state == "Z")
}

/// True while the process exists and is not a zombie.
pub fn alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != "Z" && state != "X")
}

/// The most memory a process ever had resident, in KiB.
pub fn peak_resident_kib(pid: u32) -> u64 {
    kib_of(pid, "VmHWM:")
}

/// Resident memory of the process, in KiB.
pub fn resident_kib(pid: u32) -> u64 {
    kib_of(pid, "VmRSS:")
}

fn kib_of(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap_or_default()
        .to_owned();
    line.split_whitespace()
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

fn count(directory: &str) -> usize {
    entries(directory).count()
}

/// None of a process that has ended.
#[track_caller]
fn entries(directory: &str) -> impl Iterator<Item = fs::DirEntry> {
    let entries = fs::read_dir(directory);
    let is_closed = |error: &std::io::Error| error.kind() == std::io::ErrorKind::PermissionDenied;
    assert!(
        !entries.as_ref().is_err_and(is_closed),
        "only root can look into {directory}"
    );
    entries.into_iter().flatten().flatten()
}

fn related(parent: u32, wanted: impl Fn(&str) -> bool) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| stat(*pid).is_some_and(|(state, ppid)| ppid == parent && wanted(&state)))
        .collect()
}

/// State letter and parent of a process.
fn stat(pid: u32) -> Option<(String, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut words = text.rsplit_once(')')?.1.split_whitespace();
    Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
}
