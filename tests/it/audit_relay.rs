//! The audit logs of relay and client: one format, one verifier, and the same name for a call in both.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::client::binary;
use crate::support::mcp::MARK;
use crate::support::relay::{self, Relay};
use crate::support::{McpServer, Scratch, eventually};

const TUNNEL: &str = "tunnel_0123456789abcdef0123456789abcdef";

fn verify(place: &Scratch) -> (i32, String) {
    let done = Command::new(binary())
        .args(["audit", "verify", "--key", "initial", "audit.log"])
        .current_dir(place.path())
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
    (done.status.code().unwrap(), said)
}

fn records(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

#[test]
fn the_clients_program_verifies_the_relays_log_and_finds_a_byte_that_was_rewritten() {
    let place = Scratch::new();
    let (key, file) = (place.file("key"), place.file("audit.log"));
    let made = Command::new(relay::binary())
        .args(["audit", "init"])
        .arg(&key)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    fs::write(place.file("initial"), &made.stdout).unwrap();
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let (key, path) = (key.display().to_string(), file.display().to_string());
    let mut relay = Relay::start(&["--tunnel", TUNNEL, "--audit-file", &path, "--audit-key-file", &key]);
    let server = McpServer::echo();
    let client = relay.client(&server);
    let message = r#"{"jsonrpc":"2.0","id":"1","method":"tools/list","params":{}}"#;
    let answered = relay.call(TUNNEL, message, &[("X-Request-Id", "caller-1.a"), (MARK, "r")]);
    assert_eq!(answered.status, 200, "{answered:?}");
    let id = &answered.headers["x-request-id"];
    let record = eventually("the record", || {
        records(&file).into_iter().find(|record| record["request_id"] == **id)
    });
    assert!(
        record["key"] == "caller" && record["tunnel"] == TUNNEL && record["outcome"] == "ok",
        "{record}"
    );
    assert_eq!(record["caller_request_id"], "caller-1.a");
    drop(client);
    assert_eq!(verify(&place).0, 3, "it runs");
    relay.terminate();
    let (code, said) = verify(&place);
    assert_eq!(code, 0, "{said}");
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains(relay::CALL_KEY), "{text}");
    let forged = text.replacen("\"key\":\"caller\"", "\"key\":\"callee\"", 1);
    fs::File::create(&file).unwrap().write_all(forged.as_bytes()).unwrap();
    let (code, said) = verify(&place);
    assert!(code == 2 && said.contains("altered"), "{code}: {said}");
}
