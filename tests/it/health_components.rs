//! `/health` and its components: shapes, refusals, and facts that follow what happens.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::support::client::{API_KEY, get};
use crate::support::wait::BOUND;
use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, StdioServer, needs, process, within,
};

/// The user of this number in every system.
const NOBODY: u32 = 65534;

/// A server on stdio that lists its tools on two pages.
const TOOLS: &str = r#"
def on(message):
    method, params = message.get("method"), message.get("params") or {}
    if method == "tools/list":
        if params.get("cursor") == "more":
            answer(message, {"tools": [{"name": "write", "inputSchema": {"secret": "0815-4711"}}]})
        else:
            answer(message, {"tools": [{"name": "read", "description": "0815-4711"}], "nextCursor": "more"})
    elif params.get("die"):
        os._exit(1)
    elif "id" in message:
        answer(message, {"text": "0815-4711"})
"#;

/// Status, head and body of a request with this first line and these headers.
fn ask(client: &Client, line: &str, headers: &str) -> (u16, String, String) {
    let url = client.health_url();
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    write!(
        stream,
        "{line} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), body.to_owned())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The places of these texts in another one, which have to stand in this order.
#[track_caller]
fn in_order(text: &str, words: &[&str]) {
    let places: Vec<_> = words.iter().map(|word| text.find(&format!("\"{word}\":"))).collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{places:?}: {text}"
    );
}

#[test]
fn the_report_is_compact_unless_the_request_or_the_setting_wants_details() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = Client::http(&control, &mcp.url());
    client.await_ready();
    let (status, head, body) = ask(&client, "GET /health", "");
    assert_eq!(status, 200);
    assert!(
        head.contains("content-type: application/json") && head.contains("cache-control: no-store"),
        "{head}"
    );
    in_order(
        &body,
        &[
            "schema_version",
            "live",
            "ready",
            "snapshot_at",
            "runtime",
            "instance_id",
            "version",
            "started_at",
            "uptime_seconds",
            "lifecycle",
        ],
    );
    let report = json(&body);
    assert_eq!(
        (&report["schema_version"], &report["live"], &report["ready"]),
        (&1.into(), &true.into(), &true.into())
    );
    assert!(
        report["components"].is_null() && report["truncated"].is_null(),
        "{body}"
    );
    assert_eq!(report["runtime"]["lifecycle"], "running");
    let id = report["runtime"]["instance_id"].as_str().unwrap();
    assert!(id.len() == 32 && client.log_with(id).len() > 1, "{id}");
    let detailed = json(&ask(&client, "GET /health?details=true", "").2);
    let names: Vec<_> = detailed["components"].as_object().unwrap().keys().cloned().collect();
    let expected = [
        "audit",
        "control-plane",
        "credentials",
        "dispatcher",
        "harpoon",
        "log",
        "mcp",
        "oauth",
        "queue",
        "response-delivery",
        "sandbox",
    ];
    assert_eq!(names, expected);
    for component in detailed["components"].as_object().unwrap().values() {
        assert!(
            component["limited"].is_boolean() && component["state"].is_string(),
            "{component}"
        );
    }
    drop(client);

    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("HEALTH_SHOW_DETAILS", "true")
        .start();
    client.await_ready();
    assert!(json(&ask(&client, "GET /health", "").2)["components"].is_object());
    assert!(json(&ask(&client, "GET /health?details=false", "").2)["components"].is_null());
}

#[test]
fn other_methods_queries_and_names_are_refused_with_a_code() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = Client::http(&control, &mcp.url());
    client.await_log("health server listening");
    for (line, status, code) in [
        ("POST /health", 405, "method_not_allowed"),
        ("DELETE /health/queue", 405, "method_not_allowed"),
        ("GET /health?", 400, "invalid_query"),
        ("GET /health?details=TRUE", 400, "invalid_query"),
        ("GET /health?details=true&details=true", 400, "invalid_query"),
        ("GET /health?other=true", 400, "invalid_query"),
        ("GET /health/queue?", 400, "invalid_query"),
        ("GET /health/queue?details=true", 400, "invalid_query"),
        ("GET /health/", 404, "unknown_component"),
        ("GET /health/nothing", 404, "unknown_component"),
        ("GET /health/queue/x", 404, "unknown_component"),
    ] {
        let (found, head, body) = ask(&client, line, "");
        assert_eq!((found, body), (status, format!("{{\"error\":\"{code}\"}}")), "{line}");
        assert!(head.contains("content-type: application/json"), "{line}: {head}");
        assert_eq!(head.contains("\r\nallow: get\r\n"), status == 405, "{line}: {head}");
    }
    assert_eq!(ask(&client, "HEAD /health", "").0, 405);
    assert_eq!(ask(&client, "GET /healthy", "").0, 404);
    let (status, _, body) = ask(&client, "GET /health/oauth", "");
    in_order(
        &body,
        &[
            "schema_version",
            "snapshot_at",
            "component",
            "status",
            "state",
            "limited",
        ],
    );
    assert_eq!((status, &json(&body)["status"]), (200, &"disabled".into()));
}

#[test]
fn liveness_and_readiness_are_json_for_those_who_ask_for_it() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = Client::http(&control, &mcp.url());
    client.await_ready();
    let accept = "Accept: application/json\r\n";
    assert_eq!(ask(&client, "GET /healthz", accept).2, r#"{"status":"live"}"#);
    let (status, head, body) = ask(&client, "GET /readyz", accept);
    assert_eq!((status, &*body), (200, r#"{"ready":true,"reason":"ready"}"#));
    assert!(head.contains("content-type: application/json"), "{head}");
    let verbose = json(&ask(&client, "GET /readyz?verbose", accept).2);
    let layers = verbose["sandbox"].as_array().unwrap();
    assert!(layers.iter().any(|layer| layer["layer"] == "seccomp"), "{verbose}");
    for accept in ["", "Accept: */*\r\n", "Accept: text/plain, application/json\r\n"] {
        assert_eq!(ask(&client, "GET /readyz", accept).2, "ready", "{accept}");
        assert_eq!(ask(&client, "GET /healthz", accept).2, "live", "{accept}");
    }
    control.on_every_poll(Some(Answer::empty(401)));
    client.await_readiness(BOUND, "503", |status, _| status == 503);
    let (status, _, body) = ask(&client, "GET /readyz", "Accept: application/json\r\n");
    assert_eq!((status, &json(&body)["ready"]), (503, &false.into()));
}

#[test]
fn commands_show_in_the_queue_the_dispatcher_and_the_delivery() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = Client::http(&control, &mcp.url());
    client.await_ready();
    assert_eq!(client.component("response-delivery")["state"], "not_observed");
    for number in 0..3 {
        let id = format!("r{number}");
        control.call(Command::call(&id, "ping", "{}"), &id);
    }
    let delivered = client.await_component("response-delivery", "ok", |it| {
        it["status"] == "ok" && it["details"]["in_progress"] == 0
    });
    assert_eq!(
        (&delivered["state"], &delivered["details"]["accepted"]),
        (&"accepted".into(), &3.into())
    );
    let done = client.await_component("dispatcher", "idle", |it| it["details"]["active"] == 0);
    assert_eq!(
        (&done["state"], &done["details"]["completed"]),
        (&"accepting".into(), &3.into())
    );
    let queue = client.component("queue");
    assert_eq!(
        (
            &queue["details"]["enqueued"],
            &queue["details"]["dequeued"],
            &queue["details"]["depth"]
        ),
        (&3.into(), &3.into(), &0.into())
    );
    // A retried upload degrades the delivery, and the control plane stays as it is.
    let later = Answer::new(503, &[("Retry-After", "60")], "");
    control.on_delivery("late", "jsonrpc_response", later);
    control.push(Command::call("late", "ping", "{}"));
    let failed = client.await_component("response-delivery", "degraded", |it| it["status"] == "degraded");
    assert_eq!(
        (
            &failed["reason_code"],
            &failed["details"]["http_status"],
            &failed["state"]
        ),
        (&"http_error".into(), &503.into(), &"uploading".into())
    );
    assert_eq!(client.component("control-plane")["status"], "ok");
}

#[test]
fn a_server_on_stdio_shows_what_its_answers_to_callers_have_proved() {
    let (control, child) = (ControlPlane::http(), StdioServer::with(TOOLS));
    let client = ClientBuilder::new(&control).command(child.command()).start();
    client.await_ready();
    let mcp = client.await_component("mcp", "running", |it| it["details"]["child_state"] == "running");
    assert_eq!(
        (&mcp["status"], &mcp["state"]),
        (&"unknown".into(), &"not_observed".into())
    );
    assert_eq!(
        (&mcp["details"]["initialize_epoch"], &mcp["details"]["evidence"]),
        (&0.into(), &"same_child".into())
    );
    let generation = mcp["details"]["child_generation"].as_str().unwrap().to_owned();
    assert_eq!(generation.len(), 32);

    control.introduce();
    let mcp = client.component("mcp");
    assert_eq!((&mcp["status"], &mcp["state"]), (&"ok".into(), &"initialized".into()));
    let identity = &mcp["details"]["initialize"];
    assert_eq!(
        (&identity["server_name"], &identity["identity_complete"]),
        (&"child".into(), &true.into())
    );

    control.call(Command::call("t1", "tools/list", "{}"), "t1");
    assert_eq!(client.component("mcp")["details"]["tools_list"]["partial"], true);
    control.call(Command::call("t2", "tools/list", r#"{"cursor":"more"}"#), "t2");
    let mcp = client.component("mcp");
    assert_eq!(mcp["state"], "discovered");
    let tools = &mcp["details"]["tools_list"];
    assert_eq!(
        (&tools["tool_names"], &tools["complete"]),
        (&json(r#"["read","write"]"#), &true.into())
    );
    let raw = mcp.to_string();
    assert!(
        !raw.contains("0815-4711") && !raw.contains("more") && !raw.contains(API_KEY),
        "{raw}"
    );

    control.push(Command::call("die", "tools/call", r#"{"die":true}"#));
    let mcp = client.await_component("mcp", "another child", |it| {
        it["details"]["child_generation"] != *generation && it["state"] == "initialized"
    });
    assert_eq!(mcp["details"]["initialize_epoch"], 2, "the repeated initialize counts");
    assert_eq!(mcp["details"]["tools_list"]["retained_count"], 0);
}

#[test]
fn a_read_asks_nobody_for_anything() {
    let (control, child) = (ControlPlane::http(), StdioServer::with(TOOLS));
    let client = ClientBuilder::new(&control)
        .command(child.command())
        .env("CONTROL_PLANE_POLL_TIMEOUT", "60s")
        .start();
    control.introduce();
    client.await_ready();
    let (seen, received, starts) = (control.seen().len(), child.received().len(), child.starts().len());
    for _ in 0..50 {
        for path in [
            "/health",
            "/health?details=true",
            "/health/mcp",
            "/health/control-plane",
        ] {
            assert_eq!(client.health(path).0, 200);
        }
    }
    let now = (control.seen().len(), child.received().len(), child.starts().len());
    assert_eq!(now, (seen, received, starts));
}

#[test]
fn further_channels_have_components_of_their_own() {
    let (control, main, tools) = (ControlPlane::http(), McpServer::echo(), McpServer::echo());
    let child = StdioServer::echo();
    let client = ClientBuilder::new(&control)
        .server(main.url())
        .server(format!("channel=tools,url={}", tools.url()))
        .command(format!("channel=files,command={}", child.command()))
        .start();
    client.await_ready();
    assert_eq!(client.component("mcp-tools")["state"], "not_observed");
    control.call(Command::call("r1", "ping", "{}").channel("tools"), "r1");
    assert_eq!(client.component("mcp-tools")["state"], "answering");
    client.await_component("mcp-files", "running", |it| it["state"] == "running");
    drop(tools);
    control.call(Command::call("r2", "tools/call", "{}").channel("tools"), "r2");
    assert_eq!(client.component("mcp-tools")["state"], "answering", "one failure alone");
    control.call(Command::call("r3", "tools/call", "{}").channel("tools"), "r3");
    let broken = client.component("mcp-tools");
    assert_eq!(
        (&broken["status"], &broken["reason_code"]),
        (&"degraded".into(), &"last_calls_failed".into())
    );
    assert_eq!(client.ready().0, 200, "another channel over HTTP does not count");
}

#[test]
fn each_change_of_a_component_is_one_line_and_many_are_a_few_with_their_number() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| match request.json()["method"].as_str() {
        Some("breaks") => Answer::empty(500),
        _ => crate::support::mcp::echo(request),
    });
    let client = Client::http(&control, &mcp.url());
    client.await_ready();
    control.call(Command::call("b", "breaks", "{}"), "b");
    let line = json(&client.await_log("\"component\":\"dispatcher\",\"from\":\"ok\""));
    assert_eq!(
        (&line["msg"], &line["to"], &line["reason"], &line["level"]),
        (
            &"health of a component changed".into(),
            &"degraded".into(),
            &"operation_failed".into(),
            &"WARN".into()
        )
    );
    let (lines, start) = (
        || client.log_with("\"component\":\"dispatcher\""),
        std::time::Instant::now(),
    );
    let before = lines().len();
    for number in 0..100 {
        for method in ["ping", "breaks"] {
            let id = format!("{method}{number}");
            control.call(Command::call(&id, method, "{}"), &id);
        }
    }
    // One of faults and one of other changes in 5 s.
    let most = 2 + 2 * (start.elapsed().as_secs() / 5);
    let found = lines().len() - before;
    assert!(
        u64::try_from(found).unwrap() <= most,
        "{found} lines for 200 changes, not {most}"
    );
    // The rest is told in the end.
    within(BOUND, "the number of changes", || {
        let changes = lines()
            .iter()
            .map(|line| json(line)["changes"].as_u64().unwrap())
            .sum::<u64>();
        (changes >= 200).then_some(())
    });
}

#[test]
fn metrics_of_an_idle_client_are_small_and_name_the_process() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = Client::http(&control, &mcp.url());
    client.await_ready();
    control.await_polls(3);
    let (status, _, text) = get(client.health_url().strip_prefix("http://").unwrap(), "/metrics");
    assert_eq!(status, 200);
    assert!(text.len() <= 30 * 1024, "{} bytes", text.len());
    let value = |name: &str| {
        client
            .metric(name)
            .unwrap_or_else(|| panic!("no series {name} in\n{text}"))
    };
    assert!(value("process_resident_memory_bytes ") > f64::from(1 << 20));
    assert!(value("process_open_fds ") >= 5.0);
    assert!(value("process_max_fds ") >= value("process_open_fds "));
    assert!(value("process_start_time_seconds ") > 1.6e9);
    assert!(value("process_threads ") >= 1.0);
    assert!(value("process_cpu_seconds_total ") >= 0.0);
    assert_eq!(value("build_info{"), 1.0);
    assert!(value("connections_opened_total{peer=\"control_plane\"}") >= 1.0);
    within(BOUND, "a connection that is used again", || {
        (value("connections_reused_total{peer=\"control_plane\"}") >= 1.0).then_some(())
    });
    assert!(value("connections_opened_total{peer=\"mcp\"}") >= 1.0);
    assert!(value("redactions_total ") >= 0.0);
    control.call(Command::call("r1", "ping", "{}"), "r1");
    assert_eq!(value("commands_queue_wait_seconds_count{channel=\"main\"}"), 1.0);
    within(Duration::from_secs(30), "no command in flight", || {
        (value("commands_in_flight{channel=\"main\"}") == 0.0).then_some(())
    });
}

#[test]
fn a_client_of_a_plain_user_and_one_that_becomes_that_user_know_their_own_figures() {
    if !needs::root() {
        return;
    }
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let builder = || ClientBuilder::new(&control).server(mcp.url());
    let started_by = builder().started_by(NOBODY).start();
    let becomes = builder().env("TUNNEL_CLIENT_USER", format!("{NOBODY}:{NOBODY}"));
    for client in [started_by, becomes.start()] {
        client.await_ready();
        let resident = client.metric("process_resident_memory_bytes ").unwrap();
        assert!(resident > f64::from(1 << 20), "{resident}");
        let counted = client.metric("process_open_fds ").unwrap();
        let listed = process::descriptors(client.pid());
        // The connection of the request, and what opens or closes meanwhile.
        let difference = (counted - f64::from(u32::try_from(listed).unwrap())).abs();
        assert!(difference <= 3.0, "{counted} counted, {listed} listed");
    }
}

#[test]
fn a_refused_key_is_counted_as_such() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = Client::http(&control, &mcp.url());
    client.await_ready();
    for status in [401, 403, 404] {
        control.on_poll(Answer::empty(status));
    }
    within(BOUND, "three refusals", || {
        (client.metric("commands_poll_errors_total{error_kind=\"auth\"}") == Some(3.0)).then_some(())
    });
    assert_eq!(client.metric("commands_poll_errors_total{error_kind=\"other\"}"), None);
}
