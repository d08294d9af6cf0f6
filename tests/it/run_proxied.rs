//! The daemon behind proxies and with client certificates: commands are served, connections are kept, and what fails is
//! told truthfully.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::support;
use crate::support::client::API_KEY;
use crate::support::tls::{Authority, long_expired};
use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, Gate, Manner, McpServer, Proxy, Scratch, eventually,
    holds_for,
};

/// `user:pa55`, as the proxies of these tests want it.
const BASIC: &str = "Basic dXNlcjpwYTU1";

/// Calls at the same time, as they are set unless the configuration says otherwise.
const WORKERS: usize = 10;

fn port(address: &str) -> &str {
    address.rsplit(':').next().unwrap()
}

/// Settings that name the certificate and the key, below `prefix`.
fn identify(builder: ClientBuilder, prefix: &str, (certificate, key): (String, String)) -> ClientBuilder {
    let file = |name: &str, text: &str| {
        let path = builder.directory().write(&format!("{prefix}.{name}"), text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    };
    let (certificate, key) = (file("crt", &certificate), file("key", &key));
    builder
        .env(&format!("{prefix}_CLIENT_CERT"), certificate)
        .env(&format!("{prefix}_CLIENT_KEY"), key)
}

fn trusting(builder: ClientBuilder, authority: &Authority) -> ClientBuilder {
    let bundle = builder.directory().write("ca.pem", authority.pem());
    builder.env("CA_BUNDLE", bundle.display().to_string())
}

fn echo_https(authority: &Authority, names: &[&str]) -> McpServer {
    McpServer::https(authority.server(names), |request, _| support::mcp::echo(request))
}

fn serves(control: &ControlPlane, calls: usize) {
    for number in 0..calls {
        let id = format!("r{number}");
        control.push(Command::call(&id, "tools/call", "{}"));
        assert_eq!(control.only_terminal(&id).resp_code, 200);
    }
}

#[test]
fn commands_are_served_through_proxies_that_alone_know_the_names() {
    let authority = Authority::new();
    for tls in [false, true] {
        let proxy = || match tls {
            false => Proxy::http(Manner::Demand(BASIC)),
            true => Proxy::https(authority.server(&["127.0.0.1"]), Manner::Demand(BASIC)),
        };
        let (control_proxy, mcp_proxy) = (proxy(), proxy());
        let control = ControlPlane::https(authority.server(&["control.example"]));
        let mcp = echo_https(&authority, &["mcp.example"]);
        let control_url = format!("https://control.example:{}", port(&control.url()));
        let mcp_url = mcp.url().replace("127.0.0.1", "mcp.example");
        let client = trusting(ClientBuilder::for_url(&control_url), &authority)
            .server(&mcp_url)
            .env("CONTROL_PLANE_HTTP_PROXY", control_proxy.url_with("user:pa55@"))
            .env("MCP_HTTP_PROXY", mcp_proxy.url_with("user:pa55@"))
            .start();
        serves(&control, 40);
        // Tunnels are kept: there are never more than requests at the same time, and each worker has one at most.
        let most = WORKERS + 2;
        assert!(control_proxy.heads().len() <= most, "{:#?}", control_proxy.heads());
        assert!(mcp_proxy.heads().len() <= most, "{:#?}", mcp_proxy.heads());
        for request in control.seen().iter().chain(&mcp.seen()) {
            assert_eq!(request.header("proxy-authorization"), None, "{request:?}");
        }
        assert_silent(&client);
    }
}

#[test]
fn plain_http_is_forwarded_in_absolute_form() {
    let proxy = Proxy::http(Manner::Demand(BASIC));
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let mcp_url = mcp.url().replace("127.0.0.1", "mcp.example");
    let client = ClientBuilder::new(&control)
        .server(&mcp_url)
        .env("MCP_HTTP_PROXY", proxy.url_with("user:pa55@"))
        .start();
    serves(&control, 3);
    let heads = proxy.heads();
    assert!(heads.iter().all(|head| head.contains(&mcp_url)), "{heads:#?}");
    let host = mcp_url.trim_start_matches("http://").split('/').next().unwrap();
    assert!(
        mcp.seen().iter().all(|request| request.header("host") == Some(host)),
        "{heads:#?}"
    );
    assert_silent(&client);
}

#[test]
fn the_key_and_tokens_of_callers_reach_their_peers_in_absolute_form() {
    let proxy = || Proxy::http(Manner::Demand(BASIC));
    let (control_proxy, mcp_proxy) = (proxy(), proxy());
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let control_url = control.url().replace("127.0.0.1", "control.example");
    let mcp_url = mcp.url().replace("127.0.0.1", "mcp.example");
    let _client = ClientBuilder::for_url(&control_url)
        .server(&mcp_url)
        .env("CONTROL_PLANE_HTTP_PROXY", control_proxy.url_with("user:pa55@"))
        .env("MCP_HTTP_PROXY", mcp_proxy.url_with("user:pa55@"))
        .start();
    // Longer than the filler that requests share, and shorter than what a server takes.
    let tokens = ["t", &"t".repeat(5000), "Basic dTpw"];
    for (number, token) in tokens.into_iter().enumerate() {
        let id = format!("r{number}");
        let params = r#"{"text":"\r\nauthorization: x\r\n"}"#;
        control.push(Command::call(&id, "tools/call", params).header("Authorization", token));
        assert_eq!(control.only_terminal(&id).resp_code, 200);
        let seen = mcp.await_forwarded(&id);
        assert_eq!(seen.header_values("authorization"), [token]);
        assert!(String::from_utf8_lossy(&seen.body).contains(params));
    }
    let key = format!("Bearer {API_KEY}");
    for request in control.seen() {
        assert_eq!(request.header_values("authorization"), [&*key], "{request:?}");
    }
    let heads = control_proxy.heads();
    assert!(
        !heads.is_empty() && heads.iter().all(|head| head.contains(&control_url)),
        "{heads:#?}"
    );
}

#[test]
fn a_proxy_that_refuses_ends_a_call_with_a_truthful_error() {
    for (https, answer, gist) in [
        (true, "HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\n", "status 407"),
        (true, "HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n", "status 403"),
        (false, "HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\n", "status 407"),
    ] {
        let (control, proxy) = (ControlPlane::http(), Proxy::http(Manner::Say(answer)));
        let scheme = if https { "https" } else { "http" };
        let client = ClientBuilder::new(&control)
            .server(format!("{scheme}://mcp.example/mcp"))
            .env("MCP_HTTP_PROXY", proxy.url_with("user:pa55@"))
            .start();
        control.push(Command::call("r1", "tools/call", "{}"));
        control.only_terminal("r1").assert_failure(502, "connect", &["dial"]);
        client.await_log(gist);
        assert_silent(&client);
    }
}

#[test]
fn a_proxy_that_refuses_the_control_plane_is_named_in_the_log() {
    let proxy = Proxy::http(Manner::Say("HTTP/1.1 407 x\r\n\r\n"));
    let mcp = McpServer::echo();
    let client = ClientBuilder::for_url("https://control.example")
        .server(mcp.url())
        .env("CONTROL_PLANE_HTTP_PROXY", proxy.url_with("user:pa55@"))
        .start();
    let line = client.await_log("status 407");
    assert!(line.contains("the proxy wants credentials"), "{line}");
    let summary = client.await_log("tunnel-client startup summary");
    let named = format!("{} (control-plane.http-proxy)", proxy.url());
    assert!(summary.contains(&named) && !summary.contains("pa55"), "{summary}");
}

#[test]
fn a_proxy_that_is_not_there_is_not_taken_for_the_peer() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let nobody = format!("http://user:pa55@{}", support::cases::closed_port());
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("TUNNEL_CLIENT_HTTP_PROXY", &nobody)
        .start();
    let line = client.await_log("poll failed; backing off");
    let origin = nobody.replace("user:pa55@", "");
    assert!(
        line.contains("the proxy refused the connection") && line.contains(&format!("{origin} (http-proxy)")),
        "{line}"
    );
    let line = client.await_log("MCP server not reachable");
    assert!(line.contains("the proxy refused the connection"), "{line}");
    assert_silent(&client);
}

#[test]
fn client_certificates_are_shown_to_the_peers_they_are_for() {
    let (authority, clients) = (Authority::new(), Authority::named("clients"));
    for tls13 in [true, false] {
        let control = ControlPlane::https(authority.server_for(&["127.0.0.1"], &clients, tls13));
        let mcp = McpServer::https(authority.server_for(&["127.0.0.1"], &clients, tls13), |request, _| {
            support::mcp::echo(request)
        });
        let builder = trusting(ClientBuilder::new(&control).server(mcp.url()), &authority);
        let builder = identify(builder, "CONTROL_PLANE", clients.client("poller"));
        let _client = identify(builder, "MCP", clients.client("caller")).start();
        serves(&control, 2);
    }
}

#[test]
fn a_client_certificate_that_is_missing_or_refused_is_named_in_the_log() {
    let (authority, clients) = (Authority::new(), Authority::named("clients"));
    let mcp = McpServer::echo();
    for tls13 in [true, false] {
        let control = ControlPlane::https(authority.server_for(&["127.0.0.1"], &clients, tls13));
        let builder = || trusting(ClientBuilder::new(&control).server(mcp.url()), &authority);
        builder().start().await_log("the peer wants a client certificate");
        let strange = identify(
            builder(),
            "CONTROL_PLANE",
            Authority::named("strangers").client("poller"),
        );
        strange.start().await_log("the peer refused our client certificate");
        assert!(control.polls().is_empty());
    }
}

#[test]
fn an_expired_client_certificate_is_told_at_the_start() {
    let clients = Authority::named("clients");
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let builder = ClientBuilder::new(&control).server(mcp.url());
    let pair = clients.client_with("poller", long_expired);
    let client = identify(builder, "CONTROL_PLANE", pair).start();
    let line = client.await_log("the client certificate has expired");
    assert!(
        line.contains("2002-02-03") && line.contains("control-plane.client-cert"),
        "{line}"
    );
}

#[test]
fn a_key_that_does_not_match_keeps_the_daemon_from_starting() {
    let clients = Authority::named("clients");
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let (certificate, _) = clients.client("poller");
    let (_, key) = clients.client("somebody");
    let builder = ClientBuilder::new(&control).server(mcp.url());
    let mut client = identify(builder, "MCP", (certificate, key)).start();
    assert_eq!(client.wait_exit(support::wait::BOUND).code(), Some(1));
    let line = client.await_log("private key does not match");
    assert!(
        line.contains("mcp.client-cert") && line.contains("client key path"),
        "{line}"
    );
}

#[test]
fn a_poll_answer_that_comes_through_a_proxy_after_sigterm_is_still_served() {
    let authority = Authority::new();
    let control = ControlPlane::https(authority.server(&["127.0.0.1"]));
    let (mcp, gate, proxy) = (McpServer::echo(), Gate::new(), Proxy::http(Manner::Brusque));
    let body = support::command::poll_body(&[Command::call("r1", "ping", "{}")]);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let head = format!("{head}Content-Length: {}\r\n\r\n", body.len());
    control.on_poll(Answer::raw("").hold(&gate).send(head + &body));
    let builder = trusting(ClientBuilder::new(&control), &authority).server(mcp.url());
    let mut client = builder.env("CONTROL_PLANE_HTTP_PROXY", proxy.url()).start();
    control.await_polls(1);
    client.health_url();
    client.terminate();
    client.await_readiness(support::wait::BOUND, "it drains", |status, _| status == 503);
    holds_for(Duration::from_millis(300), "it waits for the answer", || {
        client.running()
    });
    gate.open();
    assert_eq!(client.wait_exit(support::wait::BOUND).code(), Some(0));
    assert_eq!(control.posts_of("r1").len(), 1);
}

/// A unix socket needs no proxy, whatever the settings of its class say.
#[test]
fn a_unix_socket_goes_past_the_proxy() {
    let files = Scratch::new();
    let socket = files.file("mcp.sock");
    let _mcp = McpServer::unix(&socket, |request, _| support::mcp::echo(request));
    let (control, proxy) = (ControlPlane::http(), Proxy::http(Manner::Close));
    let _client = ClientBuilder::new(&control)
        .server(format!("url=http://mcp.example/mcp,unix-socket={}", socket.display()))
        .env("MCP_HTTP_PROXY", proxy.url())
        .start();
    serves(&control, 1);
    assert!(proxy.heads().is_empty());
}

/// Credentials of a proxy are in no log line, in no form.
fn assert_silent(client: &Client) {
    let log = eventually("a log", || Some(client.log()).filter(|log| !log.is_empty()));
    for secret in ["pa55", "dXNlcjpwYTU1"] {
        assert!(log.iter().all(|line| !line.contains(secret)), "{log:#?}");
    }
}

/// A directory that counts wrong passwords locks the account; polls, answers and calls of a daemon would be enough within seconds.
#[test]
fn a_password_that_the_proxy_refused_is_not_sent_again_and_again() {
    for url in ["https://control.example", "http://control.example"] {
        let proxy = Proxy::http(Manner::Demand("Basic never"));
        let mcp = McpServer::echo();
        let client = ClientBuilder::for_url(url)
            .server(mcp.url())
            .env("CONTROL_PLANE_HTTP_PROXY", proxy.url_with("user:pa55@"))
            .env("LOG_LEVEL", "debug")
            .start();
        eventually("several failed polls", || {
            (client.log_with("poll failed; backing off").len() > 2).then_some(())
        });
        let tried = proxy.heads().len();
        // Forwarded requests have no turns: the first poll and the question for the tunnel's name may meet.
        let most = if url.starts_with("https") { 1 } else { 2 };
        assert!((1..=most).contains(&tried), "{url}: {tried} tries");
    }
}

#[test]
fn a_proxy_that_demands_nothing_of_ours_is_asked_again_as_ever() {
    let proxy = Proxy::http(Manner::Say("HTTP/1.1 407 x\r\nProxy-Authenticate: NTLM\r\n\r\n"));
    let mcp = McpServer::echo();
    let client = ClientBuilder::for_url("https://control.example")
        .server(mcp.url())
        .env("CONTROL_PLANE_HTTP_PROXY", proxy.url_with("user:pa55@"))
        .env("LOG_LEVEL", "debug")
        .start();
    let line = client.await_log("offers NTLM");
    assert!(!line.contains("not the user and password"), "{line}");
    eventually("another try", || (proxy.heads().len() > 2).then_some(()));
}

#[test]
fn a_peer_that_does_not_ask_for_the_client_certificate_is_told_once() {
    let authority = Authority::new();
    let control = ControlPlane::https(authority.server(&["127.0.0.1"]));
    let mcp = McpServer::echo();
    let builder = ClientBuilder::new(&control).server(mcp.url());
    let bundle = builder
        .directory()
        .write("ca.pem", authority.pem())
        .display()
        .to_string();
    let client = identify(builder, "CONTROL_PLANE", authority.client("ours"))
        .env("CA_BUNDLE", bundle)
        .start();
    let line = client.await_log("the peer did not ask for the client certificate");
    assert!(
        line.contains(r#""peer":"127.0.0.1""#) && line.contains("inspects TLS"),
        "{line}"
    );
    control.push(Command::call("r1", "tools/list", "{}"));
    control.only_terminal("r1");
    assert_eq!(client.log_with("did not ask").len(), 1);
}

/// Who is silent, and which setting says for how long, is told of the hop that it is about.
#[test]
fn a_silent_proxy_is_told_with_the_bound_of_its_hop() {
    let proxy = Proxy::http(Manner::Hang);
    for (url, setting, expected) in [
        (
            "https://peer.example/mcp",
            ("CONNECTION_PROXY_TIMEOUT", "1s"),
            "(connection.proxy_timeout)",
        ),
        (
            "http://peer.example/mcp",
            ("MCP_FIRST_BYTE_TIMEOUT", "1s"),
            "neither the proxy nor the server behind it",
        ),
    ] {
        let control = ControlPlane::http();
        let client = ClientBuilder::new(&control)
            .server(url)
            .env("MCP_HTTP_PROXY", proxy.url())
            .env(setting.0, setting.1)
            .start();
        let line = client.await_log(expected);
        assert!(line.contains("proxy"), "{line}");
    }
}
