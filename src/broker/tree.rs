//! Descendants of this process, from a snapshot of `/proc` (proc(5)).

use std::collections::{BTreeMap, VecDeque};
use std::fs;

use rustix::process::{Pid, Signal, getpid, kill_process};

/// A process. Ids are reused; the pair of id and start time is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Process {
    pub(super) pid: Pid,
    /// Start time, in clock ticks since the machine started.
    started: u64,
}

/// Fields of `/proc/PID/stat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    parent: i32,
    started: u64,
    is_dead: bool,
}

impl Process {
    /// Signals the process, unless its id now belongs to another.
    pub(super) fn signal(self, signal: Signal) {
        if stat(self.pid).is_some_and(|stat| stat.started == self.started) {
            let _ = kill_process(self.pid, signal);
        }
    }
}

/// Lists all living descendants, parents before their children. `None` where `/proc` is missing or belongs to another pid
/// namespace, where ids mean other processes.
pub(super) fn descendants() -> Option<Vec<Process>> {
    let own = getpid();
    let shown = fs::read_link("/proc/self").ok()?;
    if shown.to_str().and_then(process_id) != Some(own) {
        return None;
    }
    let mut children: BTreeMap<i32, Vec<(Process, bool)>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(process_id) else {
            continue;
        };
        if let Some(stat) = stat(pid) {
            let process = Process {
                pid,
                started: stat.started,
            };
            children.entry(stat.parent).or_default().push((process, stat.is_dead));
        }
    }
    let mut found = Vec::new();
    let mut parents = VecDeque::from([own.as_raw_nonzero().get()]);
    while let Some(parent) = parents.pop_front() {
        // Removed from the map: a snapshot is not taken in one moment and could, with a reused id, contain a cycle.
        for (process, is_dead) in children.remove(&parent).unwrap_or_default() {
            parents.push_back(process.pid.as_raw_nonzero().get());
            if !is_dead {
                found.push(process);
            }
        }
    }
    Some(found)
}

fn process_id(name: &str) -> Option<Pid> {
    name.parse().ok().filter(|number| *number > 0).and_then(Pid::from_raw)
}

fn stat(pid: Pid) -> Option<Stat> {
    parse(&fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?)
}

/// The name of the program, in parentheses, is any bytes; the fields after it are text: state, parent, ..., threads as the 20th and the
/// start as the 22nd of all (proc_pid_stat(5)).
fn parse(stat: &[u8]) -> Option<Stat> {
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let fields = std::str::from_utf8(stat.get(name_end + 1..)?).ok()?;
    let mut fields = fields.split_ascii_whitespace();
    let (state, parent) = (fields.next()?, fields.next()?.parse().ok()?);
    let (threads, started) = (fields.nth(15)?.parse::<u64>().ok()?, fields.nth(1)?.parse().ok()?);
    Some(Stat {
        parent,
        started,
        // A leader that has ended while other threads of its process run is a zombie too.
        is_dead: matches!(state, "Z" | "X") && threads <= 1,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn children_and_their_children_are_found_parents_first() {
        let mut parent = Command::new("sh")
            .args(["-c", "sleep 300 & echo $!; wait"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(parent.stdout.take().unwrap()), &mut line).unwrap();
        let child = process_id(line.trim()).unwrap();
        let pids: Vec<Pid> = descendants().unwrap().iter().map(|process| process.pid).collect();
        let place = |wanted: Pid| pids.iter().position(|pid| *pid == wanted).unwrap();
        assert!(place(process_id(&parent.id().to_string()).unwrap()) < place(child));
        kill_process(child, Signal::KILL).unwrap();
        parent.wait().unwrap();
    }

    #[test]
    fn an_id_that_belongs_to_another_process_by_now_is_not_signalled() {
        let mut other = Command::new("sleep").arg("300").spawn().unwrap();
        let pid = process_id(&other.id().to_string()).unwrap();
        let started = stat(pid).unwrap().started;
        let earlier = Process {
            pid,
            started: started - 1,
        };
        earlier.signal(Signal::KILL);
        assert!(other.try_wait().unwrap().is_none());
        Process { pid, started }.signal(Signal::KILL);
        other.wait().unwrap();
    }

    #[test]
    fn a_name_with_parentheses_hides_no_field_and_a_zombie_with_threads_is_alive() {
        let line = |state: &str, threads: u32| {
            format!("7 (a) Z 1 ) {state} 5 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 {threads} 0 4711 0 0\n")
        };
        let parsed = parse(line("S", 1).as_bytes()).unwrap();
        let expected = Stat {
            parent: 5,
            started: 4711,
            is_dead: false,
        };
        assert_eq!(parsed, expected);
        assert!(parse(line("Z", 1).as_bytes()).unwrap().is_dead);
        assert!(!parse(line("Z", 2).as_bytes()).unwrap().is_dead);
        assert_eq!(parse(b"7 (a"), None);
        assert_eq!(parse(b""), None);
    }
}
