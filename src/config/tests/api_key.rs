//! The key: where it may come from, and that it is never shown.

use super::*;

#[test]
fn the_key_comes_from_the_first_variable_that_is_set_or_from_a_reference() {
    let key = |variables: &[(&str, &str)], flags: &[(&'static str, &str)]| {
        with(variables, flags)
            .map(|config| config.control_plane.api_key.expose_secret().to_owned())
            .unwrap()
    };
    assert_eq!(key(&[("OPENAI_API_KEY", "other")], &[]), KEY);
    assert_eq!(
        key(&[("CONTROL_PLANE_API_KEY", ""), ("OPENAI_API_KEY", "other")], &[]),
        "other"
    );
    assert_eq!(
        key(&[("MY_KEY", "mine")], &[("control-plane.api-key", "env:MY_KEY")]),
        "mine"
    );
    assert_eq!(key(&[], &[("control-plane-api-key", "file:/run/key")]), "file-key");
}

#[test]
fn a_bad_key_is_reported_with_its_source_and_never_shown() {
    for value in [
        "sk-secret value",
        " sk-secret",
        "sk-secret\n",
        "sk-sécret",
        "sk.secret",
        &"k".repeat(5000),
    ] {
        let message = message(&[("CONTROL_PLANE_API_KEY", value)], &[]);
        assert!(message.starts_with("control plane API key is malformed: "), "{message}");
        assert!(
            message.ends_with("(control-plane.api-key from variable CONTROL_PLANE_API_KEY)"),
            "{message}"
        );
        assert!(
            !message.contains(value.trim()) && !message.contains("kkkk"),
            "{message}"
        );
    }
    let missing = message(&[("CONTROL_PLANE_API_KEY", "")], &[]);
    assert!(
        missing.contains("control plane API key is required") && missing.contains("CONTROL_PLANE_API_KEY"),
        "{missing}"
    );
    assert!(missing.ends_with("(control-plane.api-key is not set)"), "{missing}");
}

#[test]
fn a_key_reference_that_leads_nowhere_says_so() {
    for (value, gists) in [
        ("sk-0123456789", ["env:", "file:"].as_slice()),
        ("ENV:MY_KEY", &["\"env:\"", "\"file:\""]),
        ("env:MY_KEY", &["variable MY_KEY is not set"]),
        ("env:sk0123456789", &["variable named after env: is not set"]),
        ("file:/run/none", &["read control-plane api key file", "/run/none"]),
        ("file:/run/empty", &["/run/empty", "is empty"]),
        ("env:CONTROL_PLANE_TUNNEL_ID_BAD", &["is not set"]),
    ] {
        let message = message(&[], &[("control-plane.api-key", value)]);
        assert!(gists.iter().all(|gist| message.contains(gist)), "{message}");
        assert!(
            message.ends_with("(control-plane.api-key from flag --control-plane.api-key)"),
            "{message}"
        );
        assert!(!message.contains("0123456789"), "{message}");
    }
}

#[test]
fn variables_that_hold_secrets_are_known_by_name() {
    let config = with(&[("MY_KEY", "mine")], &[("control-plane.api-key", "env:MY_KEY")]).unwrap();
    for name in ["CONTROL_PLANE_API_KEY", "OPENAI_API_KEY", "MY_KEY"] {
        assert!(config.secret_variables.iter().any(|known| known == name), "{name}");
    }
}

#[test]
fn a_variable_that_a_flag_overrides_still_holds_its_secret() {
    let variables = [
        ("MCP_EXTRA_HEADERS", "X-Token: sekret"),
        (
            "MCP_SERVER_URL",
            "channel=a,url=http://h/mcp,http-proxy=http://u:sekret@p:1",
        ),
        ("MCP_COMMAND", "channel=b,command=server --token sekret"),
        ("CONTROL_PLANE_HTTP_PROXY", "http://u:sekret@p:1"),
    ];
    let flags = [
        ("mcp.extra-headers", "X-Token: other"),
        ("mcp.server-url", "http://h/mcp"),
        ("control-plane.http-proxy", "http://p:1"),
    ];
    let config = with(&variables, &flags).unwrap();
    for (name, _) in variables {
        assert!(config.secret_variables.iter().any(|known| known == name), "{name}");
    }
}

#[test]
fn a_variable_with_the_url_of_a_target_is_no_more_for_servers_than_one_of_a_server() {
    let text = "mcp:\n  commands: [{command: srv, pass_env: [TARGET_URL]}]\n\
                harpoon:\n  targets: [{label: x, url: env:TARGET_URL}]\n";
    let environment = COMPLETE[..2]
        .iter()
        .copied()
        .chain([("TARGET_URL", "https://h/?token=sekret")]);
    let file = File::parse(Path::new("p.yaml"), text);
    let lines = lines(load_written(&Flags::default(), &environment.collect(), Some(&file)));
    assert!(
        lines.len() == 1 && lines[0].contains("pass_env names variable TARGET_URL"),
        "{lines:?}"
    );
}

#[test]
fn debug_output_of_a_configuration_holds_no_secret() {
    let config = with(
        &[
            ("MCP_SERVER_URL", "http://h/mcp?token=q-secret"),
            ("MCP_COMMAND", "channel=x,command=srv --token c-secret"),
        ],
        &[],
    )
    .unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains(KEY) && !shown.contains("-secret"), "{shown}");
}
