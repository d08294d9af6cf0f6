//! `doctor` against the real relay: what it says about keys and tunnels.
//!
//! Needs `tunnel-relay` beside `tunnel-client`, as a build of the workspace puts it.

use crate::support::control::TUNNEL;
use crate::support::relay::{Relay, USE_KEY};
use crate::support::{Doctor, Examined, Scratch};

const STRANGER: &str = "tunnel_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz";
/// May use another tunnel only.
const OTHER_KEY: &str = "test-key-of-another-tunnel-0123456789";

fn examine(relay: &Relay, key: &str, tunnel: &str) -> Examined {
    let examined = Doctor::healthy()
        .env("CONTROL_PLANE_BASE_URL", relay.url())
        .env("CONTROL_PLANE_API_KEY", key)
        .env("CONTROL_PLANE_TUNNEL_ID", tunnel)
        .examine();
    assert!(!examined.report.to_string().contains(key), "{:#}", examined.report);
    examined
}

#[test]
fn a_key_that_may_use_the_tunnel_passes_with_its_name_and_a_common_clock() {
    let relay = Relay::start(&["--tunnel", &format!("{TUNNEL}=demo")]);
    let examined = examine(&relay, USE_KEY, TUNNEL);
    assert_eq!(examined.code, 0, "{:#}", examined.report);
    assert_eq!(
        examined.summary("control_plane_auth"),
        "the key is accepted for the tunnel \"demo\""
    );
    assert_eq!(examined.status("clock"), "PASS");
}

#[test]
fn keys_and_tunnels_that_do_not_fit_are_told_apart() {
    let files = Scratch::new();
    let keys = files.write("keys", &format!("other read,use@{STRANGER} {OTHER_KEY}\n"));
    let keys = keys.display().to_string();
    let relay = Relay::start(&["--tunnel", TUNNEL, "--keys-file", &keys]);
    for (key, tunnel, status, code) in [
        ("no-such-key-0123456789", TUNNEL, "HTTP 401", "invalid_api_key"),
        (OTHER_KEY, TUNNEL, "HTTP 403", "tunnel_use_forbidden"),
        (USE_KEY, STRANGER, "HTTP 404", "tunnel_not_found"),
    ] {
        let examined = examine(&relay, key, tunnel);
        assert_eq!(
            examined.report["failed_checks"],
            serde_json::json!(["control_plane_auth"])
        );
        assert!(
            examined.summary("control_plane_auth").starts_with(status),
            "{:#}",
            examined.report
        );
        let said = examined.said("control_plane_auth");
        assert!(
            said.contains(&format!("({code})")) && said.contains("x-request-id"),
            "{said}"
        );
    }
}

/// Whose pages are named depends on whose control plane it is, whether or not the configuration is right.
#[test]
fn pages_of_the_hosted_service_are_named_for_it_only() {
    let (own, hosted) = ("https://127.0.0.1:1", "https://api.openai.com");
    for (base_url, is_hosted) in [(own, false), (hosted, true)] {
        // No key and no server: nothing is contacted.
        let doctor = Doctor::healthy()
            .env("CONTROL_PLANE_BASE_URL", base_url)
            .no_env("CONTROL_PLANE_API_KEY")
            .no_env("CONTROL_PLANE_TUNNEL_ID");
        let (code, report, _) = doctor.run(&["--explain"]);
        assert_eq!(code, 2, "{report}");
        for page in ["platform.openai.com", "chatgpt.com"] {
            assert_eq!(report.contains(page), is_hosted, "{base_url}: {report}");
        }
        assert_eq!(report.contains("tunnel-relay keygen"), !is_hosted, "{report}");
        assert!(report.contains("tunnels_management_url"), "{report}");
    }
}
