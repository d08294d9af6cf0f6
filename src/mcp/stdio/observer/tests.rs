#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::monitor::{Health, Metrics, Progress};
use crate::wire::caller::Caller;
use crate::wire::command::Headers;

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
const IDENTITY: &str = r#"{"protocolVersion":"2025-06-18","serverInfo":{"name":"files","version":"1.2"},"capabilities":{"tools":{},"prompts":{"x":1},"other":7}}"#;
const DISCOVERED: &str = r#"{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"resultType":"complete"}"#;
const REFUSED: &str = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"x"}}"#;

fn request(method: &str, params: &str) -> Option<Request> {
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    Request::of(&Message::parse(&text).unwrap())
}

/// A request and its result.
fn exchange(observer: &mut Observer, method: &str, params: &str, result: &str) -> Observed {
    let ticket = observer.written(request(method, params).unwrap()).unwrap();
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
    observer.answered(&ticket, &text, false);
    observer.observed()
}

fn initialized() -> Observer {
    let mut observer = Observer::default();
    observer.started(Some("0".repeat(32)));
    let observed = exchange(&mut observer, "initialize", "{}", IDENTITY);
    assert_eq!(
        (observed.proof, observed.reason, observed.initialize_epoch),
        (Proof::Initialized, None, 1)
    );
    observer
}

/// A page of tools behind a cursor.
fn page(observer: &mut Observer, cursor: &str, names: &[&str], next: &str) -> Observed {
    let params = if cursor.is_empty() {
        "{}".to_owned()
    } else {
        format!(r#"{{"cursor":"{cursor}"}}"#)
    };
    let tools: Vec<_> = names
        .iter()
        .map(|name| format!(r#"{{"name":"{name}","inputSchema":{{}}}}"#))
        .collect();
    let next = if next.is_empty() {
        String::new()
    } else {
        format!(r#","nextCursor":"{next}""#)
    };
    let result = format!(r#"{{"tools":[{}]{next}}}"#, tools.join(","));
    exchange(observer, "tools/list", &params, &result)
}

#[test]
fn an_answered_initialize_says_who_the_server_is() {
    let observer = initialized();
    let identity = observer.observed().initialize.unwrap();
    assert!(identity.ok && identity.identity_complete && !identity.limited);
    assert_eq!(identity.server_name.as_deref(), Some("files"));
    assert_eq!(
        identity.capability_names.into_iter().collect::<Vec<_>>(),
        ["prompts", "tools"]
    );
}

#[test]
fn another_initialize_voids_what_the_one_before_has_proved() {
    let mut observer = initialized();
    let ticket = observer.written(request("initialize", "{}").unwrap()).unwrap();
    assert_eq!(observer.observed().proof, Proof::None, "nothing is answered yet");
    observer.answered(&ticket, REFUSED, true);
    let observed = observer.observed();
    assert_eq!(
        (observed.proof, observed.reason),
        (Proof::None, Some("mcp_discovery_error"))
    );
    let mut observer = Observer::default();
    let params = format!("{{{META}}}");
    exchange(&mut observer, "server/discover", &params, DISCOVERED);
    observer.written(request("server/discover", &params).unwrap()).unwrap();
    assert_eq!(observer.observed().proof, Proof::None);
}

#[test]
fn a_malformed_answer_is_a_failure_and_a_new_child_voids_everything() {
    for result in [
        "[]",
        "{}",
        r#"{"protocolVersion":"","serverInfo":{"name":"a","version":"1"},"capabilities":{}}"#,
        r#"{"protocolVersion":"x","serverInfo":{"name":"","version":"1"},"capabilities":{}}"#,
        r#"{"protocolVersion":"x","serverInfo":{"name":"a"},"capabilities":{}}"#,
        r#"{"protocolVersion":"x","serverInfo":{"name":"a","version":"1"},"capabilities":[]}"#,
        r#"{"protocolVersion":"x","serverInfo":{"name":"a","version":"1"},"capabilities":{"tools":true}}"#,
        r#"{"protocolVersion":"\ud800","serverInfo":{"name":"a","version":"1"},"capabilities":{}}"#,
    ] {
        let mut observer = Observer::default();
        let observed = exchange(&mut observer, "initialize", "{}", result);
        assert_eq!(
            (observed.proof, observed.reason),
            (Proof::Failed, Some("invalid_initialize_result")),
            "{result}"
        );
        observer.started(None);
        let observed = observer.observed();
        assert_eq!(
            (observed.proof, observed.reason, observed.initialize_epoch),
            (Proof::None, None, 1)
        );
    }
}

#[test]
fn an_answer_of_the_child_before_proves_nothing_of_the_next_one() {
    let mut observer = Observer::default();
    observer.started(None);
    let ticket = observer.written(request("initialize", "{}").unwrap()).unwrap();
    observer.started(None);
    let answer = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{IDENTITY}}}"#);
    observer.answered(&ticket, &answer, false);
    let observed = observer.observed();
    assert_eq!((observed.proof, observed.initialize), (Proof::None, None));
}

#[test]
fn identities_that_are_too_long_are_left_out() {
    let result = IDENTITY.replace("files", &"f".repeat(257));
    let mut observer = Observer::default();
    let identity = exchange(&mut observer, "initialize", "{}", &result).initialize.unwrap();
    assert!(identity.ok && identity.limited && !identity.identity_complete);
    assert_eq!(
        (identity.server_name, identity.server_version.as_deref()),
        (None, Some("1.2"))
    );
}

#[test]
fn secrets_in_what_a_server_says_of_itself_are_taken_out() {
    const KEY: &str = "sk-0123456789abcdefghij";
    let result = IDENTITY.replace("files", KEY).replace("1.2", &format!("token={KEY}"));
    let mut observer = Observer::default();
    exchange(&mut observer, "initialize", "{}", &result.replace("2025-06-18", KEY));
    page(&mut observer, "", &[KEY, "Bearer 0123456789abcdef"], "");
    let shown = format!("{:?}", observer.observed());
    assert!(!shown.contains("0123456789"), "{shown}");
    let identity = observer.observed().initialize.unwrap();
    assert_eq!(identity.server_name.as_deref(), Some("sk-REDACTED"));
}

#[test]
fn a_server_without_initialize_is_discovered() {
    assert_eq!(
        request("server/discover", "{}"),
        None,
        "older versions have no such request"
    );
    let mut observer = Observer::default();
    let ticket = observer.written(request("initialize", "{}").unwrap()).unwrap();
    observer.answered(&ticket, REFUSED, true);
    let observed = observer.observed();
    assert_eq!(
        (observed.proof, observed.reason),
        (Proof::None, Some("mcp_discovery_error")),
        "an error is an answer"
    );
    let params = format!("{{{META}}}");
    let observed = exchange(&mut observer, "server/discover", &params, DISCOVERED);
    assert_eq!((observed.proof, observed.reason), (Proof::ServerDiscovered, None));
    assert_eq!((observed.initialize_epoch, observed.discover_epoch), (1, 1));
    for result in [
        r#"{"supportedVersions":[],"capabilities":{}}"#,
        r#"{"supportedVersions":["2026-02-30"],"capabilities":{}}"#,
        r#"{"supportedVersions":["2026-07-28"],"capabilities":{},"resultType":"input_required"}"#,
    ] {
        let observed = exchange(&mut observer, "server/discover", &params, result);
        assert_eq!(observed.reason, Some("invalid_server_discover_result"), "{result}");
    }
}

#[test]
fn a_server_that_does_not_know_discovery_stays_initialized() {
    for mut observer in [Observer::default(), initialized()] {
        let before = observer.observed().proof;
        let params = format!("{{{META}}}");
        let ticket = observer.written(request("server/discover", &params).unwrap()).unwrap();
        observer.answered(&ticket, REFUSED, true);
        let observed = observer.observed();
        assert_eq!((observed.proof, observed.reason), (before, Some("mcp_discovery_error")));
    }
}

#[test]
fn tools_are_complete_after_every_page_in_order() {
    let mut observer = initialized();
    let observed = page(&mut observer, "", &["b", "a"], "2");
    assert_eq!((observed.proof, observed.tools.partial), (Proof::Initialized, true));
    let observed = page(&mut observer, "2", &["c"], "");
    assert_eq!(observed.proof, Proof::Discovered);
    let tools = observed.tools;
    assert!(tools.ok && tools.complete && !tools.partial && !tools.limited && tools.retained_count == 3);
    assert_eq!(
        tools.tool_names.iter().map(|name| &**name).collect::<Vec<_>>(),
        ["a", "b", "c"]
    );
    observer.tools_changed();
    let observed = observer.observed();
    assert_eq!(
        (observed.proof, observed.reason),
        (Proof::Initialized, Some("tools_list_changed"))
    );
    assert_eq!(observed.tools.retained_count, 0);
}

#[test]
fn a_list_during_which_the_tools_change_is_not_taken() {
    let mut observer = initialized();
    let ticket = observer.written(request("tools/list", "{}").unwrap()).unwrap();
    observer.tools_changed();
    observer.answered(
        &ticket,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}]}}"#,
        false,
    );
    let observed = observer.observed();
    assert_eq!(
        (observed.proof, observed.reason),
        (Proof::Initialized, Some("tools_list_changed"))
    );
    assert_eq!(observed.tools.retained_count, 0);
    assert_eq!(page(&mut observer, "", &["b"], "").proof, Proof::Discovered);
}

#[test]
fn pages_out_of_order_and_cycles_are_partial() {
    let mut observer = initialized();
    page(&mut observer, "", &["a"], "2");
    let observed = page(&mut observer, "3", &["x"], "");
    assert_eq!(observed.reason, Some("tools_cursor_mismatch"));
    assert!(observed.tools.partial && !observed.tools.complete);
    page(&mut observer, "", &["a"], "2");
    assert_eq!(page(&mut observer, "2", &["b"], "2").reason, Some("tools_cursor_cycle"));
    page(&mut observer, "", &["a"], "2");
    let mixed = exchange(
        &mut observer,
        "tools/list",
        &format!(r#"{{"cursor":"2",{META}}}"#),
        r#"{"tools":[]}"#,
    );
    assert_eq!(mixed.reason, Some("tools_protocol_mismatch"));
    page(&mut observer, "", &["a"], "1");
    let last = (1..40).map(|number| {
        let (at, next) = (number.to_string(), (number + 1).to_string());
        page(&mut observer, &at, &["a"], &next).reason
    });
    assert!(last.collect::<Vec<_>>().contains(&Some("tools_page_limit")));
}

#[test]
fn names_are_bounded_in_number_and_length() {
    let mut observer = initialized();
    let names: Vec<String> = (0..300).map(|number| format!("tool-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let tools = page(&mut observer, "", &names, "").tools;
    assert!(tools.limited && tools.partial && !tools.complete && tools.retained_count == 256);
    let long = "x".repeat(129);
    let tools = page(&mut observer, "", &["a", &long], "").tools;
    assert!(tools.limited && tools.retained_count == 1);
}

#[test]
fn what_is_too_large_or_malformed_is_not_read() {
    let mut observer = initialized();
    let large = format!(r#"{{"x":"{}"}}"#, "y".repeat(OBSERVED_PARAMS_MAX));
    assert_eq!(observer.written(request("tools/list", &large).unwrap()), None);
    assert_eq!(observer.observed().reason, Some("observation_params_limit"));
    let cursor = format!(r#"{{"cursor":"{}"}}"#, "y".repeat(OBSERVED_CURSOR_MAX + 1));
    for params in [&*cursor, r#"{"cursor":7}"#] {
        assert_eq!(
            request("tools/list", params),
            Some(Request::Unread("invalid_tools_cursor")),
            "{params}"
        );
    }
    let result = format!(r#"{{"tools":[],"x":"{}"}}"#, "y".repeat(OBSERVED_RESULT_MAX));
    let observed = exchange(&mut observer, "tools/list", "{}", &result);
    assert_eq!(
        (observed.proof, observed.reason),
        (Proof::Initialized, Some("observation_result_limit"))
    );
}

/// A server of a channel with a child.
fn started(channel: &str) -> (StdioServer, Arc<Monitor>) {
    let server = StdioServer::new(channel, false);
    let monitor = Arc::new(Monitor {
        health: Health::new([channel].into_iter()),
        metrics: Metrics::new(1, 1),
        progress: Progress::default(),
    });
    server.observe_for(&monitor);
    server.child_started();
    (server, monitor)
}

#[test]
fn answers_on_channels_that_are_not_shown_are_not_read() {
    for (channel, is_observed) in [("main", true), ("files", false)] {
        let (server, monitor) = started(channel);
        let message = Message::parse(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#).unwrap();
        assert_eq!(server.observe_request(&message).is_some(), is_observed, "{channel}");
        let observed = server.observe(|observer| exchange(observer, "initialize", "{}", IDENTITY));
        assert_eq!(observed.is_some(), is_observed, "{channel}");
        let component = if is_observed { "mcp" } else { "mcp-files" };
        assert!(monitor.health.component(component).is_some());
    }
}

/// A server whose tools are known.
fn discovered() -> (StdioServer, Arc<Monitor>) {
    let (server, monitor) = started("main");
    server.observe(|observer| {
        exchange(observer, "initialize", "{}", IDENTITY);
        page(observer, "", &["a"], "")
    });
    (server, monitor)
}

#[test]
fn of_a_list_that_is_given_up_before_its_time_nothing_is_learnt() {
    let (now, hour) = (Instant::now(), Duration::from_secs(3600));
    let headers = Headers(Vec::new());
    for (time_up, is_cancelled, proof) in [
        (now + hour, false, Proof::Discovered),
        (now + hour, true, Proof::Discovered),
        (now, true, Proof::Discovered),
        (now, false, Proof::Initialized),
    ] {
        let (server, _monitor) = discovered();
        let cancelled = Cancellation::default();
        let payload = Bytes::from_static(br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
        let call = Call {
            payload: &payload,
            id: "1",
            initialize: false,
            repeatable: true,
            headers: &headers,
            caller: Caller::new(&headers, None),
            server_requests: false,
            cancelled: &cancelled,
            time_up,
        };
        let message = Message::parse(std::str::from_utf8(&payload).unwrap()).unwrap();
        let watched = Watched::new(&server, server.observe_request(&message), &call);
        if is_cancelled {
            cancelled.cancel(Bytes::new());
        }
        drop(watched);
        assert_eq!(server.observer().observed().proof, proof, "{is_cancelled}");
    }
}

#[test]
fn a_list_that_times_out_is_not_known_and_its_server_stays_as_it_was() {
    let mut observer = initialized();
    page(&mut observer, "", &["a"], "");
    let ticket = observer.written(request("tools/list", "{}").unwrap()).unwrap();
    observer.timed_out(&ticket);
    let observed = observer.observed();
    assert_eq!(
        (observed.proof, observed.reason),
        (Proof::Initialized, Some("discovery_response_deadline"))
    );
    assert!(!observed.tools.ok && observed.tools.partial, "{:?}", observed.tools);
    assert_eq!(
        page(&mut observer, "", &["a"], "").proof,
        Proof::Discovered,
        "it answers again"
    );
    // Of an epoch that is over nothing is learnt.
    let ticket = observer.written(request("tools/list", "{}").unwrap()).unwrap();
    exchange(&mut observer, "initialize", "{}", IDENTITY);
    observer.timed_out(&ticket);
    assert_eq!(observer.observed().proof, Proof::Initialized);
    let ticket = observer.written(request("tools/list", "{}").unwrap()).unwrap();
    observer.answered(&ticket, REFUSED, true);
    let observed = observer.observed();
    assert_eq!(
        (observed.proof, observed.reason),
        (Proof::Initialized, Some("mcp_discovery_error"))
    );
}
