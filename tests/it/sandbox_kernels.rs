//! What the modes of `hardening.mode` make of kernels that lack a layer of the sandbox, or know less of it.

use std::time::Duration;

use rustix::process::Signal;

use crate::support::kernel::Kernel;
use crate::support::proof::{Site, give};
use crate::support::rotating::IN_FORCE;
use crate::support::{ClientBuilder, Command, ControlPlane, McpServer, StdioServer, needs};
use crate::support::{program, relay};

/// Starting a simulated kernel takes a moment longer than starting a program.
const START: Duration = Duration::from_secs(30);

#[test]
fn enforce_starts_nothing_where_a_layer_is_missing_and_names_what_the_kernel_lacks() {
    let control = ControlPlane::http();
    for (kernel, lack) in [
        (
            Kernel::landlock("none"),
            "this kernel has no landlock (Linux 5.13 or newer",
        ),
        (Kernel::landlock("disabled"), "lsm="),
        (Kernel::without_seccomp(), "CONFIG_SECCOMP_FILTER"),
    ] {
        let mut client = ClientBuilder::new(&control)
            .server("http://127.0.0.1:9/mcp")
            .on(kernel.clone())
            .start();
        assert_eq!(
            client.wait_exit(START).code(),
            Some(1),
            "{kernel:?}: {:?}",
            client.log()
        );
        client.await_log(lack);
        let said = client.await_log("start tunnel-client: sandbox: ");
        assert!(said.contains("hardening.mode is enforce"), "{said}");
        assert!(!client.directory().file("health.url").exists());
    }
    assert_eq!(control.polls().len(), 0);
}

#[test]
fn best_effort_starts_without_a_layer_serves_and_says_so_everywhere() {
    for (kernel, layer) in [
        (Kernel::landlock("none"), "landlock"),
        (Kernel::landlock("disabled"), "landlock"),
        (Kernel::without_seccomp(), "seccomp"),
    ] {
        let (control, mcp, child) = (ControlPlane::http(), McpServer::echo(), StdioServer::echo());
        let client = ClientBuilder::new(&control)
            .server(mcp.url())
            .command(format!("channel=local,command={}", child.command()))
            .env("HARDENING_MODE", "best-effort")
            .on(kernel)
            .start();
        control.introduce_on("local");
        client.await_ready();
        control.call(Command::call("r1", "tools/list", "{}"), "r1");
        control.call(Command::call("r2", "tools/list", "{}").channel("local"), "r2");
        let logged = client.await_log("sandbox: layers are missing; hardening.mode is best-effort");
        assert!(
            logged.contains("WARN") && logged.contains(&format!("\"{layer}\":\"missing (")),
            "{logged}"
        );
        let (_, ready) = client.health("/readyz?verbose");
        assert!(ready.contains(&format!("sandbox {layer}: missing (")), "{ready}");
        let series = format!("sandbox_layer{{layer=\"{layer}\",state=\"missing\"}}");
        assert_eq!(client.metric(&series), Some(1.0));
    }
}

#[test]
fn enforce_starts_with_any_version_of_landlock_and_reports_what_it_does_not_look_at() {
    for (kernel, version, lack) in [
        (Kernel::landlock("1"), "version 1;", "TCP ports (Linux 6.7)"),
        (Kernel::landlock("lies"), "version 3;", "TCP ports (Linux 6.7)"),
        (Kernel::landlock("4"), "version 4, TCP to ports", "signals (Linux 6.12)"),
    ] {
        let (control, mcp) = (ControlPlane::http(), McpServer::echo());
        let client = ClientBuilder::new(&control).server(mcp.url()).on(kernel).start();
        client.await_ready();
        control.call(Command::call("r1", "tools/list", "{}"), "r1");
        let (_, ready) = client.health("/readyz?verbose");
        let line = ready.lines().find(|line| line.starts_with("sandbox landlock: partial"));
        let line = line.unwrap_or_else(|| panic!("{ready}"));
        assert!(line.contains(version) && line.contains(lack), "{line}");
    }
}

/// `nobody`.
const NOBODY: u32 = 65534;

/// Versions of Linux without calls that libraries make, each with its landlock. RHEL 8, Ubuntu 20.04, Debian 11, Ubuntu 22.04,
/// Debian 12.
const OLDER: [(&str, &str); 5] = [
    ("4.18", "none"),
    ("5.4", "none"),
    ("5.10", "none"),
    ("5.15", "1"),
    ("6.1", "2"),
];

#[test]
fn calls_that_an_older_kernel_lacks_are_not_needed_once_the_sandbox_is_shut() {
    let become_nobody = format!("{NOBODY}:{NOBODY}");
    let becomes_another = needs::root();
    for (version, landlock) in OLDER {
        let kernel = Kernel::version(version, landlock);
        lives_through(&kernel, |builder| builder);
        if becomes_another {
            lives_through(&kernel, |builder| builder.started_by(NOBODY));
            lives_through(&kernel, |builder| {
                give(&builder.directory().file("key"), NOBODY);
                builder.env("TUNNEL_CLIENT_USER", &become_nobody)
            });
        }
    }
}

/// A client with servers on HTTP and stdio starts, serves, reads another key, serves again and ends.
#[track_caller]
fn lives_through(kernel: &Kernel, settings: impl Fn(ClientBuilder) -> ClientBuilder) {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let builder = ClientBuilder::new(&control)
        .server(mcp.url())
        .no_env("CONTROL_PLANE_API_KEY");
    let key = builder.directory().write("key", "sk-first-0123456789");
    let server = builder.directory().file("relay");
    program::copy(&relay::binary(), &server);
    let mut client = settings(builder)
        .command(format!("channel=local,command={} mcp-stub --stdio", server.display()))
        .arg(&format!("--control-plane.api-key=file:{}", key.display()))
        .env("HARDENING_MODE", "best-effort")
        .on(kernel.clone())
        .start();
    client.await_ready();
    control.introduce_on("local");
    serves(&control, "first");
    client.directory().write("key", "sk-second-9876543210");
    client.signal(Signal::HUP);
    client.await_log(IN_FORCE);
    serves(&control, "second");
    client.terminate();
    assert_eq!(client.wait_exit(START).code(), Some(0), "{kernel:?}");
    assert_eq!(client.log_with("panicked"), [""; 0], "{kernel:?}");
}

fn serves(control: &ControlPlane, round: &str) {
    let (http, stdio) = (format!("{round}-http"), format!("{round}-stdio"));
    control.call(Command::call(&http, "tools/list", "{}"), &http);
    control.call(Command::call(&stdio, "tools/list", "{}").channel("local"), &stdio);
}

#[test]
fn off_is_loud() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("HARDENING_MODE", "off")
        .start();
    client.await_ready();
    let logged = client.await_log("nothing keeps this process in");
    assert!(logged.contains("ERROR"), "{logged}");
    let (_, ready) = client.health("/readyz?verbose");
    for layer in ["privileges", "process", "landlock", "seccomp"] {
        assert!(ready.contains(&format!("sandbox {layer}: off (")), "{ready}");
    }
}

/// What stays open, with the version of landlock that closes it.
const LEFT_OPEN: [(&str, u8); 6] = [
    ("connect to another TCP port", 4),
    ("connect to another TCP port (IPv6)", 4),
    ("connect to an abstract socket of others", 6),
    ("signal another process of this user", 6),
    ("connect to a TCP port that is not listed", 4),
    ("bind a TCP port", 4),
];

#[test]
fn the_first_version_of_landlock_leaves_open_what_later_ones_close_and_nothing_else() {
    leaves_open_what_later_ones_close("1", 1);
}

#[test]
fn the_fourth_version_of_landlock_leaves_open_what_later_ones_close_and_nothing_else() {
    leaves_open_what_later_ones_close("4", 4);
}

#[track_caller]
fn leaves_open_what_later_ones_close(name: &'static str, version: u8) {
    let proof = Site::new(None).on(Kernel::landlock(name)).prove();
    assert_eq!(proof.verdict("WRONG"), []);
    assert_eq!((proof.code, &proof.report["landlock"]), (0, &version.into()));
    let mut open: Vec<_> = proof.verdict("open").into_iter().map(|(name, _)| name).collect();
    open.sort_unstable();
    open.dedup();
    let mut expected: Vec<_> = LEFT_OPEN
        .iter()
        .filter(|(_, since)| *since > version)
        .map(|(name, _)| *name)
        .collect();
    // A strict server that lists ports is not started where nobody looks at them.
    expected.retain(|name| !["connect to a TCP port that is not listed", "bind a TCP port"].contains(name));
    expected.sort_unstable();
    assert_eq!(open, expected);
}
