//! Descendants that the broker never started. Processes that servers leave behind come to the broker, as the kernel gives orphans
//! to the nearest ancestor that asked for them (PR_SET_CHILD_SUBREAPER in prctl(2)). Servers may have asked too, so that their own
//! orphans come to them.
//!
//! A process has no unchangeable property that shows which server it belongs to. So an orphan may stay while a server runs, and is
//! killed when the last one ends.

use std::collections::HashSet;
use std::fs;

use rustix::process::{Pid, Signal, getpid, kill_process};

use super::protocol::Remaining;
use super::tree;
use crate::limits::BROKER_STOPS_MAX;
use crate::sandbox::SignalScope;

/// Kills all descendants: in one step where the kernel keeps signals in, otherwise as far as a scan of `/proc` finds them. The
/// caller repeats it until there is no child.
pub(super) fn kill_descendants(scope: Option<&SignalScope>) {
    match scope {
        Some(scope) => scope.kill_descendants(),
        None => kill_found(),
    }
}

/// Stops descendants first, until a scan finds no running one, and only then kills them: a running one could start others as soon
/// as it sees the first ones end.
fn kill_found() {
    let mut stopped = HashSet::new();
    for _ in 0..BROKER_STOPS_MAX {
        let before = stopped.len();
        for process in tree::descendants().unwrap_or_default() {
            if stopped.insert(process) {
                process.signal(Signal::STOP);
            }
        }
        if stopped.len() == before {
            break;
        }
    }
    for process in stopped {
        process.signal(Signal::KILL);
    }
    for child in listed_children() {
        // A child keeps its id until this process reaps it.
        let _ = kill_process(child, Signal::KILL);
    }
}

/// Direct children in the kernel's own list, which `hidepid` (proc(5)) does not shorten. Empty where Linux was built without
/// CONFIG_PROC_CHILDREN, or where `/proc` belongs to another pid namespace.
fn listed_children() -> Vec<Pid> {
    let own = getpid().as_raw_nonzero().to_string();
    if !fs::read_link("/proc/self").is_ok_and(|shown| shown.as_os_str() == own.as_str()) {
        return Vec::new();
    }
    let list = fs::read_to_string(format!("/proc/self/task/{own}/children")).unwrap_or_default();
    list.split_whitespace()
        .filter_map(|number| number.parse().ok().filter(|number| *number > 0).and_then(Pid::from_raw))
        .collect()
}

/// Descendants that are alive although they were killed; `None` when there is none. Valid only while there is a child.
pub(super) fn remaining() -> Option<Remaining> {
    match tree::descendants() {
        Some(alive) if alive.is_empty() => None,
        Some(alive) => Some(Remaining::new(alive.iter().map(|process| process.pid))),
        None => Some(Remaining::default()),
    }
}
