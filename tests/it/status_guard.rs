//! Who may ask for the status page: each rule of its guard, in their order, and what is refused before there is a page.

use std::path::Path;

use crate::support::page::{Place, TOKEN, bearer, client_with_page};
use crate::support::wait::BOUND;
use crate::support::{Client, ClientBuilder, ControlPlane, McpServer, Scratch};

struct Tunnel {
    _control: ControlPlane,
    _mcp: McpServer,
    client: Client,
    place: Place,
}

fn tunnel(change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Tunnel {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = change(client_with_page(&control).server(mcp.url())).start();
    client.await_log("health server listening");
    Tunnel {
        place: Place::of(&client),
        _control: control,
        _mcp: mcp,
        client,
    }
}

/// A client with the page on a unix socket.
fn on_socket(directory: &Scratch, token: bool) -> (ControlPlane, McpServer, Client, Place) {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let socket = directory.file("health.sock");
    let builder = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("ADMIN_UI_ENABLED", "true")
        .env("HEALTH_UNIX_SOCKET", socket.display().to_string());
    let client = match token {
        true => builder.env("ADMIN_UI_TOKEN", TOKEN),
        false => builder,
    }
    .start();
    client.await_log("health server listening");
    let place = Place::at(&socket);
    (control, mcp, client, place)
}

#[test]
fn each_rule_answers_before_those_after_it() {
    let tunnel = tunnel(|builder| builder);
    let token = bearer();
    let (foreign, cross, wrong) = (
        "Host: evil.example",
        "Sec-Fetch-Site: cross-site",
        "Authorization: Bearer wrong-token-0123456789",
    );
    let forwarded = "X-Forwarded-For: 192.0.2.1";
    let status = |line: &str, headers: &[&str]| tunnel.place.ask(line, headers).status;
    // All rules are broken, then one less each time.
    assert_eq!(status("POST /api/nothing", &[forwarded, foreign, cross, wrong]), 403);
    assert_eq!(status("POST /api/nothing", &[foreign, cross, wrong]), 421);
    assert_eq!(status("POST /api/nothing", &[cross, wrong]), 403);
    assert_eq!(status("POST /api/nothing", &[wrong]), 401);
    assert_eq!(status("POST /api/nothing", &[&token]), 404);
    assert_eq!(status("POST /api/status?x", &[&token]), 405);
    assert_eq!(status("GET /api/status?x", &[&token]), 400);
    assert_eq!(status("GET /api/status", &[&token]), 200);
    // The page itself.
    assert_eq!(status("POST /ui/", &[forwarded, foreign]), 403);
    assert_eq!(status("POST /ui/", &[foreign]), 421);
    assert_eq!(status("POST /ui/", &[]), 405);
    assert_eq!(status("GET /ui/none", &[]), 404);
}

#[test]
fn what_was_forwarded_for_others_is_refused() {
    let tunnel = tunnel(|builder| builder);
    for header in [
        "Forwarded: for=192.0.2.1",
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Host: x",
        "X-Real-IP: ::1",
        "via: 1.1 x",
    ] {
        for path in ["/", "/ui/app.js", "/api/status"] {
            let answered = tunnel.place.ask(&format!("GET {path}"), &[header, &bearer()]);
            let text = "status page is restricted to loopback and the unix socket";
            assert_eq!(
                (answered.status, answered.body.as_str()),
                (403, text),
                "{header} {path}"
            );
        }
        // Probes of agents behind a proxy are none of the page's business.
        assert_eq!(tunnel.place.ask("GET /healthz", &[header]).status, 200);
    }
}

#[test]
fn other_web_pages_are_refused_whatever_they_send() {
    let tunnel = tunnel(|builder| builder);
    let token = bearer();
    let host = "Host: localhost:8080";
    for (line, headers, status) in [
        ("GET /api/status", &["Sec-Fetch-Site: same-origin"][..], 200),
        ("GET /api/status", &["Sec-Fetch-Site: none"], 200),
        ("GET /api/status", &["Origin: http://localhost:8080"], 200),
        ("GET /api/status", &["Origin: http://LOCALHOST:8080"], 200),
        ("GET /api/status", &["Sec-Fetch-Site: cross-site"], 403),
        ("GET /api/status", &["Sec-Fetch-Site: same-site"], 403),
        (
            "GET /api/status",
            &["Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: same-origin"],
            403,
        ),
        ("GET /api/status", &["Origin: http://evil.example"], 403),
        ("GET /api/status", &["Origin: https://localhost:8080"], 403),
        ("GET /api/status", &["Origin: http://localhost"], 403),
        ("GET /api/status", &["Origin: null"], 403),
        (
            "GET /api/status",
            &["Origin: http://localhost:8080", "Origin: http://localhost:8080"],
            403,
        ),
        ("PUT /api/log-level", &["Sec-Fetch-Site: none"], 403),
        ("POST /api/status", &["Origin: http://evil.example"], 403),
    ] {
        let headers = [headers, &[host, &*token]].concat();
        let answered = tunnel.place.ask(line, &headers);
        assert_eq!(answered.status, status, "{line} {headers:?}: {answered:?}");
        assert!(answered.header("access-control-allow-origin").is_none(), "{answered:?}");
        if status == 403 {
            assert_eq!(answered.body, "cross-origin request refused");
        }
    }
}

#[test]
fn a_token_is_shown_once_as_it_is() {
    let tunnel = tunnel(|builder| builder);
    let good = bearer();
    for headers in [
        &[][..],
        &["Authorization: Bearer"],
        &["Authorization: Bearer "],
        &["Authorization: Bearer page-token-012345678"],
        &["Authorization: Bearer page-token-01234567890"],
        &["Authorization: Basic page-token-0123456789"],
        &["Authorization: page-token-0123456789"],
        &[&*good, "Authorization: Bearer x"],
        &[&*good, &*good],
        &["Cookie: token=page-token-0123456789"],
    ] {
        let answered = tunnel.place.ask("GET /api/status", headers);
        assert_eq!(
            (answered.status, answered.body.as_str()),
            (401, "{\"error\":\"unauthorized\"}\n"),
            "{headers:?}"
        );
        assert_eq!(answered.header("www-authenticate"), Some("Bearer"));
    }
    let query = tunnel.place.ask(&format!("GET /api/status?token={TOKEN}"), &[]);
    assert_eq!(query.status, 401);
    assert_eq!(
        tunnel
            .place
            .ask("GET /api/status", &[&good.replace("Bearer", "bEARER")])
            .status,
        200
    );
    let refused = tunnel.client.metric("status_page_refusals_total");
    assert_eq!(refused, Some(8.0), "those without the header do not count");
    let told = tunnel.client.await_log("requests without a valid token were refused");
    assert!(!told.contains("page-token"), "{told}");
    let told = tunnel.client.log_with("requests without a valid token were refused");
    assert_eq!(told.len(), 1, "told once in 10 s: {told:?}");
}

#[test]
fn every_answer_tells_browsers_to_keep_it_to_themselves() {
    let tunnel = tunnel(|builder| builder);
    let token = bearer();
    for (line, headers, status) in [
        ("GET /", &[][..], 200),
        ("HEAD /ui", &[], 200),
        ("GET /ui/style.css", &[], 200),
        ("GET /ui/app.js", &[], 200),
        ("GET /ui/none", &[], 404),
        ("GET /api/status", &[], 401),
        ("GET /api/status", &[&*token], 200),
        ("GET /api/none", &[&*token], 404),
        ("GET /", &["Host: evil.example"], 421),
    ] {
        let answered = tunnel.place.ask(line, headers);
        assert_eq!(answered.status, status, "{line}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(answered.header(name), Some(value), "{line}: {answered:?}");
        }
        let policy = answered.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';") && policy.ends_with("trusted-types 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
    }
    assert_eq!(tunnel.place.ask("HEAD /ui/", &[]).body, "");
}

#[test]
fn a_unix_socket_is_guarded_by_its_mode_and_by_a_token_where_there_is_one() {
    let directory = Scratch::new();
    let (_control, _mcp, _client, place) = on_socket(&directory, false);
    assert_eq!(place.ask("GET /api/status", &[]).status, 200);
    assert_eq!(place.ask("GET /ui/", &[]).status, 200);
    assert_eq!(place.ask("GET /api/status", &["Host: evil.example"]).status, 421);
    assert_eq!(
        place.ask("GET /api/status", &["Origin: http://evil.example"]).status,
        403
    );
    assert_eq!(
        place.ask("GET /api/status", &["X-Forwarded-For: 192.0.2.1"]).status,
        403
    );
    // Agents on the host may name any host.
    assert_eq!(place.ask("GET /healthz", &["Host: anything.example"]).status, 200);
    let directory = Scratch::new();
    let (_control, _mcp, _client, place) = on_socket(&directory, true);
    assert_eq!(place.ask("GET /api/status", &[]).status, 401);
    assert_eq!(place.ask("GET /api/status", &[&bearer()]).status, 200);
}

#[test]
fn there_is_nothing_where_the_page_is_not_enabled() {
    let tunnel = tunnel(|builder| builder.env("ADMIN_UI_ENABLED", "false"));
    for path in [
        "/",
        "/ui",
        "/ui/",
        "/ui/app.js",
        "/api",
        "/api/status",
        "/api/logs/stream",
    ] {
        for headers in [&[][..], &[&*bearer()], &["X-Forwarded-For: 192.0.2.1"]] {
            let answered = tunnel.place.ask(&format!("GET {path}"), headers);
            assert_eq!(
                (answered.status, answered.body.as_str()),
                (404, "404 page not found"),
                "{path}"
            );
        }
    }
}

#[track_caller]
fn refusal(variables: &[(&str, &str)]) -> String {
    let control = ControlPlane::http();
    let builder = ClientBuilder::new(&control)
        .server("http://127.0.0.1:1/mcp")
        .env("ADMIN_UI_ENABLED", "true");
    let mut client = variables
        .iter()
        .fold(builder, |builder, (name, value)| builder.env(name, *value))
        .start();
    assert_eq!(client.wait_exit(BOUND).code(), Some(1));
    client.await_log("admin_ui")
}

#[test]
fn a_page_without_a_guard_does_not_start() {
    let refused = refusal(&[]);
    assert!(
        refused.contains("needs a token or a unix socket; set admin_ui.token or health.unix_socket"),
        "{refused}"
    );
    let refused = refusal(&[("ADMIN_UI_TOKEN", TOKEN), ("LOCKDOWN_ALLOWED_NETWORKS", "127.0.0.0/8")]);
    assert!(
        refused.contains("a rule of lockdown is set") && refused.contains("health.unix_socket"),
        "{refused}"
    );
    assert!(!refused.contains(TOKEN), "{refused}");
}

#[test]
fn other_hosts_need_the_token_where_they_may_ask() {
    let tunnel = tunnel(|builder| builder.env("ALLOW_REMOTE_UI", "true"));
    let forwarded = "X-Forwarded-For: 192.0.2.1";
    assert_eq!(tunnel.place.ask("GET /ui/", &[forwarded]).status, 200);
    assert_eq!(tunnel.place.ask("GET /api/status", &[forwarded]).status, 401);
    assert_eq!(tunnel.place.ask("GET /api/status", &[forwarded, &bearer()]).status, 200);
    assert_eq!(tunnel.place.ask("GET /ui/", &["Host: evil.example"]).status, 421);
}

#[test]
fn a_token_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = Scratch::new();
    let file = directory.write("token", TOKEN);
    let reference = format!("--admin-ui.token=file:{}", file.display());
    let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o600);
    let tunnel = tunnel(|builder| builder.no_env("ADMIN_UI_TOKEN").arg(&reference));
    assert_eq!(tunnel.place.ask("GET /api/status", &[&bearer()]).status, 200);
    drop(tunnel);
    mode(0o644);
    let open = directory.path();
    std::fs::set_permissions(open, std::fs::Permissions::from_mode(0o755)).unwrap();
    let control = ControlPlane::http();
    let mut client = ClientBuilder::new(&control)
        .server("http://127.0.0.1:1/mcp")
        .env("ADMIN_UI_ENABLED", "true")
        .env("LOCKDOWN_ALLOWED_NETWORKS", "127.0.0.0/8")
        .arg(&reference)
        .start();
    assert_eq!(client.wait_exit(BOUND).code(), Some(1));
    assert!(Path::new(&file).exists() && !client.log().concat().contains(TOKEN));
}
