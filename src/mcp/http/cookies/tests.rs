#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use http::header::HeaderName;
use tokio::time::advance;

use super::*;
use crate::wire::command::Headers;

/// A command's headers and its key.
struct Command(Headers, Option<&'static str>);

impl Command {
    fn new(headers: &[(&str, &str)], key: Option<&'static str>) -> Self {
        let headers = headers.iter().map(|(n, v)| (Box::from(*n), Box::from(*v))).collect();
        Self(Headers(headers), key)
    }

    fn caller(&self) -> Caller {
        Caller::new(&self.0, self.1)
    }

    fn sender(&self) -> Sender<'_> {
        Sender::new(&self.0, self.caller())
    }
}

fn jars(url: &str) -> Jars {
    Jars::new(&HttpUrl::parse(url).unwrap())
}

fn answer(headers: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    map
}

/// Opens a session; its answer also sets this cookie.
fn open(jars: &Jars, key: Option<&'static str>, session: &str, cookie: &str) {
    let command = Command::new(&[], key);
    let sender = Sender {
        opens_session: true,
        ..command.sender()
    };
    let mut headers = answer(&[("mcp-session-id", session), ("set-cookie", cookie)]);
    jars.visit(sender).take(200, &mut headers, "/mcp");
    assert!(!headers.contains_key(SET_COOKIE), "it stays in the client");
}

/// The cookies of a message.
fn sent(jars: &Jars, command: &Command) -> Option<String> {
    let mut headers = HeaderMap::new();
    jars.visit(command.sender()).add("/mcp", &mut headers);
    headers.get(COOKIE).map(|value| value.to_str().unwrap().to_owned())
}

/// Jars and their bytes.
fn kept(jars: &Jars) -> (usize, usize) {
    let kept = jars.lock();
    (kept.jars.len(), kept.bytes)
}

fn answered(jars: &Jars, command: &Command, status: u16, cookie: &str) {
    jars.visit(command.sender())
        .take(status, &mut answer(&[("set-cookie", cookie)]), "/mcp");
}

fn within(session: &str, key: Option<&'static str>) -> Command {
    Command::new(&[("Mcp-Session-Id", session)], key)
}

#[test]
fn a_session_has_the_cookies_that_came_when_it_was_opened_and_later() {
    let jars = jars("http://a.example/mcp");
    open(&jars, None, "s", "LB=0; Path=/");
    answered(&jars, &within("s", None), 500, "more=1");
    assert_eq!(sent(&jars, &within("s", None)).unwrap(), "LB=0; more=1");
    assert_eq!(sent(&jars, &within("t", None)), None);
    assert_eq!(sent(&jars, &Command::new(&[], None)), None);
}

#[test]
fn a_guessed_session_has_no_cookies_for_another_caller() {
    let jars = jars("http://a.example/mcp");
    open(&jars, Some("k"), "s", "LB=0");
    assert!(sent(&jars, &within("s", Some("k"))).is_some());
    let token = [("Mcp-Session-Id", "s"), ("Authorization", "Bearer x")];
    for other in [
        within("s", Some("l")),
        within("s", None),
        Command::new(&token, Some("k")),
        Command::new(&token, None),
        Command::new(&[("mcp-session-id", "s"), ("x-api-key", "x")], Some("k")),
    ] {
        assert_eq!(sent(&jars, &other), None);
        // Neither what it is answered nor the end that it wishes touches the owner's.
        answered(&jars, &other, 200, "LB=other");
        answered(&jars, &other, 404, "LB=gone");
        jars.end(&other.caller());
        assert_eq!(sent(&jars, &within("s", Some("k"))).unwrap(), "LB=0");
    }
}

#[test]
fn a_caller_that_sends_cookies_has_no_jar() {
    let jars = jars("http://a.example/mcp");
    let own = Command::new(&[("Mcp-Session-Id", "s"), ("COOKIE", "a=1")], None);
    open(&jars, None, "s", "LB=0");
    assert_eq!(sent(&jars, &own), None);
    answered(&jars, &own, 200, "LB=1");
    assert_eq!(sent(&jars, &own), None);
    assert_eq!(sent(&jars, &within("s", None)).unwrap(), "LB=0");
}

#[test]
fn a_new_session_begins_without_the_cookies_of_the_old_one() {
    let jars = jars("http://a.example/mcp");
    open(&jars, None, "s", "LB=0");
    let again = within("s", None);
    let sender = Sender {
        opens_session: true,
        ..again.sender()
    };
    let mut visit = jars.visit(sender);
    let mut headers = HeaderMap::new();
    visit.add("/mcp", &mut headers);
    assert!(headers.is_empty());
    // A gateway sets one before it redirects, and it goes with the next step.
    visit.take(307, &mut answer(&[("set-cookie", "gate=1; Path=/")]), "/mcp");
    visit.add("/mcp/", &mut headers);
    assert_eq!(headers[COOKIE], "gate=1");
    visit.take(
        200,
        &mut answer(&[("mcp-session-id", "t"), ("set-cookie", "LB=1; Path=/")]),
        "/mcp/",
    );
    assert_eq!(sent(&jars, &within("t", None)).unwrap(), "gate=1; LB=1");
    assert_eq!(sent(&jars, &within("s", None)).unwrap(), "LB=0");
}

#[test]
fn a_refused_initialize_leaves_nothing() {
    let jars = jars("http://a.example/mcp");
    let command = Command::new(&[], None);
    for (status, session) in [(400, "s"), (200, "")] {
        let sender = Sender {
            opens_session: true,
            ..command.sender()
        };
        let mut headers = answer(&[("mcp-session-id", session), ("set-cookie", "LB=0")]);
        jars.visit(sender).take(status, &mut headers, "/mcp");
    }
    assert_eq!(jars.lock().jars.len(), 0);
}

#[test]
fn a_jar_ends_with_its_session() {
    let jars = jars("http://a.example/mcp");
    open(&jars, None, "s", "LB=0");
    // In flight while the session ends.
    let late = within("s", None);
    let mut visit = jars.visit(late.sender());
    answered(&jars, &late, 404, "LB=1");
    assert_eq!(sent(&jars, &late), None);
    visit.take(200, &mut answer(&[("set-cookie", "LB=0")]), "/mcp");
    assert_eq!(sent(&jars, &late), None);

    open(&jars, None, "s", "LB=0");
    jars.end(&late.caller());
    assert_eq!(sent(&jars, &late), None);
    assert_eq!(jars.lock().bytes, 0);
}

#[test]
fn a_session_without_a_jar_gets_one_with_a_good_answer() {
    // After a restart of the client, or with a new token of the caller.
    let jars = jars("http://a.example/mcp");
    let command = within("s", None);
    answered(&jars, &command, 401, "LB=0");
    answered(&jars, &command, 404, "LB=0");
    assert_eq!(sent(&jars, &command), None);
    answered(&jars, &command, 200, "LB=1");
    assert_eq!(sent(&jars, &command).unwrap(), "LB=1");
}

#[test]
fn only_cookies_of_the_host_and_its_scheme_are_kept() {
    for (url, cookie, is_kept) in [
        ("http://mcp.a.example/", "x=1; Domain=mcp.a.example", true),
        ("http://mcp.a.example/", "x=1; Domain=.a.example", true),
        ("http://mcp.a.example/", "x=1; Domain=b.example", false),
        ("http://mcp.a.example/", "x=1; Domain=other.a.example", false),
        ("http://127.0.0.1/", "x=1; Domain=0.0.1", false),
        ("http://mcp.a.example/", "x=1; Secure", false),
        ("https://mcp.a.example/", "x=1; Secure", true),
        ("https://mcp.a.example/", "__Host-x=1; Secure; Path=/", true),
        ("http://mcp.a.example/", "x=1; Path=/other", false),
        ("http://mcp.a.example/", "x=1; Max-Age=0", false),
    ] {
        let jars = jars(url);
        open(&jars, None, "s", cookie);
        assert_eq!(sent(&jars, &within("s", None)).is_some(), is_kept, "{url} {cookie}");
    }
}

#[test]
fn a_caller_with_many_sessions_displaces_its_own() {
    let jars = jars("http://a.example/mcp");
    open(&jars, Some("quiet"), "first", "LB=0");
    for number in 0..COOKIE_SESSIONS_MAX + 50 {
        open(&jars, Some("busy"), &format!("s{number}"), "LB=1");
    }
    assert_eq!(jars.lock().jars.len(), COOKIE_SESSIONS_MAX);
    assert!(sent(&jars, &within("first", Some("quiet"))).is_some());
    assert_eq!(sent(&jars, &within("s0", Some("busy"))), None);
    let last = format!("s{}", COOKIE_SESSIONS_MAX + 49);
    assert!(sent(&jars, &within(&last, Some("busy"))).is_some());
}

#[test]
fn all_jars_together_are_bounded_in_bytes() {
    let jars = jars("http://a.example/mcp");
    let large = "x".repeat(4000);
    for number in 0..600 {
        open(&jars, None, &format!("s{number}"), &format!("LB={large}"));
        assert!(jars.lock().bytes <= COOKIE_BYTES_MAX);
    }
    assert!(jars.lock().jars.len() > 200);
    for number in 0..600 {
        jars.end(&within(&format!("s{number}"), None).caller());
    }
    assert_eq!(kept(&jars), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_jar_that_is_not_used_for_long_is_wiped() {
    let jars = jars("http://a.example/mcp");
    let almost = COOKIE_IDLE_MAX - Duration::from_secs(60);
    open(&jars, None, "s", "LB=0");
    for _ in 0..2 {
        advance(almost).await;
        jars.sweep();
        assert!(sent(&jars, &within("s", None)).is_some(), "used again");
    }
    advance(COOKIE_IDLE_MAX).await;
    assert_eq!(sent(&jars, &within("s", None)), None);
    open(&jars, None, "s", "LB=0");
    advance(COOKIE_IDLE_MAX).await;
    jars.sweep();
    assert_eq!(kept(&jars), (0, 0));
}
