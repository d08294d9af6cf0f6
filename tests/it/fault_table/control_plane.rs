//! Faults between the client and the control plane: the relay, its certificate, the proxy, the resolver.

use super::{Fault, behind_proxy, nothing, well};
use crate::support::mounted::{self, bind, can_unshare};
use crate::support::rotating::{NAMES, Site};
use crate::support::wait::{BOUND, within};
use crate::support::{
    Answer, ClientBuilder, Command, ControlPlane, Manner, McpServer, Proxy, Scratch, Server, Slammer, needs,
};

/// The control plane answers every poll like this.
#[track_caller]
fn polls_answered(name: &str, answer: Answer, reason: &str, text: &str) -> serde_json::Value {
    let (control, _mcp, client) = well();
    control.on_every_poll(Some(answer));
    let mut fault = Fault::begins(&client, name, "control-plane");
    let shown = fault.shows(reason, text, nothing);
    control.on_every_poll(None);
    fault.ends(nothing);
    shown
}

#[test]
fn a_relay_that_answers_503_shows_with_its_status() {
    let text = "control plane poll failed: HTTP status 503";
    let shown = polls_answered("relay answers 503", Answer::empty(503), "http_error", text);
    assert_eq!(shown["details"]["http_status"], 503);
}

#[test]
fn a_page_in_place_of_the_relay_shows_as_no_control_plane() {
    let page = "<html><head><title>Welcome</title></head><body>Accept the terms to go on.</body></html>";
    let answer = Answer::new(200, &[("Content-Type", "text/html")], page);
    let text = "control plane poll failed: the poll answer is not a list of commands";
    let shown = polls_answered("relay answers 200 with a web page", answer, "http_error", text);
    assert_eq!(shown["details"]["http_status"], 200);
}

/// Each poll looks well for as long as it may be held, so that only its timeout tells.
#[test]
fn a_relay_that_holds_polls_for_ever_shows_with_the_timeout_of_a_poll_and_stays() {
    let (control, _mcp, client) = well();
    control.on_every_poll(Some(Answer::default().stall()));
    let mut fault = Fault::begins(&client, "relay holds polls for ever", "control-plane").at("timeout");
    fault.shows("timeout", "control plane poll failed: timed out", nothing);
    let polls = control.polls().len();
    within(2 * BOUND, "two more polls that are held", || {
        let (status, body) = client.ready();
        assert_eq!(status, 503, "a poll that is held passes for a good one: {body}");
        (control.polls().len() >= polls + 2).then_some(())
    });
    control.on_every_poll(None);
    fault.ends(nothing);
}

#[test]
fn a_relay_that_takes_connections_and_closes_them_shows_as_closed() {
    let (control, _mcp, client) = well();
    let address = control.server().socket_address();
    drop(control);
    let slammer = Slammer::at(address);
    let mut fault = Fault::begins(&client, "relay accepts and closes", "control-plane").at("transport_closed");
    fault.shows("network_error", "control plane poll failed: ", nothing);
    drop(slammer);
    let (_back, opened) = Server::silent_at(address);
    fault.ends(nothing);
    opened.open();
}

#[test]
fn a_certificate_of_another_authority_shows_as_tls() {
    let (site, mcp) = (Site::new(), McpServer::echo());
    let client = site.builder(&mcp).start();
    client.await_ready();
    site.certificate.exchange(&site.servers[1], &NAMES);
    site.control.server().close_connections();
    let mut fault = Fault::begins(
        &client,
        "certificate of the relay of another authority",
        "control-plane",
    )
    .at("tls");
    fault.shows("network_error", "control plane poll failed: TLS", nothing);
    site.certificate.exchange(&site.servers[0], &NAMES);
    fault.ends(nothing);
}

#[test]
fn responses_that_are_answered_with_500_show_in_the_delivery_while_polls_work() {
    let (control, _mcp, client) = well();
    control.on_every_delivery(Some(Answer::empty(500)));
    let mut fault = Fault::begins(&client, "relay answers responses with 500", "response-delivery");
    let mut calls = 0;
    let mut call = || {
        if control.waiting() == 0 && calls < 100 {
            calls += 1;
            control.push(Command::call(&format!("r{calls}"), "ping", "{}"));
        }
    };
    let shown = fault.shows("http_error", "responses cannot be delivered", &mut call);
    assert_eq!(shown["details"]["http_status"], 500);
    assert_eq!(client.component("control-plane")["status"], "ok");
    control.on_every_delivery(None);
    control.push(Command::call("last", "ping", "{}"));
    fault.ends(nothing);
}

/// A proxy of another manner takes the place of one that served.
#[track_caller]
fn proxy_becomes(name: &str, manner: Manner, text: &str) {
    let (_control, _mcp, proxy, client) = behind_proxy();
    let address = proxy.address();
    drop(proxy);
    let bad = Proxy::at(address, manner);
    let mut fault = Fault::begins(&client, name, "control-plane").at("proxy");
    fault.shows("network_error", text, nothing);
    drop(bad);
    let _back = Proxy::at(address, Manner::Serve);
    fault.ends(nothing);
}

#[test]
fn a_proxy_that_answers_403_shows_as_the_proxys_fault() {
    let answer = Manner::Say("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    proxy_becomes("proxy answers 403", answer, "403");
}

#[test]
fn a_proxy_that_answers_502_shows_as_the_proxys_fault() {
    let answer = Manner::Say("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    proxy_becomes("proxy answers 502", answer, "502");
}

#[test]
fn a_proxy_that_never_answers_shows_as_the_proxys_fault() {
    let (_control, _mcp, proxy, client) = behind_proxy();
    let address = proxy.address();
    drop(proxy);
    let bad = Proxy::at(address, Manner::Hang);
    let mut fault = Fault::begins(&client, "proxy never answers", "control-plane").at("proxy");
    fault.shows("network_error", "control plane poll failed: ", nothing);
    fault.says("control plane poll failed: the proxy does not answer");
    drop(bad);
    let _back = Proxy::at(address, Manner::Serve);
    fault.ends(nothing);
}

/// The host's own names are this process's alone.
#[test]
fn a_name_that_is_gone_shows_as_dns_and_its_return_heals() {
    const NAME: &str = "relay.fault-table.invalid";
    if !needs::root() || !can_unshare(&["--mount", "true"]) {
        return;
    }
    let test = "fault_table::control_plane::a_name_that_is_gone_shows_as_dns_and_its_return_heals";
    if !mounted::is_inside(test) {
        return;
    }
    let (control, mcp, files) = (ControlPlane::http(), McpServer::echo(), Scratch::new());
    let known = format!("127.0.0.1 localhost {NAME}\n");
    let hosts = files.write("hosts", &known);
    std::fs::set_permissions(&hosts, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    bind(&hosts, std::path::Path::new("/etc/hosts"));
    let port = control.server().socket_address().port();
    let client = ClientBuilder::for_url(&format!("http://{NAME}:{port}"))
        .server(mcp.url())
        .start();
    client.await_ready();
    std::fs::write(&hosts, "127.0.0.1 localhost\n").unwrap();
    control.server().close_connections();
    let mut fault = Fault::begins(&client, "DNS gone and back", "control-plane").at("dns");
    fault.shows("network_error", "control plane poll failed: the host name", nothing);
    std::fs::write(&hosts, known).unwrap();
    fault.ends(nothing);
}
