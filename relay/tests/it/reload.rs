//! Keys and certificates that are read again while the relay runs.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::client::*;
use crate::support::http::{Connection, Request, events};
use crate::support::relay::Relay;
use crate::support::scratch::Scratch;
use crate::support::tls::{Authority, connect};
use crate::support::*;

/// A relay whose keys are in a file; it looks at its files when it is told to.
struct Bench {
    relay: Relay,
    scratch: Scratch,
}

impl Bench {
    fn new(args: &[&str]) -> Self {
        let scratch = Scratch::new();
        let file = scratch.file("keys", &keys()).display().to_string();
        let mut all = vec!["--tunnel", TUNNEL, "--keys-file", &file];
        all.extend(args);
        let relay = Relay::start_bare(&all, "");
        Self { relay, scratch }
    }

    /// The keys file without the lines of these names, and with others.
    fn write_keys(&self, without: &[&str], more: &str) {
        let kept = keys().lines().map(str::to_owned).collect::<Vec<_>>();
        let kept = kept.iter().filter(|line| {
            let name = line.split(' ').next().unwrap();
            !without.contains(&name)
        });
        let text = kept.map(|line| format!("{line}\n")).collect::<String>() + more;
        // As editors and rollouts do it: a new file takes the place.
        let new = self.scratch.file("keys.new", &text);
        std::fs::rename(new, self.scratch.path("keys")).unwrap();
    }

    fn reload(&mut self) -> String {
        self.relay.hang_up();
        self.relay.line("credentials reloaded")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path(name)
    }
}

const ONLY_SIGNAL: [&str; 2] = ["--reload-check-interval", "0"];

fn list(key: &str) -> Request {
    Request::new("GET", "/v1/tunnels").key(key)
}

#[test]
fn a_removed_key_stops_at_once_with_all_that_it_has_under_way() {
    let mut bench = Bench::new(&ONLY_SIGNAL);
    show_up(&bench.relay);
    let mut waiting = waiting_call(&bench.relay, &call("waits", "m"));
    command(&bench.relay);
    let mut stream = waiting_call(&bench.relay, &call("streams", "m"));
    let streamed = command(&bench.relay);
    post(
        &bench.relay,
        &notify(&streamed, json!({"jsonrpc": "2.0", "method": "n"})),
    );
    assert_eq!(stream.head().status, 200);
    stream.chunk().unwrap();
    let mut queued = waiting_call(&bench.relay, &call("queued", "m").with_key(CALL_KEY));
    // Another key's call, taken by a client whose key is removed as well.
    let other = send_aside(&bench.relay, call("other", "m").with_key(OTHER_CALL_KEY));
    let mut commands = Vec::new();
    while commands.len() < 2 {
        commands.extend(client::commands(&bench.relay));
    }
    let others: Vec<&Value> = commands
        .iter()
        .filter(|command| command["jsonrpc"]["id"] == "other")
        .collect();
    let mut poll = waiting_call(&bench.relay, &poll("timeout_ms=60000&channel=other"));
    let mut upload = bench.relay.connect();
    let begun = Request::new("POST", "/v1/tunnels").key(MANAGE_KEY).json(*b"{}");
    let begun = String::from_utf8(begun.bytes("localhost")).unwrap();
    let begun = begun.replace("Content-Length: 2\r\n", "Content-Length: 20\r\n");
    assert!(upload.write_raw(begun.as_bytes()));
    assert!(upload.answer_within(std::time::Duration::from_millis(100)).is_none());

    let next = "another-key-of-the-client";
    bench.write_keys(&["caller", "client", "manager"], &format!("client read,use {next}\n"));
    let line = bench.reload();
    assert!(line.contains("revoked=client,manager,caller"), "{line}");
    for (connection, id) in [(&mut waiting, "waits"), (&mut queued, "queued")] {
        let answer = connection.answer();
        assert_eq!((answer.status, answer.rpc_code().as_str()), (401, "invalid_api_key"));
        assert_eq!(answer.json()["id"], id);
        connection.wait_for_end();
    }
    let last = events(std::str::from_utf8(&stream.chunk().unwrap()).unwrap());
    let last: Value = serde_json::from_str(&last[0]).unwrap();
    assert_eq!(
        (&last["id"], &last["error"]["data"]["code"]),
        (&json!("streams"), &json!("invalid_api_key"))
    );
    assert!(stream.chunk().is_none());
    for connection in [&mut poll, &mut upload] {
        let answer = connection.answer();
        assert_eq!((answer.status, answer.code().as_str()), (401, "invalid_api_key"));
        connection.wait_for_end();
    }
    for request in [list(MANAGE_KEY), client::poll("timeout_ms=1"), call(1, "m")] {
        assert_eq!(bench.relay.send(&request).status, 401);
    }
    // What the client has taken it may answer with the key that it has now.
    let answer = result(others[0], json!({"late": true})).with_key(next);
    assert_eq!(bench.relay.send(&answer).status, 200);
    assert_eq!(receive(&other).json()["result"]["late"], true);
}

#[test]
fn calls_of_a_tunnel_whose_only_client_loses_its_key_end_at_once() {
    for polls in [false, true] {
        // Less than a client counts as connected after its last poll: calls that had to wait for that would end with 504.
        let mut bench = Bench::new(&[&ONLY_SIGNAL[..], &["--call-timeout", "15s"]].concat());
        show_up(&bench.relay);
        let _poll = polls.then(|| waiting_call(&bench.relay, &poll("timeout_ms=60000&channel=other")));
        let notification = json!({"jsonrpc": "2.0", "method": "notifications/x"}).to_string();
        let mut queued = [call("queued", "m"), message(notification)].map(|sent| waiting_call(&bench.relay, &sent));
        for connection in &mut queued {
            let early = connection.answer_within(std::time::Duration::from_millis(200));
            assert!(early.is_none(), "{early:?}");
        }
        bench.write_keys(&["client"], &format!("client read,use@{OTHER_TUNNEL} {USE_KEY}\n"));
        assert!(bench.reload().contains("revoked=client"));
        let queued = queued.map(|mut connection| connection.answer());
        for answer in queued.into_iter().chain([bench.relay.send(&call("new", "m"))]) {
            assert_eq!(
                (answer.status, answer.rpc_code().as_str()),
                (503, "tunnel_client_not_connected")
            );
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
    }
}

#[test]
fn a_key_that_allows_more_or_has_new_neighbours_goes_on() {
    let mut bench = Bench::new(&ONLY_SIGNAL);
    show_up(&bench.relay);
    let caller = send_aside(&bench.relay, call(1, "m"));
    let command = command(&bench.relay);
    let mut poll = waiting_call(&bench.relay, &poll("timeout_ms=60000&channel=other"));
    let new = "key-that-came-later";
    bench.write_keys(
        &["caller"],
        &format!("late read,manage {new}\ncaller read,connect {CALL_KEY}\n"),
    );
    assert!(bench.reload().contains("revoked=\"\""));
    assert_eq!(bench.relay.send(&list(new)).status, 200);
    assert!(poll.answer_within(std::time::Duration::from_millis(200)).is_none());
    post(&bench.relay, &result(&command, json!({})));
    assert_eq!(receive(&caller).status, 200);
    // Removed in a later generation than the one that it came from.
    bench.write_keys(&["client"], "");
    bench.reload();
    assert_eq!(poll.answer().status, 401);
}

#[test]
fn a_key_whose_text_or_scopes_change_stops_as_it_was() {
    let mut bench = Bench::new(&ONLY_SIGNAL);
    let new = "the-managers-next-key";
    show_up(&bench.relay);
    let mut tied = waiting_call(&bench.relay, &call(1, "m").with_key(OTHER_CALL_KEY));
    // It was let in before.
    command(&bench.relay);
    bench.write_keys(
        &["manager", "other-caller"],
        &format!("manager read,manage {new}\nother-caller connect@{OTHER_TUNNEL} {OTHER_CALL_KEY}\n"),
    );
    assert!(bench.reload().contains("revoked=manager,other-caller"));
    assert_eq!(tied.answer().status, 401);
    assert_eq!(bench.relay.send(&list(MANAGE_KEY)).status, 401);
    assert_eq!(bench.relay.send(&list(new)).status, 200);
    let again = call(1, "m").with_key(OTHER_CALL_KEY);
    assert_eq!(bench.relay.send(&again).rpc_code(), "tunnel_connect_forbidden");
}

#[test]
fn files_that_change_are_read_without_a_signal() {
    let mut bench = Bench::new(&["--reload-check-interval", "1s"]);
    assert_eq!(bench.relay.send(&list(MANAGE_KEY)).status, 200);
    bench.write_keys(&["manager"], "");
    let line = bench.relay.line("credentials reloaded");
    assert!(
        line.contains("cause=\"file change\"") && line.contains("changed=--keys-file"),
        "{line}"
    );
    assert_eq!(bench.relay.send(&list(MANAGE_KEY)).status, 401);
}

#[test]
fn a_bad_generation_is_rejected_whole_and_the_one_in_use_stays() {
    let (authority, scratch) = (Authority::new(), Scratch::new());
    let (cert, key) = authority.server().store(&scratch, "server");
    let mut bench = Bench::new(&[&ONLY_SIGNAL[..], &["--tls-cert", &cert, "--tls-key", &key]].concat());
    let status = |bench: &Bench| {
        let mut connection = connect(bench.relay.addr, &authority, None).unwrap();
        connection.exchange(&list(MANAGE_KEY)).status
    };
    let rejected = |bench: &mut Bench| {
        bench.relay.hang_up();
        bench.relay.line("credential reload rejected")
    };
    // A good keys file with a key of another certificate.
    bench.write_keys(&["manager"], "");
    let (_, other) = authority.server().store(&scratch, "other");
    std::fs::copy(other, &key).unwrap();
    let line = rejected(&mut bench);
    for part in [
        "setting=--tls-key",
        &format!("file={key}"),
        "is not the key of the first certificate",
        "action=",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert_eq!(status(&bench), 200);
    // A good pair with a bad keys file.
    authority.server().store(&scratch, "server");
    bench.write_keys(&["manager"], "somebody everything a-very-secret-key-text\n");
    let line = rejected(&mut bench);
    let keys_file = bench.path("keys").display().to_string();
    for part in [
        "setting=--keys-file",
        &format!("file={keys_file}"),
        "line=5",
        "scopes are a comma list",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(!line.contains("a-very-secret-key-text"));
    assert_eq!(status(&bench), 200);
    for text in ["", "# no keys\n"] {
        std::fs::write(bench.path("keys"), text).unwrap();
        assert!(rejected(&mut bench).contains("no keys"));
    }
    std::fs::remove_file(bench.path("keys")).unwrap();
    assert!(rejected(&mut bench).contains("No such file"));
    assert_eq!(status(&bench), 200);
    bench.write_keys(&["manager"], "");
    bench.reload();
    assert_eq!(status(&bench), 401);
}

#[test]
fn new_connections_get_the_new_certificate_and_old_ones_go_on() {
    let (old, new, scratch) = (Authority::new(), Authority::new(), Scratch::new());
    let (cert, key) = old.server().store(&scratch, "server");
    let mut bench = Bench::new(&[&ONLY_SIGNAL[..], &["--tls-cert", &cert, "--tls-key", &key]].concat());
    let mut kept = connect(bench.relay.addr, &old, None).unwrap();
    assert_eq!(kept.exchange(&list(MANAGE_KEY)).status, 200);
    new.server().store(&scratch, "server");
    bench.reload();
    assert!(connect(bench.relay.addr, &old, None).is_err());
    let mut fresh = connect(bench.relay.addr, &new, None).unwrap();
    for connection in [&mut kept, &mut fresh] {
        assert_eq!(connection.exchange(&list(MANAGE_KEY)).status, 200);
    }
}

#[test]
fn connections_let_in_by_an_authority_that_was_removed_end() {
    let (authority, other, scratch) = (Authority::new(), Authority::new(), Scratch::new());
    let (cert, key) = authority.server().store(&scratch, "server");
    let ca = scratch.file("clients.pem", &authority.pem);
    let path = ca.display().to_string();
    let args = [
        "--tls-cert",
        &cert,
        "--tls-key",
        &key,
        "--client-ca",
        &path,
        "--require-client-cert",
    ];
    let mut bench = Bench::new(&[&ONLY_SIGNAL[..], &args].concat());
    let mut client = connect(bench.relay.addr, &authority, Some(&authority.client())).unwrap();
    assert_eq!(client.exchange(&list(MANAGE_KEY)).status, 200);
    std::fs::write(&ca, format!("{}{}", authority.pem, other.pem)).unwrap();
    bench.reload();
    assert_eq!(client.exchange(&list(MANAGE_KEY)).status, 200);
    std::fs::write(&ca, &other.pem).unwrap();
    bench.reload();
    let begun = std::time::Instant::now();
    client.wait_for_end();
    // Idle connections end after 75 s by themselves.
    assert!(begun.elapsed().as_secs() < 60);
}

#[test]
fn a_certificate_that_has_expired_does_not_replace_one_that_has_not() {
    let (authority, scratch) = (Authority::new(), Scratch::new());
    let (cert, key) = authority.server().store(&scratch, "server");
    let mut bench = Bench::new(&[&ONLY_SIGNAL[..], &["--tls-cert", &cert, "--tls-key", &key]].concat());
    let expired = authority.changed(&["127.0.0.1"], |params| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1)
    });
    expired.store(&scratch, "server");
    bench.relay.hang_up();
    let line = bench.relay.line("credential reload rejected");
    assert!(
        line.contains("setting=--tls-cert") && line.contains("has expired"),
        "{line}"
    );
    assert!(connect(bench.relay.addr, &authority, None).is_ok());
}

#[test]
fn keys_that_came_through_a_pipe_stay_when_the_files_are_read_again() {
    let (authority, next, scratch) = (Authority::new(), Authority::new(), Scratch::new());
    let pipe = scratch.path("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let (cert, key) = authority.server().store(&scratch, "server");
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, keys()).unwrap()
    });
    let args = [
        "--keys-file",
        &pipe.display().to_string(),
        "--tls-cert",
        &cert,
        "--tls-key",
        &key,
    ];
    let mut relay = Relay::start_bare(&[&ONLY_SIGNAL[..], &args].concat(), "");
    writer.join().unwrap();
    next.server().store(&scratch, "server");
    relay.hang_up();
    relay.line("credentials reloaded");
    let mut connection: Connection = connect(relay.addr, &next, None).unwrap();
    assert_eq!(connection.exchange(&list(MANAGE_KEY)).status, 200);
}
