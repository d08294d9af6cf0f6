//! The proof of the sandbox: `doctor --sandbox` on a configuration that has everything, as root and as somebody who is not.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};

use crate::support::client::binary;
use crate::support::proof::{Site, give};
use crate::support::{ClientBuilder, Command, ControlPlane, Manner, McpServer, Proxy, needs, program};

/// `nobody`.
const NOBODY: u32 = 65534;

/// What is refused in the same way without the sandbox, on any host, so that the proof says nothing about it.
const REFUSED_ANYWAY: [(&str, &str); 2] = [
    (
        "a UDP socket by its number of x32",
        "most kernels do not have the calls of x32; those that do answer it without the sandbox",
    ),
    (
        "open the memory of process 1",
        "in a container process 1 may be closed to everybody",
    ),
];

/// What only root may, so that it is refused to others without the sandbox too.
const REFUSED_TO_OTHERS: [&str; 30] = [
    "open /dev/userfaultfd",
    "open a device in a directory",
    "read a disk",
    "list the keys of this host",
    "write to the kernel's log (/dev/kmsg)",
    "read /etc/shadow",
    "set the handler of cores (core_pattern)",
    "open /proc/sysrq-trigger",
    "a raw IP socket",
    "a packet socket",
    "an XDP socket",
    "a netlink socket (audit)",
    "write /etc/hosts",
    "read the stack of the client",
    "mount (fsmount)",
    "mount (fspick)",
    "stop swapping (swapoff)",
    "accounting (acct)",
    "name of the host",
    "domain of the host",
    "mount (fsopen)",
    "mount (move_mount)",
    "another root (pivot_root)",
    "another root (chroot)",
    "watch all files (fanotify)",
    "restart the machine",
    "read the kernel's log",
    "swap to a file (swapon)",
    "become root (setuid)",
    "write into /usr",
];

fn everywhere() -> Vec<&'static str> {
    REFUSED_ANYWAY.iter().map(|(name, _)| *name).collect()
}

fn elsewhere() -> Vec<&'static str> {
    everywhere().into_iter().chain(REFUSED_TO_OTHERS).collect()
}

#[test]
fn nothing_that_is_tried_gets_out_of_the_sandbox_and_what_has_to_work_does() {
    let proof = Site::new(None).prove();
    proof.holds(&if needs::is_root() { everywhere() } else { elsewhere() });
    let refused = proof.verdict("refused").len() + proof.verdict("open").len();
    assert!(refused >= 250, "{refused}");
    let panic = proof.probes().iter().find(|probe| probe["name"] == "a panic").unwrap();
    assert_eq!(panic["with"], "SIGABRT", "{panic:#}");
    for (place, least) in [
        ("the client's main thread", 140),
        ("a thread that resolves names", 12),
        ("the thread that writes the audit log", 17),
        ("a stdio server, sandbox: default", 70),
        ("a stdio server, sandbox: strict", 15),
    ] {
        let tried = proof.named(|probe| probe["place"] == place).len();
        assert!(tried >= least, "{place}: {tried}");
    }
}

#[test]
fn it_holds_for_a_user_who_is_not_root() {
    let user = needs::is_root().then_some(NOBODY);
    Site::new(user).prove().holds(&elsewhere());
}

#[test]
fn it_holds_for_a_client_that_is_started_as_root_and_becomes_another_user() {
    if !needs::root() {
        return;
    }
    let mut site = Site::new(None).env("TUNNEL_CLIENT_USER", &format!("{NOBODY}:{NOBODY}"));
    // Keys are root's, and the group of the user may read them.
    for directory in ["", "keys", "conf", "data"] {
        fs::set_permissions(site.files.file(directory), Permissions::from_mode(0o755)).unwrap();
    }
    give(&site.files.file("data"), NOBODY);
    for key in ["keys/key", "keys/client.key", "keys/client.pem", "keys/ca.pem"] {
        chown(site.files.file(key), Some(0), Some(NOBODY)).unwrap();
        fs::set_permissions(site.files.file(key), Permissions::from_mode(0o640)).unwrap();
    }
    // Servers are started by the user too: the program has to be where that one may enter.
    let copy = site.files.file("tunnel-client");
    program::copy(&binary(), &copy);
    site.user = Some(0);
    site.prove().holds(&everywhere());
}

#[test]
fn without_a_sandbox_there_is_nothing_to_prove() {
    let output = Site::new(None).env("HARDENING_MODE", "off").run(&["--sandbox"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("hardening.mode is off: there is no sandbox"), "{said}");
}

/// The value of a line of `/proc/PID/task/TID/status`, for each thread.
fn of_threads(pid: u32, name: &str) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let line = |thread: std::io::Result<fs::DirEntry>| {
        let status = fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim_start_matches(':').trim().to_owned()
    };
    threads.map(line).collect()
}

#[test]
fn a_locked_down_daemon_works_and_every_thread_of_it_is_in_the_sandbox() {
    let (control, mcp, proxy) = (ControlPlane::http(), McpServer::echo(), Proxy::http(Manner::Serve));
    let locked = ClientBuilder::new(&control)
        .server(mcp.url())
        .env(
            "CONTROL_PLANE_HTTP_PROXY",
            proxy.url().replace("127.0.0.1", "localhost"),
        )
        .env("LOCKDOWN_REQUIRE_PROXY", "true")
        .start();
    locked.await_ready();
    control.call(Command::call("r1", "tools/list", "{}"), "r1");
    let filters = of_threads(locked.pid(), "Seccomp");
    // The main one, and the one that resolves the proxy's name.
    assert!(
        filters.len() == 2 && filters.iter().all(|mode| mode == "2"),
        "{filters:?}"
    );
    assert!(of_threads(locked.pid(), "NoNewPrivs").iter().all(|set| set == "1"));
    for set in ["CapEff", "CapPrm", "CapInh", "CapAmb"] {
        let capabilities = of_threads(locked.pid(), set);
        assert!(
            capabilities.iter().all(|held| held.trim_start_matches('0').is_empty()),
            "{set}: {capabilities:?}"
        );
    }
}
