//! The data of the status page: hops, channels, calls, log lines, and what is never in it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::client::API_KEY;
use crate::support::page::{Connection, Place, TOKEN, bearer, client_with_page};
use crate::support::wait::{BOUND, settles};
use crate::support::{Client, ClientBuilder, Command, ControlPlane, McpServer, eventually};

struct Tunnel {
    control: ControlPlane,
    mcp: McpServer,
    client: Client,
    place: Place,
}

fn tunnel(change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Tunnel {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = change(client_with_page(&control).server(mcp.url())).start();
    client.await_ready();
    let place = Place::of(&client);
    Tunnel {
        control,
        mcp,
        client,
        place,
    }
}

/// Status and hops, once they are as wanted.
#[track_caller]
fn await_status(place: &Place, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    settles(BOUND, what, || {
        let status = place.get("/api/status");
        if wanted(&status) { Ok(status) } else { Err(status) }
    })
}

fn statuses(status: &Value) -> Vec<&str> {
    let hops = status["hops"].as_array().unwrap();
    hops.iter().map(|hop| hop["status"].as_str().unwrap()).collect()
}

#[test]
fn a_working_tunnel_shows_its_hops_channels_and_numbers() {
    let tunnel = tunnel(|builder| builder);
    tunnel
        .control
        .call(Command::call("r1", "tools/call", r#"{"name":"search"}"#), "r1");
    // The answer is counted after the service has it.
    let status = await_status(&tunnel.place, "four good hops and a call that is answered", |status| {
        statuses(status) == ["ok"; 4] && status["counters"]["answered"] == 1
    });
    for (member, value) in [
        ("schema_version", json!(1)),
        ("ready", json!(true)),
        ("ready_reason", json!("ready")),
        ("lifecycle", json!("running")),
        ("raw_http_logging_enabled", json!(false)),
        ("control_plane_base_url", json!(tunnel.control.url())),
        ("mcp_server_url", json!(tunnel.mcp.server().origin())),
    ] {
        assert_eq!(status[member], value, "{member}");
    }
    let channel = &status["channels"][0];
    assert_eq!(
        (
            &channel["name"],
            &channel["probe_status"],
            &channel["status"],
            &channel["transport_kind"]
        ),
        (&json!("main"), &json!("ok"), &json!("ok"), &json!("http-streamable"))
    );
    let counters = &status["counters"];
    assert_eq!(
        (&counters["commands"], &counters["answered"], &counters["failed"]),
        (&json!(1), &json!(1), &json!(0))
    );
    assert!(
        counters["polls"].as_u64().unwrap() >= 1 && counters["rss_bytes"].as_u64().unwrap() > 0,
        "{counters}"
    );
    assert_eq!(status["control_plane_route"]["route_mode"], "direct");
    let system = tunnel.place.get("/api/system");
    assert_eq!(system["sandbox"]["layers"].as_array().unwrap().len(), 4);
    assert_eq!(
        system["components"]["mcp"]["details"]["startup_probe"]["state"],
        "succeeded"
    );
    assert_eq!(system["main_channel_probe_status"], "ok");
    for (path, member, value) in [
        ("/api/oauth", "supported", json!(false)),
        ("/api/harpoon/status", "enabled", json!(false)),
        ("/api/harpoon/targets", "targets", json!([])),
        ("/api/harpoon/calls", "calls", json!([])),
    ] {
        assert_eq!(tunnel.place.get(path)[member], value, "{path}");
    }
}

#[test]
fn the_broken_hop_is_the_one_that_is_broken() {
    let tunnel = tunnel(|builder| builder);
    tunnel.control.on_every_poll(Some(crate::support::Answer::empty(503)));
    let status = await_status(&tunnel.place, "the relay is broken", |status| {
        statuses(status)[1] == "degraded"
    });
    assert_eq!(statuses(&status)[3], "ok", "{}", status["hops"]);
    assert!(
        status["hops"][1]["text"].as_str().unwrap().contains("503"),
        "{}",
        status["hops"]
    );
    assert_eq!(status["ready"], false);
    tunnel.control.on_every_poll(None);
    await_status(&tunnel.place, "the relay is well", |status| statuses(status)[1] == "ok");
    let place = tunnel.place.clone();
    drop(tunnel.mcp);
    let status = await_status(&place, "the server is broken", |status| {
        statuses(status)[3] == "degraded"
    });
    assert_eq!(statuses(&status)[1..3], ["ok", "ok"], "{}", status["hops"]);
}

#[test]
fn calls_are_listed_the_newest_first_without_what_they_carry() {
    let tunnel = tunnel(|builder| builder);
    assert_eq!(tunnel.place.get("/api/calls"), json!({"calls": [], "capacity": 100}));
    for (id, tool) in [("r1", "first"), ("r2", "second")] {
        let params = format!(r#"{{"name":"{tool}","arguments":{{"q":"what-it-carries"}}}}"#);
        tunnel.control.call(Command::call(id, "tools/call", &params), id);
    }
    let calls = settles(BOUND, "two calls", || {
        let calls = tunnel.place.get("/api/calls");
        if calls["calls"].as_array().unwrap().len() == 2 {
            Ok(calls)
        } else {
            Err(calls)
        }
    });
    let first = &calls["calls"][0];
    assert_eq!(
        (
            &first["request_id"],
            &first["method"],
            &first["tool"],
            &first["outcome"],
            &first["status"],
            &first["channel"]
        ),
        (
            &json!("r2"),
            &json!("tools/call"),
            &json!("second"),
            &json!("ok"),
            &json!(200),
            &json!("main")
        )
    );
    for number in ["queue_ms", "server_ms", "delivery_ms", "duration_ms"] {
        assert!(first[number].is_u64(), "{number}: {first}");
    }
    assert!(
        first["bytes_in"].as_u64().unwrap() > 0 && first["bytes_out"].as_u64().unwrap() > 0,
        "{first}"
    );
    assert!(!calls.to_string().contains("what-it-carries"));
    let one = tunnel.place.get("/api/calls?limit=1");
    assert_eq!(one["calls"].as_array().unwrap().len(), 1);
    for query in ["limit=0", "limit=101", "limit=x", "x=1", ""] {
        assert_eq!(
            tunnel
                .place
                .ask(&format!("GET /api/calls?{query}"), &[&bearer()])
                .status,
            400,
            "{query}"
        );
    }
}

#[test]
fn the_last_lines_of_the_log_are_kept_with_their_numbers() {
    let tunnel = tunnel(|builder| builder.env("ADMIN_UI_LOG_BUFFER_EVENTS", "20"));
    let logs = tunnel.place.get("/api/logs?limit=5000");
    let events = logs["events"].as_array().unwrap();
    assert!(!events.is_empty() && events.len() <= 20, "{logs}");
    let last = tunnel.place.get("/api/logs?limit=2");
    let numbers: Vec<_> = last["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers.len(), 2);
    assert_eq!(numbers[1], numbers[0] + 1);
    for event in events {
        assert!(
            event["time"].is_string()
                && event["level"].is_string()
                && event["message"].is_string()
                && event["attrs"].is_object(),
            "{event}"
        );
    }
}

/// The next event of a stream: its lines.
fn event(stream: &mut BufReader<Box<dyn Connection>>) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        assert!(stream.read_line(&mut line).unwrap() > 0, "the stream ended: {lines:?}");
        // Chunks of HTTP have their sizes between.
        let line = line.trim_end();
        let is_size = !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_hexdigit());
        match line {
            "" if !lines.is_empty() => return lines,
            "" => {}
            _ if is_size => {}
            line => lines.push(line.to_owned()),
        }
    }
}

#[test]
fn lines_are_streamed_as_they_are_written() {
    let tunnel = tunnel(|builder| builder);
    let mut stream = tunnel.place.stream(&[]).unwrap();
    assert_eq!(event(&mut stream), [": open"]);
    let put = tunnel.place.send(
        "PUT /api/log-level",
        &[&bearer(), "Content-Type: application/json"],
        r#"{"level":"warn"}"#,
    );
    assert_eq!(put.status, 200, "{put:?}");
    let begun = Instant::now();
    let updated = loop {
        assert!(begun.elapsed() < BOUND);
        let lines = event(&mut stream);
        if lines.iter().any(|line| line.contains("runtime log level updated")) {
            break lines;
        }
    };
    assert_eq!(updated[0], "event: log");
    let number: u64 = updated[1].strip_prefix("id: ").unwrap().parse().unwrap();
    let data: Value = serde_json::from_str(updated[2].strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(data["seq"], json!(number));
    assert_eq!(
        (&data["attrs"]["previous_level"], &data["attrs"]["new_level"]),
        (&json!("debug"), &json!("warn"))
    );
    // Whoever comes back goes on behind the last line that he has.
    let last = format!("Last-Event-ID: {}", number - 1);
    let mut again = tunnel.place.stream(&[&last]).unwrap();
    assert_eq!(event(&mut again), [": open"]);
    assert_eq!(event(&mut again)[1], format!("id: {number}"));
}

#[test]
fn streams_give_their_places_back_and_probes_are_answered_while_all_are_taken() {
    let tunnel = tunnel(|builder| builder);
    for round in 0..20 {
        let stream = settles(BOUND, "a place of a stream", || tunnel.place.stream(&[]));
        assert!(round < 20, "{round}");
        drop(stream);
    }
    let streams: Vec<_> = (0..4)
        .map(|_| settles(BOUND, "a place of a stream", || tunnel.place.stream(&[])))
        .collect();
    let busy = tunnel.place.ask("GET /api/logs/stream", &[&bearer()]);
    assert_eq!(
        (busy.status, busy.body.as_str()),
        (503, "{\"error\":\"busy\"}\n"),
        "{busy:?}"
    );
    assert_eq!(busy.header("retry-after"), Some("1"));
    // Questions have places of their own, and probes need none.
    assert_eq!(tunnel.place.ask("GET /api/status", &[&bearer()]).status, 200);
    // The other four are taken by bodies that do not come.
    let put = format!(
        "PUT /api/log-level HTTP/1.1\r\nHost: localhost\r\n{}\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n",
        bearer()
    );
    settles(BOUND, "all places are taken", || {
        let held: Vec<_> = (0..4)
            .map(|_| {
                let mut connection = tunnel.place.connect();
                connection.write_all(put.as_bytes()).unwrap();
                connection
            })
            .collect();
        let answered = tunnel.place.ask("GET /api/status", &[&bearer()]);
        let begun = Instant::now();
        assert_eq!(tunnel.client.health("/healthz").0, 200);
        assert_eq!(tunnel.client.ready().0, 200);
        assert!(begun.elapsed() < Duration::from_secs(5));
        drop(held);
        if answered.status == 503 { Ok(()) } else { Err(answered) }
    });
    drop(streams);
}

#[test]
fn whoever_has_no_token_keeps_out_neither_readers_nor_probes() {
    let tunnel = tunnel(|builder| builder);
    // Connections that are kept open for as long as they may, each with a request now and then.
    let mut idle: Vec<_> = (0..40).map(|_| tunnel.place.connect()).collect();
    for connection in &mut idle {
        let _ = connection.write_all(b"GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    let begun = Instant::now();
    assert_eq!(tunnel.client.health("/healthz").0, 200);
    assert_eq!(tunnel.place.ask("GET /api/status", &[&bearer()]).status, 200);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    drop(idle);
    // A refusal ends its connection. One that was opened while there were too many may end before its request is read.
    let refused = settles(BOUND, "an answer without a token", || {
        let mut connection = tunnel.place.connect();
        let _ = connection.write_all(b"GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let mut answer = String::new();
        match connection.read_to_string(&mut answer) {
            Ok(length) if length > 0 => Ok(answer),
            end => Err(end),
        }
    });
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    let token = bearer();
    for (line, status) in [
        ("GET /ui/none", 404),
        ("POST /ui/", 405),
        ("GET /api/none", 404),
        ("POST /api/status", 405),
        ("GET /api/status?x", 400),
    ] {
        let mut connection = tunnel.place.connect();
        let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\n{token}\r\n\r\n");
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        // Its end, or the bound of the socket.
        let _ = connection.read_to_string(&mut answer);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {answer}");
        assert!(
            answer.to_lowercase().contains("\r\nconnection: close\r\n"),
            "{line}: {answer}"
        );
    }
}

#[test]
fn the_level_of_the_log_is_changed_by_one_form_of_request_alone() {
    let tunnel = tunnel(|builder| builder);
    let level = || tunnel.place.get("/api/log-level");
    let supported = json!(["error", "warn", "info", "debug"]);
    assert_eq!(level(), json!({"level": "debug", "supported_levels": supported}));
    let put = |headers: &[&str], body: &str| {
        let token = bearer();
        let headers = [headers, &[&*token]].concat();
        tunnel.place.send("PUT /api/log-level", &headers, body).status
    };
    let json_type = "Content-Type: application/json";
    for (headers, body, status) in [
        (&[][..], r#"{"level":"info"}"#, 415),
        (&["Content-Type: text/plain"], r#"{"level":"info"}"#, 415),
        (&[json_type], r#"{"level":"loud"}"#, 400),
        (&[json_type], r#"{"level":"info","more":1}"#, 400),
        (&[json_type], r#"{"level":1}"#, 400),
        (&[json_type], "[]", 400),
        (&[json_type], "info", 400),
        (&[json_type], "", 400),
        (
            &[json_type],
            &format!("{{\"level\":\"info\"{}}}", " ".repeat(1024)),
            413,
        ),
        (&[json_type, "Content-Length: 99999999"], "{", 413),
        (&[json_type, "Content-Length: 30"], r#"{"level":"info"}"#, 408),
    ] {
        assert_eq!(put(headers, body), status, "{headers:?} {body}");
        assert_eq!(level()["level"], "debug");
    }
    assert_eq!(
        put(
            &["Content-Type: application/json; charset=utf-8"],
            r#" {"level":"info"} "#
        ),
        200
    );
    assert_eq!(level()["level"], "info");
    let line = tunnel.client.await_log("runtime log level updated");
    assert!(
        line.contains(r#""previous_level":"debug""#) && line.contains(r#""new_level":"info""#),
        "{line}"
    );
    assert_eq!(
        tunnel
            .place
            .send("DELETE /api/log-level", &[&bearer()], "")
            .header("allow"),
        Some("GET, PUT")
    );
}

#[test]
fn no_secret_is_in_any_of_it() {
    let key_shaped = format!("sk-{}", "Zz9".repeat(8));
    let header_secret = "header-sekret-0123456789";
    let tunnel = tunnel(|builder| {
        builder
            .env("SITE_SECRET", header_secret)
            .env("MCP_EXTRA_HEADERS", "X-Site: env:SITE_SECRET")
    });
    // Callers write ids, methods and tools; all of them end in log lines and in the list of calls.
    for (id, secret) in [
        ("c1", API_KEY),
        ("c2", &*key_shaped),
        ("c3", header_secret),
        ("c4", TOKEN),
    ] {
        let params = format!(r#"{{"name":"{secret}"}}"#);
        tunnel.control.call(Command::call(id, "tools/call", &params), id);
        let refused = Command::call(&format!("{id}-{secret}"), "ping", "{}").channel(&format!("no-{secret}"));
        tunnel.control.push(refused);
    }
    eventually("all calls", || {
        let calls = tunnel.place.get("/api/calls");
        (calls["calls"].as_array().unwrap().len() == 8).then_some(())
    });
    eventually("the line of the last one", || {
        let logs = tunnel.place.get("/api/logs?limit=5000");
        logs.to_string()
            .contains("command for a channel that is not bound")
            .then_some(())
    });
    for path in ["/api/calls", "/api/logs?limit=5000", "/api/status", "/api/system"] {
        let text = tunnel.place.get(path).to_string();
        for secret in [API_KEY, &key_shaped, header_secret, TOKEN] {
            assert!(!text.contains(secret), "{secret} in {path}: {text}");
        }
    }
    let calls = tunnel.place.get("/api/calls").to_string();
    assert!(calls.contains("REDACTED"), "{calls}");
}
