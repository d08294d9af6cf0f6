//! The program as packages install it: root's, mode 0711. Its user can execute it and not read it, so the kernel closes its processes to
//! that user before their first instruction.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command as Process, Output};

use serde_json::Value;

use crate::support;
use crate::support::client::binary;
use crate::support::proof::Site;
use crate::support::wait::BOUND;
use crate::support::{Client, ClientBuilder, Command, ControlPlane, McpServer, Scratch, child, needs, program, relay};

/// `nobody`.
const NOBODY: u32 = 65534;

/// Stops a process of `program` at its first instruction, then opens its memory as the same user. Prints the owner of the file of
/// the memory, and what the system says.
const FIRST_INSTRUCTION: &str = r#"
import ctypes, os, signal, sys
program, user = sys.argv[1], int(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)
traced = os.fork()
if traced == 0:
    os.setgroups([]), os.setgid(user), os.setuid(user)
    libc.ptrace(0, 0, 0, 0)
    os.execv(program, [program, "version"])
os.waitpid(traced, 0)
print(os.stat(f"/proc/{traced}/mem").st_uid, flush=True)
other = os.fork()
if other == 0:
    os.setgroups([]), os.setgid(user), os.setuid(user)
    try:
        os.close(os.open(f"/proc/{traced}/mem", os.O_RDWR))
        print("opened", flush=True)
    except OSError as error:
        print(error.strerror, flush=True)
    os._exit(0)
os.waitpid(other, 0)
os.kill(traced, signal.SIGKILL)
"#;

#[test]
fn the_memory_of_a_process_is_closed_to_its_user_from_its_first_instruction_on() {
    if !needs::root() {
        return;
    }
    let directory = Scratch::new();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
    let copy = directory.file("tunnel-client");
    program::copy(&binary(), &copy);
    let seen = || {
        let output = Process::new(child::python())
            .args(["-c", FIRST_INSTRUCTION, copy.to_str().unwrap(), &NOBODY.to_string()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(seen().starts_with(&format!("{NOBODY}\n")), "readable: {}", seen());
    program::close(&copy);
    assert_eq!(seen(), "0\nPermission denied\n");
}

/// A client as `nobody`, with a server over HTTP and one over stdio.
fn start(control: &ControlPlane, mcp: &McpServer, builder: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
    let client = ClientBuilder::new(control).server(mcp.url());
    let server = client.directory().file("relay");
    program::copy(&relay::binary(), &server);
    let command = format!("channel=local,command={} mcp-stub --stdio", server.display());
    builder(client.command(command)).start()
}

fn serves(control: &ControlPlane, client: &mut Client) {
    client.await_ready();
    control.call(Command::call("r1", "tools/list", "{}"), "r1");
    control.introduce_on("local");
    let post = control.call(Command::call("r2", "tools/list", "{}").channel("local"), "r2");
    assert_eq!(post.resp_code, 200, "{post:#?}");
    let files = client.directory().path().to_owned();
    assert!(files.join("health.url").exists());
    client.terminate();
    assert!(client.wait_exit(BOUND).success());
    // By the janitor.
    assert!(!files.join("health.url").exists());
}

#[test]
fn a_session_is_served_and_the_files_of_the_client_are_removed() {
    if !needs::root() {
        return;
    }
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let mut client = start(&control, &mcp, |builder| builder.started_by(NOBODY).unreadable());
    serves(&control, &mut client);
    assert_eq!(client.log_with(READABLE), [""; 0]);
}

/// What the log says of a program that can be read.
const READABLE: &str = "stdio MCP servers can read the program of tunnel-client";

/// Whether the kernel closes memory to everybody but ancestors (Yama).
fn is_closed_anyway() -> bool {
    let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    scope.trim().parse::<u32>().is_ok_and(|scope| scope >= 1)
}

#[test]
fn a_program_that_its_user_can_read_is_named_with_the_remedy() {
    if !needs::root() {
        return;
    }
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = start(&control, &mcp, |builder| builder.started_by(NOBODY));
    client.await_ready();
    if is_closed_anyway() {
        // There is nothing to warn of.
        assert_eq!(client.log_with(READABLE), [""; 0]);
        return;
    }
    let line = client.await_log(READABLE);
    let copy = client.directory().file("tunnel-client").display().to_string();
    let remedy = format!("chown root {copy} && chmod 0711 {copy}");
    assert!(line.contains("WARN") && line.contains(&remedy), "{line}");
    assert_eq!(client.log_with(READABLE).len(), 1);
    let at = client.directory().path();
    let environment = settings(&control, at);
    let check = checked(at, &environment, "program_file");
    assert_eq!(check["status"], "WARN", "{check:#}");
    assert!(check.to_string().contains(&remedy), "{check:#}");
    let said = String::from_utf8_lossy(&run(at, &["config", "check"], &environment).stderr).into_owned();
    assert!(said.contains(&remedy), "{said}");
    // It makes no difference to servers that somebody else starts.
    let environment: Vec<_> = environment
        .into_iter()
        .filter(|(name, _)| *name != "MCP_COMMAND")
        .collect();
    let environment = [environment, vec![("MCP_SERVER_URL", mcp.url())]].concat();
    assert_eq!(checked(at, &environment, "program_file")["status"], "PASS");
}

/// Settings of a client beside the one of this directory.
fn settings(control: &ControlPlane, directory: &Path) -> Vec<(&'static str, String)> {
    let server = directory.join("relay");
    vec![
        ("CONTROL_PLANE_BASE_URL", control.url()),
        ("CONTROL_PLANE_TUNNEL_ID", support::control::TUNNEL.to_owned()),
        ("CONTROL_PLANE_API_KEY", support::client::API_KEY.to_owned()),
        ("MCP_COMMAND", format!("{} mcp-stub --stdio", server.display())),
        ("HEALTH_LISTEN_ADDR", "127.0.0.1:0".to_owned()),
    ]
}

/// A check of `doctor`, which has no failed one.
fn checked(directory: &Path, environment: &[(&str, String)], id: &str) -> Value {
    let report = succeeds(&run(directory, &["doctor", "--start-stdio", "--json"], environment));
    let report: Value = serde_json::from_str(&report).unwrap();
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["id"] == id).unwrap().clone()
}

/// Runs the program of this directory as `nobody`.
fn run(directory: &Path, arguments: &[&str], environment: &[(&str, String)]) -> Output {
    Process::new(directory.join("tunnel-client"))
        .args(arguments)
        .env_clear()
        .env("HOME", directory)
        .env("PATH", "/usr/bin:/bin")
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .current_dir(directory)
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap()
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}{said}");
    text
}

#[test]
fn the_commands_around_a_client_work() {
    if !needs::root() {
        return;
    }
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = start(&control, &mcp, |builder| builder.started_by(NOBODY).unreadable());
    client.await_ready();
    let at = client.directory().path();
    let environment = settings(&control, at);
    assert!(succeeds(&run(at, &["--version"], &[])).contains("tunnel-client"));
    succeeds(&run(at, &["config", "check"], &environment));
    succeeds(&run(at, &["config", "show"], &environment));
    succeeds(&run(at, &["health", "--url-file", "health.url"], &[]));
    for id in ["mcp_server_reachable", "program_file", "sandbox"] {
        let check = checked(at, &environment, id);
        assert_eq!(check["status"], "PASS", "{check:#}");
    }
}

#[test]
fn the_proof_of_the_sandbox_is_the_same_as_with_a_readable_program() {
    if !needs::root() {
        return;
    }
    let site = Site::new(Some(NOBODY));
    let copy = site.files.file("tunnel-client");
    program::copy(&binary(), &copy);
    program::close(&copy);
    let proof = site.prove();
    assert_eq!((proof.verdict("WRONG"), proof.code), (Vec::new(), 0));
}
