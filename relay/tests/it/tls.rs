//! TLS, with and without certificates of clients.

use serde_json::json;

use crate::support::client::*;
use crate::support::http::Connection;
use crate::support::relay::{Relay, run};
use crate::support::scratch::Scratch;
use crate::support::tls::{Authority, Identity, connect};
use crate::support::*;

/// A relay with a certificate of the authority, and these further arguments.
fn relay(authority: &Authority, scratch: &Scratch, args: &[&str]) -> Relay {
    let (cert, key) = authority.server().store(scratch, "server");
    let mut all = vec!["--tls-cert", &cert, "--tls-key", &key];
    all.extend(args);
    Relay::start(&all)
}

/// Whether a poll is served.
fn serves(relay: &Relay, authority: &Authority, identity: Option<&Identity>) -> bool {
    let Ok(mut connection) = connect(relay.addr, authority, identity) else {
        return false;
    };
    // With TLS 1.3 a server says no to a certificate only after the client's handshake is over.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        connection.exchange(&poll("timeout_ms=1")).status
    }))
    .is_ok_and(|status| status == 204)
}

#[test]
fn a_call_and_its_answer_travel_over_tls() {
    let (authority, scratch) = (Authority::new(), Scratch::new());
    let relay = relay(&authority, &scratch, &[]);
    assert!(relay.url.starts_with("https://127.0.0.1:"));
    let connection = || -> Connection { connect(relay.addr, &authority, None).unwrap() };
    let mut client = connection();
    assert_eq!(client.exchange(&poll("timeout_ms=1")).status, 204);
    let mut caller = connection();
    caller.write(&call(1, "m"));
    let command = client.exchange(&poll("timeout_ms=5000")).json()["commands"][0].clone();
    assert_eq!(client.exchange(&result(&command, json!({"n": 1}))).status, 200);
    assert_eq!(caller.answer().json()["result"]["n"], 1);
}

#[test]
fn a_waiting_poll_over_tls_is_answered_when_its_client_ends_its_side_or_leaves() {
    let (authority, scratch) = (Authority::new(), Scratch::new());
    let relay = relay(&authority, &scratch, &[]);
    let mut client = connect(relay.addr, &authority, None).unwrap();
    client.write(&poll("timeout_ms=60000"));
    client.half_close();
    assert_eq!(client.answer().status, 204);
}

#[test]
fn commands_of_an_answer_broken_off_over_tls_go_back() {
    let (authority, scratch) = (Authority::new(), Scratch::new());
    let mut relay = relay(&authority, &scratch, &[]);
    let open = || connect(relay.addr, &authority, None).unwrap();
    let mut client = open();
    assert_eq!(client.exchange(&poll("timeout_ms=1")).status, 204);
    let mut caller = open();
    let large = json!({"jsonrpc": "2.0", "id": 1, "method": "m", "params": {"x": "x".repeat(3 << 20)}});
    caller.write(&message(large.to_string()));
    let mut narrow = tls::connect_narrow(relay.addr, &authority).unwrap();
    narrow.write(&poll("timeout_ms=20000"));
    assert_eq!(narrow.head().status, 200);
    narrow.some(100_000);
    narrow.reset();
    relay.line("poll answer was not fully written");
    assert_eq!(
        client.exchange(&poll("timeout_ms=20000")).json()["commands"][0]["jsonrpc"],
        large
    );
}

#[test]
fn a_required_certificate_must_be_shown_and_chain_to_the_authority() {
    let (authority, stranger, scratch) = (Authority::new(), Authority::new(), Scratch::new());
    let ca = scratch.file("ca.pem", &authority.pem).display().to_string();
    let relay = relay(&authority, &scratch, &["--client-ca", &ca, "--require-client-cert"]);
    assert!(serves(&relay, &authority, Some(&authority.client())));
    assert!(!serves(&relay, &authority, None));
    assert!(!serves(&relay, &authority, Some(&stranger.client())));
}

#[test]
fn a_certificate_that_is_not_required_is_still_verified_when_shown() {
    let (authority, stranger, scratch) = (Authority::new(), Authority::new(), Scratch::new());
    let ca = scratch.file("ca.pem", &authority.pem).display().to_string();
    let relay = relay(&authority, &scratch, &["--client-ca", &ca]);
    assert!(serves(&relay, &authority, None));
    assert!(serves(&relay, &authority, Some(&authority.client())));
    assert!(!serves(&relay, &authority, Some(&stranger.client())));
}

#[test]
fn bad_tls_files_are_refused_by_option() {
    let (authority, scratch) = (Authority::new(), Scratch::new());
    let (cert, key) = authority.server().store(&scratch, "server");
    let (_, other_key) = authority.server().store(&scratch, "other");
    let empty = scratch.file("empty.pem", "").display().to_string();
    let start = |args: &[&str]| {
        let output = run(
            &[&["serve", "--listen", "127.0.0.1:0"], args].concat(),
            &[("TUNNEL_RELAY_KEYS", &keys())],
        );
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(start(&["--tls-cert", &cert]).contains("--tls-cert and --tls-key go together"));
    assert!(start(&["--tls-cert", "/nonexistent", "--tls-key", &key]).contains("--tls-cert /nonexistent"));
    assert!(start(&["--tls-cert", &empty, "--tls-key", &key]).contains("--tls-cert"));
    assert!(start(&["--tls-cert", &cert, "--tls-key", &empty]).contains("--tls-key"));
    let of_another = start(&["--tls-cert", &cert, "--tls-key", &other_key]);
    assert!(of_another.contains(&format!(
        "--tls-key {other_key}: is not the key of the first certificate in {cert}"
    )));
    assert!(start(&["--tls-cert", &cert, "--tls-key", &key, "--client-ca", &empty]).contains("--client-ca"));
}

/// What a relay logs at its start about this certificate, whose key has this mode.
fn told(identity: &Identity, mode: u32, args: &[&str]) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = Scratch::new();
    let (cert, key) = identity.store(&scratch, "server");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
    let mut relay = Relay::start(&[&["--tls-cert", &cert, "--tls-key", &key], args].concat());
    // Read again: what is wrong is told again.
    relay.hang_up();
    relay.line("credentials reloaded");
    relay.terminate();
    let lines = relay.all_lines();
    let warnings: Vec<&str> = lines.lines().filter(|line| line.contains(" WARN ")).collect();
    assert!(warnings.len().is_multiple_of(2), "{lines}");
    let (first, again) = warnings.split_at(warnings.len() / 2);
    let texts = |lines: &[&str]| lines.iter().map(|line| line[24..].to_owned()).collect::<Vec<_>>();
    assert_eq!(texts(first), texts(again));
    for line in first {
        assert!(line.contains("file=") && line.contains("action="), "{line}");
    }
    first.join("\n")
}

#[test]
fn what_peers_will_not_like_about_the_certificate_is_told_at_start_and_when_it_is_read_again() {
    let authority = Authority::new();
    let with = |change: fn(&mut rcgen::CertificateParams)| authority.changed(&["127.0.0.1", "relay.example"], change);
    let good = with(|params| params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth]);
    let (now, day) = (std::time::SystemTime::now(), std::time::Duration::from_secs(24 * 3600));
    assert_eq!(told(&good, 0o600, &["--allow-host", "relay.example"]), "");
    assert_eq!(told(&good, 0o640, &[]), "");
    assert!(told(&good, 0o644, &[]).contains("TLS key can be read by every user of this host"));
    let other_name = told(
        &good,
        0o600,
        &["--allow-host", "relay.example", "--allow-host", "other.example"],
    );
    assert!(other_name.contains("not for a name of this relay") && other_name.contains("name=other.example"));
    assert!(!other_name.contains("name=relay.example"));
    let expired = with(|params| params.not_after = rcgen::date_time_ymd(2020, 1, 2));
    assert!(told(&expired, 0o600, &[]).contains("has expired file="));
    let early = with(|params| params.not_before = rcgen::date_time_ymd(4000, 1, 1));
    assert!(told(&early, 0o600, &[]).contains("not valid yet"));
    let soon = authority.changed(&["127.0.0.1"], |params| {
        params.not_before = (now - 60 * day).into();
        params.not_after = (now + 3 * day + day / 2).into();
    });
    let line = told(&soon, 0o600, &[]);
    assert!(line.contains("expires soon") && line.contains("days=3"), "{line}");
    let short_lived = authority.changed(&["127.0.0.1"], |params| {
        params.not_before = (now - day).into();
        params.not_after = (now + 5 * day).into();
    });
    assert_eq!(told(&short_lived, 0o600, &[]), "");
    let nameless = authority.changed(&[], |_| {});
    assert!(told(&nameless, 0o600, &[]).contains("has no subjectAltName"));
    let of_an_authority = with(|params| params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained));
    assert!(told(&of_an_authority, 0o600, &[]).contains("CA:TRUE"));
    let of_a_client = with(|params| params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth]);
    assert!(told(&of_a_client, 0o600, &[]).contains("not for servers"));
}
