//! For how long polls ask the control plane to hold them.

use std::time::Duration;

use crate::support::{Answer, Client, ClientBuilder, ControlPlane, McpServer, eventually};

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
