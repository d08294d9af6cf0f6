//! `doctor` on set-ups that work: what it says, in which form, and beside a running daemon.

use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::support::client::{API_KEY, binary};
use crate::support::control::TUNNEL;
use crate::support::doctor::SECRET;
use crate::support::{
    Answer, ClientBuilder, ControlPlane, Doctor, Manner, McpServer, Proxy, StdioServer, eventually, needs, result,
};

#[test]
fn a_healthy_set_up_over_http_passes_in_the_order_of_the_way() {
    let examined = Doctor::healthy().examine();
    assert_eq!(examined.code, 0, "{:#}", examined.report);
    assert_eq!(examined.report["result"], "ok");
    assert_eq!(examined.report["next"], "tunnel-client run");
    assert!(examined.report.get("failed_checks").is_none());
    let ids: Vec<&str> = examined
        .checks()
        .iter()
        .map(|check| check["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        [
            "config_source",
            "profile_load",
            "tunnel_id",
            "control_plane_api_key",
            "config_validation",
            "tunnels_management_url",
            "runtime_api_keys_url",
            "admin_api_keys_url",
            "chatgpt_connector_settings_url",
            "ca_bundle",
            "client_certificate",
            "name_resolution",
            "control_plane_route",
            "control_plane_connect",
            "control_plane_tls",
            "control_plane_auth",
            "clock",
            "mcp_target",
            "mcp_server_reachable",
            "oauth_metadata",
            "log_file",
            "state_files",
            "sandbox",
            "program_file",
            "health_listener",
            "ui",
        ]
    );
    // Plain HTTP on loopback has no TLS, and the fake service sends no date.
    assert_eq!(examined.with_status("SKIP"), ["control_plane_tls", "clock"]);
    assert_eq!(examined.with_status("WARN"), [""; 0]);
    assert_eq!(examined.summary("tunnel_id"), TUNNEL);
    assert_eq!(examined.summary("control_plane_api_key"), "env:CONTROL_PLANE_API_KEY");
    assert!(examined.summary("control_plane_auth").contains("\"test tunnel\""));
    assert!(
        examined
            .summary("mcp_server_reachable")
            .contains("fake 1, protocol 2025-06-18")
    );
    assert!(
        examined
            .summary("oauth_metadata")
            .starts_with("OAuth metadata not advertised")
    );
}

#[test]
fn a_healthy_set_up_over_stdio_is_not_started() {
    let child = StdioServer::echo();
    let doctor = Doctor::healthy().command(format!("{} --token {SECRET}", child.command()));
    let examined = doctor.env("DATABASE_PASSWORD", SECRET).examine();
    assert_eq!(examined.code, 0, "{:#}", examined.report);
    assert!(
        examined.summary("mcp_target").ends_with(" and 5 arguments"),
        "{:#}",
        examined.report
    );
    assert_eq!(examined.status("mcp_command_executable"), "PASS");
    assert!(examined.said("mcp_command_executable").contains("DATABASE_PASSWORD"));
    assert_eq!(examined.status("mcp_server_reachable"), "SKIP");
    assert_eq!(examined.status("oauth_metadata"), "SKIP");
    assert_eq!(child.starts(), [0; 0], "nothing was started");
}

#[test]
fn a_stdio_server_is_started_on_request_and_ended_with_all_it_started() {
    let child = StdioServer::with("import subprocess\nsubprocess.Popen(['sleep', '600'])");
    let doctor = Doctor::healthy().command(child.command()).arg("--start-stdio");
    let examined = doctor.examine();
    assert_eq!(examined.code, 0, "{:#}", examined.report);
    assert_eq!(
        examined.summary("mcp_server_reachable"),
        "initialize answered by child 1, protocol 2025-06-18"
    );
    let started = child.starts();
    assert_eq!(started.len(), 1);
    let group = i32::try_from(started[0]).unwrap();
    let group = rustix::process::Pid::from_raw(group).unwrap();
    eventually("the end of the whole process group", || {
        rustix::process::test_kill_process_group(group).err()
    });
}

#[test]
fn what_a_stdio_server_writes_beside_messages_is_a_warning() {
    if !needs::root() {
        return;
    }
    let child = StdioServer::with("raw('hello, here I am\\n')");
    let examined = Doctor::healthy()
        .command(child.command())
        .arg("--start-stdio")
        .examine();
    assert_eq!(
        (examined.code, examined.with_status("WARN")),
        (0, vec!["mcp_server_reachable"])
    );
    assert!(examined.said("mcp_server_reachable").contains("standard output"));
}

#[test]
fn the_advice_for_a_stdio_server_that_wrote_text_instead_of_an_answer_leads_to_that_text() {
    for (command, at_text) in [
        ("sh -c 'echo Error: database is locked; read line'", true),
        ("sh -c 'echo usage: server PORT; exit 2'", true),
        ("sh -c 'exit 2'", false),
    ] {
        let examined = Doctor::healthy().command(command).arg("--start-stdio").examine();
        assert_eq!(examined.status("mcp_server_reachable"), "FAIL", "{:#}", examined.report);
        let said = examined.said("mcp_server_reachable");
        assert_eq!(
            said.contains("read the text that it wrote to standard output"),
            at_text,
            "{said}"
        );
        assert_eq!(
            said.contains("read what it wrote to standard error"),
            !at_text,
            "{said}"
        );
    }
}

#[test]
fn tls_evidence_names_version_chain_root_and_dates() {
    let doctor = Doctor::healthy();
    let server = doctor.authority.server(&["localhost"]);
    let doctor = doctor.control_over("localhost", server);
    let examined = doctor.examine();
    assert_eq!(examined.code, 0, "{:#}", examined.report);
    assert_eq!(examined.status("control_plane_tls"), "PASS");
    let said = examined.said("control_plane_tls");
    for part in [
        "TLS 1.3",
        "certificate 1:",
        "root CN=test authority, from ca_bundle",
        "until ",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(
        examined
            .summary("control_plane_route")
            .contains("localhost is 127.0.0.1"),
        "{:#}",
        examined.report
    );
}

#[test]
fn a_certificate_that_ends_soon_is_a_warning_and_no_failure() {
    let doctor = Doctor::healthy();
    let soon = SystemTime::now() + Duration::from_secs(5 * 24 * 3600);
    let server = doctor
        .authority
        .server_with(&["localhost"], |params| params.not_after = soon.into());
    let identity = doctor
        .authority
        .client_with("client", |params| params.not_after = soon.into());
    let examined = doctor.control_over("localhost", server).identity(identity).examine();
    assert_eq!(examined.code, 0, "{:#}", examined.report);
    assert_eq!(examined.report["result"], "ok");
    assert!(examined.report.get("failed_checks").is_none());
    assert_eq!(
        examined.with_status("WARN"),
        ["client_certificate", "control_plane_tls"]
    );
    assert!(examined.summary("control_plane_tls").contains("ends on"));
}

#[test]
fn a_client_certificate_that_is_accepted_passes() {
    let doctor = Doctor::healthy();
    let server = doctor.authority.server_for(&["localhost"], &doctor.authority, true);
    let identity = doctor.authority.client("client");
    let examined = doctor.control_over("localhost", server).identity(identity).examine();
    assert_eq!(examined.code, 0, "{:#}", examined.report);
    assert!(
        examined.summary("client_certificate").contains("CN=client"),
        "{:#}",
        examined.report
    );
    assert!(
        examined
            .said("control_plane_tls")
            .contains("asked for a client certificate, one was shown")
    );
}

#[test]
fn a_proxy_on_the_way_has_checks_of_its_own() {
    let proxy = Proxy::http(Manner::Demand("Basic dXNlcjpzM2NyM3QtaW4tdGhlLXdyb25nLXBsYWNl"));
    let doctor = Doctor::healthy();
    let server = doctor.authority.server(&["cp.example"]);
    let examined = doctor
        .control_over("cp.example", server)
        .env("CONTROL_PLANE_HTTP_PROXY", proxy.url_with(&format!("user:{SECRET}@")))
        .examine();
    assert_eq!(examined.code, 0, "{:#}", examined.report);
    let route = format!(
        "through the proxy http://{} (control-plane.http-proxy)",
        proxy.address()
    );
    assert_eq!(examined.summary("control_plane_route"), route);
    assert_eq!(examined.status("control_plane_proxy"), "PASS");
}

#[test]
fn a_clock_that_is_wrong_is_a_warning() {
    let body = format!(r#"{{"id":"{TUNNEL}","name":"t"}}"#);
    let date = [
        ("Date", "Mon, 01 Jan 2001 00:00:00 GMT"),
        ("Content-Type", "application/json"),
    ];
    let examined = Doctor::healthy().control(Answer::new(200, &date, body)).examine();
    assert_eq!(
        (examined.code, examined.with_status("WARN")),
        (0, vec!["clock"]),
        "{:#}",
        examined.report
    );
}

#[test]
fn every_channel_is_checked_and_named() {
    let control = ControlPlane::http();
    let (main, tools) = (McpServer::echo(), McpServer::echo());
    let child = StdioServer::echo();
    let servers = format!(
        "{}\nchannel=tools,url={}\nchannel=gone,url=http://127.0.0.1:1/",
        main.url(),
        tools.url()
    );
    let examined = Doctor::new()
        .env("CONTROL_PLANE_BASE_URL", control.url())
        .env("MCP_SERVER_URL", servers)
        .env("MCP_COMMAND", format!("channel=local,command={}", child.command()))
        .examine();
    assert_eq!(examined.code, 2);
    assert_eq!(
        examined.report["failed_checks"],
        serde_json::json!(["mcp_server_reachable[gone]"])
    );
    for (id, status) in [
        ("mcp_server_reachable", "PASS"),
        ("mcp_server_reachable[tools]", "PASS"),
        ("mcp_command_executable[local]", "PASS"),
        ("mcp_server_reachable[local]", "SKIP"),
    ] {
        assert_eq!(examined.status(id), status, "{id}");
    }
}

#[test]
fn configured_headers_go_with_the_probe_and_never_into_the_report() {
    let doctor = Doctor::healthy().mcp_with(|request| {
        if request.header("authorization") != Some(&format!("Bearer {SECRET}")) || request.path() != "/mcp" {
            return Answer::empty(404);
        }
        match request.body.is_empty() {
            true => Answer::empty(401),
            false => Answer::json(
                200,
                result(request, &format!(r#"{{"serverInfo":{{"name":"{SECRET}"}}}}"#)),
            ),
        }
    });
    let examined = doctor
        .env("MCP_EXTRA_HEADERS", format!("Authorization: Bearer {SECRET}"))
        .examine();
    assert_eq!(examined.status("mcp_server_reachable"), "PASS", "{:#}", examined.report);
}

#[test]
fn the_text_has_one_line_for_each_check_and_ends_as_scripts_expect() {
    let (code, text, stderr) = Doctor::healthy().run(&[]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{text}");
    let (checks, end) = text.split_once("\n\n").unwrap();
    assert!(checks.lines().all(|line| line.starts_with("CHECK ")), "{text}");
    assert!(
        checks.starts_with("CHECK config_source            PASS flags/environment only\n"),
        "{text}"
    );
    assert_eq!(end, "RESULT ok\nNEXT   tunnel-client run\n");

    let (code, text, stderr) = Doctor::healthy()
        .env("CONTROL_PLANE_BASE_URL", "http://127.0.0.1:1")
        .run(&[]);
    assert_eq!((code, stderr.as_str()), (2, ""), "{text}");
    let end = "\n\nRESULT fail\nFAILED_CHECKS control_plane_connect\nEXIT_CODE 2\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn explain_says_why_what_was_seen_and_what_to_do() {
    let doctor = Doctor::healthy().control(Answer::new(403, &[("x-request-id", "req-7")], ""));
    let (code, text, _) = doctor.run(&["--explain"]);
    assert_eq!(code, 2);
    let (_, explained) = text.split_once("\n\nCHECK control_plane_auth   FAIL\n").unwrap();
    for part in [
        "Why this matters:\n  ",
        "Evidence:\n  - x-request-id: req-7\n",
        "What to do next:\n  1. ",
    ] {
        assert!(explained.contains(part), "{part} in {text}");
    }
}

#[test]
fn the_next_command_selects_the_same_configuration() {
    let doctor = Doctor::healthy();
    let directory = doctor.files.path().join("my profiles");
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("p.yaml"), "log:\n  level: info\n").unwrap();
    let shown = format!("'{}'", directory.display());
    let doctor = doctor
        .arg("--profile=p")
        .arg(format!("--profile-dir={}", directory.display()));
    let examined = doctor.examine();
    assert_eq!(examined.code, 0, "{:#}", examined.report);
    assert_eq!(examined.summary("config_source"), "profile: p");
    assert_eq!(
        examined.summary("profile_load"),
        directory.join("p.yaml").display().to_string()
    );
    assert_eq!(
        examined.report["next"],
        format!("tunnel-client run --profile p --profile-dir {shown}")
    );
}

#[test]
fn all_mistakes_of_a_configuration_are_reported_and_each_kind_once() {
    let doctor = Doctor::healthy()
        .env("CONTROL_PLANE_TUNNEL_ID", "x")
        .env("CONTROL_PLANE_POLL_TIMEOUT", "soon")
        .env("MCP_MAX_CONCURRENT_REQUESTS", "-1");
    let examined = doctor.examine();
    assert_eq!(examined.code, 2);
    assert_eq!(
        examined.report["failed_checks"],
        serde_json::json!(["tunnel_id", "config_validation"])
    );
    let said = examined.said("config_validation");
    assert!(
        said.contains("poll-timeout") && said.contains("max-concurrent-requests"),
        "{said}"
    );
    assert_eq!(examined.status("chatgpt_connector_settings_url"), "PASS");
}

#[test]
fn the_port_of_the_running_daemon_is_known_as_its_own() {
    if !needs::root() {
        return;
    }
    let (control, server) = (ControlPlane::http(), McpServer::echo());
    let builder = ClientBuilder::new(&control).server(server.url());
    let (url_file, pid_file) = (builder.directory().file("health.url"), builder.directory().file("pid"));
    let client = builder.env("PID_FILE", pid_file.display().to_string()).start();
    client.await_ready();
    let address = client.health_url().trim_start_matches("http://").to_owned();
    let beside = || {
        Doctor::new()
            .env("CONTROL_PLANE_BASE_URL", control.url())
            .env("MCP_SERVER_URL", server.url())
            .env("HEALTH_LISTEN_ADDR", address.as_str())
    };
    // By the holder of the port alone, by the URL file, by the PID file.
    let by_url_file = beside().env("HEALTH_URL_FILE", url_file.display().to_string());
    let by_pid_file = beside().env("PID_FILE", pid_file.display().to_string());
    for doctor in [beside(), by_url_file, by_pid_file] {
        let examined = doctor.examine();
        assert_eq!(examined.code, 0, "{:#}", examined.report);
        let said = examined.said("health_listener");
        assert!(said.contains("in use by the running tunnel-client"), "{said}");
    }
    // The same port cannot serve the daemon of another file as well.
    let doctor = beside();
    let other = doctor.file("other.yaml", "log:\n  level: info\n", 0o600);
    let second = ClientBuilder::new(&control)
        .server(server.url())
        .arg(&format!("--config={}", other.display()))
        .start();
    second.await_ready();
    let taken = second.health_url().trim_start_matches("http://").to_owned();
    let stale = doctor
        .file("stale.url", &second.health_url(), 0o600)
        .display()
        .to_string();
    let doctor = doctor.env("HEALTH_LISTEN_ADDR", taken).env("HEALTH_URL_FILE", stale);
    let examined = doctor.examine();
    assert_eq!(examined.report["failed_checks"], serde_json::json!(["health_listener"]));
    assert!(
        examined.said("health_listener").contains("--config"),
        "{:#}",
        examined.report
    );
}

#[test]
fn the_unix_socket_of_the_running_daemon_is_known_as_its_own_and_a_stale_one_is_no_obstacle() {
    let (control, server) = (ControlPlane::http(), McpServer::echo());
    let doctor = Doctor::new()
        .env("CONTROL_PLANE_BASE_URL", control.url())
        .env("MCP_SERVER_URL", server.url());
    let socket = doctor.files.file("health.sock");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let doctor = doctor
        .no_env("HEALTH_LISTEN_ADDR")
        .env("HEALTH_UNIX_SOCKET", socket.display().to_string());
    let examined = doctor.examine();
    assert_eq!(
        examined.summary("health_listener"),
        format!("will bind unix socket {}", socket.display())
    );
    assert!(!socket.exists(), "nothing is left behind");

    let client = ClientBuilder::new(&control)
        .server(server.url())
        .no_env("HEALTH_LISTEN_ADDR")
        .env("HEALTH_UNIX_SOCKET", socket.display().to_string())
        .start();
    client.await_log("health server listening");
    let examined = doctor.examine();
    assert_eq!(examined.code, 0, "{:#}", examined.report);
    assert!(
        examined
            .summary("health_listener")
            .contains("in use by the running tunnel-client")
    );
}

#[test]
fn nothing_is_left_behind() {
    let doctor = Doctor::healthy();
    let names = ["log", "sub/health.url", "sub/pid"];
    let [log, url, pid] = names.map(|name| doctor.files.file(name).display().to_string());
    let before = std::fs::read_dir(doctor.files.path()).unwrap().count();
    let doctor = doctor
        .env("LOG_FILE", log)
        .env("HEALTH_URL_FILE", url)
        .env("PID_FILE", pid);
    let examined = doctor.examine();
    assert_eq!(examined.code, 0, "{:#}", examined.report);
    assert_eq!(std::fs::read_dir(doctor.files.path()).unwrap().count(), before);
}

#[test]
fn a_reader_that_has_seen_enough_changes_nothing() {
    let mut child = Command::new(binary())
        .args(["doctor", "--explain"])
        .env_clear()
        .env("CONTROL_PLANE_API_KEY", API_KEY)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(2));
}
