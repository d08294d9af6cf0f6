//! Broken MCP servers and machines, one cause each: `doctor` names that cause first, and shows no secret.

use std::net::TcpListener;

use crate::support;
use crate::support::cases::{Case, all, case, closed_port};
use crate::support::doctor::SECRET;
use crate::support::tls::Authority;
use crate::support::{Answer, Doctor};

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
    case(
        "the program ends at once",
        || Doctor::healthy().command("sh -c 'exit 3'").arg("--start-stdio"),
        "mcp_server_reachable",
        "exit status: 3",
    ),
    case(
        "the program closes its output",
        || {
            Doctor::healthy()
                .command("sh -c 'exec >&-; read line; read line'")
                .arg("--start-stdio")
        },
        "mcp_server_reachable",
        "before it answered initialize",
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
fn what_is_wrong_with_the_mcp_server_is_named_first() {
    all(MCP);
}

#[test]
fn what_is_wrong_with_this_machine_is_named_first() {
    all(MACHINE);
}
