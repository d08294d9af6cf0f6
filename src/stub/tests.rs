#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Instant;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::protocol::{self, Reply};
use super::{About, Stub};

fn stub(is_stateless: bool) -> Stub {
    let about = About {
        name: "demo".to_owned(),
        version: "9.9".to_owned(),
        origin: "http://127.0.0.1:7".to_owned(),
    };
    Stub::new(about, is_stateless)
}

fn reply(stub: &Stub, headers: &[(&'static str, &str)], message: &str) -> Reply {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    protocol::reply(stub, &map, message, Instant::now())
}

/// Status and body.
fn answer(stub: &Stub, headers: &[(&'static str, &str)], message: &str) -> (u16, Value) {
    let reply = reply(stub, headers, message);
    let body = reply
        .body
        .map_or(Value::Null, |body| serde_json::from_str(&body).unwrap());
    (reply.status.as_u16(), body)
}

fn request(method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string()
}

/// A self-contained request of this version.
fn modern(method: &str, version: &str, more: Value) -> String {
    let mut params = more;
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    request(method, &params)
}

const CURRENT: &str = "2026-07-28";

#[test]
fn the_version_that_is_asked_for_is_spoken_and_otherwise_the_newest_with_sessions() {
    for (asked, spoken) in [
        (json!("2025-06-18"), "2025-06-18"),
        (json!("2024-11-05"), "2024-11-05"),
        (json!("1999-01-01"), "2025-11-25"),
        (json!(CURRENT), "2025-11-25"),
        (json!(7), "2025-11-25"),
    ] {
        let message = request("initialize", &json!({"protocolVersion": asked, "capabilities": {}}));
        let (status, body) = answer(&stub(false), &[], &message);
        assert_eq!((status, &body["result"]["protocolVersion"]), (200, &json!(spoken)));
        assert_eq!(body["result"]["serverInfo"], json!({"name": "demo", "version": "9.9"}));
    }
}

#[test]
fn sessions_are_needed_where_there_are_some() {
    let stateful = stub(false);
    let list = request("tools/list", &json!({}));
    assert_eq!(answer(&stateful, &[], &list).0, 400);
    assert_eq!(answer(&stateful, &[("mcp-session-id", "x")], &list).0, 404);
    let initialize = request("initialize", &json!({"protocolVersion": "2025-06-18"}));
    let session = reply(&stateful, &[], &initialize).session.unwrap();
    let headers = [
        ("mcp-session-id", session.as_str()),
        ("mcp-protocol-version", "2025-06-18"),
    ];
    assert_eq!(
        answer(&stateful, &headers, &list).1["result"]["tools"][1]["name"],
        "echo"
    );
    let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(answer(&stateful, &headers, initialized), (202, Value::Null));
    assert_eq!(answer(&stateful, &[("mcp-session-id", "x")], initialized).0, 404);

    let stateless = stub(true);
    assert_eq!(reply(&stateless, &[], &initialize).session, None);
    for headers in [&[][..], &[("mcp-session-id", "x")]] {
        assert_eq!(answer(&stateless, headers, &list).0, 200);
        assert_eq!(answer(&stateless, headers, initialized).0, 202);
    }
}

#[test]
fn self_contained_requests_need_no_session_in_either_mode() {
    for stub in [stub(false), stub(true)] {
        let message = modern(
            "tools/call",
            CURRENT,
            json!({"name": "uppercase", "arguments": {"text": "aß"}}),
        );
        // A session that somebody sends all the same means nothing.
        for headers in [&[][..], &[("mcp-session-id", "gone")]] {
            let reply = reply(&stub, headers, &message);
            assert_eq!(reply.session, None);
            let body: Value = serde_json::from_str(&reply.body.unwrap()).unwrap();
            assert_eq!(body["result"]["content"][0]["text"], "ASS");
            assert_eq!(body["result"]["resultType"], "complete");
            assert_eq!(
                body["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
                "demo"
            );
        }
        let (_, body) = answer(&stub, &[], &modern("tools/list", CURRENT, json!({})));
        assert_eq!(
            (&body["result"]["ttlMs"], &body["result"]["cacheScope"]),
            (&json!(0), &json!("private"))
        );
        for gone in ["initialize", "ping", "logging/setLevel", "nothing"] {
            let (status, body) = answer(&stub, &[], &modern(gone, CURRENT, json!({})));
            assert_eq!((status, &body["error"]["code"]), (404, &json!(-32601)), "{gone}");
        }
    }
}

#[test]
fn discovery_is_answered_alike_however_it_is_asked() {
    let mut answers = Vec::new();
    for stub in [stub(false), stub(true)] {
        for headers in [
            &[][..],
            &[("mcp-protocol-version", CURRENT)],
            &[("mcp-session-id", "gone")],
        ] {
            answers.push(answer(&stub, headers, &modern("server/discover", CURRENT, json!({}))));
        }
        answers.push(answer(&stub, &[], &request("server/discover", &json!({}))));
        answers.push(answer(
            &stub,
            &[],
            r#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#,
        ));
    }
    let (status, body) = &answers[0];
    assert_eq!((*status, &body["result"]["resultType"]), (200, &json!("complete")));
    assert!(
        body["result"]["supportedVersions"]
            .as_array()
            .unwrap()
            .contains(&json!(CURRENT))
    );
    assert!(answers.iter().all(|other| other == &answers[0]), "{answers:#?}");
}

#[test]
fn headers_and_body_of_a_self_contained_request_agree() {
    let stub = stub(true);
    let call = modern(
        "tools/call",
        CURRENT,
        json!({"name": "echo", "arguments": {"text": "x"}}),
    );
    let good = [
        ("mcp-protocol-version", CURRENT),
        ("mcp-method", "tools/call"),
        ("mcp-name", "echo"),
    ];
    assert_eq!(answer(&stub, &good, &call).0, 200);
    for wrong in [
        ("mcp-protocol-version", "2025-06-18"),
        ("mcp-method", "tools/list"),
        ("mcp-name", "uppercase"),
    ] {
        let headers = good.map(|right| if right.0 == wrong.0 { wrong } else { right });
        let (status, body) = answer(&stub, &headers, &call);
        assert_eq!((status, &body["error"]["code"]), (400, &json!(-32020)), "{wrong:?}");
        let twice: Vec<_> = good.into_iter().chain([wrong]).collect();
        assert_eq!(answer(&stub, &twice, &call).1["error"]["code"], -32020, "{wrong:?}");
    }
}

#[test]
fn what_a_self_contained_request_lacks_is_named() {
    let stub = stub(false);
    let (status, body) = answer(&stub, &[], &modern("tools/list", "2027-01-01", json!({})));
    assert_eq!((status, &body["error"]["code"]), (400, &json!(-32022)));
    assert_eq!(
        body["error"]["data"],
        json!({"supported": [CURRENT], "requested": "2027-01-01"})
    );
    for meta in [
        json!({"io.modelcontextprotocol/protocolVersion": CURRENT}),
        json!({"io.modelcontextprotocol/protocolVersion": CURRENT, "io.modelcontextprotocol/clientCapabilities": []}),
        json!({"io.modelcontextprotocol/protocolVersion": 7, "io.modelcontextprotocol/clientCapabilities": {}}),
    ] {
        let (status, body) = answer(&stub, &[], &request("tools/list", &json!({"_meta": meta})));
        assert_eq!((status, &body["error"]["code"]), (400, &json!(-32602)), "{meta}");
    }
    let by_header = answer(
        &stub,
        &[("mcp-protocol-version", CURRENT)],
        &request("tools/list", &json!([])),
    );
    assert_eq!((by_header.0, &by_header.1["error"]["code"]), (400, &json!(-32602)));
    let (status, body) = answer(
        &stub,
        &[("mcp-protocol-version", "2019-01-01")],
        &request("ping", &json!({})),
    );
    assert_eq!((status, &body["error"]["code"]), (400, &json!(-32022)));
}

#[test]
fn tools_answer_and_say_what_is_wrong_with_a_call() {
    let stub = stub(true);
    let call = |params: Value| answer(&stub, &[], &request("tools/call", &params)).1;
    let text = |name: &str, arguments: Value| {
        let body = call(json!({"name": name, "arguments": arguments}));
        (
            body["result"]["content"][0]["text"].clone(),
            body["result"]["isError"].clone(),
        )
    };
    assert_eq!(text("echo", json!({"text": "a\u{1}\"ü"})).0, "a\u{1}\"ü");
    assert_eq!(text("echo", json!({"message": "m"})).0, "m");
    assert_eq!(text("uppercase", json!({"text": "straße"})).0, "STRASSE");
    let info: Value = serde_json::from_str(text("server_info", json!({})).0.as_str().unwrap()).unwrap();
    assert_eq!(info, json!({"name": "demo", "version": "9.9", "mode": "stateless"}));
    for arguments in [json!({}), json!(null), json!({"text": 7}), json!([])] {
        assert_eq!(text("echo", arguments).1, true);
    }
    for params in [json!({}), json!({"name": "none"}), json!({"name": 1}), json!([])] {
        assert_eq!(call(params)["error"]["code"], -32602);
    }
}

#[test]
fn ids_come_back_as_they_were_written() {
    for id in ["9007199254740993", "1.0", "\"a\\u0041\"", "-0"] {
        let message = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        let body = reply(&stub(true), &[], &message).body.unwrap();
        assert_eq!(body, format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#));
    }
}

#[test]
fn what_is_no_request_is_refused() {
    for (message, code) in [
        ("", -32700),
        ("{", -32700),
        ("[]", -32600),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, -32600),
    ] {
        let (status, body) = answer(&stub(false), &[], message);
        assert_eq!((status, &body["error"]["code"]), (400, &json!(code)), "{message}");
        assert_eq!(body["id"], Value::Null);
    }
    // JSON that serde takes as it stands and not apart.
    let odd = r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\ud800"}}"#;
    assert_eq!(answer(&stub(true), &[], odd).0, 200);
}
