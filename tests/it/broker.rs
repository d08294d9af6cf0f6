//! The broker: what it knows, what it leaves to its children, how it ends, and what it does with messages that make no sense.

use std::fs;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command as Process, Stdio};

use rustix::cmsg_space;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::process::{Pid, Signal, kill_process};
use tunnel_client::broker::protocol::{Kill, PIECE, Reply, Request, SIZE};
use tunnel_client::limits::{BROKER_PIECE_MAX, BROKER_SERVERS_MAX, BROKER_SPECIFICATIONS_MAX};
use tunnel_client::sys::child::Failure;

use crate::support::broker::{BOUND, Raw, gone, read, server, sleeper};
use crate::support::child::start;
use crate::support::client::{API_KEY, binary};
use crate::support::wait::within;
use crate::support::{ClientBuilder, Command, ControlPlane, StdioServer, needs, process};

/// Says where it runs, and has a child of its own that outlives whatever can be survived.
const FAMILY: &str = r#"
import subprocess
grandchild = subprocess.Popen(["sleep", "300"], preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN))
def on(message):
    answer(message, {
        "pid": os.getpid(), "parent": os.getppid(), "session": os.getsid(0), "group": os.getpgrp(),
        "grandchild": grandchild.pid,
        "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd")
                              if os.path.exists("/proc/self/fd/" + name)),
        "status": open("/proc/self/status").read(),
        "limits": open("/proc/self/limits").read(),
    })
"#;

fn pid(value: &serde_json::Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

fn kill(pid: u32) {
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn the_broker_has_an_empty_environment_and_the_janitor_is_the_only_other_process_of_the_daemon() {
    if !needs::root() {
        return;
    }
    let (control, child, client) = start(FAMILY);
    child.await_start(1);
    let place = control.call(Command::call("r1", "tools/call", "{}"), "r1").json()["result"].clone();
    let broker = pid(&place["parent"]);
    let others: Vec<u32> = process::children(client.pid())
        .into_iter()
        .filter(|pid| *pid != broker)
        .collect();
    let [janitor] = others[..] else {
        panic!("{others:?}");
    };
    assert_eq!(
        fs::read(format!("/proc/{janitor}/cmdline")).unwrap(),
        b"tunnel-client\0janitor\0"
    );
    assert_eq!(fs::read(format!("/proc/{broker}/environ")).unwrap(), b"");
    let arguments = fs::read(format!("/proc/{broker}/cmdline")).unwrap();
    assert_eq!(arguments, b"tunnel-client\0broker\0");
    let maps = fs::read_to_string(format!("/proc/{broker}/maps")).unwrap();
    assert!(!maps.contains(API_KEY));
    // Of the pipes of its children it keeps the end at which their standard errors come out.
    let targets = process::descriptor_targets(broker);
    let kinds: Vec<_> = targets
        .iter()
        .map(|target| target.to_str().unwrap().split('[').next().unwrap())
        .collect();
    let own = format!("/proc/{broker}/oom_score_adj");
    let known = [
        "socket:",
        "pipe:",
        "pipe:",
        &own,
        "pipe:",
        "pipe:",
        "anon_inode:",
        "anon_inode:",
        "pipe:",
    ];
    assert_eq!(kinds, known, "{targets:?}");
    assert_eq!(targets[1], targets[4], "the pipe for lines of servers, opened anew");
    assert_eq!(targets[2], targets[5], "its own standard error, opened anew");
    assert_ne!(targets[1], targets[2]);
}

#[test]
fn a_child_has_a_session_of_its_own_three_descriptors_and_default_signals() {
    let control = ControlPlane::http();
    let child = StdioServer::with(FAMILY);
    // Started as from a script that leaks a descriptor, ignores a signal and wants core files.
    let client = ClientBuilder::new(&control)
        .command(child.command())
        .start_by("exec 7</dev/null; trap '' HUP CHLD USR1; ulimit -S -c unlimited 2>/dev/null; exec \"$0\" \"$@\"");
    child.await_start(1);
    control.introduce();
    let place = control.call(Command::call("r1", "tools/call", "{}"), "r1").json()["result"].clone();
    assert_eq!(place["session"], place["pid"]);
    assert_eq!(place["group"], place["pid"]);
    // 3 is the file in which the test's own server records; it looks through another, which is closed by then.
    assert_eq!(place["descriptors"], serde_json::json!([0, 1, 2, 3]), "{place}");
    let status = place["status"].as_str().unwrap();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    };
    assert_eq!(field("SigBlk:"), 0);
    // Python itself ignores SIGPIPE and SIGXFSZ; 32 to 34 are the C library's own, which nobody else can set.
    let kept = [Signal::PIPE.as_raw(), Signal::XFSZ.as_raw(), 32, 33, 34].map(|number| 1 << (number - 1));
    assert_eq!(field("SigIgn:") & !kept.iter().sum::<u64>(), 0, "{status}");
    let limits = place["limits"].as_str().unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    drop(client);
}

#[test]
fn nothing_is_left_when_the_daemon_is_killed() {
    let (control, _child, mut client) = start(FAMILY);
    let place = control.call(Command::call("r1", "tools/call", "{}"), "r1").json()["result"].clone();
    client.signal(Signal::KILL);
    client.wait_exit(BOUND);
    gone(&[pid(&place["pid"]), pid(&place["grandchild"]), pid(&place["parent"])]);
}

#[test]
fn what_a_child_leaves_behind_is_killed_when_it_ends() {
    let (control, child, _client) = start(FAMILY);
    let place = control.call(Command::call("r1", "tools/call", "{}"), "r1").json()["result"].clone();
    kill(pid(&place["pid"]));
    gone(&[pid(&place["grandchild"])]);
    child.await_start(2);
    assert_eq!(
        process::children(pid(&place["parent"])).len(),
        1,
        "one broker, one server"
    );
}

#[test]
fn signals_to_every_process_leave_the_end_of_the_servers_to_the_daemon() {
    let (control, child, mut client) = start(FAMILY);
    let place = control.call(Command::call("r1", "tools/call", "{}"), "r1").json()["result"].clone();
    let broker = Pid::from_raw(i32::try_from(pid(&place["parent"])).unwrap()).unwrap();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        kill_process(broker, signal).unwrap();
    }
    assert_eq!(
        control.call(Command::call("r2", "tools/call", "{}"), "r2").resp_code,
        200
    );
    assert_eq!(child.starts().len(), 1);
    client.terminate();
    assert_eq!(client.wait_exit(BOUND).code(), Some(0));
    gone(&[pid(&place["pid"]), pid(&place["grandchild"]), pid(&place["parent"])]);
}

#[test]
fn without_its_broker_the_daemon_is_not_ready_and_ends_with_a_failure_that_says_so() {
    let script = r#"
def on(message):
    if message["params"].get("slow"):
        wait_for("never")
    answer(message, {"parent": os.getppid(), "pid": os.getpid()})
"#;
    let (control, _child, mut client) = start(script);
    let place = control.call(Command::call("r1", "tools/call", "{}"), "r1").json()["result"].clone();
    client.await_ready();
    kill(pid(&place["parent"]));
    let status = client.wait_exit(BOUND);
    assert_eq!(status.code(), Some(1));
    let line = client.await_log("run tunnel-client: the broker of stdio MCP servers is gone");
    assert!(
        line.contains("signal: 9") && line.contains("start tunnel-client anew"),
        "{line}"
    );
    assert!(
        client
            .log_with("\"level\":\"error\"")
            .iter()
            .chain(&client.log_with("ERROR"))
            .any(|line| line.contains("broker")),
        "{:?}",
        client.log()
    );
    gone(&[pid(&place["pid"])]);
}

#[test]
fn a_person_who_asks_for_the_broker_is_told_what_it_is() {
    let output = Process::new(binary())
        .arg("broker")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        text,
        "tunnel-client broker: it is started by tunnel-client run and does nothing without it\n"
    );
}

// ---- the protocol, spoken by hand ----

#[test]
fn many_servers_with_large_environments_arrive_whole() {
    let servers: Vec<_> = (0..BROKER_SERVERS_MAX)
        .map(|number| {
            let mut server = server(&["sh", "-c", "echo $NUMBER ${#LARGE}"]);
            server.environment.push(("NUMBER".into(), (&number.to_string()).into()));
            server.environment.push(("LARGE".into(), (&"x".repeat(100_000)).into()));
            server
        })
        .collect();
    let raw = Raw::ready(&servers);
    for (number, run) in (0..BROKER_SERVERS_MAX).zip(1..) {
        let (_, pipes) = raw.started(u16::try_from(number).unwrap(), run);
        let [_stdin, stdout] = <[OwnedFd; 2]>::try_from(pipes).unwrap();
        assert_eq!(read(stdout), format!("{number} 100000\n"));
        assert_eq!(raw.receive(), (Reply::Exited { run, status: 0 }, 0));
    }
}

#[test]
fn specifications_that_make_no_sense_end_the_broker() {
    let raw = Raw::new();
    raw.send(b"{}");
    raw.assert_refused("no piece of the specifications");
    let raw = Raw::new();
    raw.send(&[PIECE, b'[']);
    raw.send(&[PIECE]);
    raw.assert_refused("the specifications cannot be read");
    let raw = Raw::new();
    raw.send(&vec![PIECE; BROKER_PIECE_MAX + 2]);
    raw.assert_refused("makes no sense");
    let raw = Raw::new();
    let piece = [&[PIECE], &[b' '; BROKER_PIECE_MAX - 1][..]].concat();
    for _ in 0..=BROKER_SPECIFICATIONS_MAX / (BROKER_PIECE_MAX - 1) {
        raw.send(&piece);
    }
    raw.assert_refused("the specifications are too long");
}

#[test]
fn a_daemon_that_goes_before_it_said_what_to_start_is_no_failure() {
    let mut raw = Raw::new();
    raw.send(&[PIECE, b'[']);
    raw.socket = None;
    let (status, text) = raw.end();
    assert_eq!((status.code(), text.as_str()), (Some(0), ""));
}

#[test]
fn messages_that_make_no_sense_end_the_broker_with_its_servers() {
    let start = |index, run| Request::Start { index, run }.encode().to_vec();
    let signal = |run, kill| Request::Signal { run, kill }.encode().to_vec();
    let mut padded = start(0, 2);
    padded[1] = 1;
    for (what, message) in [
        ("truncated", start(0, 2)[..SIZE - 1].to_vec()),
        ("one byte too long", [start(0, 2), vec![0]].concat()),
        ("oversized", vec![2; 4096]),
        ("padded", padded),
        ("an index beyond the servers", start(1, 2)),
        ("the greatest index", start(u16::MAX, 2)),
        ("a run that was there", start(0, 1)),
        ("run zero", start(0, 0)),
        ("a signal to a run that is to come", signal(2, Kill::Kill)),
        ("a reply", Reply::Ready.encode().to_vec()),
        ("a piece of specifications", vec![PIECE]),
    ] {
        let raw = Raw::ready(&[sleeper()]);
        let (pid, _pipes) = raw.started(0, 1);
        raw.send(&message);
        let (status, text) = raw.end();
        assert_eq!(status.code(), Some(1), "{what}: {text}");
        assert!(
            text.contains("a message of the daemon makes no sense"),
            "{what}: {text}"
        );
        gone(&[pid]);
    }
}

#[test]
fn a_message_that_brings_descriptors_ends_the_broker() {
    let raw = Raw::ready(&[sleeper()]);
    let bytes = Request::Start { index: 0, run: 1 }.encode();
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let null = fs::File::open("/dev/null").unwrap();
    let descriptors = [null.as_fd()];
    assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
    sendmsg(raw.socket(), &[IoSlice::new(&bytes)], &mut control, SendFlags::NOSIGNAL).unwrap();
    raw.assert_refused("makes no sense");
}

#[test]
fn a_signal_to_a_run_that_has_ended_reaches_nobody() {
    let raw = Raw::ready(&[server(&["true"]), sleeper()]);
    raw.started(0, 1);
    assert_eq!(raw.receive(), (Reply::Exited { run: 1, status: 0 }, 0));
    for kill in [Kill::Term, Kill::Kill] {
        raw.ask(Request::Signal { run: 1, kill });
    }
    let (pid, _pipes) = raw.started(1, 2);
    assert!(process::alive(pid));
    raw.ask(Request::Signal {
        run: 2,
        kill: Kill::Term,
    });
    let status = Signal::TERM.as_raw();
    assert_eq!(raw.receive(), (Reply::Exited { run: 2, status }, 0));
}

#[test]
fn a_program_that_cannot_be_started_is_told_with_the_reason() {
    let mut nul = sleeper();
    nul.environment.push(("A".into(), "b\0c".into()));
    let raw = Raw::ready(&[server(&["/no/such/program"]), server(&["/dev/null"]), nul, sleeper()]);
    for (index, errno) in [
        (0, rustix::io::Errno::NOENT),
        (1, rustix::io::Errno::ACCESS),
        (2, rustix::io::Errno::INVAL),
    ] {
        let run = u64::from(index) + 1;
        raw.ask(Request::Start { index, run });
        let failure = Failure::Program(errno.raw_os_error());
        assert_eq!(raw.receive(), (Reply::Failed { run, failure }, 0));
    }
    raw.started(3, 4);
}

#[test]
fn the_broker_ends_with_its_servers_when_the_other_end_closes() {
    let mut raw = Raw::ready(&[
        sleeper(),
        server(&["sh", "-c", "trap '' TERM; sleep 300 & wait; sleep 300"]),
    ]);
    let (first, _a) = raw.started(0, 1);
    let (second, _b) = raw.started(1, 2);
    let children = within(BOUND, "the sleep of the shell", || {
        let children = process::children(second);
        (!children.is_empty()).then_some(children)
    });
    raw.socket = None;
    let (status, text) = raw.end();
    assert_eq!((status.code(), text.as_str()), (Some(0), ""));
    gone(&[first, second]);
    gone(&children);
}
