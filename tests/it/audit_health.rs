//! The audit log in `/health` and `/readyz`: a disk that is full, and one that has room again.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Client, ClientBuilder, Command, ControlPlane, McpServer, Scratch, eventually};

const REFUSES: &str = "audit log cannot be written: commands are refused";

/// A client whose files have a bound, and what it has recorded. Calls were made until the audit file took no more.
fn full(control: &ControlPlane, server: &McpServer, place: &Scratch, on_failure: &str) -> Client {
    fs::create_dir(place.file("records")).unwrap();
    fs::set_permissions(place.file("records"), fs::Permissions::from_mode(0o700)).unwrap();
    let client = ClientBuilder::new(control)
        .server(server.url())
        .env("AUDIT_FILE", place.file("records/audit.log").display().to_string())
        .env("AUDIT_ON_FAILURE", on_failure)
        .start_by("ulimit -f 8; exec \"$0\" \"$@\"");
    client.await_ready();
    let component = client.component("audit");
    assert_eq!(
        (&component["status"], &component["state"]),
        (&"ok".into(), &"recording".into())
    );
    let mut number = 0;
    eventually("a file that is full", || {
        number += 1;
        let id = format!("fill{number}");
        control.push(Command::call(&id, "tools/list", "{}"));
        control.terminal(&id);
        let is_full = !client.log_with("audit log cannot be written").is_empty();
        is_full.then_some(())
    });
    client
}

fn make_room(client: &Client, place: &Scratch) {
    let file = fs::OpenOptions::new().write(true).open(place.file("records/audit.log"));
    file.unwrap().set_len(0).unwrap();
    client.await_log("audit log can be written again");
    eventually("a component that is well", || {
        (client.component("audit")["status"] == "ok").then_some(())
    });
    assert_eq!(client.ready(), (200, "ready".to_owned()));
}

#[test]
fn a_log_that_blocks_makes_the_client_not_ready_until_there_is_room() {
    let (control, server, place) = (ControlPlane::http(), McpServer::echo(), Scratch::new());
    let client = full(&control, &server, &place, "block");
    eventually("the refusal", || {
        (client.ready() == (503, REFUSES.to_owned())).then_some(())
    });
    let component = client.component("audit");
    assert_eq!(
        (&component["status"], &component["state"]),
        (&"degraded".into(), &"refusing".into())
    );
    assert_eq!(component["reason_code"], "write_failed");
    assert!(component["details"]["records"].as_u64().unwrap() > 1, "{component}");
    assert!(component["details"]["last_write"].is_string(), "{component}");
    make_room(&client, &place);
}

#[test]
fn a_log_that_drops_is_degraded_and_the_client_ready() {
    let (control, server, place) = (ControlPlane::http(), McpServer::echo(), Scratch::new());
    let client = full(&control, &server, &place, "drop-and-count");
    let component = client.await_component("audit", "one that drops", |found| found["status"] == "degraded");
    assert_eq!(
        (&component["state"], &component["reason_code"]),
        (&"dropping".into(), &"write_failed".into())
    );
    assert!(component["details"]["dropped"].as_u64().unwrap() >= 1, "{component}");
    assert_eq!(client.ready(), (200, "ready".to_owned()));
    make_room(&client, &place);
}
