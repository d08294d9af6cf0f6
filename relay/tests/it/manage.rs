//! Tunnel management, scopes, and what survives a restart.

use serde_json::json;

use crate::support::client::{call, poll, receive, send_aside, show_up};
use crate::support::http::Request;
use crate::support::relay::Relay;
use crate::support::scratch::Scratch;
use crate::support::*;

fn manage(method: &str, path: &str) -> Request {
    Request::new(method, path).key(MANAGE_KEY)
}

#[test]
fn a_tunnel_is_created_read_listed_changed_and_removed() {
    let relay = Relay::start(&[]);
    let body = json!({"name": "lab", "description": "d", "organization_ids": ["org-1"], "workspace_ids": ["ws-1"]});
    let created = relay.send(&manage("POST", "/v1/tunnels").json(body.to_string())).json();
    let id = created["id"].as_str().unwrap();
    let path = format!("/v1/tunnels/{id}");
    assert_eq!(relay.send(&manage("GET", &path)).json(), created);

    let listed = |query: &str| {
        relay.send(&manage("GET", &format!("/v1/tunnels{query}"))).json()["data"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(
        (
            listed(""),
            listed("?organization_id=org-1"),
            listed("?workspace_id=org-1"),
            listed("?tenant_id=x")
        ),
        (2, 1, 0, 0)
    );
    assert_eq!(
        relay
            .send(&manage("GET", "/v1/tunnels?organization_id=a&tenant_id=b"))
            .code(),
        "invalid_parameter"
    );

    let changed = relay
        .send(&manage("POST", &path).json(r#"{"name":"new","organization_ids":[]}"#))
        .json();
    assert_eq!(
        (&changed["name"], &changed["description"], &changed["organization_ids"]),
        (&json!("new"), &json!("d"), &json!([]))
    );

    assert_eq!(
        relay.send(&manage("DELETE", &path)).json(),
        json!({"id": id, "deleted": true})
    );
    assert_eq!(relay.send(&manage("DELETE", &path)).code(), "tunnel_not_found");
    assert_eq!(relay.send(&manage("GET", &path)).status, 404);
}

#[test]
fn bad_input_is_refused_with_its_parameter() {
    let relay = Relay::start(&[]);
    let create = |body: &str| relay.send(&manage("POST", "/v1/tunnels").json(body));
    assert_eq!(create("{}").json()["error"]["param"], "name");
    assert_eq!(create(r#"{"name":""}"#).json()["error"]["param"], "name");
    assert_eq!(create(r#"{"name":"a","size":1}"#).code(), "invalid_json_payload");
    assert_eq!(create(r#"["a"]"#).code(), "invalid_json_payload");
    assert_eq!(create("{\"name\":\"\\ud800\"}").code(), "invalid_json_payload");
    assert_eq!(
        create(&format!(r#"{{"name":"{}"}}"#, "x".repeat(70_000))).code(),
        "request_body_too_large"
    );
    assert_eq!(
        relay.send(&manage("GET", "/v1/tunnels/tunnel_1")).code(),
        "invalid_tunnel_id_format"
    );
    assert_eq!(relay.send(&manage("PUT", "/v1/tunnels")).status, 405);
    assert_eq!(relay.send(&manage("GET", "/v2/else")).code(), "not_found");
}

#[test]
fn each_scope_opens_its_own_doors_only() {
    let relay = Relay::start(&["--tunnel", OTHER_TUNNEL]);
    let tunnel = format!("/v1/tunnels/{TUNNEL}");
    let other = format!("/v1/tunnels/{OTHER_TUNNEL}");
    let send = |method: &str, path: &str, key: &str| relay.send(&Request::new(method, path).key(key));
    // Nobody, and somebody unknown.
    assert_eq!(relay.send(&Request::new("GET", &tunnel)).code(), "invalid_api_key");
    let unknown = send("GET", &tunnel, "test-key-unknown-to-all");
    assert_eq!((unknown.status, unknown.code().as_str()), (401, "invalid_api_key"));
    assert!(unknown.header("www-authenticate").is_some());
    // Callers neither read nor poll nor manage.
    assert_eq!(send("GET", &tunnel, CALL_KEY).status, 403);
    assert_eq!(
        send("GET", &format!("{tunnel}/poll"), CALL_KEY).code(),
        "tunnel_use_forbidden"
    );
    assert_eq!(
        send("GET", "/v1/tunnels", CALL_KEY).code(),
        "tunnel_management_permission_required"
    );
    // Clients read, but do not manage.
    assert_eq!(send("GET", &tunnel, USE_KEY).status, 200);
    assert_eq!(send("DELETE", &tunnel, USE_KEY).status, 403);
    // Managers read, but do not poll.
    assert_eq!(send("GET", &format!("{tunnel}/poll"), MANAGE_KEY).status, 401);
    // A tied key knows its own tunnel only.
    assert_eq!(send("GET", &other, TIED_KEY).status, 200);
    assert_eq!(send("GET", &tunnel, TIED_KEY).code(), "tunnel_use_forbidden");
    assert_eq!(send("GET", &format!("{tunnel}/poll"), TIED_KEY).status, 401);
    assert_eq!(
        send("GET", &format!("/v1/tunnels/{NO_TUNNEL}/poll"), USE_KEY).code(),
        "tunnel_not_found"
    );
}

#[test]
fn stored_tunnels_survive_a_restart_and_given_ones_do_not_replace_them() {
    let scratch = Scratch::new();
    let file = scratch.path("tunnels.json").display().to_string();
    let relay = Relay::start(&["--tunnels-file", &file]);
    let id = relay
        .send(&manage("POST", "/v1/tunnels").json(r#"{"name":"kept"}"#))
        .json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    drop(relay);
    let relay = Relay::start(&["--tunnels-file", &file, "--tunnel", &format!("{id}=given")]);
    assert_eq!(
        relay.send(&manage("GET", &format!("/v1/tunnels/{id}"))).json()["name"],
        "kept"
    );
}

#[test]
fn removing_a_tunnel_ends_its_polls_and_its_calls() {
    let relay = Relay::start(&[]);
    show_up(&relay);
    let caller = send_aside(&relay, call(1, "tools/list"));
    // Another channel, so that the call stays in the queue.
    let client = send_aside(&relay, poll("timeout_ms=60000&channel=other"));
    while relay.send(&poll("timeout_ms=1&channel=none")).status != 204 {}
    assert_eq!(
        relay.send(&manage("DELETE", &format!("/v1/tunnels/{TUNNEL}"))).status,
        200
    );
    assert_eq!(receive(&client).code(), "tunnel_not_found");
    assert_eq!(receive(&caller).rpc_code(), "tunnel_not_found");
}
