//! Corrections of where polls go: the token that later polls carry, and what never carries or shows it.

use std::time::Duration;

use crate::support::http::Seen;
use crate::support::{Answer, Client, Command, ControlPlane, McpServer, eventually};

const TOKEN: &str = "x-tunnel-shard-token";

/// A client whose server is gone: only polls matter.
fn started(control: &ControlPlane) -> Client {
    Client::http(control, &McpServer::echo().url())
}

fn body(revision: u64) -> String {
    format!(r#"{{"error":{{"code":"wrong_cluster","policy_revision":{revision},"message":"go-sekret"}}}}"#)
}

fn correction(revision: u64, token: &str) -> Answer {
    Answer::new(409, &[(TOKEN, token)], body(revision))
}

fn token(poll: &Seen) -> Option<&str> {
    poll.header(TOKEN)
}

/// The tokens of the first polls; `None` for those that carry none.
fn tokens(control: &ControlPlane, count: usize) -> Vec<Option<String>> {
    let polls = control.await_polls(count);
    polls
        .iter()
        .take(count)
        .map(|poll| token(poll).map(str::to_owned))
        .collect()
}

fn some(token: &str) -> Option<String> {
    Some(token.to_owned())
}

#[test]
fn every_request_names_the_wire_version_and_the_capability() {
    let control = ControlPlane::http();
    let _client = started(&control);
    control.call(Command::call("r1", "ping", "{}"), "r1");
    eventually("the request for metadata", || {
        control
            .seen()
            .iter()
            .any(|seen| seen.path().ends_with(crate::support::control::TUNNEL))
            .then_some(())
    });
    for seen in control.seen() {
        assert_eq!(
            seen.header("x-tunnel-client-wire-protocol-version"),
            Some("2026-08-25"),
            "{seen:?}"
        );
        assert_eq!(
            seen.header("x-tunnel-client-capabilities"),
            Some("wrong-cluster-v1"),
            "{seen:?}"
        );
    }
}

#[test]
fn polls_carry_the_token_of_the_last_correction_and_responses_that_of_their_command() {
    let control = ControlPlane::http();
    control.on_poll(correction(7, "poll-sekret-1"));
    let mcp = McpServer::echo();
    let client = Client::http(&control, &mcp.url());
    let polls = control.await_polls(2);
    assert_eq!((token(&polls[0]), token(&polls[1])), (None, Some("poll-sekret-1")));
    assert_eq!(polls[0].path(), polls[1].path());
    let gap = polls[1].at - polls[0].at;
    assert!(
        gap >= Duration::from_millis(150),
        "no pause after a correction: {gap:?}"
    );

    let answered = control.call(Command::call("r1", "ping", "{}"), "r1");
    assert_eq!(answered.resp_code, 200);
    let after = control.polls().len();
    let polls = control.await_polls(after + 1);
    assert_eq!(
        token(polls.last().unwrap()),
        Some("poll-sekret-1"),
        "an answered poll keeps the token"
    );
    for seen in control.seen() {
        if seen.path().ends_with("/response") {
            assert!(token(&seen).is_some_and(|token| !token.contains("sekret")), "{seen:?}");
        } else if !seen.path().ends_with("/poll") {
            assert_eq!(token(&seen), None, "{seen:?}");
        }
    }
    let line = client.await_log("poll failed; backing off");
    assert!(line.contains("wrong_cluster") && line.contains("409"), "{line}");
    assert!(
        client.log().iter().all(|line| !line.contains("sekret")),
        "a token or the service's text was logged"
    );
    assert!(!client.component("control-plane").to_string().contains("sekret"));
}

#[test]
fn revisions_decide_between_tokens_and_the_third_correction_drops_them() {
    let control = ControlPlane::http();
    control.on_poll(correction(5, "five"));
    control.on_poll(correction(4, "four"));
    control.on_poll(Answer::empty(204));
    control.on_poll(correction(5, "other"));
    control.on_poll(correction(5, "five"));
    control.on_poll(correction(6, "six"));
    let _client = started(&control);
    let expected = [None, some("five"), some("five"), some("five"), None, some("five"), None];
    assert_eq!(tokens(&control, expected.len()), expected);
}

#[test]
fn three_failures_in_a_row_drop_the_token_and_refusals_do_not() {
    let control = ControlPlane::http();
    control.on_poll(correction(1, "one"));
    for status in [500, 429, 408] {
        control.on_poll(Answer::empty(status));
    }
    control.on_poll(Answer::default().close());
    let _client = started(&control);
    let one = some("one");
    assert_eq!(
        tokens(&control, 6),
        [None, one.clone(), one.clone(), one.clone(), one, None]
    );
}

#[test]
fn a_correction_that_breaks_off_is_a_failure() {
    let control = ControlPlane::http();
    control.on_poll(correction(1, "one"));
    for _ in 0..3 {
        let head = "HTTP/1.1 409 x\r\nX-Tunnel-Shard-Token: two\r\nContent-Length: 500\r\n\r\n";
        control.on_poll(Answer::raw(format!("{head}{}", body(2))).close());
    }
    let _client = started(&control);
    let one = some("one");
    assert_eq!(tokens(&control, 5), [None, one.clone(), one.clone(), one, None]);
}

/// Scripts these polls; none of them may lead to a token, or to a line with one.
fn change_nothing(answers: impl IntoIterator<Item = Answer>) {
    let control = ControlPlane::http();
    let mut count = 1;
    for answer in answers {
        control.on_poll(answer);
        count += 1;
    }
    let client = started(&control);
    assert_eq!(tokens(&control, count), vec![None; count]);
    let elsewhere = |seen: &Seen| seen.path().ends_with("/elsewhere");
    assert!(!control.seen().iter().any(elsewhere));
    let told = client.log_with("sekret");
    assert!(told.is_empty(), "{told:#?}");
}

#[test]
fn what_is_no_valid_correction_changes_nothing_and_is_not_shown() {
    let large = format!("{}{}", body(9), " ".repeat(64 * 1024));
    let number = r#"{"error":{"code":"wrong_cluster","policy_revision":9.0,"shard_token":"sekret"}}"#;
    change_nothing([
        Answer::new(409, &[], body(9)),
        Answer::new(409, &[(TOKEN, "sekret-a"), (TOKEN, "sekret-b")], body(9)),
        Answer::new(409, &[(TOKEN, "sekret-a,sekret-b")], body(9)),
        Answer::new(409, &[(TOKEN, "sekret")], large),
        Answer::new(409, &[(TOKEN, "sekret")], number),
    ]);
}

#[test]
fn other_answers_with_a_token_teach_nothing_and_redirects_are_not_followed() {
    let json = ("Content-Type", "application/json");
    change_nothing([
        Answer::new(
            503,
            &[(TOKEN, "sekret"), json],
            r#"{"error":{"code":"wrong_cluster","policy_revision":9}}"#,
        ),
        Answer::new(200, &[(TOKEN, "sekret"), json], r#"{"commands":[]}"#),
        Answer::new(204, &[(TOKEN, "sekret")], ""),
        Answer::new(307, &[(TOKEN, "sekret"), ("Location", "/elsewhere")], ""),
    ]);
}

#[test]
fn another_conflict_is_told_with_the_words_of_the_service() {
    let control = ControlPlane::http();
    control.on_poll(Answer::json(
        409,
        r#"{"error":{"code":"busy","message":"two clients"}}"#,
    ));
    let client = started(&control);
    assert!(client.await_log("poll failed; backing off").contains("two clients"));
}

#[test]
fn retry_after_of_a_correction_is_heeded() {
    let control = ControlPlane::http();
    control.on_poll(Answer::new(409, &[(TOKEN, "one"), ("Retry-After", "1")], body(1)));
    let _client = started(&control);
    let polls = control.await_polls(2);
    let gap = polls[1].at - polls[0].at;
    assert!(gap >= Duration::from_secs(1), "{gap:?}");
    assert_eq!(token(&polls[1]), Some("one"));
}
