//! For how long polls ask the control plane to hold them.

use std::time::Duration;

use crate::support::tls::Authority;
use crate::support::{Answer, Client, ClientBuilder, ControlPlane, Manner, McpServer, Proxy, eventually};

fn builder(control: &ControlPlane) -> ClientBuilder {
    ClientBuilder::new(control).server(McpServer::echo().url())
}

fn asked(control: &ControlPlane, count: usize) -> Vec<String> {
    let polls = control.await_polls(count).into_iter().take(count);
    polls.map(|poll| poll.query("timeout_ms").unwrap().to_owned()).collect()
}

/// Configured wait, the wait that the last poll asked for, and the time after which it is given up, in seconds.
fn shown(client: &Client) -> [f64; 3] {
    let component = client.component("control-plane");
    ["configured_wait_seconds", "effective_wait_seconds", "deadline_seconds"]
        .map(|key| component["details"][key].as_f64().unwrap())
}

#[test]
fn first_poll_asks_for_the_initial_wait_at_most_and_later_ones_for_the_usual_one() {
    let control = ControlPlane::http();
    let client = builder(&control)
        .env("CONTROL_PLANE_INITIAL_POLL_TIMEOUT", "300ms")
        .start();
    control.await_polls(1);
    eventually("the times of the first poll", || {
        (control.polls().len() > 1 || shown(&client) == [2.0, 0.3, 3.0]).then_some(())
    });
    assert_eq!(asked(&control, 3), ["300", "2000", "2000"]);
    eventually("the times of later polls", || {
        (shown(&client) == [2.0, 2.0, 3.0]).then_some(())
    });

    let control = ControlPlane::http();
    let _client = builder(&control)
        .env("CONTROL_PLANE_INITIAL_POLL_TIMEOUT", "40s")
        .start();
    assert_eq!(asked(&control, 1), ["2000"]);
}

#[test]
fn first_poll_asks_for_at_most_30_s_by_default() {
    let control = ControlPlane::http();
    control.on_poll(Answer::empty(204));
    let _client = builder(&control).env("CONTROL_PLANE_POLL_TIMEOUT", "60s").start();
    assert_eq!(asked(&control, 2), ["30000", "60000"]);
}

#[test]
fn a_first_poll_that_fails_is_followed_by_one_of_the_usual_wait() {
    let control = ControlPlane::http();
    control.on_poll(Answer::empty(503));
    let _client = builder(&control)
        .env("CONTROL_PLANE_INITIAL_POLL_TIMEOUT", "100ms")
        .start();
    assert_eq!(asked(&control, 2), ["100", "2000"]);
}

#[test]
fn first_poll_is_given_up_no_sooner_than_others() {
    let control = ControlPlane::http();
    control.on_poll(
        Answer::default()
            .pause(Duration::from_millis(1500))
            .then(Answer::empty(204)),
    );
    let _client = builder(&control)
        .env("CONTROL_PLANE_INITIAL_POLL_TIMEOUT", "1ms")
        .start();
    let polls = control.await_polls(2);
    // With its own wait the deadline would have been 1.001 s.
    assert!((polls[1].at - polls[0].at).as_millis() >= 1500, "{polls:?}");
}

fn cut_off() -> Answer {
    Answer::default().close()
}

#[test]
fn polls_that_a_proxy_cuts_off_get_shorter_down_to_five_seconds() {
    let (control, proxy) = (ControlPlane::http(), Proxy::http(Manner::Serve));
    for _ in 0..3 {
        control.on_poll(cut_off());
    }
    let client = builder(&control)
        .env("CONTROL_PLANE_HTTP_PROXY", proxy.url())
        .env("CONTROL_PLANE_POLL_TIMEOUT", "16s")
        .start();
    assert_eq!(asked(&control, 4), ["16000", "8000", "5000", "5000"]);
    client.await_component("control-plane", "polling for 5 s", |component| {
        let details = &component["details"];
        ["configured_wait_seconds", "effective_wait_seconds", "deadline_seconds"].map(|key| details[key].as_f64())
            == [Some(16.0), Some(5.0), Some(6.0)]
    });
    client.await_log("a poll through the proxy was cut off; later polls are shorter");
    assert_eq!(client.log_with("later polls are shorter").len(), 2);
}

#[test]
fn a_wait_below_five_seconds_stays_as_it_is() {
    let (control, proxy) = (ControlPlane::http(), Proxy::http(Manner::Serve));
    control.on_poll(cut_off());
    let _client = builder(&control).env("CONTROL_PLANE_HTTP_PROXY", proxy.url()).start();
    assert_eq!(asked(&control, 2), ["2000", "2000"]);
}

#[test]
fn direct_polls_and_answers_that_break_off_teach_nothing() {
    let control = ControlPlane::http();
    control.on_poll(cut_off());
    let _client = builder(&control).env("CONTROL_PLANE_POLL_TIMEOUT", "16s").start();
    assert_eq!(asked(&control, 2), ["16000", "16000"]);

    let (control, proxy) = (ControlPlane::http(), Proxy::http(Manner::Serve));
    control.on_poll(Answer::short(200, "{").close());
    control.on_poll(Answer::empty(503));
    let _client = builder(&control)
        .env("CONTROL_PLANE_HTTP_PROXY", proxy.url())
        .env("CONTROL_PLANE_POLL_TIMEOUT", "16s")
        .start();
    assert_eq!(asked(&control, 3), ["16000", "16000", "16000"]);
}

#[test]
fn a_tunnel_that_ends_without_a_word_counts_and_a_proxy_that_is_gone_does_not() {
    let authority = Authority::new();
    let control = ControlPlane::https(authority.server(&["127.0.0.1"]));
    let proxy = Proxy::http(Manner::Serve);
    let builder = builder(&control);
    let bundle = builder.directory().write("ca.pem", authority.pem());
    let client = builder
        .env("CA_BUNDLE", bundle.display().to_string())
        .env("CONTROL_PLANE_HTTP_PROXY", proxy.url())
        .env("CONTROL_PLANE_POLL_TIMEOUT", "30s")
        .start();
    control.await_polls(1);
    let address = proxy.address();
    drop(proxy);
    client.await_log("a poll through the proxy was cut off; later polls are shorter");
    // Polls do not reach the control plane meanwhile.
    client.await_log("the proxy refused the connection");
    let _back = Proxy::at(address, Manner::Serve);
    assert_eq!(asked(&control, 2), ["30000", "15000"]);
}
