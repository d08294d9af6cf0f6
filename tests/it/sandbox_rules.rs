//! Every rule of the filters of system calls is used by a test, or there is a reason why it stands there all the same.
//!
//! The lists are read as they are written, in the sources. What the daemon calls is seen by strace(1), from the moment at which a thread
//! has taken on its filter.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command as Process;
use std::time::Duration;

use crate::support::{ClientBuilder, Command, ControlPlane, McpServer, Scratch, StdioServer, eventually};

const COMMON: &str = include_str!("../../src/sandbox/seccomp/common.rs");
const MAIN: &str = include_str!("../../src/sandbox/seccomp/main.rs");
const SERVER: &str = include_str!("../../src/sandbox/seccomp/server.rs");
const STRICT: &str = include_str!("../../src/sandbox/seccomp/strict.rs");
const ATTEMPTS: &str = include_str!("../../src/sys/attempts.rs");

const OF_SERVERS: [&str; 2] = [
    include_str!("../../src/probes/attempts/server.rs"),
    include_str!("../../src/probes/attempts/server_system.rs"),
];

const OF_STRICT_SERVERS: [&str; 2] = [
    include_str!("../../src/probes/attempts/strict.rs"),
    include_str!("../../src/probes/attempts/strict_channels.rs"),
];

/// Allowed, and not called in the run below by one build of the program at least; why.
const REASONS: &[(&str, &str)] = &[
    // One C library makes the one, the other the other call.
    ("brk", "the heap of glibc"),
    ("mmap", "memory of musl, and of large buffers"),
    ("open", "musl opens files by it"),
    ("openat", "glibc opens files by it"),
    ("stat", "musl"),
    ("lstat", "musl"),
    ("fstat", "musl"),
    ("newfstatat", "glibc"),
    ("statx", "glibc, and std with it"),
    ("epoll_wait", "glibc"),
    ("epoll_pwait", "musl"),
    ("epoll_pwait2", "newer C libraries"),
    ("poll", "musl waits for descriptors by it"),
    ("ppoll", "where there is no poll: other architectures"),
    ("readlink", "links on the way to a key"),
    ("readlinkat", "where there is no readlink: other architectures"),
    ("fstatfs", "a key in a directory that others could write, in rotation"),
    ("readv", "musl reads buffered files by it"),
    ("sysinfo", "glibc, before it sorts much"),
    // Clocks, where the machine has none that programs can read without a call.
    ("clock_gettime", "xen, and virtual machines without a usable vDSO clock"),
    ("gettimeofday", "the same, for seconds"),
    ("clock_nanosleep", "std sleeps by it"),
    ("nanosleep", "the same, in other C libraries"),
    // What depends on how much there is to do, and on what.
    ("mremap", "a buffer that grows"),
    ("mprotect", "an arena of glibc that grows"),
    ("mlock", "a key that comes by rotation"),
    ("munlock", "a key that went by rotation"),
    ("lseek", "files of keys, in rotation"),
    ("pread64", "the same"),
    ("getcwd", "std::path::absolute, for files of rotation"),
    ("ioctl", "std makes sockets non-blocking by it"),
    ("sched_yield", "a lock that is held by a thread which resolves a name"),
    ("getsockname", "which address a connection goes out from"),
    ("getpeername", "which address a connection leads to"),
    ("sendmsg", "several buffers to one connection, in one call"),
    (
        "restart_syscall",
        "the kernel's own, when a process was stopped and goes on",
    ),
    // Ends: the probe "a panic" comes to one.
    ("tgkill", "abort in glibc"),
    ("tkill", "abort in musl"),
    ("getpid", "abort"),
    ("gettid", "abort"),
    ("rt_sigaction", "abort"),
    ("rt_sigprocmask", "abort"),
    ("exit", "the end of a thread"),
];

/// Refused to servers, and not tried by a probe; why.
const NOT_TRIED: [(&str, &str); 1] = [(
    "vhangup",
    "without the sandbox it would end the terminal of whoever runs the proof",
)];

/// The calls that a source names.
fn named(source: &str) -> BTreeSet<&str> {
    let source = source.split("#[cfg(test)]").next().unwrap();
    let names = source.split("libc::SYS_").skip(1);
    names
        .map(|rest| {
            rest.split(|char: char| !char.is_ascii_alphanumeric() && char != '_')
                .next()
                .unwrap()
        })
        .collect()
}

/// What each thread calls once it has taken on its filters: both of them.
fn called(trace: &str) -> BTreeMap<u32, BTreeSet<String>> {
    let mut filters: BTreeMap<u32, usize> = BTreeMap::new();
    let mut called: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for line in trace.lines() {
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        let Ok(thread) = thread.parse() else { continue };
        let rest = rest.trim_start();
        // A call that another thread interrupts takes two lines. The second one, `<... NAME resumed>`, is its end.
        let Some((name, _)) = rest.split_once('(').filter(|_| !rest.starts_with("<... ")) else {
            continue;
        };
        if filters.get(&thread).copied().unwrap_or_default() >= 2 {
            called.entry(thread).or_default().insert(name.to_owned());
        }
        if name == "seccomp" && rest.contains("SECCOMP_SET_MODE_FILTER") {
            *filters.entry(thread).or_default() += 1;
        }
    }
    called
}

#[test]
fn every_call_that_is_allowed_is_made_or_there_is_a_reason() {
    let allowed: BTreeSet<&str> = named(COMMON).union(&named(MAIN)).copied().collect();
    for (name, _) in REASONS {
        assert!(allowed.contains(name), "there is a reason for {name}, and no rule");
    }
    let strace = Process::new("strace").arg("-V").output();
    strace.expect("strace is needed, which ./check installs");
    let directory = Scratch::new();
    let trace = directory.file("trace");
    let (control, mcp, child) = (ControlPlane::http(), McpServer::echo(), StdioServer::echo());
    let mut client = ClientBuilder::new(&control)
        .server(mcp.url().replace("127.0.0.1", "localhost"))
        .command(format!("channel=local,command={}", child.command()))
        .env("PID_FILE", directory.file("pid").display().to_string())
        .start_by(&format!("exec strace -D -f -o {} \"$0\" \"$@\"", trace.display()));
    client.await_ready();
    control.introduce_on("local");
    control.call(Command::call("r1", "tools/list", "{}"), "r1");
    control.call(Command::call("r2", "tools/list", "{}").channel("local"), "r2");
    client.signal(rustix::process::Signal::HUP);
    client.health("/metrics");
    client.terminate();
    assert!(client.wait_exit(Duration::from_secs(40)).success());
    let main = client.pid();
    let text = eventually("the end of the trace", || {
        let text = std::fs::read_to_string(&trace).ok()?;
        // Short numbers are padded.
        let ends = |line: &str| {
            line.split_whitespace()
                .take(3)
                .eq([main.to_string().as_str(), "+++", "exited"])
        };
        text.lines().any(ends).then_some(text)
    });
    let called = called(&text);
    let seen = &called[&main];
    for name in seen {
        assert!(
            allowed.contains(name.as_str()) || name == "exit_group",
            "{name} is called, and not on a list"
        );
    }
    assert!(seen.len() > 10, "{seen:?}");
    let known: BTreeSet<&str> = REASONS.iter().map(|(name, _)| *name).collect();
    let without: Vec<_> = allowed
        .iter()
        .filter(|name| !seen.contains(**name) && !known.contains(*name))
        .collect();
    assert!(
        without.is_empty(),
        "on a list, not called, and without a reason: {without:?}"
    );
}

#[test]
fn every_call_that_is_refused_to_servers_is_tried_by_a_probe_or_there_is_a_reason() {
    let refused = named(SERVER);
    for (name, _) in NOT_TRIED {
        assert!(refused.contains(name), "there is a reason for {name}, and no rule");
    }
    are_tried(&refused, &OF_SERVERS);
}

#[test]
fn every_call_that_is_refused_to_strict_servers_alone_is_tried_by_a_probe() {
    are_tried(&named(STRICT), &OF_STRICT_SERVERS);
}

/// One of the probes tries each call, or it is in [`NOT_TRIED`].
#[track_caller]
fn are_tried(refused: &BTreeSet<&str>, probes: &[&str]) {
    // `NAME = libc::SYS_name, [..]`
    let mut calls: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in ATTEMPTS.lines() {
        if let Some((name, rest)) = line.trim().split_once(" = libc::SYS_") {
            calls.entry(rest.split(',').next().unwrap()).or_default().push(name);
        }
    }
    for name in refused {
        let is_tried = |call: &&str| probes.iter().any(|probes| names_call(probes, call));
        let tried = calls.get(name).is_some_and(|calls| calls.iter().any(is_tried));
        let is_known = NOT_TRIED.iter().any(|(known, _)| known == name);
        assert!(tried != is_known, "{name}: tried {tried}, reason {is_known}");
    }
}

fn names_call(probes: &str, call: &str) -> bool {
    probes.split("calls::").skip(1).any(|rest| {
        let end = rest.find(|char: char| !char.is_ascii_uppercase() && !char.is_ascii_digit() && char != '_');
        rest.get(..end.unwrap_or(rest.len())) == Some(call)
    })
}
