//! All processes that servers started end with the broker or with the last server, however they hide: long chains of subreapers,
//! processes that start each other again. Processes outside remain. Processes that cannot be ended are reported.

use std::fs::{self, Permissions};
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command as Process, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tunnel_client::broker::Specification;
use tunnel_client::config::{Level, Mode, ServerSandbox};
use tunnel_client::sandbox::server::{Protected, ServerCage};

use crate::support::broker::{BOUND, Raw, server};
use crate::support::client::binary;
use crate::support::kernel::Kernel;
use crate::support::wait::within;
use crate::support::{Client, ClientBuilder, ControlPlane, Scratch, needs, process, program};

/// `nobody`.
const NOBODY: u32 = 65534;
/// More generations than a broker could end one after another.
const CHAIN: &str = "1440";
const PAIRS: &str = "60";

/// `tests/data/leftovers.c`, compiled, and a copy of the client, in a directory that any user can read.
struct Site {
    directory: Scratch,
}

impl Site {
    fn new() -> Self {
        let directory = Scratch::new();
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/leftovers.c");
        let mut compiler = Process::new("cc");
        compiler.arg("-o").arg(directory.file("leftovers")).arg(source);
        assert!(compiler.status().unwrap().success());
        program::copy(&binary(), &directory.file("tunnel-client"));
        Self { directory }
    }

    fn program(&self) -> String {
        self.directory.file("leftovers").display().to_string()
    }

    fn server(&self, level: Level, words: &[&str]) -> Specification {
        let program = self.program();
        let mut specification = server(&[&[&*program], words].concat());
        let sandbox = ServerSandbox {
            level,
            ..ServerSandbox::default()
        };
        let none = Protected {
            own: std::iter::empty(),
            trust: std::iter::empty(),
        };
        let homes = std::iter::empty();
        specification.cage = ServerCage::new(&sandbox, Mode::Enforce, &specification.argv, none, homes);
        specification
    }

    fn broker(&self, kernel: &Kernel, user: Option<u32>) -> Raw {
        let mut command = kernel.command(&self.directory.file("tunnel-client"));
        if let Some(user) = user {
            command.uid(user).gid(user);
        }
        Raw::started_by(command, Stdio::inherit())
    }

    /// Processes that run the program, without zombies.
    fn alive(&self) -> Vec<u32> {
        let program = self.program();
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid: &u32| {
            let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            words.split(|byte| *byte == 0).next() == Some(program.as_bytes()) && process::alive(*pid)
        })
        .collect()
    }

    #[track_caller]
    fn assert_all_end(&self, case: &str) {
        within(BOUND, &format!("the end of all processes ({case})"), || {
            self.alive().is_empty().then_some(())
        });
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for pid in self.alive() {
            let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// A process of this user that has nothing to do with the broker.
struct Outside(Child);

impl Outside {
    fn start(user: Option<u32>) -> Self {
        let mut command = Process::new("sleep");
        command.arg("300");
        if let Some(user) = user {
            command.uid(user).gid(user);
        }
        Self(command.spawn().unwrap())
    }

    #[track_caller]
    fn assert_alive(&mut self, case: &str) {
        assert!(self.0.try_wait().unwrap().is_none(), "{case}");
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn users() -> Vec<Option<u32>> {
    match needs::root() {
        true => vec![None, Some(NOBODY)],
        false => vec![None],
    }
}

/// This kernel, one without signal scope, and one that claims a version of landlock whose signal scope it refuses.
fn kernels() -> [Kernel; 3] {
    [Kernel::default(), Kernel::landlock("2"), Kernel::landlock("rhel9")]
}

fn await_ready(pipes: Vec<std::os::fd::OwnedFd>) -> std::os::fd::OwnedFd {
    let [stdin, stdout] = <[_; 2]>::try_from(pipes).unwrap();
    let mut ready = [0; 6];
    fs::File::from(stdout).read_exact(&mut ready).unwrap();
    stdin
}

#[test]
fn a_chain_of_subreapers_ends_with_the_broker_and_processes_outside_stay() {
    let site = Site::new();
    let [this, old, vendor] = kernels();
    for user in users() {
        for (kernel, level) in [
            (&this, Level::Off),
            (&this, Level::Default),
            (&this, Level::Strict),
            (&old, Level::Default),
            (&vendor, Level::Off),
        ] {
            let case = format!("{kernel:?}, user {user:?}, {level:?}");
            // The interpreter of the simulation may be in a home of root's.
            if user.is_some() && !kernel.is_real() {
                continue;
            }
            let mut outside = Outside::start(user);
            let mut raw = site.broker(kernel, user).told(&[site.server(level, &["chain", CHAIN])]);
            let _stdin = await_ready(raw.started(0, 1).1);
            assert!(site.alive().len() > 1440, "{case}");
            raw.socket = None;
            within(3 * BOUND, "the end of the broker", || raw.process.try_wait().unwrap());
            site.assert_all_end(&case);
            outside.assert_alive(&case);
        }
    }
}

#[test]
fn a_chain_of_subreapers_ends_with_the_last_server_while_the_broker_goes_on() {
    let site = Site::new();
    let [this, old, _] = kernels();
    for kernel in [this, old] {
        let case = format!("{kernel:?}");
        let mut outside = Outside::start(None);
        let chain = site.server(Level::Default, &["chain", CHAIN]);
        let raw = site.broker(&kernel, None).told(&[chain]);
        for run in 1..=2 {
            drop(await_ready(raw.started(0, run).1));
            assert_eq!(raw.await_exit(run), 0, "{case}");
            site.assert_all_end(&case);
        }
        outside.assert_alive(&case);
    }
}

#[test]
fn processes_that_start_each_other_again_end_with_the_broker() {
    let site = Site::new();
    for kernel in kernels() {
        let case = format!("{kernel:?}");
        let pairs = site.server(Level::Default, &["pairs", PAIRS]);
        let mut raw = site.broker(&kernel, None).told(&[pairs]);
        let _stdin = await_ready(raw.started(0, 1).1);
        raw.socket = None;
        within(BOUND, "the end of the broker", || raw.process.try_wait().unwrap());
        site.assert_all_end(&case);
    }
}

/// A process of the program that is a zombie by its state, while another thread of it runs. Such a process has no command line.
fn headless() -> Option<u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let mut pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.find(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.contains("(leftovers) Z ") && process::threads(*pid) > 1
    })
}

#[test]
fn a_process_whose_first_thread_has_ended_ends_with_the_last_server() {
    let site = Site::new();
    for kernel in kernels() {
        let case = format!("{kernel:?}");
        let server = site.server(Level::Default, &["headless"]);
        let raw = site.broker(&kernel, None).told(&[server]);
        let stdin = await_ready(raw.started(0, 1).1);
        let left = within(BOUND, "a process without its first thread", headless);
        drop(stdin);
        assert_eq!(raw.await_exit(1), 0, "{case}");
        within(BOUND, &case, || (headless() != Some(left)).then_some(()));
    }
}

/// A client of `nobody` without a sandbox, whose server leaves behind a process of root: one that the broker may not signal.
fn with_root_left_behind(control: &ControlPlane, site: &Site) -> Client {
    let program = site.directory.file("leftovers");
    fs::set_permissions(&program, Permissions::from_mode(0o4755)).unwrap();
    let builder = ClientBuilder::new(control)
        .command(format!("channel=main,command={} root", program.display()))
        .env("HARDENING_MODE", "off")
        .env(
            "TUNNEL_CLIENT_BINARY",
            site.directory.file("tunnel-client").display().to_string(),
        );
    chown(builder.directory().path(), Some(NOBODY), Some(NOBODY)).unwrap();
    let client = builder.start_by(&format!(
        "exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups \"$TUNNEL_CLIENT_BINARY\" \"$@\""
    ));
    within(BOUND, "a process of root's", || {
        let is_roots = |pid: &u32| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            status.contains("\nUid:\t0\t0\t0\t0\n")
        };
        site.alive().iter().any(is_roots).then_some(())
    });
    client
}

#[test]
fn processes_that_cannot_be_ended_are_logged_with_their_number_and_ids() {
    if !needs::root() {
        return;
    }
    let (control, site) = (ControlPlane::http(), Site::new());
    let mut client = with_root_left_behind(&control, &site);
    client.terminate();
    client.wait_exit(3 * BOUND);
    let left = site.alive();
    let [left] = left.as_slice() else {
        panic!("{left:?}");
    };
    let line = client.await_log("processes of stdio MCP servers did not end when killed");
    assert!(line.contains("\"WARN\"") && line.contains("\"count\":\"1\""), "{line}");
    assert!(line.contains(&format!("\"pids\":\"{left}\"")), "{line}");
}

#[test]
fn the_broker_reports_what_it_cannot_end_when_the_client_was_killed() {
    if !needs::root() {
        return;
    }
    let (control, site) = (ControlPlane::http(), Site::new());
    let client = with_root_left_behind(&control, &site);
    client.signal(Signal::KILL);
    let line =
        client.await_log("tunnel-client broker: processes of MCP servers did not end when killed: count=1 pids=[");
    assert!(site.alive().iter().any(|pid| line.contains(&pid.to_string())), "{line}");
}
