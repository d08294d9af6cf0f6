//! Extra headers: names, values, references, and what happens when they meet.

use super::*;

fn control_headers(result: Result<Config, ConfigErrors>) -> Vec<(String, String)> {
    let pair = |header: &Header| (header.name.clone(), header.value.expose_secret().to_owned());
    result.unwrap().control_plane.extra_headers.iter().map(pair).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

fn in_file(text: &str) -> Result<Config, ConfigErrors> {
    load_written(
        &Flags::default(),
        &COMPLETE.into_iter().collect(),
        Some(&File::parse(Path::new("test.yaml"), text)),
    )
}

#[test]
fn variables_split_at_commas_and_semicolons_and_flags_and_files_do_not() {
    let variable = with(&[("CONTROL_PLANE_EXTRA_HEADERS", "X-A: 1, X-B: 2;X-C:3;")], &[]);
    assert_eq!(
        control_headers(variable),
        pairs(&[("X-A", "1"), ("X-B", "2"), ("X-C", "3")])
    );
    let flag = with(&[], &[("control-plane.extra-headers", "X-A: 1, 2; 3:4")]);
    assert_eq!(control_headers(flag), pairs(&[("X-A", "1, 2; 3:4")]));
    let file = in_file("control_plane:\n  extra_headers:\n    X-A: '1, 2; 3:4'\n");
    assert_eq!(control_headers(file), pairs(&[("X-A", "1, 2; 3:4")]));
}

#[test]
fn a_repeated_flag_wins_and_the_same_value_counts_once() {
    let flags = [
        ("control-plane.extra-headers", "X-A: 1"),
        ("control-plane.extra-headers", "X-B: 2"),
        ("control-plane.extra-headers", "X-A: 3"),
        ("control-plane.extra-headers", "x-a: 3"),
    ];
    assert_eq!(control_headers(with(&[], &flags)), pairs(&[("X-A", "3"), ("X-B", "2")]));
}

#[test]
fn names_that_differ_in_case_only_must_have_one_value() {
    let gist = "conflicting values for case-insensitive HTTP header";
    let flags = [
        ("mcp.extra-headers", "X-A: sekret-1"),
        ("mcp.extra-headers", "x-a: sekret-2"),
    ];
    let shown = message(&[], &flags);
    assert!(
        shown.contains(gist) && shown.ends_with("flag --mcp.extra-headers, entry 2)"),
        "{shown}"
    );
    assert!(!shown.contains("sekret"), "{shown}");
    let shown = message(&[("MCP_EXTRA_HEADERS", "X-A: sekret-1, X-A: sekret-2")], &[]);
    assert!(shown.contains(gist) && !shown.contains("sekret"), "{shown}");
    let lines = lines(in_file(
        "mcp:\n  extra_headers:\n    X-A: sekret-1\n    x-A: sekret-2\n",
    ));
    assert!(
        lines[0].contains(gist) && lines[0].contains("test.yaml:4:"),
        "{lines:?}"
    );
}

#[test]
fn what_names_and_authenticates_the_client_cannot_be_overridden() {
    for name in [
        "Authorization",
        "accept",
        "USER-AGENT",
        "X-Tunnel-Client-Name",
        "x-tunnel-client-version",
        "X-Tunnel-MCP-Server-Info",
        "X-Tunnel-Client-Wire-Protocol-Version",
        "x-tunnel-client-capabilities",
        "X-Tunnel-Client-Instance-Id",
    ] {
        let shown = message(&[], &[("control-plane.extra-headers", &format!("{name}: sekret"))]);
        assert!(
            shown.contains("cannot override control-plane authentication"),
            "{shown}"
        );
        assert!(shown.contains(name) && !shown.contains("sekret"), "{shown}");
    }
}

#[test]
fn a_value_may_be_kept_elsewhere_and_loses_one_line_end() {
    let headers = |value: &str| {
        let flag = format!("X-A: {value}");
        let variables = [("TOKEN", "from variable"), ("CREDENTIALS_DIRECTORY", "/run")];
        with(&variables, &[("control-plane.extra-headers", flag.as_str())])
    };
    for (value, found) in [
        ("env:TOKEN", "from variable"),
        ("file:/run/key", "file-key"),
        ("credential:key", "file-key"),
        ("ENV:TOKEN", "ENV:TOKEN"),
    ] {
        assert_eq!(control_headers(headers(value)), pairs(&[("X-A", found)]), "{value}");
    }
}

#[test]
fn a_line_without_a_colon_may_be_a_secret_and_is_not_shown() {
    let shown = message(&[("MCP_EXTRA_HEADERS", "X-A: 1, sekret")], &[]);
    assert!(
        shown.contains("without a colon") && shown.ends_with("MCP_EXTRA_HEADERS, entry 2)"),
        "{shown}"
    );
    assert!(!shown.contains("sekret"), "{shown}");
}

#[test]
fn names_that_look_sensitive_can_still_be_read_in_messages() {
    for name in ["Authorization", "X-Api-Key", "Cookie", "X-Token"] {
        for value in ["env:NO_SUCH", "file:/run/none", "credential:none"] {
            let flag = format!("{name}: {value}");
            let shown = message(&[], &[("mcp.extra-headers", &flag)]);
            assert!(shown.contains(name), "{shown}");
        }
    }
}

#[test]
fn a_header_that_the_client_makes_itself_is_named_and_left_out() {
    for (setting, name) in [
        ("control-plane.extra-headers", "Host"),
        ("control-plane.extra-headers", "Content-Type"),
        ("mcp.extra-headers", "Proxy-Authorization"),
        ("mcp.extra-headers", "Mcp-Session-Id"),
        ("mcp.extra-headers", "Accept"),
        ("mcp.discovery-extra-headers", "content-length"),
    ] {
        let config = with(&[], &[(setting, &format!("{name}: sekret")), (setting, "X-A: 1")]).unwrap();
        let [warning] = &config.warnings[..] else {
            panic!("{name}: {:?}", config.warnings)
        };
        assert!(
            warning.contains(setting) && warning.contains(name) && !warning.contains("sekret"),
            "{warning}"
        );
        let (control, mcp) = (&config.control_plane, &config.mcp);
        let all = [&control.extra_headers, &mcp.extra_headers, &mcp.discovery_extra_headers];
        let kept: Vec<&str> = all.into_iter().flatten().map(|header| &*header.name).collect();
        assert_eq!(kept, ["X-A"], "{name}");
    }
}

#[test]
fn too_many_headers_are_refused() {
    let many: Vec<String> = (0..=crate::limits::EXTRA_HEADERS_MAX)
        .map(|n| format!("X-{n}: {n}"))
        .collect();
    let shown = message(&[("MCP_EXTRA_HEADERS", &many.join(","))], &[]);
    assert!(shown.contains("less than or equal to 64"), "{shown}");
}
