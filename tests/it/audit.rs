//! The audit log: one record for each command that ends, sealed, verified, rotated, and on a disk that is full.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Output};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::client::binary;
use crate::support::mcp::{echo, id_of};
use crate::support::{Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, Scratch, eventually, within};

const BOUND: Duration = Duration::from_secs(60);
const SESSION: &str = "session-0123456789-secret";
const ARGUMENT: &str = "argument-7f3a-of-a-caller";

/// Where the files of an audit log are, which outlives its clients.
struct Site {
    directory: Scratch,
}

impl Site {
    /// Makes the key.
    fn new() -> Self {
        let site = Self {
            directory: Scratch::new(),
        };
        for name in ["records", "private"] {
            fs::create_dir(site.directory.file(name)).unwrap();
            fs::set_permissions(site.directory.file(name), fs::Permissions::from_mode(0o700)).unwrap();
        }
        let made = site.audit(&["init", "--copy", "private/initial", "private/key"]);
        assert!(made.status.success(), "{made:?}");
        site
    }

    /// A client of it.
    fn client(&self, control: &ControlPlane, server: &McpServer) -> ClientBuilder {
        self.give(ClientBuilder::new(control).server(server.url()))
    }

    fn give(&self, builder: ClientBuilder) -> ClientBuilder {
        builder
            .env("AUDIT_FILE", self.file().display().to_string())
            .env("AUDIT_KEY_FILE", self.key_file().display().to_string())
    }

    fn file(&self) -> PathBuf {
        self.directory.file("records/audit.log")
    }

    fn key_file(&self) -> PathBuf {
        self.directory.file("private/key")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap_or_default()
    }

    fn audit(&self, arguments: &[&str]) -> Output {
        let mut program = Program::new(binary());
        program.arg("audit").args(arguments).current_dir(self.directory.path());
        program.env_clear().output().unwrap()
    }

    /// Exit code and words of `audit verify`.
    fn verify(&self, more: &[&str]) -> (i32, String) {
        let arguments = [&["verify", "--key", "private/initial"], more].concat();
        let done = self.audit(&arguments);
        let said = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
        (done.status.code().unwrap(), said)
    }

    /// Records of commands, by the names of the commands.
    fn await_record(&self, request_id: &str) -> Value {
        within(BOUND, &format!("the record of {request_id}"), || {
            let text = self.text();
            let mut records = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            records.find(|record| record["request_id"] == request_id)
        })
    }
}

/// Answers with the word that the id of the call begins with.
fn server() -> McpServer {
    McpServer::http(|request, peer| match id_of(request).trim_matches('"') {
        "error" => Answer::new(500, &[], ""),
        slow if slow.starts_with("slow") => {
            eventually("the client hangs up", || peer.gone().then_some(()));
            echo(request)
        }
        _ => echo(request),
    })
}

fn call(id: &str) -> Command {
    let params = format!(r#"{{"name":"echo","arguments":{{"text":"{ARGUMENT}"}}}}"#);
    Command::call(id, "tools/call", &params)
        .header("Mcp-Session-Id", SESSION)
        .header("X-Request-Id", "caller-1.a")
}

fn end(mut client: Client) -> Vec<String> {
    client.terminate();
    assert!(client.wait_exit(BOUND).success());
    client.log()
}

/// The anchors that the log has, as `audit verify` takes them.
fn anchors(log: &[String]) -> Vec<String> {
    let field = |line: &str, name: &str| {
        let (_, rest) = line
            .split_once(&format!("{name}="))
            .or_else(|| line.split_once(&format!("\"{name}\":")))?;
        let value = rest.trim_start_matches('"');
        Some(
            value
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect::<String>(),
        )
    };
    let lines = log.iter().filter(|line| line.contains("audit log anchored"));
    lines
        .map(|line| match (field(line, "count"), field(line, "head")) {
            (Some(count), Some(head)) => format!("{count}:{head}"),
            _ => panic!("no anchor: {line}"),
        })
        .collect()
}

#[test]
fn each_command_that_ends_is_one_record_without_arguments_results_and_sessions() {
    let control = ControlPlane::http();
    let server = server();
    let site = Site::new();
    let builder = site.client(&control, &server);
    let client = builder.start();
    for id in ["ok", "error"] {
        control.push(call(id));
        control.only_terminal(id);
    }
    control.push(Command::of_type("refused", "no-such-type"));
    control.only_terminal("refused");
    control.push(call("elsewhere").channel("elsewhere"));
    control.only_terminal("elsewhere");
    control.push(call("slow").timeout("\"300ms\""));
    control.push(Command::notification("note", "notifications/initialized", "{}"));
    control.only_terminal("note");
    let ok = site.await_record("ok");
    for (name, expected) in [
        ("event", "command"),
        ("caller_request_id", "caller-1.a"),
        ("channel", "main"),
        ("method", "tools/call"),
        ("tool", "echo"),
        ("outcome", "ok"),
    ] {
        assert_eq!(ok[name], expected, "{ok}");
    }
    assert_eq!(ok["status"], 200);
    assert!(
        ok["bytes_in"].as_u64().unwrap() > 50 && ok["bytes_out"].as_u64().unwrap() > 10,
        "{ok}"
    );
    assert_eq!(ok["session"].as_str().unwrap().len(), 32);
    let error = site.await_record("error");
    assert_eq!(
        (&error["outcome"], &error["session"]),
        (&"target_http".into(), &ok["session"])
    );
    let refused = site.await_record("refused");
    assert_eq!(
        (&refused["outcome"], &refused["status"]),
        (&"refused".into(), &400.into())
    );
    assert_eq!(site.await_record("elsewhere")["outcome"], "unsupported_channel");
    let expired = site.await_record("slow");
    assert_eq!(
        (&expired["outcome"], &expired["status"]),
        (&"expired".into(), &Value::Null)
    );
    assert_eq!(site.await_record("note")["method"], "notifications/initialized");
    assert_eq!(client.metric("audit_records_dropped_total"), Some(0.0));
    let log = end(client);
    let text = site.text();
    for secret in [SESSION, ARGUMENT] {
        assert!(!text.contains(secret), "{text}");
    }
    let (code, said) = site.verify(&["records/audit.log"]);
    assert_eq!(code, 0, "{said}");
    // Each once; the test itself makes some more.
    for id in ["ok", "error", "refused", "elsewhere", "slow", "note"] {
        assert_eq!(
            text.matches(&format!("\"request_id\":\"{id}\"")).count(),
            1,
            "{id}: {text}"
        );
    }
    // Anchors: when it began and when it ended.
    let anchors = anchors(&log);
    assert!(anchors.len() >= 2, "{anchors:?}");
    let last = anchors.last().unwrap();
    let (code, said) = site.verify(&["--anchor", &anchors[0], "--anchor", last, "records/audit.log"]);
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("later runs may have been removed"), "{said}");
    let (code, said) = site.verify(&["--anchor", &anchors[0], "records/audit.log"]);
    assert!(code == 0 && said.contains("later runs may have been removed"), "{said}");
    // The end was cut off.
    let kept: String = text.lines().take(4).map(|line| format!("{line}\n")).collect();
    fs::write(site.file(), &kept).unwrap();
    assert_eq!(site.verify(&["records/audit.log"]).0, 3);
    assert_eq!(site.verify(&["--anchor", last, "records/audit.log"]).0, 5);
    fs::write(site.file(), &kept[..kept.len() - 9]).unwrap();
    assert_eq!(site.verify(&["records/audit.log"]).0, 4);
    let id = "\"request_id\":\"ok\"";
    fs::write(site.file(), text.replacen(id, "\"request_id\":\"OK\"", 1)).unwrap();
    let line = 1 + text.lines().position(|line| line.contains(id)).unwrap();
    let (code, said) = site.verify(&["records/audit.log"]);
    let expected = format!("FAULT     records/audit.log:{line}: record {line} was altered");
    assert!(code == 2 && said.contains(&expected), "{said}");
}

#[test]
fn a_rotated_log_is_one_chain_over_its_files() {
    let control = ControlPlane::http();
    let server = server();
    let site = Site::new();
    let builder = site.client(&control, &server);
    let client = builder.start();
    let old = |number: usize| site.directory.file(&format!("records/audit.log.{number}"));
    for (number, signal) in [(1, Signal::USR1), (2, Signal::HUP)] {
        let id = format!("r{number}");
        control.push(call(&id));
        site.await_record(&id);
        fs::rename(site.file(), old(number)).unwrap();
        client.signal(signal);
        eventually("the new file", || {
            site.text().contains("\"event\":\"continue\"").then_some(())
        });
        // A signal without a rotation changes nothing.
        client.signal(signal);
    }
    control.push(call("r3"));
    site.await_record("r3");
    end(client);
    let files = ["records/audit.log.1", "records/audit.log.2", "records/audit.log"];
    let (code, said) = site.verify(&files);
    assert_eq!(code, 0, "{said}");
    // Without the first file, the auditor has to say where that one ended.
    let first = site.verify(&files[..1]).1;
    let head = first.split_once("head      ").unwrap().1.lines().next().unwrap();
    assert_eq!(site.verify(&files[1..]).0, 7);
    assert_eq!(site.verify(&["--anchor", head, files[1], files[2]]).0, 7);
    assert_eq!(site.verify(&["--from", head, files[1], files[2]]).0, 0);
    assert_eq!(site.verify(&[files[0], files[2]]).0, 2);
    assert_eq!(site.verify(&[files[1], files[0], files[2]]).0, 2);
    assert_eq!(site.text().matches("\"event\":\"continue\"").count(), 1);
}

#[test]
fn a_client_that_was_killed_leaves_a_log_that_verifies_and_goes_on() {
    let control = ControlPlane::http();
    let server = server();
    let site = Site::new();
    let builder = site.client(&control, &server);
    let client = builder.start();
    control.push(call("r1"));
    site.await_record("r1");
    client.signal(Signal::KILL);
    drop(client);
    assert_eq!(site.verify(&["records/audit.log"]).0, 3);
    let client = site.client(&control, &server).start();
    control.push(call("r2"));
    site.await_record("r2");
    end(client);
    let (code, said) = site.verify(&["records/audit.log"]);
    assert!(
        code == 0 && said.contains("in 2 runs") && said.contains("ended without a word"),
        "{said}"
    );
}

/// A quota, by the limit that any user can set on himself. What the client writes over, its key file, is below it.
fn start_without_room(builder: ClientBuilder) -> Client {
    builder.start_by("ulimit -f 8; exec \"$0\" \"$@\"")
}

/// Calls until the file takes no more. Returns the names of the calls that were performed.
fn fill(control: &ControlPlane, client: &Client) -> Vec<String> {
    let mut performed = Vec::new();
    for number in 0..100 {
        let id = format!("fill{number}");
        control.push(call(&id));
        if control.terminal(&id).resp_code == 200 {
            performed.push(id);
        }
        if !client.log_with("audit log cannot be written").is_empty() {
            return performed;
        }
    }
    panic!("there is room for all of these");
}

/// Empties a file where it stands. Returns what was in it.
fn make_room(file: &Path) -> Vec<u8> {
    let content = fs::read(file).unwrap();
    fs::OpenOptions::new()
        .write(true)
        .open(file)
        .unwrap()
        .set_len(0)
        .unwrap();
    content
}

#[test]
fn records_that_find_no_room_are_counted_and_commands_go_on() {
    let control = ControlPlane::http();
    let server = server();
    let site = Site::new();
    let builder = site.client(&control, &server);
    let client = start_without_room(builder);
    fill(&control, &client);
    control.push(call("lost"));
    assert_eq!(control.only_terminal("lost").resp_code, 200);
    eventually("the count", || {
        client
            .metric("audit_records_dropped_total")
            .filter(|count| *count >= 2.0)
    });
    let old = make_room(&site.file());
    fs::write(site.directory.file("records/audit.log.1"), old).unwrap();
    eventually("the gap", || site.text().contains("\"event\":\"gap\"").then_some(()));
    client.await_log("audit log can be written again");
    end(client);
    let (code, said) = site.verify(&["records/audit.log.1", "records/audit.log"]);
    assert!(code == 0 && said.contains("records could not be written"), "{said}");
}

#[test]
fn a_log_that_blocks_refuses_commands_until_there_is_room_and_loses_no_record_of_those_that_ran() {
    let control = ControlPlane::http();
    let server = server();
    let site = Site::new();
    let builder = site.client(&control, &server);
    let client = start_without_room(builder.env("AUDIT_ON_FAILURE", "block"));
    let performed = fill(&control, &client);
    let forwarded = server.forwarded().len();
    control.push(call("blocked"));
    let post = control.only_terminal("blocked");
    assert_eq!(post.resp_code, 503);
    assert!(
        post.request
            .text()
            .contains("the audit log of the tunnel client cannot be written"),
        "{post:#?}"
    );
    assert_eq!(server.forwarded().len(), forwarded, "it was performed");
    let old = make_room(&site.file());
    client.await_log("audit log can be written again");
    control.push(call("again"));
    assert_eq!(control.only_terminal("again").resp_code, 200);
    site.await_record("again");
    fs::write(site.directory.file("records/audit.log.1"), &old).unwrap();
    end(client);
    let (code, said) = site.verify(&["records/audit.log.1", "records/audit.log"]);
    assert_eq!(code, 0, "{said}");
    let all = String::from_utf8(old).unwrap() + &site.text();
    // Half a line, too, can have a name.
    let records = all.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let recorded: Vec<Value> = records.map(|record| record["request_id"].clone()).collect();
    for id in performed {
        assert_eq!(recorded.iter().filter(|one| **one == id).count(), 1, "{id}: {all}");
    }
}

#[test]
fn a_log_that_blocks_takes_commands_again_while_callers_go_on_asking() {
    let control = ControlPlane::http();
    let server = server();
    let site = Site::new();
    let client = start_without_room(site.client(&control, &server).env("AUDIT_ON_FAILURE", "block"));
    fill(&control, &client);
    make_room(&site.file());
    // Each refusal is a message to the thread that writes. They come without a pause, so that it is never idle for long.
    let mut number = 0;
    within(BOUND, "a command that is performed", || {
        number += 1;
        control.push(call(&format!("retry{number}")));
        (control.terminal(&format!("retry{number}")).resp_code == 200).then_some(())
    });
    end(client);
}

#[test]
fn commands_that_are_cut_off_by_a_second_signal_are_counted_before_the_end() {
    let control = ControlPlane::http();
    let server = server();
    let site = Site::new();
    let mut client = site.client(&control, &server).start();
    for id in ["slow1", "slow2"] {
        control.push(Command::call(id, "tools/call", "{}"));
        server.await_forwarded(id);
    }
    client.terminate();
    client.await_log("shutting down");
    client.terminate();
    assert!(client.wait_exit(BOUND).success());
    assert!(!client.log_with("second signal").is_empty());
    let text = site.text();
    let last: Vec<&str> = text.lines().rev().take(2).collect();
    assert!(
        last[1].contains("\"event\":\"gap\"") && last[1].contains("\"dropped\":2"),
        "{text}"
    );
    let (code, said) = site.verify(&["records/audit.log"]);
    assert!(code == 0 && said.contains("2 records could not be written"), "{said}");
}

#[test]
fn a_key_that_others_can_read_and_lines_of_another_kind_are_refused() {
    let refusal = |change: fn(&Site), words: &str| {
        let site = Site::new();
        change(&site);
        let builder = ClientBuilder::for_url("http://127.0.0.1:9").command("cat");
        let mut client = site.give(builder).start();
        let said = client.await_log(words);
        assert!(said.contains("audit."), "{said}");
        assert_eq!(client.wait_exit(BOUND).code(), Some(1));
    };
    refusal(
        |site| fs::set_permissions(site.key_file(), fs::Permissions::from_mode(0o644)).unwrap(),
        "others can use it",
    );
    refusal(|site| fs::write(site.key_file(), "x").unwrap(), "not a key file");
    refusal(|site| fs::remove_file(site.key_file()).unwrap(), "audit init makes one");
    refusal(
        |site| fs::write(site.file(), "some\nother\nlog\nof\nmany\nlines\n").unwrap(),
        "no sealed records",
    );
    refusal(
        |site| {
            let found = site.audit(&["init", "private/key"]);
            let said = String::from_utf8(found.stderr).unwrap();
            assert!(
                !found.status.success() && said.contains("must not be replaced"),
                "{said}"
            );
            fs::remove_dir_all(site.directory.file("records")).unwrap();
        },
        "cannot be opened",
    );
}

#[test]
fn two_clients_do_not_write_one_file() {
    let control = ControlPlane::http();
    let server = server();
    let site = Site::new();
    let first = site.client(&control, &server).no_env("AUDIT_KEY_FILE").start();
    eventually("the first record", || {
        site.text().contains("\"event\":\"begin\"").then_some(())
    });
    let other = ClientBuilder::for_url("http://127.0.0.1:9").command("cat");
    let mut other = site.give(other).no_env("AUDIT_KEY_FILE").start();
    other.await_log("audit.file: another process writes");
    assert_eq!(other.wait_exit(BOUND).code(), Some(1));
    end(first);
}

#[test]
fn a_log_without_a_key_has_the_same_records_without_seals() {
    let control = ControlPlane::http();
    let server = server();
    let site = Site::new();
    // What a full disk left of a record.
    fs::write(site.file(), "{\"event\":\"comm").unwrap();
    let builder = site.client(&control, &server);
    let client = builder.no_env("AUDIT_KEY_FILE").start();
    control.push(call("plain"));
    let record = site.await_record("plain");
    assert_eq!(
        (&record["seq"], &record["mac"], &record["tool"]),
        (&Value::Null, &Value::Null, &"echo".into())
    );
    let log = end(client);
    assert!(anchors(&log).is_empty());
    assert!(
        site.text().starts_with("{\"event\":\"comm\n{\"event\":\"begin\""),
        "{}",
        site.text()
    );
    assert!(site.text().trim_end().ends_with('}') && site.text().contains("\"event\":\"end\""));
    assert_eq!(site.verify(&["records/audit.log"]).0, 2);
}
