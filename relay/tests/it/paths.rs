//! Paths that callers and clients really send.

use serde_json::json;

use crate::support::client::*;
use crate::support::*;

#[test]
fn a_path_with_slashes_too_many_or_needless_escapes_simply_works() {
    let relay = relay_with_client();
    let escaped = TUNNEL.replacen('t', "%74", 1).replacen('_', "%5f", 1);
    for (path, channel) in [
        (format!("/v1/mcp/{TUNNEL}/"), "main"),
        (format!("//v1//mcp/{TUNNEL}"), "main"),
        (format!("/v1/mcp/{escaped}"), "main"),
        (format!("/v1/mcp/{TUNNEL}/files/"), "files"),
        (format!("/v1/mcp/{TUNNEL}//%66iles"), "files"),
    ] {
        let mut request = call(1, "m");
        request.path = path.clone();
        let mut caller = waiting_call(&relay, &request);
        // With slashes of its own.
        let mut poll = poll("timeout_ms=20000");
        poll.path = poll.path.replacen("/v1/", "//v1/", 1).replacen("/poll", "/poll/", 1);
        let mut client = waiting_call(&relay, &poll);
        let command = client.answer().json()["commands"][0].clone();
        assert_eq!(command["channel"], channel, "{path}");
        post(&relay, &result(&command, json!({})));
        assert_eq!(caller.answer().status, 200, "{path}");
    }
}

#[test]
fn a_path_that_means_no_tunnel_is_told_what_is_wrong_with_it() {
    let relay = relay_with_client();
    let upper = TUNNEL.to_ascii_uppercase();
    for (path, status, reason) in [
        (format!("/v1/mcp/{upper}"), 400, "lower-case letters only"),
        (format!("{}/Files", mcp()), 400, "lower-case letters only"),
        (format!("/v1/mcp/{TUNNEL}%20"), 400, "tunnel_ and 32"),
        (format!("/v1/mcp/{TUNNEL}%2Ffiles"), 400, "tunnel_ and 32"),
        ("/v1/mcp/".into(), 404, "id is missing"),
        (format!("{}/files/more", mcp()), 404, "/v1/mcp/TUNNEL_ID/CHANNEL"),
        ("/a".repeat(1000), 404, "no such path"),
    ] {
        let mut request = call(1, "m");
        request.path = path.clone();
        let answer = waiting_call(&relay, &request).answer();
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.text().contains(reason), "{path}: {}", answer.text());
    }
}
