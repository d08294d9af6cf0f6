//! What is said of each fault, where, and how soon: the component of `/health`, the text of `/readyz`, the time until both say so, and
//! until they recover.
//!
//! `TUNNEL_CLIENT_FAULT_TABLE=FILE` appends the measured times to a file, as rows of the table in docs/health.md, and holds them
//! against the bound. Without it the machine may be busy, and only the answers count.

mod control_plane;
mod credentials;
mod records;
mod servers;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::rotating::{NAMES, Site};
use crate::support::tls::Authority;
use crate::support::wait::{BOUND, settles};
use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, Manner, McpServer, Peer, Proxy, Request, Server, StdioServer,
};

/// Within this a fault shows, and its end, where nothing but the next poll can tell: that takes two seconds in these tests.
const SOON: Duration = Duration::from_secs(10);

/// One fault while it is looked at.
struct Fault<'a> {
    client: &'a Client,
    name: &'a str,
    component: &'a str,
    hop: Option<&'a str>,
    shown: Option<Duration>,
    text: String,
}

impl<'a> Fault<'a> {
    /// The fault begins now.
    fn begins(client: &'a Client, name: &'a str, component: &'a str) -> Self {
        Self {
            client,
            name,
            component,
            hop: None,
            shown: None,
            text: String::new(),
        }
    }

    /// The fault is at this hop. Hops that failed on the way to it, such as a connection that closed first, may show before.
    fn at(mut self, hop: &'a str) -> Self {
        self.hop = Some(hop);
        self
    }

    /// Waits until the component is degraded for this reason, at this hop, and `/readyz` has this text. `again` is done between two looks.
    #[track_caller]
    fn shows(&mut self, reason: &str, text: &str, mut again: impl FnMut()) -> Value {
        let since = Instant::now();
        let what = format!("{}: degraded, {reason}; {text}", self.component);
        let component = settles(2 * BOUND, &what, || {
            again();
            let (component, (status, body)) = (self.client.component(self.component), self.client.ready());
            let is_shown = component["status"] == "degraded"
                && component["reason_code"] == reason
                && self.hop.is_none_or(|hop| component["details"]["failure_hop"] == hop);
            let is_text = match text {
                "" => status == 200,
                text => status == 503 && body.contains(text),
            };
            match is_shown && is_text {
                true => Ok((component, body)),
                false => Err((component, status, body)),
            }
        });
        self.shown = Some(since.elapsed());
        self.text = if text.is_empty() {
            "ready".to_owned()
        } else {
            component.1
        };
        component.0
    }

    /// The fault is over: waits until nothing shows it any more.
    #[track_caller]
    fn ends(self, mut again: impl FnMut()) {
        let since = Instant::now();
        settles(2 * BOUND, &format!("{} and /readyz recover", self.component), || {
            again();
            let (component, (status, body)) = (self.client.component(self.component), self.client.ready());
            match component["status"] != "degraded" && status == 200 {
                true => Ok(()),
                false => Err((component, status, body)),
            }
        });
        let recovered = since.elapsed();
        self.row(Some(recovered));
    }

    /// It does not end in this test.
    fn stays(self) {
        self.row(None);
    }

    /// The fault shows already, and now its cause does as well.
    #[track_caller]
    fn says(&mut self, text: &str) {
        let since = Instant::now();
        let body = self
            .client
            .await_readiness(2 * BOUND, text, |status, body| status == 503 && body.contains(text));
        let after = (self.shown.unwrap_or_default() + since.elapsed()).as_secs_f64();
        self.text = format!("{}`, after {after:.1} s `{body}", self.text);
    }

    /// A fault that the client starts with: shown within this.
    fn since_start(&mut self, started: Instant) {
        self.shown = Some(started.elapsed());
    }

    fn row(&self, recovered: Option<Duration>) {
        let Some(file) = std::env::var_os("TUNNEL_CLIENT_FAULT_TABLE") else {
            return;
        };
        let shown = self.shown.unwrap_or_default();
        assert!(shown <= SOON, "{}: it took {shown:?} to show", self.name);
        let time = |time: Duration| format!("{:.1} s", time.as_secs_f64());
        let recovered = recovered.map_or("-".to_owned(), time);
        let text = if self.text == "ready" {
            "ready".to_owned()
        } else {
            format!("503 `{}`", self.text)
        };
        let row = format!(
            "| {} | `{}` | {text} | {} | {recovered} |\n",
            self.name,
            self.component,
            time(shown)
        );
        let mut table = OpenOptions::new().append(true).create(true).open(file).unwrap();
        table.write_all(row.as_bytes()).unwrap();
    }
}

fn nothing() {}

/// A client with one server over HTTP behind a control plane, both well.
fn well() -> (ControlPlane, McpServer, Client) {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = Client::http(&control, &mcp.url());
    client.await_ready();
    (control, mcp, client)
}

#[test]
fn a_key_that_is_revoked_shows_in_the_control_plane_as_a_refusal() {
    let (control, _mcp, client) = well();
    control.on_every_poll(Some(Answer::empty(401)));
    let mut fault = Fault::begins(&client, "key revoked", "control-plane");
    let shown = fault.shows("http_error", "control plane auth failed: HTTP status 401", nothing);
    assert_eq!(shown["details"]["http_status"], 401);
    assert!(
        shown["details"]["next_retry"].is_string() || shown["state"] == "polling",
        "{shown}"
    );
    control.on_every_poll(None);
    fault.ends(nothing);
}

#[test]
fn a_relay_that_is_gone_shows_in_the_control_plane_as_a_network_error() {
    let (control, _mcp, client) = well();
    let address = control.server().socket_address();
    drop(control);
    let mut fault = Fault::begins(&client, "relay gone", "control-plane");
    let shown = fault.shows("network_error", "control plane poll failed: ", nothing);
    let hop = shown["details"]["failure_hop"].as_str().unwrap();
    assert!(["connect", "transport_closed"].contains(&hop), "{shown}");
    let (_back, opened) = Server::silent_at(address);
    fault.ends(nothing);
    opened.open();
}

#[test]
fn responses_that_fail_until_their_deadline_show_in_the_delivery() {
    let (control, _mcp, client) = well();
    let mut fault = Fault::begins(&client, "responses cannot be delivered", "response-delivery");
    let mut calls = 0;
    let mut call = |answer: Option<Answer>| {
        if control.waiting() == 0 {
            calls += 1;
            let id = format!("r{calls}");
            answer
                .into_iter()
                .for_each(|answer| control.on_delivery(&id, "jsonrpc_response", answer));
            control.push(Command::call(&id, "ping", "{}").timeout("\"1s\""));
        }
    };
    // The pause is longer than the caller waits.
    let later = || Some(Answer::new(503, &[("Retry-After", "60")], ""));
    let shown = fault.shows("http_error", "responses cannot be delivered", || call(later()));
    assert_eq!(shown["details"]["http_status"], 503);
    fault.ends(|| call(None));
}

/// A client that reaches its control plane through a proxy alone.
fn behind_proxy() -> (ControlPlane, McpServer, Proxy, Client) {
    let authority = Authority::new();
    let control = ControlPlane::https(authority.server(&["127.0.0.1"]));
    let (mcp, proxy) = (McpServer::echo(), Proxy::http(Manner::Serve));
    let builder = ClientBuilder::new(&control).server(mcp.url());
    let bundle = builder.directory().write("ca.pem", authority.pem());
    let client = builder
        .env("CA_BUNDLE", bundle.display().to_string())
        .env("CONTROL_PLANE_HTTP_PROXY", proxy.url())
        .start();
    client.await_ready();
    (control, mcp, proxy, client)
}

#[test]
fn a_proxy_that_is_gone_shows_in_the_control_plane_as_the_proxys_fault() {
    let (_control, _mcp, proxy, client) = behind_proxy();
    let address = proxy.address();
    drop(proxy);
    let mut fault = Fault::begins(&client, "proxy gone", "control-plane").at("proxy");
    fault.shows("network_error", "control plane poll failed: the proxy", nothing);
    let _back = Proxy::at(address, Manner::Serve);
    fault.ends(nothing);
}

#[test]
fn a_proxy_that_wants_credentials_shows_in_the_control_plane_as_the_proxys_fault() {
    let (_control, _mcp, proxy, client) = behind_proxy();
    let address = proxy.address();
    drop(proxy);
    let strict = Proxy::at(address, Manner::Demand("Basic dXNlcjpwYTU1"));
    let mut fault = Fault::begins(&client, "proxy answers 407", "control-plane").at("proxy");
    fault.shows("network_error", "407", nothing);
    drop(strict);
    let _back = Proxy::at(address, Manner::Serve);
    fault.ends(nothing);
}

#[test]
fn a_name_that_has_no_address_shows_in_the_control_plane_as_dns() {
    let mcp = McpServer::echo();
    let client = ClientBuilder::for_url("https://nobody.invalid")
        .server(mcp.url())
        .start();
    client.health_url();
    let mut fault = Fault::begins(&client, "DNS gone", "control-plane").at("dns");
    fault.shows("network_error", "control plane poll failed: ", nothing);
    fault.stays();
}

#[test]
fn an_mcp_server_that_is_gone_shows_without_a_call_and_heals() {
    let (_control, mcp, client) = well();
    let address = mcp.server().socket_address();
    drop(mcp);
    let mut fault = Fault::begins(&client, "MCP server gone", "mcp");
    let shown = fault.shows("probe_failed", "mcp probe failed: ", nothing);
    assert_eq!(shown["details"]["startup_probe"]["state"], "failed");
    let _back = McpServer::at(address, |request, _| crate::support::mcp::echo(request));
    fault.ends(nothing);
}

#[test]
fn an_mcp_server_that_hangs_shows_after_a_call() {
    let control = ControlPlane::http();
    let hangs = Arc::new(AtomicBool::new(false));
    let is_hung = Arc::clone(&hangs);
    let handler = move |request: &Request, _: &Peer| match is_hung.load(Ordering::SeqCst) {
        true => Answer::default().stall(),
        false => crate::support::mcp::echo(request),
    };
    let mcp = Server::tcp(None, Arc::new(handler));
    let client = Client::http(&control, &format!("{}/mcp", mcp.origin()));
    client.await_ready();
    hangs.store(true, Ordering::SeqCst);
    let mut fault = Fault::begins(&client, "MCP server hangs", "mcp");
    let (mut calls, mut last) = (0, None::<Instant>);
    fault.shows("probe_failed", "mcp probe failed: no answer within 2 s", || {
        // Two calls a second: an outage is not to be a flood as well.
        if last.is_none_or(|last| last.elapsed() > Duration::from_millis(500)) {
            (calls, last) = (calls + 1, Some(Instant::now()));
            control.push(Command::call(&format!("r{calls}"), "tools/call", "{}").timeout("\"500ms\""));
        }
    });
    hangs.store(false, Ordering::SeqCst);
    fault.ends(nothing);
}

#[test]
fn a_stdio_server_that_ends_again_and_again_shows_and_heals() {
    let script = r#"
if os.path.exists(path("stop")):
    os._exit(1)
def on(message):
    if message["params"].get("die"):
        os._exit(1)
    answer(message, {})
"#;
    let (control, child) = (ControlPlane::http(), StdioServer::with(script));
    let client = ClientBuilder::new(&control).command(child.command()).start();
    control.introduce();
    client.await_ready();
    child.open("stop");
    control.push(Command::call("die", "tools/call", r#"{"die":true}"#));
    let mut fault = Fault::begins(&client, "stdio server ends again and again", "mcp");
    fault.shows(
        "stdio_connection_closed",
        "mcp probe failed: stdio server: it ended",
        nothing,
    );
    std::fs::remove_file(child.file("stop")).unwrap();
    fault.ends(nothing);
}

#[test]
fn a_certificate_of_the_relay_that_has_expired_shows_in_the_control_plane_as_tls() {
    let (site, mcp) = (Site::new(), McpServer::echo());
    let client = site.builder(&mcp).start();
    client.await_ready();
    site.certificate.expire(&site.servers[0], &NAMES);
    site.control.server().close_connections();
    let mut fault = Fault::begins(&client, "certificate of the relay expired", "control-plane").at("tls");
    fault.shows("network_error", "control plane poll failed: TLS", nothing);
    site.certificate.exchange(&site.servers[0], &NAMES);
    fault.ends(nothing);
}

#[test]
fn a_certificate_of_the_client_that_expires_shows_in_the_credentials() {
    let (site, mcp) = (Site::new(), McpServer::echo());
    let soon = std::time::SystemTime::now() + Duration::from_secs(1);
    let (certificate, key) = site.clients[0].client_with("ours", |params| params.not_after = soon.into());
    site.write("client.pem", &certificate);
    site.write("client.key", &key);
    let client = site.builder(&mcp).env("RELOAD_CHECK_INTERVAL", "1s").start();
    client.health_url();
    // Whether the relay still takes it depends on when it was last connected to.
    let mut fault = Fault::begins(&client, "own certificate expired", "credentials");
    let shown = fault.shows("certificate_expired", "", nothing);
    assert_eq!(shown["state"], "expired");
    client.await_log("the client certificate has expired");
    site.show_client(0);
    fault.ends(nothing);
}
