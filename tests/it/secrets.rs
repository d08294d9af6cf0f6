//! The key comes from a file or a variable, goes to the control plane, and nowhere else.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tunnel_client::ops::unix_url;

use crate::support;
use crate::support::client::API_KEY;
use crate::support::wait::BOUND;
use crate::support::{Answer, Client, ClientBuilder, Command, ControlPlane, McpServer};

#[track_caller]
fn works(control: &ControlPlane) {
    assert_eq!(control.call(Command::call("r1", "ping", "{}"), "r1").resp_code, 200);
    let expected = format!("Bearer {API_KEY}");
    assert!(
        control
            .seen()
            .iter()
            .all(|seen| seen.header("authorization") == Some(&expected)),
        "{:#?}",
        control.seen()
    );
}

#[test]
fn the_key_may_come_from_a_file() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let builder = ClientBuilder::new(&control)
        .server(mcp.url())
        .no_env("CONTROL_PLANE_API_KEY");
    let path = builder.directory().write("key", &format!("{API_KEY}\n"));
    let _client = builder
        .arg(&format!("--control-plane.api-key=file:{}", path.display()))
        .start();
    works(&control);
}

#[test]
fn the_key_may_come_from_a_variable_of_any_name() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = ClientBuilder::new(&control)
        .server(mcp.url())
        .no_env("CONTROL_PLANE_API_KEY")
        .env("MY_OWN_NAME", API_KEY)
        .arg("--control-plane.api-key=env:MY_OWN_NAME")
        .start();
    works(&control);
}

#[test]
fn the_key_may_be_a_credential_of_the_service_manager() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let builder = ClientBuilder::new(&control)
        .server(mcp.url())
        .no_env("CONTROL_PLANE_API_KEY");
    builder.directory().write("api-key", &format!("{API_KEY}\n"));
    let directory = builder.directory().path().display().to_string();
    let _client = builder
        .env("CREDENTIALS_DIRECTORY", directory)
        .arg("--control-plane.api-key=credential:api-key")
        .start();
    works(&control);
}

#[test]
fn a_key_file_that_others_can_read_ends_the_start_with_the_way_to_mend_it() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let builder = ClientBuilder::new(&control)
        .server(mcp.url())
        .no_env("CONTROL_PLANE_API_KEY");
    let path = builder.directory().write("key", API_KEY);
    std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let mut client = builder
        .arg(&format!("--control-plane.api-key=file:{}", path.display()))
        .start();
    assert_eq!(client.wait_exit(BOUND).code(), Some(1));
    client.await_log(&format!(
        "is refused: other users can read it (mode 0644); chmod 0600 {}",
        path.display()
    ));
    assert!(control.seen().is_empty());
}

#[test]
fn a_malformed_key_ends_the_start_and_is_not_shown() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    for key in [
        "sk-bad key-4711",
        "sk-bad\tkey-4711",
        "sk-bad/key-4711",
        " sk-bad-key-4711",
    ] {
        let mut client = ClientBuilder::new(&control)
            .server(mcp.url())
            .env("CONTROL_PLANE_API_KEY", key)
            .start();
        assert_eq!(client.wait_exit(BOUND).code(), Some(1));
        client.await_log("control plane API key is malformed");
        assert!(client.log_with("4711").is_empty(), "{:#?}", client.log());
    }
    assert!(control.seen().is_empty());
}

#[test]
fn a_service_that_repeats_the_key_in_another_spelling_puts_it_nowhere() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = Client::http(&control, &mcp.url());
    let hex: String = API_KEY.bytes().map(|byte| format!("{byte:02X}")).collect();
    let percent: String = API_KEY.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let escaped: String = API_KEY.bytes().map(|byte| format!("\\\\u{byte:04x}")).collect();
    let entities: String = API_KEY.bytes().map(|byte| format!("&#{byte};")).collect();
    let base64 =
        |before: &str| unix_url::encode(Path::new(&format!("{before}{API_KEY}")))["http+unix://".len()..].to_owned();
    let spellings = [hex, percent, escaped, entities, base64(""), base64("x"), base64("xy")];
    for (number, spelling) in spellings.iter().enumerate() {
        // Members of the message, and the text at the cut of a long one.
        let error = format!(r#"{{"error":{{"message":"bad {spelling}","type":"t{spelling}","code":"c{spelling}"}}}}"#);
        control.on_poll(Answer::json(400, error));
        let long = format!("{}{spelling}", "y ".repeat((1024 - spelling.len() / 2) / 2));
        let id = format!("r{number}");
        control.on_delivery(
            &id,
            "jsonrpc_response",
            Answer::new(413, &[("X-Request-Id", spelling)], long),
        );
        control.call(Command::call(&id, "ping", "{}"), &id);
    }
    let log = client.log().join("\n");
    let shown = [log, client.health("/metrics").1, client.health("/readyz?verbose").1]
        .concat()
        .to_lowercase();
    for spelling in &spellings {
        // Any part of it would be a part of the key.
        let middle = &spelling[spelling.len() / 2..][..12];
        for written in [middle.to_lowercase(), middle.replace('\\', "\\\\").to_lowercase()] {
            assert!(!shown.contains(&written), "{written} of {spelling} is in:\n{shown}");
        }
    }
    assert!(shown.contains("[redacted]"), "{shown}");
}

#[test]
fn no_failure_puts_a_secret_into_log_or_metrics() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| match request.json()["params"]["n"].as_u64() {
        Some(0) => Answer::new(401, &[("WWW-Authenticate", "Bearer hidden-challenge")], "hidden-body"),
        Some(1) => Answer::json(200, "hidden-body"),
        Some(2) => Answer::default().reset(),
        Some(3) => Answer::sse(&[]).chunk("data: hidden-body\n\n").end(),
        _ => support::mcp::echo(request),
    });
    let client = Client::http(&control, &mcp.url());
    control.on_poll(Answer::json(
        500,
        format!(r#"{{"error":{{"message":"key {API_KEY} is bad","code":"x"}}}}"#),
    ));
    for number in 0..6 {
        let id = format!("r{number}");
        control.on_delivery(
            &id,
            "jsonrpc_response",
            Answer::new(413, &[], format!("Bearer {API_KEY}")),
        );
        let command = Command::call(
            &id,
            "tools/call",
            &format!(r#"{{"n":{number},"secret":"hidden-argument"}}"#),
        );
        control.call(
            command
                .header("Authorization", "Bearer hidden-token")
                .header("Cookie", "hidden-cookie"),
            &id,
        );
    }
    control.push(Command::message(
        "bad",
        r#"{"jsonrpc":"2.0","hidden-member":"#.to_owned() + r#""hidden-argument"}"#,
    ));
    control.terminal("bad");
    let (_, metrics) = client.health("/metrics");
    let log = client.log().join("\n");
    for secret in [API_KEY, "hidden-"] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
        assert!(!metrics.contains(secret), "{secret} is in the metrics");
    }
}
