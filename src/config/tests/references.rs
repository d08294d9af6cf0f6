//! References in a configuration file, and records that are written there.

use super::*;

fn in_file(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let base = COMPLETE
        .into_iter()
        .filter(|(name, _)| *name == "CONTROL_PLANE_TUNNEL_ID");
    load_written(
        &Flags::default(),
        &base.chain(variables.iter().copied()).collect(),
        Some(&File::parse(Path::new("test.yaml"), text)),
    )
}

const REST: &str = "control_plane:\n  api_key: file:/run/key\n";

#[test]
fn values_may_be_kept_in_variables_and_files() {
    let text = "control_plane:\n  api_key: 'File: /run/key'\n  base_url: ENV:BASE\n  url_path: env:PREFIX\n\
                health:\n  listen_addr: env:LISTEN\nhardening:\n  mode: env:MODE\n\
                mcp:\n  server_urls: [{url: 'file:/run/url'}]\n  commands: [{channel: x, command: env:COMMAND}]\n";
    let variables = [
        ("BASE", " http://relay:8000 "),
        ("PREFIX", "/p"),
        ("LISTEN", "127.0.0.1:7"),
        ("COMMAND", "srv 'a b'"),
        ("MODE", "best-effort\n"),
    ];
    let config = in_file(text, &variables).unwrap();
    assert_eq!(config.control_plane.api_key.expose_secret(), "file-key");
    assert_eq!(config.control_plane.api_key_source, "file:/run/key");
    assert_eq!(config.control_plane.base_url.origin(), "http://relay:8000");
    assert_eq!(config.control_plane.url_path, "/p");
    assert_eq!(tcp(&config).1, "127.0.0.1:7");
    assert_eq!(config.hardening.mode, Mode::BestEffort);
    let Target::Http { url, .. } = &config.mcp.bindings[0].target else {
        panic!("not HTTP")
    };
    assert_eq!(
        (url.origin().as_str(), url.path_and_query.as_str()),
        ("http://from-file", "/mcp")
    );
    let Target::Stdio { argv, .. } = &config.mcp.bindings[1].target else {
        panic!("not a command")
    };
    assert_eq!(argv, &["srv", "a b"]);
}

#[test]
fn flags_and_variables_are_taken_literally() {
    let shown = message(&[("CONTROL_PLANE_BASE_URL", "env:BASE"), ("BASE", "http://h")], &[]);
    assert!(shown.contains("needs a scheme and a host"), "{shown}");
}

#[test]
fn a_reference_that_leads_nowhere_is_named() {
    for (text, gist) in [
        ("url: env:NO_SUCH", "URL refers to variable NO_SUCH, which is not set"),
        ("url: env:BLANK", "which is empty"),
        ("url: 'env:a b'", "not a valid reference"),
        ("url: file:/run/none", "cannot be read"),
        (
            "url: http://h, http_proxy: env:NO_SUCH",
            "http-proxy refers to variable NO_SUCH",
        ),
        (
            "url: http://h, unix_socket: env:NO_SUCH",
            "unix socket path refers to variable NO_SUCH",
        ),
        (
            "url: http://h, unix_socket: /s, http_proxy: http://p",
            "unix-socket cannot be combined with http-proxy",
        ),
        ("url: http://h, client_cert: /c", "missing client-key"),
        ("channel: x", "has no url"),
        ("channel: Harpoon, url: http://h", "reserved"),
        ("url: http://u:sekret@h", "user name or a password"),
    ] {
        let lines = lines(in_file(
            &format!("{REST}mcp:\n  server_urls: [{{{text}}}]\n"),
            &[("BLANK", " ")],
        ));
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].contains(gist) && lines[0].contains("(mcp.server_urls from test.yaml:4:"),
            "{lines:?}"
        );
        assert!(!lines[0].contains("sekret"), "{lines:?}");
    }
}

#[test]
fn a_key_in_a_file_is_refused_and_not_shown() {
    let mcp = "mcp:\n  commands: [{command: srv}]\n";
    for key in [
        "sk-sekret0123456789",
        "sekret",
        "vault:sekret",
        "env:sekret key",
        "ENV:sekretkey0123456789",
    ] {
        let lines = lines(in_file(&format!("control_plane:\n  api_key: {key}\n{mcp}"), &[]));
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].contains("(control-plane.api-key from test.yaml:2:"),
            "{lines:?}"
        );
        assert!(!lines[0].contains("sekret"), "{lines:?}");
        let names_the_ways = lines[0].contains("\"env:\"") && lines[0].contains("\"file:\"");
        assert!(names_the_ways || lines[0].contains("is not set"), "{lines:?}");
    }
}

#[test]
fn what_a_reference_to_the_wrong_file_leads_to_is_not_shown() {
    for setting in [
        "control_plane:\n  base_url: env:WRONG\n",
        "control_plane:\n  url_path: env:WRONG\n",
        "health:\n  listen_addr: env:WRONG\n",
        "hardening:\n  mode: env:WRONG\n",
        "mcp:\n  server_urls: [{url: env:WRONG}]\n",
        "mcp:\n  commands: [{command: 'env:WRONG'}]\n",
    ] {
        let rest = match setting.starts_with("control_plane") {
            true => "  api_key: file:/run/key\n",
            false => REST,
        };
        let error = in_file(&format!("{setting}{rest}"), &[("WRONG", "hunter2 'x")]).unwrap_err();
        let shown = error.to_string();
        assert!(!shown.contains("hunter2"), "{setting}: {shown}");
    }
}

#[test]
fn a_credential_is_a_file_of_the_service_manager() {
    let text = "control_plane:\n  api_key: credential:key\nmcp:\n  commands: [{command: srv}]\n";
    let config = in_file(text, &[("CREDENTIALS_DIRECTORY", "/run")]).unwrap();
    assert_eq!(config.control_plane.api_key.expose_secret(), "file-key");
    assert_eq!(config.control_plane.api_key_source, "credential:key");
    let lines = lines(in_file(text, &[]));
    assert!(
        lines[0].contains("CREDENTIALS_DIRECTORY") && lines[0].contains("LoadCredential="),
        "{lines:?}"
    );
}

#[test]
fn harpoon_targets_of_a_file_keep_their_commas() {
    for (target, gist) in [
        ("label: a, url: 'https://h/?x=1,2;3', description: 'a, b; c'", None),
        ("label: a, url: 'http://h'", Some("must be https")),
        ("label: A, url: 'https://h'", Some("label must match")),
        ("url: 'https://h'", Some("has no label")),
        ("label: a", Some("has no url")),
        ("label: a, url: 'https://h/a/%2E%2e/b'", Some("segments")),
        (
            "label: a, url: 'https://h'}, {label: a, url: 'https://i'",
            Some("label a twice"),
        ),
    ] {
        let text = format!("{REST}mcp:\n  commands: [{{command: srv}}]\nharpoon:\n  targets: [{{{target}}}]\n");
        match (in_file(&text, &[]), gist) {
            (Ok(_), None) => {}
            (result, gist) => {
                let lines = lines(result);
                let found = lines[0].contains(gist.unwrap()) && lines[0].contains("(harpoon.target from test.yaml:");
                assert!(found && lines.len() == 1, "{lines:?}");
            }
        }
    }
}

#[test]
fn harpoon_targets_in_text_are_pairs_with_commas() {
    let targets = |text: &str| with(&[("HARPOON_TARGETS", text)], &[]);
    assert!(targets("label=a,url=https://h,unix-socket=/s,desc=x;label=b,url=https://h").is_ok());
    assert!(
        with(
            &[("HARPOON_TARGETS", "label=a,url=http://h")],
            &[("harpoon.allow-plaintext-http", "true")]
        )
        .is_ok()
    );
    for (text, gist) in [
        ("label=a,url=https://h,desc=x, y", "key=value"),
        ("label=a,label=b,url=https://h", "label twice"),
        ("label=a,url=https://h\nlabel=a,url=https://h", "label a twice"),
        ("https://h", "key=value"),
    ] {
        let shown = message(&[("HARPOON_TARGETS", text)], &[]);
        assert!(
            shown.contains(gist) && shown.contains("from variable HARPOON_TARGETS, entry"),
            "{shown}"
        );
    }
}
