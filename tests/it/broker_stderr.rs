//! The standard error of stdio servers: a pipe of their own, whose lines the broker passes on without ever waiting for a reader.

use std::fs;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use tunnel_client::broker::Specification;
use tunnel_client::broker::protocol::{Kill, Request};
use tunnel_client::limits::{BROKER_LINE_MAX, BROKER_STDERR_PATIENCE};

use crate::support;
use crate::support::broker::{BOUND, Raw, gone, server};
use crate::support::wait::within;
use crate::support::{Command, StdioServer, needs, pause, process};

fn shell(name: &str, script: &str) -> Specification {
    Specification {
        name: name.to_owned(),
        ..server(&["sh", "-c", script])
    }
}

/// Writes lines to its standard error until it is killed.
fn flood() -> Specification {
    shell("flood", "exec yes flooding >&2")
}

/// What the broker said until its end.
fn said(mut raw: Raw) -> String {
    raw.socket = None;
    let (status, text) = raw.end();
    assert_eq!(status.code(), Some(0), "{text}");
    text
}

#[test]
fn lines_name_their_server_and_drive_no_terminal() {
    let raw = Raw::ready(&[
        shell("docs", r"printf 'one\n\ntwo\033[2J\tx\r\n\377end' >&2"),
        shell("db", "echo 2026/01/01 INFO forged >&2"),
    ]);
    for (index, run) in [(0, 1), (1, 2)] {
        raw.started(index, run);
        assert_eq!(raw.await_exit(run), 0);
    }
    assert_eq!(
        said(raw),
        "[docs] one\n[docs] two\u{fffd}[2J\tx\n[docs] \u{fffd}end\n[db] 2026/01/01 INFO forged\n"
    );
}

#[test]
fn a_long_line_comes_in_pieces_that_each_name_the_server() {
    let raw = Raw::ready(&[shell(
        "docs",
        "head -c 10000 /dev/zero | tr '\\0' x >&2; echo >&2; echo next >&2",
    )]);
    raw.started(0, 1);
    raw.await_exit(1);
    let text = said(raw);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!((lines.len(), lines.last()), (4, Some(&"[docs] next")));
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("[docs] ") && line.len() < BROKER_LINE_MAX)
    );
    assert_eq!(text.matches('x').count(), 10_000 + "next".matches('x').count());
}

#[test]
fn a_server_has_no_descriptor_of_the_clients_standard_error() {
    if !needs::root() {
        return;
    }
    // All of this would reach whoever holds the same pipe or file.
    let script = r#"
import fcntl, socket
def on(message):
    fcntl.fcntl(2, fcntl.F_SETFL, fcntl.fcntl(2, fcntl.F_GETFL) | os.O_NONBLOCK)
    for attempt in [lambda: os.ftruncate(2, 0), lambda: socket.socket(fileno=os.dup(2)).shutdown(2), lambda: os.read(2, 1)]:
        try:
            attempt()
        except OSError:
            pass
    answer(message, {"stderr": os.readlink("/proc/self/fd/2"), "parent": os.getppid()})
"#;
    let (control, _child, client) = support::child::start(script);
    let place = control.call(Command::call("r1", "tools/call", "{}"), "r1").json()["result"].clone();
    let broker = place["parent"].as_u64().unwrap();
    let descriptor = |pid: u64, number| fs::read_link(format!("/proc/{pid}/fd/{number}")).unwrap();
    let shared = descriptor(broker, 2);
    assert_eq!(descriptor(u64::from(client.pid()), 2), shared);
    // The lines go to the client first, which takes the secrets out.
    let lines = descriptor(broker, 1);
    assert_ne!(lines, shared);
    for of_others in [&shared, &lines] {
        assert_ne!(place["stderr"].as_str(), of_others.to_str());
    }
    let info = fs::read_to_string(format!("/proc/{broker}/fdinfo/2")).unwrap();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
    let flags = i64::from_str_radix(flags.trim(), 8).unwrap();
    assert_eq!(flags & i64::from(libc::O_NONBLOCK), 0, "{info}");
}

/// A pipe that is full, and never read unless the test does.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().unwrap();
    let has_room = |writer: &PipeWriter| {
        let mut one = [PollFd::new(writer, PollFlags::OUT)];
        poll(&mut one, Some(&Timespec::default())).unwrap() > 0
    };
    while has_room(&writer) {
        writer.write_all(&[b'.'; 4096]).unwrap();
    }
    (reader, writer)
}

/// Starts and ends servers while others flood a standard error that takes nothing.
fn lives_on(raw: &Raw) {
    let (first, _pipes) = raw.started(0, 1);
    let start = Instant::now();
    for run in 2..6 {
        let (pid, _pipes) = raw.started(1, run);
        raw.ask(Request::Signal { run, kill: Kill::Term });
        assert_eq!(raw.await_exit(run), Signal::TERM.as_raw());
        gone(&[pid]);
    }
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    raw.ask(Request::Signal {
        run: 1,
        kill: Kill::Kill,
    });
    assert_eq!(raw.await_exit(1), Signal::KILL.as_raw());
    gone(&[first]);
}

#[test]
fn nobody_who_reads_holds_up_neither_broker_nor_servers_and_what_was_left_out_is_told() {
    let (reader, writer) = full_pipe();
    // It shows that its standard error never stops it.
    let through = shell(
        "through",
        "head -c 1000000 /dev/zero | tr '\\0' '\\n' | sed 's/^/a/' >&2; echo through",
    );
    let raw = Raw::with_stderr(writer.into()).told(&[flood(), shell("docs", "exec sleep 300"), through]);
    lives_on(&raw);
    let (_, pipes) = raw.started(2, 6);
    assert_eq!(raw.await_exit(6), 0);
    drop(pipes);
    // Somebody reads again.
    let mut lines = BufReader::new(reader).lines().map(Result::unwrap);
    let told = within(BOUND, "word of what was left out", || {
        lines
            .next()
            .filter(|line| line.contains("lines of MCP servers are left out here"))
    });
    assert!(told.starts_with("tunnel-client broker: "), "{told}");
    let number: u64 = told.split(' ').nth(2).unwrap().parse().unwrap();
    assert!(number > 100_000, "{told}");
    drop(raw);
}

#[test]
fn a_slow_reader_loses_nothing() {
    let (reader, writer) = full_pipe();
    let lines = "seq 20000 >&2";
    let mut raw = Raw::with_stderr(writer.into()).told(&[shell("docs", lines)]);
    raw.started(0, 1);
    // Less than what the broker bears, more than what it takes to fill every pipe.
    pause("a reader that is slow", BROKER_STDERR_PATIENCE / 4);
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        (&reader).read_to_string(&mut text).unwrap();
        text
    });
    raw.await_exit(1);
    raw.socket = None;
    within(BOUND, "the end of the broker", || raw.process.try_wait().unwrap());
    let text = reading.join().unwrap();
    let text = text.trim_start_matches('.');
    assert!(
        text.lines()
            .map(str::to_owned)
            .eq((1..=20_000).map(|number| format!("[docs] {number}")))
    );
}

#[test]
fn a_standard_error_that_is_gone_or_a_socket_or_a_file_is_no_matter() {
    let servers = [
        flood(),
        shell("docs", "exec sleep 300"),
        shell("words", "echo some words >&2"),
    ];
    // A pipe without a reader.
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    lives_on(&Raw::with_stderr(writer.into()).told(&servers));
    // A socket that nobody reads.
    let (ours, theirs) = UnixStream::pair().unwrap();
    lives_on(&Raw::with_stderr(OwnedFd::from(theirs).into()).told(&servers));
    let mut piece = [0; 64];
    let length = (&ours).read(&mut piece).unwrap();
    assert!(piece[..length].starts_with(b"[flood] flooding\n"));
    // A file that others append to.
    let directory = support::Scratch::new();
    let mut log = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(directory.file("log"))
        .unwrap();
    log.write_all(b"of before\n").unwrap();
    let mut raw = Raw::with_stderr(log.into()).told(&servers);
    raw.started(2, 1);
    raw.await_exit(1);
    raw.socket = None;
    within(BOUND, "the end of the broker", || raw.process.try_wait().unwrap());
    let text = fs::read_to_string(directory.file("log")).unwrap();
    assert_eq!(text, "of before\n[words] some words\n");
}

#[test]
fn a_server_that_floods_keeps_no_other_from_being_heard_started_and_ended() {
    let mut raw = Raw::ready(&[
        flood(),
        shell("docs", "exec sleep 300"),
        shell("words", "echo some words >&2; exec sleep 300"),
    ]);
    let stderr = raw.process.stderr.take().unwrap();
    let (heard, hears) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(stderr).lines().map_while(Result::ok);
        lines
            .filter(|line| line.starts_with("[words]"))
            .for_each(|line| drop(heard.send(line)));
    });
    lives_on(&raw);
    raw.started(0, 10);
    raw.started(2, 11);
    assert_eq!(hears.recv_timeout(BOUND).unwrap(), "[words] some words");
}

#[test]
fn last_words_are_passed_on_though_a_grandchild_keeps_the_pipe() {
    if !needs::root() {
        return;
    }
    let script = r#"
import subprocess
grandchild = subprocess.Popen(["sleep", "300"], start_new_session=True)
sys.stderr.write("last words, without an end")
sys.stderr.flush()
os._exit(3)
"#;
    let child = StdioServer::with(script);
    let command = child.command();
    let argv: Vec<_> = command.split(' ').collect();
    // While another server runs, nothing that is left behind is ended.
    let raw = Raw::ready(&[server(&argv), shell("other", "exec sleep 300"), server(&["true"])]);
    raw.started(1, 1);
    raw.started(2, 2);
    raw.await_exit(2);
    let before = process::descriptors(raw.process.id());
    raw.started(0, 3);
    assert_eq!(raw.await_exit(3), 3 << 8);
    within(BOUND, "the end of the pipe", || {
        (process::descriptors(raw.process.id()) == before).then_some(())
    });
    assert!(said(raw).contains("[docs] last words, without an end\n"));
}
