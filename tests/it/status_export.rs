//! `/api/logs/export`: the support bundle that a running client makes, and the tunnel meanwhile.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::process::Command as Program;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::Value;

use crate::support::bundle::unpacked;
use crate::support::leaks::{self, Leaky, assert_clean};
use crate::support::page::{Connection, Place, TOKEN, bearer, client_with_page};
use crate::support::wait::{BOUND, within};
use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, Scratch, StdioServer, eventually,
};

const PATH: &str = "GET /api/logs/export";

/// An answer whose head is read.
struct Begun {
    head: String,
    connection: Box<dyn Connection>,
}

impl Begun {
    /// The rest, which ends with the connection: HTTP/1.0 knows no chunks.
    fn rest(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.connection.read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn is_good(&self) -> bool {
        self.head.starts_with("HTTP/1.0 200 ")
    }
}

fn begin(place: &Place, query: &str) -> Begun {
    let mut connection = place.connect();
    let request = format!(
        "GET /api/logs/export{query} HTTP/1.0\r\nHost: localhost\r\n{}\r\n\r\n",
        bearer()
    );
    connection.write_all(request.as_bytes()).unwrap();
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        connection.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    Begun {
        head: String::from_utf8(head).unwrap(),
        connection,
    }
}

/// The files of an archive by name.
fn texts(archive: &[u8]) -> BTreeMap<String, String> {
    let place = Scratch::new();
    let file = place.file("bundle.tar.gz");
    fs::write(&file, archive).unwrap();
    unpacked(&file)
        .into_iter()
        .map(|(name, entry)| (name, entry["text"].as_str().unwrap().to_owned()))
        .collect()
}

/// A client with secrets everywhere, whose log is full of what its peers repeat.
fn leaky() -> (Leaky, ControlPlane, (McpServer, StdioServer), Client, Place) {
    let control = ControlPlane::http();
    let all: Vec<String> = leaks::KNOWN
        .iter()
        .flat_map(|secret| leaks::spellings(secret))
        .collect();
    let words = all.join(" ");
    let server = McpServer::http(move |request, _| Answer::json(500, format!("{:?} {words}", request.headers)));
    let stdio = StdioServer::echo();
    let leaky = Leaky::new(&control.url(), &server.url(), &stdio.command());
    let config = leaky.write(
        "config.yaml",
        "log:\n  level: debug\n  format: json\nadmin_ui:\n  enabled: true\n  token: env:PAGE_TOKEN\n",
    );
    let mut builder = ClientBuilder::new(&control).arg(&format!("--config={}", config.display()));
    for name in [
        "CONTROL_PLANE_BASE_URL",
        "CONTROL_PLANE_API_KEY",
        "HEALTH_LISTEN_ADDR",
        "HEALTH_URL_FILE",
        "LOG_FORMAT",
        "LOG_LEVEL",
    ] {
        builder = builder.no_env(name);
    }
    for (name, value) in leaky.variables() {
        builder = builder.env(name, value);
    }
    let client = builder.env("PAGE_TOKEN", TOKEN).start();
    for (number, part) in all.chunks(8).enumerate() {
        let body = serde_json::json!({"error": {"message": part.join(" "), "code": part[0]}});
        control.on_poll(Answer::json(400, body.to_string()));
        let id = format!("r{number}");
        control.call(Command::call(&id, "tools/call", "{}"), &id);
    }
    let url = eventually("the URL", || {
        fs::read_to_string(leaky.files.file("health.url"))
            .ok()
            .filter(|url| url.ends_with('\n') || url.rsplit(':').next().is_some_and(|port| port.len() > 3))
    });
    let place = Place::Tcp(url.trim().strip_prefix("http://").unwrap().to_owned());
    (leaky, control, (server, stdio), client, place)
}

#[test]
fn an_archive_holds_what_the_process_knows_and_no_secret() {
    let (leaky, _control, _servers, client, place) = leaky();
    let begun = begin(&place, "");
    assert!(begun.is_good(), "{}", begun.head);
    let head = begun.head.to_ascii_lowercase();
    for header in [
        "content-type: application/gzip\r\n",
        "content-disposition: attachment; filename=\"tunnel-client-logs-2",
        "cache-control: no-store\r\n",
        "x-content-type-options: nosniff\r\n",
    ] {
        assert!(head.contains(header), "{header} {head}");
    }
    let archive = leaky.files.file("bundle.tar.gz");
    fs::write(&archive, begun.rest()).unwrap();
    let entries = unpacked(&archive);
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "manifest.json",
            "README.txt",
            "tunnel-client.runtime.yaml",
            "tunnel-client.logs.ndjson",
            "tunnel-client.metrics.prom",
            "admin/status.json",
            "admin/system.json",
            "admin/oauth.json",
            "admin/harpoon.json",
            "health.json",
            "readyz.txt",
            "sandbox.json",
        ]
    );
    let raw = Program::new("gzip").arg("-dc").arg(&archive).output().unwrap();
    assert!(raw.status.success(), "{raw:?}");
    let raw = String::from_utf8_lossy(&raw.stdout).into_owned();
    assert_clean("the archive", &raw);
    assert!(!raw.contains(TOKEN), "the token of the page");
    let text: BTreeMap<&str, &str> = entries
        .iter()
        .map(|(name, entry)| (name.as_str(), entry["text"].as_str().unwrap()))
        .collect();
    let json = |name: &str| serde_json::from_str::<Value>(text[name]).unwrap_or_else(|error| panic!("{name}: {error}"));
    let manifest = json("manifest.json");
    assert_eq!(manifest["files"], serde_json::json!(names));
    assert_eq!(manifest["made_by"], "GET /api/logs/export");
    assert_eq!(manifest["window"], "30m0s");
    assert_eq!(manifest["log_buffer_capacity"], 2000);
    let why = manifest["left_out"]["doctor.json"].as_str().unwrap();
    assert!(why.contains("tunnel-client support export"), "{manifest}");
    let log: Vec<Value> = text["tunnel-client.logs.ndjson"]
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(manifest["event_count"], log.len());
    for message in ["health server listening", "poll failed; backing off"] {
        assert!(log.iter().any(|event| event["message"] == message), "{message}");
    }
    assert!(text["tunnel-client.logs.ndjson"].contains("[REDACTED]"));
    let runtime = text["tunnel-client.runtime.yaml"];
    for part in [
        "api_key: \"file:",
        "X-Auth-Token",
        "config.yaml:",
        "effective_config:",
        "environment: null",
        "log_buffer_events:",
    ] {
        assert!(runtime.contains(part), "{part}\n{runtime}");
    }
    assert_eq!(json("admin/status.json")["schema_version"], 1);
    assert_eq!(
        json("admin/system.json")["sandbox"]["layers"].as_array().unwrap().len(),
        4
    );
    assert_eq!(json("admin/oauth.json")["supported"], false);
    assert_eq!(json("admin/harpoon.json")["enabled"], false);
    assert!(json("health.json")["components"]["control-plane"].is_object());
    assert!(text["readyz.txt"].contains("\nsandbox "), "{}", text["readyz.txt"]);
    assert_eq!(json("sandbox.json")["mode"], "enforce");
    assert!(text["tunnel-client.metrics.prom"].contains("commands_poll_cycles_total"));
    assert_clean("the log", &client.log().join("\n"));
}

#[test]
fn it_is_guarded_as_all_data_and_takes_one_query() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = client_with_page(&control).server(mcp.url()).start();
    client.await_log("health server listening");
    let place = Place::of(&client);
    let token = bearer();
    for (headers, status) in [
        (&[][..], 401),
        (&["Authorization: Bearer wrong-token-0123456789"], 401),
        (&[&*token, "Host: evil.example"], 421),
        (&[&*token, "Origin: http://evil.example"], 403),
        (&[&*token, "Sec-Fetch-Site: cross-site"], 403),
        (&[&*token, "X-Forwarded-For: 192.0.2.1"], 403),
    ] {
        assert_eq!(place.ask(PATH, headers).status, status, "{headers:?}");
    }
    for method in ["POST", "PUT", "HEAD", "DELETE"] {
        let refused = place.ask(&format!("{method} /api/logs/export"), &[&token]);
        assert_eq!(
            (refused.status, refused.header("allow")),
            (405, Some("GET")),
            "{method}"
        );
    }
    for query in [
        "minutes=0",
        "minutes=1441",
        "minutes=x",
        "limit=5",
        "minutes=1&minutes=2",
        "",
    ] {
        assert_eq!(place.ask(&format!("{PATH}?{query}"), &[&token]).status, 400, "{query}");
    }
    let begun = begin(&place, "?minutes=1440");
    assert!(begun.is_good(), "{}", begun.head);
    let manifest: Value = serde_json::from_str(&texts(&begun.rest())["manifest.json"]).unwrap();
    assert_eq!(manifest["window"], "1440m0s");
}

/// Lines that are kept.
const LINES: usize = 2000;

/// A tunnel whose kept lines are as many as it keeps.
fn with_full_log() -> (ControlPlane, McpServer, Client, Place) {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = client_with_page(&control)
        .server(mcp.url())
        .env("ADMIN_UI_LOG_BUFFER_EVENTS", LINES.to_string())
        .start();
    client.await_ready();
    let place = Place::of(&client);
    // Each change of the level is a line; the first ones are no change.
    let change = |level: &str| {
        let body = format!("{{\"level\":\"{level}\"}}");
        format!(
            "PUT /api/log-level HTTP/1.1\r\nHost: localhost\r\n{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            bearer(),
            body.len()
        )
    };
    let both = change("warn") + &change("info");
    let mut connection = place.connect();
    for _ in 0..LINES / 20 + 1 {
        connection.write_all(both.repeat(10).as_bytes()).unwrap();
        let mut answers = Vec::new();
        let mut piece = [0; 8192];
        while String::from_utf8_lossy(&answers).matches("supported_levels").count() < 20 {
            let length = connection.read(&mut piece).unwrap();
            assert!(length > 0, "{}", String::from_utf8_lossy(&answers));
            answers.extend(&piece[..length]);
        }
    }
    (control, mcp, client, place)
}

#[test]
fn calls_go_on_while_a_full_log_is_packed() {
    let (control, _mcp, _client, place) = with_full_log();
    let begun = begin(&place, "");
    assert!(begun.is_good(), "{}", begun.head);
    let is_taken = AtomicBool::new(false);
    let (archive, answered) = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let archive = begun.rest();
            is_taken.store(true, Ordering::SeqCst);
            archive
        });
        let mut answered = 0;
        while !is_taken.load(Ordering::SeqCst) {
            let id = format!("meanwhile-{answered}");
            assert_eq!(control.call(Command::call(&id, "ping", "{}"), &id).resp_code, 200);
            answered += 1;
        }
        (reader.join().unwrap(), answered)
    });
    assert!(answered > 3, "{answered} calls while the archive was made");
    let files = texts(&archive);
    let manifest: Value = serde_json::from_str(&files["manifest.json"]).unwrap();
    assert_eq!(
        (&manifest["event_count"], &manifest["log_buffer_capacity"]),
        (&LINES.into(), &LINES.into())
    );
    assert_eq!(files["tunnel-client.logs.ndjson"].lines().count(), LINES);
}

#[test]
fn one_is_made_at_a_time_and_none_for_a_reader_that_left() {
    let (_control, _mcp, _client, place) = with_full_log();
    let token = bearer();
    // On a machine that did nothing for as long as the first takes, the second is no second.
    let (first, second) = within(BOUND, "a second reader", || {
        let first = begin(&place, "");
        let second = place.ask(PATH, &[&token]);
        (first.is_good() && second.status == 503).then_some((first, second))
    });
    assert_eq!(second.body, "{\"error\":\"busy\"}\n");
    assert_eq!(second.header("retry-after"), Some("1"));
    place.get("/api/status");
    drop(first);
    let begun = eventually("the place of a reader that left", || {
        Some(begin(&place, "")).filter(Begun::is_good)
    });
    assert!(texts(&begun.rest()).contains_key("manifest.json"));
}
