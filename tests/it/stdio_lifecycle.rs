//! The life of a stdio child: what it may know, what happens when it dies, and that it never outlives the client.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support;
use crate::support::child::{start, start_uninitialized};
use crate::support::client::API_KEY;
use crate::support::wait::{BOUND, within};
use crate::support::{ClientBuilder, Command, ControlPlane, StdioServer, eventually, pause, process};

const INITIALIZE: &str =
    r#"{"protocolVersion":"2025-06-18","capabilities":{"roots":{}},"clientInfo":{"name":"caller","version":"1"}}"#;

/// Dies when told to, before it answers; otherwise echoes.
const MORTAL: &str = r#"
def on(message):
    way = message.get("params", {}).get("die")
    if way == "exit":
        os._exit(3)
    elif way == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif way == "close":
        os.close(1)
        forever()
    elif way == "half":
        raw('{"jsonrpc":"2.0","id":')
        os._exit(0)
    elif way == "hold":
        pass
    elif "id" in message:
        answer(message, {"generation": generation})
"#;

fn gone(pids: &[u32]) {
    within(BOUND, &format!("the end of {pids:?}"), || {
        pids.iter().all(|pid| !process::alive(*pid)).then_some(())
    });
}

#[test]
fn a_child_runs_before_the_first_command_and_sees_no_secret() {
    let script = r#"
def on(message):
    answer(message, {"environment": dict(os.environ), "argv": sys.argv[1:]})
"#;
    let (control, child) = (ControlPlane::http(), StdioServer::with(script));
    let client = ClientBuilder::new(&control)
        .command(child.command())
        .env("LANG", "C.UTF-8")
        .env("SECRET_OF_SOMEBODY", "hidden")
        .env("PASSED_ONE", "1")
        .env("PASSED_TWO", "2")
        .env("OPENAI_API_KEY", "sk-other-key")
        .env("OPENAI_ADMIN_KEY", "sk-admin-key")
        .env("MCP_EXTRA_HEADERS", "X-Token: hidden-too")
        .env("MCP_PASS_ENV", "PASSED_*,CONTROL_PLANE_*,OPENAI_*,MCP_*")
        .start();
    control.introduce();
    child.await_start(1);
    let post = control.call(Command::call("r1", "tools/call", "{}"), "r1");
    let environment = post.json()["result"]["environment"].clone();
    let has = |name: &str| environment.get(name).is_some();
    assert!(has("PATH") && has("HOME") && has("LANG"), "{environment}");
    assert!(has("PASSED_ONE") && has("PASSED_TWO"), "{environment}");
    assert!(
        !has("SECRET_OF_SOMEBODY") && !has("CONTROL_PLANE_API_KEY") && !has("OPENAI_API_KEY"),
        "{environment}"
    );
    assert!(!has("OPENAI_ADMIN_KEY") && !has("MCP_EXTRA_HEADERS"), "{environment}");
    assert!(!environment.to_string().contains(API_KEY), "{environment}");
    assert!(
        client
            .log()
            .iter()
            .all(|line| !line.contains(API_KEY) && !line.contains("sk-other-key"))
    );
    client.await_log("SECRET_OF_SOMEBODY");
}

#[test]
fn arguments_are_split_without_a_shell() {
    let (control, child) = (
        ControlPlane::http(),
        StdioServer::with("def on(m): answer(m, {'argv': sys.argv[2:]})"),
    );
    let command = format!(
        r#"{} 'a b' "c \"d\"" e\ f $HOME *.rs x,y --name="G H" ; | &&"#,
        child.command()
    );
    let _client = ClientBuilder::new(&control)
        .command(format!("channel=main,command={command}"))
        .start();
    control.introduce();
    let post = control.call(Command::call("r1", "tools/call", "{}"), "r1");
    let expected = [
        "a b",
        "c \"d\"",
        "e f",
        "$HOME",
        "*.rs",
        "x,y",
        "--name=G H",
        ";",
        "|",
        "&&",
    ];
    assert_eq!(post.json()["result"]["argv"], serde_json::json!(expected), "{post:#?}");
}

#[test]
fn a_childs_death_ends_each_running_call_once_and_the_next_call_works() {
    let (control, child, mut client) = start(MORTAL);
    let first = control.call(Command::call("init", "initialize", INITIALIZE), "init");
    assert_eq!(first.json()["result"]["serverInfo"]["version"], "1");
    control.push(Command::notification("ready", "notifications/initialized", "{}"));
    control.terminal("ready");
    for (number, way) in ["exit", "kill", "half"].into_iter().enumerate() {
        let ids = [0, 1, 2].map(|n| format!("{way}-{n}"));
        control.push_all(
            ids[..2]
                .iter()
                .map(|id| Command::call(id, "tools/call", r#"{"die":"hold"}"#)),
        );
        child.await_received((number + 1) * 2, "held calls", |message| {
            message["params"]["die"] == "hold"
        });
        control.push(Command::call(&ids[2], "tools/call", &format!(r#"{{"die":"{way}"}}"#)));
        for id in &ids {
            let post = control.only_terminal(id);
            post.assert_failure(
                502,
                "transport_closed",
                &["eof", "unexpected_eof", "closed_pipe", "connection_closed"],
            );
            assert_eq!(post.json()["id"], id.as_str());
        }
        let next = format!("next-{way}");
        let post = control.call(Command::call(&next, "tools/call", "{}"), &next);
        assert_eq!(post.json()["result"]["generation"], number + 2, "{post:#?}");
        let replayed = child.await_method("initialize", number + 2);
        assert_eq!(
            replayed[number + 1]["params"],
            replayed[0]["params"],
            "initialize is replayed as it was"
        );
        assert_eq!(
            child.await_method("notifications/initialized", number + 2).len(),
            number + 2
        );
    }
    assert_eq!(control.posts_of("init").len(), 1, "the replayed answer stays here");
    assert!(client.running());
    eventually("no zombie", || process::zombies(client.pid()).is_empty().then_some(()));
}

#[test]
fn a_child_that_closes_its_output_is_replaced() {
    let (control, child, _client) = start(MORTAL);
    control.push(Command::call("r1", "tools/call", r#"{"die":"close"}"#));
    control
        .only_terminal("r1")
        .assert_failure(502, "transport_closed", &["eof", "closed_pipe", "connection_closed"]);
    assert_eq!(control.terminal_call("r2").json()["result"]["generation"], 2);
    gone(&child.starts()[..1]);
}

#[test]
fn a_child_killed_from_outside_while_idle_is_replaced() {
    let (control, child, client) = start(MORTAL);
    let first = child.await_start(1);
    control.terminal_call("r1");
    kill(first);
    child.await_start(2);
    assert_eq!(control.terminal_call("r2").json()["result"]["generation"], 2);
    client.await_ready();
}

#[test]
fn a_crash_loop_is_slowed_down_and_shows_in_readiness() {
    let (control, child, mut client) = start_uninitialized("os._exit(1)");
    control.await_polls(1);
    child.await_start(3);
    client.await_readiness(BOUND, "503", |status, _| status == 503);
    let start = Instant::now();
    let before = child.starts().len();
    pause("restarts are counted for a while", Duration::from_secs(2));
    let starts = child.starts().len() - before;
    // Of a machine that stands still meanwhile, each two seconds.
    let most = 8 * usize::try_from(start.elapsed().as_millis().div_ceil(2500)).unwrap();
    assert!(starts <= most, "{starts} restarts in {:?}", start.elapsed());
    control.push(Command::call("r1", "ping", "{}"));
    let post = control.terminal("r1");
    assert!(post.resp_code >= 500, "{post:#?}");
    assert_eq!(post.json()["error"]["code"], -32603);
    assert!(client.running());
    assert_eq!(client.ready().0, 503);
    assert_eq!(client.health("/healthz"), (200, "live".to_owned()));
}

#[test]
fn a_child_ends_with_the_client_however_that_ends() {
    // The grandchild ignores what a child could ignore.
    let stubborn = r#"
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
def main():
    sys.stdin.read()
    forever()
"#;
    for (script, signal) in [
        ("", Signal::TERM),
        ("", Signal::INT),
        ("", Signal::KILL),
        (stubborn, Signal::TERM),
        (stubborn, Signal::KILL),
    ] {
        let (control, child, mut client) = start_uninitialized(script);
        let pid = child.await_start(1);
        control.await_polls(1);
        client.signal(signal);
        let status = client.wait_exit(Duration::from_secs(12));
        if signal != Signal::KILL {
            assert_eq!(status.code(), Some(0), "after {signal:?}");
        }
        gone(&[pid]);
    }
}

#[test]
fn the_childs_own_children_end_with_an_orderly_client() {
    let script = r#"
import subprocess
grandchild = subprocess.Popen(["sleep", "300"])
def on(message):
    answer(message, {"grandchild": grandchild.pid})
"#;
    let (control, _child, mut client) = start(script);
    let post = control.call(Command::call("r1", "tools/call", "{}"), "r1");
    let grandchild = u32::try_from(post.json()["result"]["grandchild"].as_u64().unwrap()).unwrap();
    client.terminate();
    assert_eq!(client.wait_exit(Duration::from_secs(12)).code(), Some(0));
    gone(&[grandchild]);
}

#[test]
fn stderr_of_a_child_and_a_full_pipe_hold_up_nobody() {
    let script = r#"
def on(message):
    sys.stderr.write("x" * 100000 + "\n" + "child says hello\n")
    sys.stderr.flush()
    answer(message, {})
"#;
    let (control, _child, client) = start(script);
    for number in 0..20 {
        let id = format!("r{number}");
        assert_eq!(control.call(Command::call(&id, "tools/call", "{}"), &id).resp_code, 200);
    }
    client.await_log("child says hello");
}

#[test]
fn a_child_that_does_not_read_fills_no_memory() {
    let script = r#"
def main():
    wait_for("never")
"#;
    let (control, child) = (ControlPlane::http(), StdioServer::with(script));
    let mut client = ClientBuilder::new(&control)
        .command(child.command())
        .workers(8)
        .env("MCP_CONNECTION_MAX_TTL", "2s")
        // The commands are 24 MiB: a busy machine takes longer for them than a poll may take by default here.
        .env("CONTROL_PLANE_POLL_DEADLINE_GUARDRAIL", "30s")
        .start();
    child.await_start(1);
    let big = format!(r#"{{"text":"{}"}}"#, "x".repeat(1 << 20));
    // A request that needs no handshake.
    control.push_all((0..24).map(|number| Command::call(&format!("r{number}"), "ping", &big)));
    for number in 0..24 {
        let post = control.terminal_within(BOUND, &format!("r{number}"));
        post.assert_failure(504, "timeout", &["timeout"]);
    }
    assert!(client.running());
    let peak = process::peak_resident_kib(client.pid());
    assert!(peak < 150 << 10, "{peak} KiB resident");
}

#[test]
fn an_endless_line_is_cut_and_the_child_replaced() {
    let script = r#"
def on(message):
    if message["params"].get("flood"):
        raw('{"jsonrpc":"2.0","id":%s,"result":"' % json.dumps(message["id"]))
        block = "x" * (1 << 20)
        while True:
            raw(block)
    answer(message, {})
"#;
    let (control, _child, mut client) = start(script);
    control.push(Command::call("r1", "tools/call", r#"{"flood":true}"#));
    let post = control.terminal("r1");
    assert!(post.resp_code >= 500, "{post:#?}");
    let post = control.call(Command::call("r2", "tools/call", "{}"), "r2");
    assert_eq!(post.resp_code, 200, "{post:#?}");
    assert!(client.running());
    let peak = process::peak_resident_kib(client.pid());
    assert!(peak < 300 << 10, "{peak} KiB resident");
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
}

trait TerminalCall {
    fn terminal_call(&self, id: &str) -> support::Post;
}

impl TerminalCall for ControlPlane {
    fn terminal_call(&self, id: &str) -> support::Post {
        self.call(Command::call(id, "tools/call", "{}"), id)
    }
}

#[test]
fn a_program_that_is_missing_ends_the_start_with_its_name_and_leaves_nothing() {
    let (control, child) = (ControlPlane::http(), StdioServer::with(""));
    let builder = ClientBuilder::new(&control).env(
        "MCP_COMMAND",
        format!(
            "{}\nchannel=second,command=/no/such/program --token hidden",
            child.command()
        ),
    );
    let socket = builder.directory().file("health.sock");
    let mut client = builder
        .no_env("HEALTH_LISTEN_ADDR")
        .env("HEALTH_UNIX_SOCKET", socket.display().to_string())
        .start();
    assert_eq!(client.wait_exit(BOUND).code(), Some(1));
    let line = client.await_log("start tunnel-client:");
    assert!(
        line.contains("channel second") && line.contains("/no/such/program") && !line.contains("hidden"),
        "{line}"
    );
    assert!(!socket.exists() && !client.directory().file("health.url").exists());
    assert!(control.seen().is_empty());
}
