//! The audit log: one record for each call that ends, sealed, rotated, and on a disk that is full.

use std::fs;
use std::io::BufReader;
use std::path::PathBuf;
use std::time::Duration;

use audit_log::{InitialKey, Report, Verdict, Verifier};
use serde_json::{Value, json};

use crate::support::client::*;
use crate::support::http::Request;
use crate::support::relay::{Relay, run};
use crate::support::scratch::Scratch;
use crate::support::wait::eventually;
use crate::support::*;

const BOUND: Duration = Duration::from_secs(30);

/// Where the files of an audit log are.
struct Site {
    scratch: Scratch,
    initial: InitialKey,
    options: Vec<String>,
}

impl Site {
    fn new(more: &[&str]) -> Self {
        let scratch = Scratch::new();
        let key = scratch.path("key").display().to_string();
        let made = run(&["audit", "init", &key], &[]);
        assert!(made.status.success(), "{made:?}");
        let again = run(&["audit", "init", &key], &[]);
        assert!(
            String::from_utf8_lossy(&again.stderr).contains("must not be replaced"),
            "{again:?}"
        );
        let file = scratch.path("audit.log").display().to_string();
        let mut options = vec!["--audit-file".to_owned(), file, "--audit-key-file".to_owned(), key];
        options.extend(more.iter().map(|more| (*more).to_owned()));
        Self {
            initial: InitialKey::read(&made.stdout).unwrap(),
            scratch,
            options,
        }
    }

    fn options(&self) -> Vec<&str> {
        self.options.iter().map(String::as_str).collect()
    }

    fn file(&self) -> PathBuf {
        self.scratch.path("audit.log")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap_or_default()
    }

    fn records(&self) -> Vec<Value> {
        let text = self.text();
        let records = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        records.filter(|record| record["event"] == "command").collect()
    }

    /// The first record with this value.
    fn await_record(&self, field: &str, value: &str) -> Value {
        eventually(&format!("the record with {field} {value}"), || {
            self.records().into_iter().find(|record| record[field] == value)
        })
    }

    fn verify(&self, files: &[&str]) -> Report {
        let mut verifier = Verifier::new(&self.initial, Vec::new());
        for name in files {
            let file = fs::File::open(self.scratch.path(name)).unwrap();
            verifier.file(name, BufReader::new(file)).unwrap();
        }
        verifier.finish()
    }
}

fn end(mut relay: Relay) -> String {
    relay.terminate();
    assert!(relay.ended(BOUND).success());
    relay.all_lines()
}

/// A call that is answered. Returns the id that the relay gave it.
fn answered(relay: &Relay, request: Request) -> String {
    let caller = send_aside(relay, request);
    let command = command(relay);
    post(relay, &result(&command, json!({"text": "a result"})));
    assert_eq!(receive(&caller).status, 200);
    command["request_id"].as_str().unwrap().to_owned()
}

#[test]
fn each_call_that_ends_is_one_record_with_the_name_of_its_key_and_what_is_known() {
    let site = Site::new(&[]);
    let relay = Relay::start(&site.options());
    show_up(&relay);
    let request = call(1, "tools/call").header("X-Request-Id", "caller-1.a");
    let sent = request.body.len();
    let id = answered(&relay, request);
    let record = site.await_record("request_id", &id);
    for (field, value) in [
        ("caller_request_id", json!("caller-1.a")),
        ("key", json!("caller")),
        ("tunnel", json!(TUNNEL)),
        ("channel", json!("main")),
        ("method", json!("tools/call")),
        ("outcome", json!("ok")),
        ("status", json!(200)),
        ("bytes_in", json!(sent)),
    ] {
        assert_eq!(record[field], value, "{field} in {record}");
    }
    assert!(
        record["bytes_out"].as_u64().unwrap() > 20 && record["duration_ms"].is_u64(),
        "{record}"
    );
    // A stream that begins before its answer.
    let mut streamed = waiting_call(&relay, &call(2, "slow"));
    let taken = command(&relay);
    post(&relay, &notify(&taken, json!({"jsonrpc": "2.0", "method": "n"})));
    streamed.head();
    post(&relay, &result(&taken, json!({})));
    let record = site.await_record("method", "slow");
    assert!(
        record["outcome"] == "ok" && record["bytes_out"].as_u64().unwrap() > 60,
        "{record}"
    );
    let left = waiting_call(&relay, &call(3, "left"));
    command(&relay);
    drop(left);
    let record = site.await_record("method", "left");
    assert!(
        record["outcome"] == "abandoned" && record["status"].is_null(),
        "{record}"
    );
    // What never reaches a tunnel.
    let wrong = "not-a-key-of-this-relay";
    let stranger = call(4, "tools/call").without("Authorization");
    assert_eq!(relay.send(&stranger.clone().key(wrong)).status, 401);
    let record = site.await_record("outcome", "invalid_api_key");
    assert!(
        record["key"].is_null() && record["tunnel"] == TUNNEL && record["status"] == 401,
        "{record}"
    );
    let mut nowhere = call(5, "tools/call");
    nowhere.path = format!("/v1/mcp/{NO_TUNNEL}");
    assert_eq!(relay.send(&nowhere).status, 404);
    let record = site.await_record("outcome", "tunnel_not_found");
    assert!(record["key"] == "caller" && record["tunnel"] == NO_TUNNEL, "{record}");
    assert_eq!(relay.send(&stranger.key(USE_KEY)).status, 403);
    assert_eq!(
        site.await_record("outcome", "tunnel_connect_forbidden")["key"],
        "client"
    );
    end(relay);
}

#[test]
fn a_chain_of_two_runs_and_a_rotation_verifies_and_each_changed_byte_is_found() {
    let site = Site::new(&["--audit-anchor-every", "1"]);
    let mut relay = Relay::start(&site.options());
    show_up(&relay);
    answered(&relay, call(1, "before"));
    site.await_record("method", "before");
    fs::rename(site.file(), site.scratch.path("audit.log.1")).unwrap();
    relay.hang_up();
    relay.line("audit file opened again");
    answered(&relay, call(2, "after"));
    site.await_record("method", "after");
    // One process writes it.
    let second = run(&[&["serve", "--listen", "127.0.0.1:0"], &*site.options()].concat(), &[]);
    assert!(
        !second.status.success() && String::from_utf8_lossy(&second.stderr).contains("another process"),
        "{second:?}"
    );
    let log = end(relay);
    assert!(log.contains("audit log anchored count="), "{log}");
    end(Relay::start(&site.options()));
    let files = ["audit.log.1", "audit.log"];
    let report = site.verify(&files);
    assert_eq!(
        (report.verdict, report.commands, report.runs),
        (Verdict::Ended, 2, 2),
        "{report:?}"
    );
    for name in files {
        let path = site.scratch.path(name);
        let whole = fs::read(&path).unwrap();
        for place in (0..whole.len()).step_by(7) {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            fs::write(&path, &changed).unwrap();
            assert_eq!(site.verify(&files).verdict, Verdict::Faulty, "{name}, byte {place}");
        }
        fs::write(&path, &whole).unwrap();
    }
}

#[test]
fn a_log_that_blocks_refuses_calls_until_there_is_room_and_loses_no_record_of_those_that_ran() {
    let site = Site::new(&["--audit-on-failure", "block"]);
    let mut relay = Relay::start_by("ulimit -f 8", &site.options());
    show_up(&relay);
    let mut performed = Vec::new();
    for number in 0..100 {
        let caller = send_aside(&relay, call(number, "tools/call"));
        let polled = relay.send(&poll("timeout_ms=1000&channel=main"));
        if polled.status == 204 {
            let refused = receive(&caller);
            assert_eq!(refused.status, 503);
            assert!(refused.text().contains("cannot write its audit log"), "{refused:?}");
            break;
        }
        let command = &polled.json()["commands"][0];
        post(&relay, &result(command, json!({})));
        receive(&caller);
        performed.push(command["request_id"].as_str().unwrap().to_owned());
    }
    relay.line("audit log cannot be written");
    let old = fs::read(site.file()).unwrap();
    fs::OpenOptions::new()
        .write(true)
        .open(site.file())
        .unwrap()
        .set_len(0)
        .unwrap();
    relay.line("audit log can be written again");
    performed.push(answered(&relay, call(1, "again")));
    end(relay);
    fs::write(site.scratch.path("audit.log.1"), &old).unwrap();
    let report = site.verify(&["audit.log.1", "audit.log"]);
    assert_eq!(report.verdict, Verdict::Ended, "{report:?}");
    let all = String::from_utf8(old).unwrap() + &site.text();
    for id in performed {
        let named = format!("\"request_id\":\"{id}\"");
        let records = all.lines().filter(|line| line.contains(&named) && line.ends_with('}'));
        assert_eq!(records.count(), 1, "{id}");
    }
}

#[test]
fn requests_without_a_key_do_not_fill_the_disk_and_are_counted() {
    let site = Site::new(&[]);
    let relay = Relay::start(&site.options());
    let mut connection = relay.connect();
    let stranger = call(1, "m").without("Authorization").key("not-a-key-of-this-relay");
    for _ in 0..400 {
        if connection.exchange(&stranger).header("Connection") == Some("close") {
            connection = relay.connect();
        }
    }
    end(relay);
    let report = site.verify(&["audit.log"]);
    assert_eq!(
        (report.verdict, report.commands + report.dropped),
        (Verdict::Ended, 400),
        "{report:?}"
    );
}
