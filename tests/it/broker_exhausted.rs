//! Servers that use up resources of their user: a server that cannot be handed over is a failed start, and the broker goes on.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command as Process, Stdio};

use rustix::io::Errno;
use tunnel_client::broker::Specification;
use tunnel_client::broker::protocol::{Kill, Reply, Request};
use tunnel_client::limits::BROKER_RUNS_MAX;
use tunnel_client::sys::child::Failure;

use crate::support;
use crate::support::Scratch;
use crate::support::broker::{Raw, read, server, sleeper};
use crate::support::client::binary;
use crate::support::wait::within;

/// The user and group that own nothing, by the convention of every distribution.
const NOBODY: u32 = 65534;

/// Puts descriptors in flight until its user may have no more, says so and waits.
const IN_FLIGHT: &str = r#"
import array, os, socket, sys
null, keep = os.open("/dev/null", os.O_RDONLY), []
try:
    for _ in range(1000):
        pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        keep.append(pair)
        pair[0].sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [null] * 32))])
except OSError as error:
    print(error.errno, flush=True)
os.close(1)
while True:
    sys.stdin.read()
"#;

/// A broker of an ordinary user, which may have this many descriptors: root is exempt from the limit of those in flight.
fn limited(descriptors: u32, directory: &Scratch, servers: &[Specification]) -> Raw {
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
    let copy = directory.file("tunnel-client");
    // Copied by another process: a file that is open for writing somewhere cannot be executed.
    let copied = Process::new("cp").args([binary(), copy.clone()]).status().unwrap();
    assert!(copied.success());
    fs::set_permissions(&copy, Permissions::from_mode(0o755)).unwrap();
    let mut command = Process::new("/bin/sh");
    command
        .args(["-c", &format!("ulimit -n {descriptors}; exec \"$0\" \"$@\"")])
        .arg(&copy);
    if support::needs::is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    Raw::started_by(command, Stdio::piped()).told(servers)
}

#[track_caller]
fn start_fails(raw: &Raw, index: u16, run: u64, number: Errno) {
    raw.ask(Request::Start { index, run });
    let failure = Failure::Program(number.raw_os_error());
    assert_eq!(raw.receive(), (Reply::Failed { run, failure }, 0));
}

/// Starts a server, from this run on, until it succeeds: the kernel collects descriptors in flight some time after the end of the
/// processes that held them. Gives the run.
#[track_caller]
fn starts_again(raw: &Raw, index: u16, first: u64) -> u64 {
    let mut run = first;
    within(support::broker::BOUND, "a start that succeeds", || {
        raw.ask(Request::Start { index, run });
        match raw.receive_with_pipes() {
            (Reply::Started { run, .. }, _) => Some(run),
            (Reply::Failed { failure, .. }, _) => {
                assert_eq!(failure, Failure::Program(Errno::TOOMANYREFS.raw_os_error()));
                run += 1;
                None
            }
            other => panic!("{other:?}"),
        }
    })
}

/// One after the other: the kernel counts what all processes of a user have in flight.
#[test]
fn descriptors_that_servers_use_up_are_a_failed_start_and_the_broker_goes_on() {
    descriptors_in_flight_of_a_server_are_a_failed_start_of_the_next_one();
    descriptors_of_a_leftover_are_freed_when_every_start_has_failed();
    a_broker_without_a_free_descriptor_fails_the_start_and_goes_on();
}

fn descriptors_in_flight_of_a_server_are_a_failed_start_of_the_next_one() {
    let directory = Scratch::new();
    let raw = limited(64, &directory, &[server(&["python3", "-c", IN_FLIGHT]), sleeper()]);
    let (_, mut pipes) = raw.started(0, 1);
    assert_eq!(
        read(pipes.pop().unwrap()).trim(),
        Errno::TOOMANYREFS.raw_os_error().to_string()
    );
    // Neither start is heard of again, and the broker goes on.
    for run in [2, 3] {
        start_fails(&raw, 1, run, Errno::TOOMANYREFS);
    }
    let children = || support::process::children(raw.process.id());
    within(support::broker::BOUND, "the end of the servers that failed", || {
        (children().len() == 1).then_some(())
    });
    raw.ask(Request::Signal {
        run: 1,
        kill: Kill::Kill,
    });
    raw.await_exit(1);
    let run = starts_again(&raw, 1, 4);
    raw.ask(Request::Signal { run, kill: Kill::Kill });
    raw.await_exit(run);
}

fn descriptors_of_a_leftover_are_freed_when_every_start_has_failed() {
    let directory = Scratch::new();
    let script = directory.write("fill.py", IN_FLIGHT);
    fs::set_permissions(&script, Permissions::from_mode(0o644)).unwrap();
    // It is left in a session of its own, and killed when the last server has ended.
    let orphan = format!("setsid python3 {} & exec sleep 300", script.display());
    let raw = limited(64, &directory, &[server(&["sh", "-c", &orphan]), sleeper()]);
    let (_, mut pipes) = raw.started(0, 1);
    let said = pipes.pop().unwrap();
    let mut line = [0; 8];
    let length = rustix::io::read(&said, &mut line).unwrap();
    assert_eq!(
        String::from_utf8_lossy(&line[..length]).trim(),
        Errno::TOOMANYREFS.raw_os_error().to_string()
    );
    start_fails(&raw, 1, 2, Errno::TOOMANYREFS);
    raw.ask(Request::Signal {
        run: 1,
        kill: Kill::Kill,
    });
    raw.await_exit(1);
    starts_again(&raw, 1, 3);
}

fn a_broker_without_a_free_descriptor_fails_the_start_and_goes_on() {
    let directory = Scratch::new();
    let raw = limited(24, &directory, &[sleeper()]);
    let mut held = Vec::new();
    let failed = (1..).take(BROKER_RUNS_MAX).find_map(|run| {
        raw.ask(Request::Start { index: 0, run });
        match raw.receive_with_pipes() {
            (Reply::Started { .. }, pipes) => {
                held.push(pipes);
                None
            }
            (Reply::Failed { failure, .. }, _) => Some((run, failure)),
            other => panic!("{other:?}"),
        }
    });
    let (run, failure) = failed.unwrap();
    assert_eq!(failure, Failure::Program(Errno::MFILE.raw_os_error()));
    raw.ask(Request::Signal {
        run: 1,
        kill: Kill::Kill,
    });
    raw.await_exit(1);
    raw.started(0, run + 1);
}
