//! Redirects: refused by the control plane always, by an MCP server across origins, and no credential follows one.

use std::sync::Arc;

use crate::support;
use crate::support::{Answer, Client, Command, ControlPlane, McpServer, Peer, Request, Server, result};

#[test]
fn control_plane_redirects_are_refused() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let thief = Server::tcp(None, Arc::new(|_: &Request, _: &Peer| Answer::empty(200)));
    let (there, same) = (format!("{}/steal", thief.origin()), format!("{}/steal", control.url()));
    let client = Client::http(&control, &mcp.url());
    control.await_polls(1);
    for (number, status) in [301, 302, 303, 307, 308, 307].into_iter().enumerate() {
        let location = if number == 5 { &same } else { &there };
        let id = format!("r{number}");
        control.on_poll(Answer::new(status, &[("Location", location)], ""));
        control.on_delivery(
            &id,
            "jsonrpc_response",
            Answer::new(status, &[("Location", location)], ""),
        );
        control.call(Command::call(&id, "ping", "{}"), &id);
    }
    client.await_log("redirect");
    control.barrier();
    assert_eq!(thief.connections(), 0, "the thief was contacted");
    assert!(control.seen().iter().all(|seen| !seen.target.contains("steal")));
}

#[test]
fn a_redirect_to_another_origin_is_refused_and_shown_nothing() {
    let thief = Server::tcp(
        None,
        Arc::new(|request: &Request, _: &Peer| Answer::json(200, result(request, "{}"))),
    );
    let location = format!("{}/mcp", thief.origin());
    for status in [301, 302, 303, 307, 308] {
        let control = ControlPlane::http();
        let mcp = McpServer::always(Answer::new(status, &[("Location", &location)], ""));
        let client = Client::http(&control, &mcp.url());
        control.push(
            Command::call("r1", "tools/call", "{}")
                .header("Authorization", "Bearer end-user")
                .header("Mcp-Session-Id", "session"),
        );
        let post = control.only_terminal("r1");
        assert_eq!(post.resp_code, 502, "{post:#?}");
        assert_eq!(post.failure().source, "protocol", "{post:#?}");
        assert!(!post.request.text().contains(&location), "{post:#?}");
        assert_eq!(mcp.forwarded_for("r1").len(), 1, "nothing is asked after the refusal");
        control.push(Command::termination("r2", "session").header("Authorization", "Bearer end-user"));
        assert_eq!(control.terminal("r2").resp_type, "session_termination_response");
        client.await_log("redirect");
    }
    assert_eq!(thief.connections(), 0, "the other origin was contacted");
}

#[test]
fn a_redirect_within_the_origin_repeats_the_post() {
    for status in [307, 308] {
        let control = ControlPlane::http();
        let mcp = McpServer::http(move |request, _| match request.path() {
            "/mcp" => Answer::new(status, &[("Location", "/mcp/")], ""),
            _ => support::mcp::echo(request),
        });
        let _client = Client::http(&control, &mcp.url());
        control.push(Command::call("r1", "tools/call", r#"{"n":1}"#).header("Authorization", "Bearer end-user"));
        let post = control.only_terminal("r1");
        assert_eq!(post.resp_code, 200, "{post:#?}");
        let seen = mcp.forwarded();
        assert_eq!((seen[1].path(), &seen[1].body), ("/mcp/", &seen[0].body), "{seen:#?}");
        assert_eq!(seen[1].header("authorization"), Some("Bearer end-user"));
    }
}

#[test]
fn a_relative_redirect_is_resolved_against_the_path_it_came_from() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(move |request, _| match request.path() {
        "/mcp" => Answer::new(307, &[("Location", "v2/mcp")], ""),
        "/v2/mcp" => Answer::new(308, &[("Location", "../v3/./mcp?x=1")], ""),
        _ => support::mcp::echo(request),
    });
    let _client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "tools/call", "{}"));
    let post = control.only_terminal("r1");
    assert_eq!(post.resp_code, 200, "{post:#?}");
    assert_eq!(mcp.forwarded().last().unwrap().target, "/v3/mcp?x=1");
}

#[test]
fn a_refused_redirect_is_named_for_what_it_is() {
    for (status, location, words) in [
        (
            302,
            Some("/mcp/"),
            "it redirects with HTTP 302, and only 307 and 308 keep a request as it is",
        ),
        (307, None, "it redirects and does not say where to"),
        (
            308,
            Some("http://elsewhere.example/x?token=secret"),
            "it redirects to another origin, where credentials are not sent",
        ),
        (
            308,
            Some("http://u:secret@127.0.0.1/x"),
            "it redirects to a URL with a user in it",
        ),
        (
            307,
            Some("https://127.0.0.1/mcp"),
            "it redirects from https to http or the other way round on the same host",
        ),
        (307, Some("http://[nonsense"), "it redirects to what is no URL"),
    ] {
        let control = ControlPlane::http();
        let headers: Vec<_> = location.map(|location| ("Location", location)).into_iter().collect();
        let mcp = McpServer::always(Answer::new(status, &headers, ""));
        let client = Client::http(&control, &mcp.url());
        control.push(Command::call("r1", "tools/call", "{}"));
        let post = control.only_terminal("r1");
        post.assert_failure(502, "protocol", &["non_protocol_response"]);
        let message = post.failure().message;
        assert!(message.ends_with(words), "{message}");
        assert!(client.log_with("secret").is_empty());
        client.await_log(words.split(',').next().unwrap());
    }
}

#[test]
fn a_redirect_loop_ends() {
    let (control, mcp) = (
        ControlPlane::http(),
        McpServer::always(Answer::new(307, &[("Location", "/mcp")], "")),
    );
    let _client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "tools/call", "{}"));
    let post = control.only_terminal("r1");
    assert_eq!(post.resp_code, 502);
    assert!(
        post.failure().message.contains("one redirect leads to another"),
        "{post:#?}"
    );
    assert!(mcp.forwarded().len() <= 11, "{} requests", mcp.forwarded().len());
}
