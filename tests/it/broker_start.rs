//! How the broker and its servers start: closed to others before it is told anything, in any pid namespace, with cages made once.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command as Process, Stdio};

use tunnel_client::broker::Specification;
use tunnel_client::config::{Level, Mode, ServerSandbox};
use tunnel_client::sandbox::server::{Protected, ServerCage};

use crate::support::broker::{BOUND, Raw, read, server};
use crate::support::client::binary;
use crate::support::mounted::can_unshare;
use crate::support::wait::within;
use crate::support::{ClientBuilder, Command, ControlPlane, Scratch, StdioServer, needs};

/// The user and group that own nothing, by the convention of every distribution.
const NOBODY: u32 = 65534;

#[test]
fn in_a_pid_namespace_that_does_not_hold_its_group_a_server_is_started() {
    if !needs::root() || !can_unshare(&["--pid", "--fork", "true"]) {
        return;
    }
    // With the /proc of before, in which numbers are others', and with one of its own.
    for options in ["", "--mount-proc"] {
        let (control, child) = (ControlPlane::http(), StdioServer::echo());
        let mut client = ClientBuilder::new(&control).command(child.command()).start_by(&format!(
            "exec unshare --pid --fork --kill-child {options} \"$0\" \"$@\""
        ));
        control.introduce();
        let post = control.call(Command::call("r1", "tools/call", "{}"), "r1");
        assert_eq!(post.resp_code, 200, "{options}: {post:#?}");
        assert!(client.running());
    }
}

#[test]
fn where_there_is_no_proc_the_start_ends_with_what_is_missing() {
    if !needs::root() || !can_unshare(&["--mount", "umount", "-l", "/proc"]) {
        return;
    }
    let (control, child) = (ControlPlane::http(), StdioServer::echo());
    let mut client = ClientBuilder::new(&control)
        .command(child.command())
        .start_by("exec unshare --mount sh -c 'umount -l /proc && exec \"$0\" \"$@\"' \"$0\" \"$@\"");
    assert_eq!(client.wait_exit(BOUND).code(), Some(1));
    let line =
        client.await_log("start tunnel-client: the broker of stdio MCP servers (mcp.commands) cannot be started");
    assert!(
        line.contains("there is no /proc here") && line.contains("mount -t proc"),
        "{line}"
    );
}

#[test]
fn the_broker_is_closed_to_its_user_before_it_is_told_anything() {
    let directory = Scratch::new();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = directory.file("tunnel-client");
    // Copied by another process: a file that is open for writing somewhere cannot be executed.
    let copied = Process::new("cp").args([binary(), copy.clone()]).status().unwrap();
    assert!(copied.success());
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Process::new(&copy);
    let is_root = needs::is_root();
    if is_root {
        command.uid(NOBODY).gid(NOBODY);
    }
    let raw = Raw::started_by(command, Stdio::piped());
    // What others cannot look into belongs to root (proc(5)).
    let environment = format!("/proc/{}/environ", raw.process.id());
    within(BOUND, "a broker that is not dumpable", || {
        (fs::metadata(&environment).unwrap().uid() == 0).then_some(())
    });
    let limits = fs::read_to_string(format!("/proc/{}/limits", raw.process.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
}

#[test]
fn a_server_that_is_started_anew_gets_no_wider_cage_when_files_have_changed() {
    let directory = Scratch::new();
    let (open, other) = (directory.file("open"), directory.file("other"));
    for place in [&open, &other] {
        fs::create_dir(place).unwrap();
    }
    fs::write(open.join("file"), "open").unwrap();
    fs::write(other.join("file"), "other").unwrap();
    let argv = ["cat", open.join("file").to_str().unwrap()].map(str::to_owned);
    let sandbox = ServerSandbox {
        level: Level::Strict,
        read: vec![open.clone()],
        ..ServerSandbox::default()
    };
    let cage = ServerCage::new(
        &sandbox,
        Mode::Enforce,
        &[argv[0].clone()],
        Protected {
            own: std::iter::empty(),
            trust: std::iter::empty(),
        },
        std::iter::empty(),
    );
    let raw = Raw::ready(&[Specification {
        argv: argv.to_vec(),
        cage,
        ..server(&[])
    }]);
    let output = |run| {
        let (_, pipes) = raw.started(0, run);
        let [_stdin, stdout] = <[_; 2]>::try_from(pipes).unwrap();
        (read(stdout), raw.await_exit(run))
    };
    assert_eq!(output(1), ("open".to_owned(), 0));
    // As a server does that may write above it.
    fs::rename(&open, directory.file("moved")).unwrap();
    std::os::unix::fs::symlink(&other, &open).unwrap();
    assert_eq!(output(2), (String::new(), 1 << 8));
    // It is about the directory that was there.
    fs::remove_file(&open).unwrap();
    fs::rename(directory.file("moved"), &open).unwrap();
    assert_eq!(output(3), ("open".to_owned(), 0));
}

#[test]
fn memory_that_runs_out_ends_servers_before_the_client() {
    let value = |pid: u32| -> i32 {
        let text = fs::read_to_string(format!("/proc/{pid}/oom_score_adj")).unwrap();
        text.trim().parse().unwrap()
    };
    let raw = Raw::ready(&[server(&["sleep", "300"])]);
    let own = value(std::process::id());
    for run in 1..3 {
        let (pid, _pipes) = raw.started(0, run);
        assert_eq!(value(pid), (own + 200).min(1000));
        assert_eq!(value(raw.process.id()), own);
    }
}
