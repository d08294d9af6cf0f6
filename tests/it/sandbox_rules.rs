//! Every rule of the filters of system calls is used by a test, or there is a reason why it stands there all the same.
//!
//! The lists are those of this build. What the daemon calls is seen by strace(1), from the moment at which a thread has taken on its
//! filter. Calls are compared by their numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command as Process;
use std::time::Duration;

use tunnel_client::probes::{self, Place, Probe};
use tunnel_client::sandbox::listed;

use crate::support::{ClientBuilder, Command, ControlPlane, McpServer, Scratch, StdioServer, eventually};

/// The number of a call, its name, and why it is an exception.
type Reason = (i64, &'static str, &'static str);

/// Allowed, and not called in the run below by one build of the program at least; why.
const REASONS: &[Reason] = &[
    // One C library makes the one, the other the other call.
    (libc::SYS_brk, "brk", "the heap of glibc"),
    (libc::SYS_mmap, "mmap", "memory of musl, and of large buffers"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, "open", "musl opens files by it"),
    (libc::SYS_openat, "openat", "glibc opens files by it"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_stat, "stat", "musl"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_lstat, "lstat", "musl"),
    (libc::SYS_fstat, "fstat", "musl"),
    (libc::SYS_newfstatat, "newfstatat", "glibc"),
    (libc::SYS_statx, "statx", "glibc, and std with it"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_epoll_wait, "epoll_wait", "glibc"),
    (libc::SYS_epoll_pwait, "epoll_pwait", "musl"),
    (libc::SYS_epoll_pwait2, "epoll_pwait2", "newer C libraries"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_poll, "poll", "musl waits for descriptors by it"),
    (libc::SYS_ppoll, "ppoll", "where there is no poll: other architectures"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_readlink, "readlink", "links on the way to a key"),
    (
        libc::SYS_readlinkat,
        "readlinkat",
        "where there is no readlink: other architectures",
    ),
    (
        libc::SYS_fstatfs,
        "fstatfs",
        "a key in a directory that others could write, in rotation",
    ),
    (libc::SYS_readv, "readv", "musl reads buffered files by it"),
    (libc::SYS_sysinfo, "sysinfo", "glibc, before it sorts much"),
    // Clocks, where the machine has none that programs can read without a call.
    (
        libc::SYS_clock_gettime,
        "clock_gettime",
        "xen, and virtual machines without a usable vDSO clock",
    ),
    (libc::SYS_gettimeofday, "gettimeofday", "the same, for seconds"),
    (libc::SYS_clock_nanosleep, "clock_nanosleep", "std sleeps by it"),
    (libc::SYS_nanosleep, "nanosleep", "the same, in other C libraries"),
    // What depends on how much there is to do, and on what.
    (libc::SYS_mremap, "mremap", "a buffer that grows"),
    (libc::SYS_mprotect, "mprotect", "an arena of glibc that grows"),
    (libc::SYS_mlock, "mlock", "a key that comes by rotation"),
    (libc::SYS_munlock, "munlock", "a key that went by rotation"),
    (libc::SYS_lseek, "lseek", "files of keys, in rotation"),
    (libc::SYS_pread64, "pread64", "the same"),
    (libc::SYS_getcwd, "getcwd", "std::path::absolute, for files of rotation"),
    (libc::SYS_ioctl, "ioctl", "std makes sockets non-blocking by it"),
    (
        libc::SYS_sched_yield,
        "sched_yield",
        "a lock that is held by a thread which resolves a name",
    ),
    (
        libc::SYS_getsockname,
        "getsockname",
        "which address a connection goes out from",
    ),
    (
        libc::SYS_getpeername,
        "getpeername",
        "which address a connection leads to",
    ),
    (
        libc::SYS_sendmsg,
        "sendmsg",
        "several buffers to one connection, in one call",
    ),
    (
        libc::SYS_restart_syscall,
        "restart_syscall",
        "the kernel's own, when a process was stopped and goes on",
    ),
    // Ends: the probe "a panic" comes to one.
    (libc::SYS_tgkill, "tgkill", "abort in glibc"),
    (libc::SYS_tkill, "tkill", "abort in musl"),
    (libc::SYS_getpid, "getpid", "abort"),
    (libc::SYS_gettid, "gettid", "abort"),
    (libc::SYS_rt_sigaction, "rt_sigaction", "abort"),
    (libc::SYS_rt_sigprocmask, "rt_sigprocmask", "abort"),
    (libc::SYS_exit, "exit", "the end of a thread"),
];

/// Refused to servers, and not tried by a probe; why.
const NOT_TRIED: [Reason; 1] = [(
    libc::SYS_vhangup,
    "vhangup",
    "without the sandbox it would end the terminal of whoever runs the proof",
)];

/// What each thread calls once it has taken on its filters: both of them. Numbers and names of the calls, as `strace -n` writes them.
fn called(trace: &str) -> BTreeMap<u32, BTreeMap<i64, String>> {
    let mut filters: BTreeMap<u32, usize> = BTreeMap::new();
    let mut called: BTreeMap<u32, BTreeMap<i64, String>> = BTreeMap::new();
    for line in trace.lines() {
        // `PID [ NUMBER] NAME(`
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        let Ok(thread) = thread.parse() else { continue };
        let Some((number, rest)) = rest
            .trim_start()
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("] "))
        else {
            continue;
        };
        // A call that another thread interrupts takes two lines. The second one, `<... NAME resumed>`, is its end.
        let Some((name, _)) = rest.split_once('(').filter(|_| !rest.starts_with("<... ")) else {
            continue;
        };
        let number = number.trim().parse().unwrap();
        if filters.get(&thread).copied().unwrap_or_default() >= 2 {
            called.entry(thread).or_default().insert(number, name.to_owned());
        }
        if name == "seccomp" && rest.contains("SECCOMP_SET_MODE_FILTER") {
            *filters.entry(thread).or_default() += 1;
        }
    }
    called
}

#[test]
fn every_call_that_is_allowed_is_made_or_there_is_a_reason() {
    let allowed = listed::allowed_to_main().unwrap();
    for (number, name, _) in REASONS {
        assert!(allowed.contains(number), "there is a reason for {name}, and no rule");
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
        .start_by(&format!("exec strace -n -D -f -o {} \"$0\" \"$@\"", trace.display()));
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
        // `PID [ NUMBER] +++ exited with`; short numbers are padded.
        let ends = |line: &str| {
            let is_main = line.split_whitespace().next() == Some(&*main.to_string());
            is_main && line.contains("] +++ exited")
        };
        text.lines().any(ends).then_some(text)
    });
    let called = called(&text);
    let seen = &called[&main];
    for (number, name) in seen {
        assert!(
            allowed.contains(number) || name == "exit_group",
            "{name} is called, and not on a list"
        );
    }
    assert!(seen.len() > 10, "{seen:?}");
    let known: BTreeSet<i64> = REASONS.iter().map(|(number, ..)| *number).collect();
    let without: Vec<_> = allowed
        .iter()
        .filter(|number| !seen.contains_key(number) && !known.contains(number))
        .collect();
    assert!(
        without.is_empty(),
        "on a list, not called, and without a reason: {without:?}"
    );
}

#[test]
fn every_call_that_is_refused_to_servers_is_tried_by_a_probe_or_there_is_a_reason() {
    let refused = listed::refused_to_servers().unwrap();
    for (number, name, _) in NOT_TRIED {
        assert!(refused.contains(&number), "there is a reason for {name}, and no rule");
    }
    are_tried(&refused, Place::Server);
}

#[test]
fn every_call_that_is_refused_to_strict_servers_alone_is_tried_by_a_probe() {
    are_tried(&listed::refused_to_strict_servers().unwrap(), Place::Strict);
}

/// One of the probes at this place tries each call, or it is in [`NOT_TRIED`].
#[track_caller]
fn are_tried(refused: &BTreeSet<i64>, place: Place) {
    let tried: BTreeSet<i64> = probes::all()
        .filter(|probe| probe.place == place)
        .flat_map(Probe::calls)
        .collect();
    assert!(refused.len() > 10, "{refused:?}");
    for number in refused {
        let is_tried = tried.contains(number);
        let is_known = NOT_TRIED.iter().any(|(known, ..)| known == number);
        assert!(
            is_tried != is_known,
            "call {number}: tried {is_tried}, reason {is_known}"
        );
    }
}
