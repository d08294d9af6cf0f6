//! Broken set-ups, one cause each: `doctor` names that cause first, and shows no secret while it does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use support::doctor::SECRET;
use support::tls::{Authority, long_expired, not_yet_valid};
use support::{Answer, Doctor, Manner, Proxy};

/// A set-up that is broken in one way.
struct Case {
    name: &'static str,
    broken: fn() -> Doctor,
    /// The first check that fails.
    first: &'static str,
    /// A part of what it says.
    gist: &'static str,
}

const fn case(name: &'static str, broken: fn() -> Doctor, first: &'static str, gist: &'static str) -> Case {
    Case {
        name,
        broken,
        first,
        gist,
    }
}

/// From the configuration outwards.
const CONFIGURATION: &[Case] = &[
    case(
        "two files are chosen",
        || Doctor::healthy().arg("--config=/a.yaml").arg("--profile=b"),
        "config_source",
        "mutually exclusive",
    ),
    case(
        "the profile does not exist",
        || Doctor::healthy().arg("--profile=nowhere"),
        "profile_load",
        "nowhere",
    ),
    case(
        "a key of the file is misspelt",
        || with_file("control_plane:\n  tunel_id: x\n"),
        "profile_load",
        "tunnel_id",
    ),
    case("the file is no YAML", || with_file("a: [\n"), "profile_load", ".yaml:"),
    case(
        "the tunnel id is missing",
        || Doctor::healthy().no_env("CONTROL_PLANE_TUNNEL_ID"),
        "tunnel_id",
        "tunnel ID is required",
    ),
    case(
        "the key is missing",
        || Doctor::healthy().no_env("CONTROL_PLANE_API_KEY"),
        "control_plane_api_key",
        "CONTROL_PLANE_API_KEY",
    ),
    case(
        "the key stands in the file",
        || with_file(&format!("control_plane:\n  api_key: {SECRET}\n")).no_env("CONTROL_PLANE_API_KEY"),
        "control_plane_api_key",
        "file:",
    ),
    case(
        "the key's file can be read by others",
        world_readable_key,
        "control_plane_api_key",
        "chmod",
    ),
    case(
        "the base URL has no scheme",
        || Doctor::healthy().env("CONTROL_PLANE_BASE_URL", format!("user:{SECRET}@host")),
        "control_plane_base_url",
        "control-plane.base-url",
    ),
    case(
        "there is no MCP server",
        || Doctor::healthy().no_env("MCP_SERVER_URL"),
        "mcp_target",
        "main channel is required",
    ),
    case(
        "the CA bundle is missing",
        || Doctor::healthy().env("CA_BUNDLE", "/nowhere/ca.pem"),
        "ca_bundle",
        "/nowhere/ca.pem",
    ),
    case(
        "the CA bundle is no PEM",
        || {
            let doctor = Doctor::healthy();
            let path = doctor.file("bundle.pem", "hello", 0o644);
            doctor.env("CA_BUNDLE", path.display().to_string())
        },
        "ca_bundle",
        "no certificates found",
    ),
    case(
        "the client key is another one's",
        mismatched_identity,
        "client_certificate",
        "does not match",
    ),
    case(
        "the client certificate has expired",
        || {
            let doctor = Doctor::healthy();
            let expired = doctor.authority.client_with("client", long_expired);
            doctor.identity(expired)
        },
        "client_certificate",
        "expired on 2002-02-03",
    ),
];

/// The way to the control plane.
const ROUTE: &[Case] = &[
    case(
        "the name does not resolve",
        || Doctor::healthy().env("CONTROL_PLANE_BASE_URL", "https://no-such-host.invalid"),
        "control_plane_route",
        "no address",
    ),
    case(
        "nobody listens",
        || Doctor::healthy().env("CONTROL_PLANE_BASE_URL", format!("http://{}", closed_port())),
        "control_plane_connect",
        "refused",
    ),
    case(
        "the proxy is not there",
        || proxied(&format!("http://user:{SECRET}@{}", closed_port())),
        "control_plane_connect",
        "connecting to the proxy",
    ),
    case(
        "the name of the proxy does not resolve",
        || proxied("http://no-such-proxy.invalid:3128"),
        "control_plane_route",
        "the proxy no-such-proxy.invalid",
    ),
    case(
        "the proxy wants other credentials",
        || behind(Manner::Demand("Basic never"), &format!("user:{SECRET}@")),
        "control_plane_proxy",
        "407",
    ),
    case(
        "the proxy does not allow the destination",
        || behind(Manner::Say("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), ""),
        "control_plane_proxy",
        "403",
    ),
    case(
        "the proxy cannot reach the destination",
        || behind(Manner::Say("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), ""),
        "control_plane_proxy",
        "502",
    ),
    case(
        "the proxy hangs",
        || behind(Manner::Hang, ""),
        "control_plane_proxy",
        "no answer in time",
    ),
    case(
        "the proxy closes",
        || behind(Manner::Close, ""),
        "control_plane_proxy",
        "proxy",
    ),
    case(
        "what should be a proxy is none",
        || behind(Manner::Say("220 mail.example ESMTP\r\n\r\n"), ""),
        "control_plane_proxy",
        "no HTTP proxy",
    ),
];

/// TLS with the control plane.
const TLS: &[Case] = &[
    case(
        "the certificate has expired",
        || over_tls(|authority| authority.server_with(&["localhost"], long_expired)),
        "control_plane_tls",
        "expired",
    ),
    case(
        "the certificate is not valid yet",
        || over_tls(|authority| authority.server_with(&["localhost"], not_yet_valid)),
        "control_plane_tls",
        "not valid",
    ),
    case(
        "the authority is unknown",
        || over_tls(|_| Authority::named("a stranger").server(&["localhost"])),
        "control_plane_tls",
        "a stranger",
    ),
    case(
        "the certificate is for another name",
        || over_tls(|authority| authority.server(&["elsewhere.example"])),
        "control_plane_tls",
        "elsewhere.example",
    ),
    case(
        "a client certificate is wanted, TLS 1.3",
        || over_tls(|authority| authority.server_for(&["localhost"], authority, true)),
        "control_plane_tls",
        "client certificate",
    ),
    case(
        "a client certificate is wanted, TLS 1.2",
        || over_tls(|authority| authority.server_for(&["localhost"], authority, false)),
        "control_plane_tls",
        "client certificate",
    ),
    case(
        "the client certificate is of another authority",
        || {
            let doctor = over_tls(|authority| authority.server_for(&["localhost"], authority, true));
            doctor.identity(Authority::named("another").client("client"))
        },
        "control_plane_tls",
        "client certificate",
    ),
    case(
        "the port speaks plain HTTP",
        plain_where_tls_is_due,
        "control_plane_tls",
        "does not speak TLS",
    ),
];

/// What the control plane says.
const CONTROL: &[Case] = &[
    case(
        "the key is wrong",
        || Doctor::healthy().control(refusal(401, "invalid_api_key")),
        "control_plane_auth",
        "401: the control plane does not accept the API key",
    ),
    case(
        "the key may not use the tunnel",
        || Doctor::healthy().control(refusal(403, "tunnel_use_forbidden")),
        "control_plane_auth",
        "403: the control plane knows the API key",
    ),
    case(
        "the tunnel id is another one's",
        || Doctor::healthy().env("CONTROL_PLANE_TUNNEL_ID", "tunnel_99999999999999999999999999999999"),
        "control_plane_auth",
        "404",
    ),
    case(
        "the control plane redirects",
        || Doctor::healthy().control(Answer::new(302, &[("Location", "https://elsewhere.example/")], "")),
        "control_plane_auth",
        "redirects",
    ),
    case(
        "a login page stands in for the control plane",
        || {
            Doctor::healthy().control(Answer::new(
                200,
                &[("Content-Type", "text/html")],
                "<html>log in</html>",
            ))
        },
        "control_plane_auth",
        "no control plane",
    ),
    case(
        "the control plane is not well",
        || Doctor::healthy().control(Answer::new(503, &[], "try later")),
        "control_plane_auth",
        "503",
    ),
    case(
        "the control plane hangs up",
        || Doctor::healthy().control(Answer::default().close()),
        "control_plane_auth",
        "ended before the answer",
    ),
];

/// The MCP server.
const MCP: &[Case] = &[
    case(
        "nobody listens",
        || Doctor::healthy().env("MCP_SERVER_URL", format!("http://{}/mcp?token={SECRET}", closed_port())),
        "mcp_server_reachable",
        "refused",
    ),
    case(
        "its unix socket is not there",
        || {
            Doctor::healthy().env(
                "MCP_SERVER_URL",
                "url=http://localhost/mcp,unix-socket=/nowhere/mcp.sock",
            )
        },
        "mcp_server_reachable",
        "no such socket",
    ),
    case(
        "it wants credentials and says not where from",
        || {
            Doctor::healthy().mcp_with(|request| match request.path() {
                "/mcp" => Answer::new(401, &[("WWW-Authenticate", "Basic realm=\"x\"")], ""),
                _ => Answer::empty(404),
            })
        },
        "mcp_server_reachable",
        "401",
    ),
    case(
        "its path is wrong",
        || Doctor::healthy().mcp(Answer::empty(404)),
        "mcp_server_reachable",
        "404",
    ),
    case(
        "it takes no POST",
        || Doctor::healthy().mcp(Answer::empty(405)),
        "mcp_server_reachable",
        "405",
    ),
    case(
        "it refuses us",
        || Doctor::healthy().mcp(Answer::empty(403)),
        "mcp_server_reachable",
        "403",
    ),
    case(
        "it is not well",
        || Doctor::healthy().mcp(Answer::empty(500)),
        "mcp_server_reachable",
        "500",
    ),
    case(
        "it answers a page",
        || {
            Doctor::healthy().mcp(Answer::new(
                200,
                &[("Content-Type", "text/html; charset=utf-8")],
                "<html></html>",
            ))
        },
        "mcp_server_reachable",
        "HTML",
    ),
    case(
        "it answers a text",
        || Doctor::healthy().mcp(Answer::new(200, &[("Content-Type", "text/plain")], "hello")),
        "mcp_server_reachable",
        "text/plain",
    ),
    case(
        "its JSON is none",
        || Doctor::healthy().mcp(Answer::json(200, "hello")),
        "mcp_server_reachable",
        "is not",
    ),
    case(
        "it answers something else",
        || Doctor::healthy().mcp(Answer::json(200, r#"{"hello":1}"#)),
        "mcp_server_reachable",
        "no answer to initialize",
    ),
    case(
        "it redirects to another host",
        || {
            Doctor::healthy().mcp(Answer::new(
                307,
                &[("Location", "https://elsewhere.example/secret-path")],
                "",
            ))
        },
        "mcp_server_reachable",
        "https://elsewhere.example;",
    ),
    case(
        "it is silent",
        || Doctor::healthy().mcp(Answer::default().stall()),
        "mcp_server_reachable",
        "no answer",
    ),
    case(
        "its certificate is unknown",
        || {
            let stranger = Authority::named("a stranger").server(&["127.0.0.1"]);
            let server = support::McpServer::https(stranger, |_, _| Answer::empty(500));
            Doctor::healthy().env("MCP_SERVER_URL", server.url()).keep(server)
        },
        "mcp_server_reachable",
        "a stranger",
    ),
    case(
        "its OAuth metadata is broken",
        || {
            let doctor = Doctor::healthy();
            doctor.mcp_with(|request| match (request.method.as_str(), request.path()) {
                ("POST", "/mcp") if !request.body.is_empty() => Answer::json(
                    200,
                    support::result(request, r#"{"protocolVersion":"2025-06-18","capabilities":{}}"#),
                ),
                ("GET", path) if path.starts_with("/.well-known/") => Answer::new(200, &[], "<html>"),
                _ => Answer::empty(404),
            })
        },
        "oauth_metadata",
        "invalid metadata",
    ),
    case(
        "the program is missing",
        || Doctor::healthy().command(format!("/nowhere/server --token {SECRET}")),
        "mcp_command_executable",
        "not found",
    ),
    case(
        "the program may not be executed",
        || {
            let doctor = Doctor::healthy();
            let path = doctor.file("server", "#!/bin/sh\n", 0o644);
            doctor.command(path.display().to_string())
        },
        "mcp_command_executable",
        "not executable",
    ),
    case(
        "the program's interpreter is missing",
        || {
            let doctor = Doctor::healthy();
            let path = doctor.file("server", "#!/nowhere/python\n", 0o755);
            doctor.command(path.display().to_string())
        },
        "mcp_command_executable",
        "interpreter",
    ),
    case(
        "the script is missing",
        || Doctor::healthy().command("python3 /nowhere/server.py"),
        "mcp_command_executable",
        "/nowhere/server.py",
    ),
];

/// This machine.
const MACHINE: &[Case] = &[
    case(
        "the health port is taken by somebody else",
        || {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap().to_string();
            Doctor::healthy().env("HEALTH_LISTEN_ADDR", address).keep(listener)
        },
        "health_listener",
        "address already in use by",
    ),
    case(
        "the health address is not of this host",
        || Doctor::healthy().env("HEALTH_LISTEN_ADDR", "192.0.2.1:8080"),
        "health_listener",
        "192.0.2.1",
    ),
    case(
        "the log file's directory is missing",
        || Doctor::healthy().env("LOG_FILE", "/nowhere/log"),
        "log_file",
        "/nowhere/log",
    ),
    case(
        "the PID file cannot be written",
        || Doctor::healthy().env("PID_FILE", "/proc/tunnel-client.pid"),
        "state_files",
        "process.pid_file",
    ),
];

#[test]
fn mistakes_in_the_configuration_are_named_first() {
    all(CONFIGURATION);
}

#[test]
fn the_hop_that_fails_on_the_way_is_named_first() {
    all(ROUTE);
}

#[test]
fn what_is_wrong_with_tls_is_named_first() {
    all(TLS);
}

#[test]
fn what_the_control_plane_refuses_is_named_first() {
    all(CONTROL);
}

#[test]
fn what_is_wrong_with_the_mcp_server_is_named_first() {
    all(MCP);
}

#[test]
fn what_is_wrong_with_this_machine_is_named_first() {
    all(MACHINE);
}

/// Each case on a thread of its own: some wait out a bound.
fn all(cases: &'static [Case]) {
    let running: Vec<_> = cases.iter().map(|case| thread::spawn(|| tried(case))).collect();
    let wrong: Vec<String> = running
        .into_iter()
        .zip(cases)
        .filter_map(|(thread, case)| match thread.join() {
            Ok(outcome) => outcome.err(),
            Err(_) => Some(format!("{}: it panicked, see above", case.name)),
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

fn tried(case: &Case) -> Result<(), String> {
    let examined = (case.broken)().examine();
    let failed = examined.report["failed_checks"].clone();
    let first = failed[0].as_str().unwrap_or("nothing");
    let right = examined.code == 2
        && examined.report["result"] == "fail"
        && first == case.first
        && examined.summary(first).contains(case.gist)
        && examined.check(first)["next"].is_array();
    match right {
        true => Ok(()),
        false => Err(format!(
            "{}: {} with {:?} was expected, not {failed} with code {}: {}",
            case.name,
            case.first,
            case.gist,
            examined.code,
            examined
                .checks()
                .iter()
                .find(|check| check["id"] == first)
                .unwrap_or(&examined.report),
        )),
    }
}

fn with_file(text: &str) -> Doctor {
    let doctor = Doctor::healthy();
    let path = doctor.file("config.yaml", text, 0o600);
    doctor.arg("--config").arg(path.display().to_string())
}

fn world_readable_key() -> Doctor {
    let doctor = Doctor::healthy();
    let path = doctor.file("key", SECRET, 0o644);
    doctor
        .no_env("CONTROL_PLANE_API_KEY")
        .arg(format!("--control-plane.api-key=file:{}", path.display()))
}

fn mismatched_identity() -> Doctor {
    let doctor = Doctor::healthy();
    let (certificate, _) = doctor.authority.client("one");
    let (_, key) = doctor.authority.client("other");
    doctor.identity((certificate, key))
}

/// A port that was free a moment ago.
fn closed_port() -> std::net::SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The control plane is well, and reached through a proxy.
fn proxied(proxy: &str) -> Doctor {
    let doctor = over_tls(|authority| authority.server(&["localhost"]));
    doctor.env("CONTROL_PLANE_HTTP_PROXY", proxy)
}

fn behind(manner: Manner, userinfo: &str) -> Doctor {
    let proxy = Proxy::http(manner);
    proxied(&proxy.url_with(userinfo)).keep(proxy)
}

fn over_tls(server: impl FnOnce(&Authority) -> std::sync::Arc<rustls::ServerConfig>) -> Doctor {
    let doctor = Doctor::healthy();
    let config = server(&doctor.authority);
    doctor.control_over("localhost", config)
}

/// A web server answers what it does not understand in plain text.
fn plain_where_tls_is_due() -> Doctor {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().take(1) {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    Doctor::healthy().env("CONTROL_PLANE_BASE_URL", format!("https://{address}"))
}

/// An error answer that repeats what it should not.
fn refusal(status: u16, code: &str) -> Answer {
    Answer::json(
        status,
        format!(
            r#"{{"error":{{"message":"key {} is not good","type":"x","code":"{code}"}}}}"#,
            support::client::API_KEY
        ),
    )
}
