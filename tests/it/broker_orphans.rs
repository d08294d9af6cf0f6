//! Processes that stdio servers leave behind: they come to the broker, which ends them.

use std::fs;

use rustix::process::Signal;
use tunnel_client::broker::Specification;
use tunnel_client::broker::protocol::{Kill, Request};
use tunnel_client::limits::BROKER_END_TIMEOUT;

use crate::support;
use crate::support::broker::{BOUND, Raw, gone, server};
use crate::support::child::start;
use crate::support::wait::within;
use crate::support::{Command, StdioServer, process};

/// Has a grandchild in a session of its own, whose parent ends: a daemon.
const DAEMON: &str = r#"
import subprocess
daemon = int(subprocess.run(
    [sys.executable, "-c", """
import os, signal
os.setsid()
if os.fork():
    os._exit(0)
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
print(os.getpid(), flush=True)
os.close(1)
while True:
    signal.pause()
"""], stdout=subprocess.PIPE).stdout)
open(path("daemon"), "w").write(str(daemon))
def on(message):
    answer(message, {"daemon": daemon, "pid": os.getpid(), "parent": os.getppid()})
"#;

fn pid(value: &serde_json::Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

#[test]
fn a_daemon_of_a_server_lives_with_it_and_ends_with_the_client_however_that_ends() {
    for signal in [Signal::TERM, Signal::KILL] {
        let (control, _child, mut client) = start(DAEMON);
        let place = control.call(Command::call("r1", "tools/call", "{}"), "r1").json()["result"].clone();
        let daemon = pid(&place["daemon"]);
        assert!(
            process::children(pid(&place["parent"])).contains(&daemon),
            "it came to the broker"
        );
        client.signal(signal);
        client.wait_exit(BOUND);
        gone(&[daemon, pid(&place["pid"]), pid(&place["parent"])]);
    }
}

/// The same server for the broker alone.
fn with_daemon(child: &StdioServer) -> Specification {
    let command = child.command();
    server(&command.split(' ').collect::<Vec<_>>())
}

fn daemon_of(child: &StdioServer) -> u32 {
    within(BOUND, "a daemon", || {
        fs::read_to_string(child.file("daemon")).ok()?.parse().ok()
    })
}

#[test]
fn what_is_left_behind_ends_with_the_last_server() {
    let child = StdioServer::with(DAEMON);
    let raw = Raw::ready(&[with_daemon(&child), server(&["sleep", "300"])]);
    let (_, first) = raw.started(0, 1);
    let (_, _second) = raw.started(1, 2);
    let daemon = daemon_of(&child);
    drop(first);
    assert_eq!(raw.await_exit(1), 0);
    assert!(process::alive(daemon), "nothing says that it is not the other's");
    raw.ask(Request::Signal {
        run: 2,
        kill: Kill::Term,
    });
    assert_eq!(raw.await_exit(2), Signal::TERM.as_raw());
    // It was before that was told.
    assert!(!process::alive(daemon));
    assert!(process::zombies(raw.process.id()).is_empty());
}

#[test]
fn a_server_that_is_started_anew_finds_nothing_of_the_one_before() {
    let (control, child, client) = start(DAEMON);
    let place = control.call(Command::call("r1", "tools/call", "{}"), "r1").json()["result"].clone();
    let server = rustix::process::Pid::from_raw(i32::try_from(pid(&place["pid"])).unwrap()).unwrap();
    rustix::process::kill_process(server, Signal::KILL).unwrap();
    child.await_start(2);
    assert!(!process::alive(pid(&place["daemon"])));
    drop(client);
}

#[test]
fn orphans_that_end_are_reaped_and_hold_up_nobody() {
    let orphans = "i=0; while [ $i -lt 1000 ]; do (true &) ; i=$((i+1)); done; echo done; exec sleep 300";
    let raw = Raw::ready(&[server(&["sh", "-c", orphans]), server(&["true"])]);
    let (_, pipes) = raw.started(0, 1);
    let [_stdin, stdout] = <[_; 2]>::try_from(pipes).unwrap();
    for run in 2..12 {
        raw.started(1, run);
        assert_eq!(raw.await_exit(run), 0);
    }
    let mut done = [0; 5];
    std::io::Read::read_exact(&mut fs::File::from(stdout), &mut done).unwrap();
    within(BOUND, "no zombie", || {
        process::zombies(raw.process.id()).is_empty().then_some(())
    });
    assert_eq!(process::children(raw.process.id()).len(), 1);
}

#[test]
fn orphans_that_have_children_all_the_time_keep_no_end_from_coming() {
    // Each ends at once, after it has left another behind.
    let chain = "echo 'sh \"$0\" & ' > \"$1\"; for i in 1 2 3; do (setsid sh \"$1\" &); done; exec sleep 300";
    let directory = support::Scratch::new();
    let script = directory.file("chain").display().to_string();
    let mut raw = Raw::ready(&[server(&["sh", "-c", chain, "sh", &script])]);
    raw.started(0, 1);
    within(BOUND, "orphans", || {
        (process::children(raw.process.id()).len() > 1).then_some(())
    });
    raw.socket = None;
    within(BROKER_END_TIMEOUT + BOUND, "the end of the broker", || {
        raw.process.try_wait().unwrap()
    });
    // Whatever outran the signals finds no program any more.
    drop(directory);
}
