//! Children that the broker never started: what servers leave behind comes to it, as the kernel gives orphans to the nearest
//! ancestor that asked for them (PR_SET_CHILD_SUBREAPER in prctl(2)).
//!
//! Nothing that a process cannot change tells whose an orphan was. So it may stay while a server runs, and has to go with the last.

use std::fs;

use rustix::process::{Pid, Signal, getpid, kill_process};

/// Kills every child, those that were not started here among them. Their children come here then: repeat it until there are none.
pub(super) fn kill_children() {
    for child in children() {
        // A child keeps its number until this process waits for it.
        let _ = kill_process(child, Signal::KILL);
    }
}

/// Those that there are, dead or alive; some may be missing when others end meanwhile (proc(5), /proc/PID/task/TID/children).
fn children() -> Vec<Pid> {
    let own = getpid().as_raw_nonzero().to_string();
    // Where /proc is that of another pid namespace, its numbers are those of other processes here.
    if fs::read_link("/proc/self").is_ok_and(|shown| shown.as_os_str() != own.as_str()) {
        return Vec::new();
    }
    match fs::read_to_string(format!("/proc/self/task/{own}/children")) {
        Ok(text) => text.split_whitespace().filter_map(number).collect(),
        // Linux was built without CONFIG_PROC_CHILDREN.
        Err(_) => children_by_parent(&own),
    }
}

/// The same from a look at all processes.
fn children_by_parent(own: &str) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| {
            let child = number(entry.file_name().to_str()?)?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name before it is any text, in parentheses; then come state and parent.
            let (_, fields) = stat.rsplit_once(')')?;
            (fields.split_whitespace().nth(1) == Some(own)).then_some(child)
        })
        .collect()
}

fn number(text: &str) -> Option<Pid> {
    text.parse().ok().filter(|number| *number > 0).and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::process::Command;

    use super::*;

    #[test]
    fn children_are_found_with_and_without_the_kernels_list() {
        let mut child = Command::new("sleep").arg("300").spawn().unwrap();
        let id = number(&child.id().to_string()).unwrap();
        assert!(children_by_parent(&std::process::id().to_string()).contains(&id));
        // The list is that of one thread, and tests have many.
        let lists = fs::read_dir("/proc/self/task").unwrap().flatten();
        let listed = lists.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        let listed: Vec<Pid> = listed
            .flat_map(|text| text.split_whitespace().filter_map(number).collect::<Vec<_>>())
            .collect();
        assert!(listed.is_empty() || listed.contains(&id), "{listed:?}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
