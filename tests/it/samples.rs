//! The four samples: what they render to, and that a value stays what it was.

use std::path::Path;

use tunnel_client::config::{File, Value};
use tunnel_client::samples::{EXAMPLE_TUNNEL_ID, Sample, SampleError, Server, Values};

/// What every sample renders to with its example values.
const RENDERED: [(&str, &str); 4] = [
    (
        "sample_mcp_enterprise_proxy",
        include_str!("../data/samples/sample_mcp_enterprise_proxy.yaml"),
    ),
    (
        "sample_mcp_remote_no_auth",
        include_str!("../data/samples/sample_mcp_remote_no_auth.yaml"),
    ),
    (
        "sample_mcp_stdio_local",
        include_str!("../data/samples/sample_mcp_stdio_local.yaml"),
    ),
    (
        "sample_mcp_with_dcr",
        include_str!("../data/samples/sample_mcp_with_dcr.yaml"),
    ),
];

/// Texts that a careless writer of YAML gets wrong.
const NASTY: [&str; 40] = [
    "python /path/to/server.py",
    "a \"quoted\" word",
    "it's 'single' quoted",
    "back\\slash \\n \\\" \\",
    "\\",
    "\"",
    "\\\"",
    "trailing \\",
    "# a comment",
    "x # y",
    "x: y",
    "key: [1, 2]",
    "{a: b}",
    "[a, b]",
    "- item",
    "---",
    "...",
    "--- x",
    "&anchor",
    "*alias",
    "!tag x",
    "!!binary AAAA",
    "| literal",
    "> folded",
    "%YAML 1.1",
    "@at `back`",
    "? complex",
    "null",
    "~",
    "true",
    "0123",
    "1e3",
    "<<",
    "\u{fc}n\u{ef} \u{1f7e2} \u{4e2d}\u{6587}",
    "a\u{2028}b\u{2029}c",
    "a\u{feff}b\u{202e}c\u{200b}d",
    "\u{fffe}\u{ffff}\u{10ffff}\u{1fffe}\u{e0001}",
    "a\tb",
    "$HOME ${X} `id` $(id) %s %d {} {0}",
    "channel=x,command=y",
];

/// The texts of every key in a profile, lists and records included.
fn values(yaml: &str) -> Vec<(String, String)> {
    let file = File::parse(Path::new("sample.yaml"), yaml);
    let mistakes: Vec<_> = file.mistakes.iter().map(ToString::to_string).collect();
    assert!(mistakes.is_empty(), "{mistakes:?} in\n{yaml}");
    let mut values = Vec::new();
    for entry in &file.entries {
        let key = entry.setting.key;
        match &entry.value {
            Value::One(text) => values.push((key.to_owned(), text.text.to_string())),
            Value::Records(records) => {
                for (number, record) in records.iter().enumerate() {
                    for (field, value) in &record.fields {
                        let texts = value.texts().into_iter();
                        values.extend(texts.map(|text| (format!("{key}.{number}.{field}"), text.text.to_string())));
                    }
                }
            }
            other => panic!("{key}: {other:?}"),
        }
    }
    values
}

#[test]
fn each_sample_renders_to_the_committed_text() {
    let names: Vec<_> = Sample::all().iter().map(|sample| sample.name).collect();
    assert_eq!(names, RENDERED.map(|(name, _)| name));
    for (name, expected) in RENDERED {
        assert_eq!(Sample::find(name).unwrap().example().unwrap(), expected, "{name}");
    }
}

#[test]
fn a_rendered_sample_sets_exactly_the_documented_keys_in_order() {
    let values = values(RENDERED[2].1);
    let values: Vec<_> = values.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
    assert_eq!(
        values,
        [
            ("control_plane.base_url", "https://api.openai.com"),
            ("control_plane.tunnel_id", EXAMPLE_TUNNEL_ID),
            ("control_plane.api_key", "env:CONTROL_PLANE_API_KEY"),
            ("health.listen_addr", "127.0.0.1:8080"),
            ("admin_ui.open_browser", "false"),
            ("log.level", "info"),
            ("log.format", "json"),
            ("mcp.commands.0.channel", "main"),
            ("mcp.commands.0.command", "python /path/to/server.py"),
        ]
    );
}

#[test]
fn a_value_reads_as_it_was_given_whatever_is_in_it() {
    let sample = Sample::find("sample_mcp_with_dcr").unwrap();
    let joined: Vec<String> = NASTY
        .iter()
        .flat_map(|first| NASTY.iter().map(move |second| format!("{first}{second}")))
        .collect();
    for text in NASTY.into_iter().chain(joined.iter().map(String::as_str)) {
        for server in [Server::Command(text), Server::Url(text)] {
            let filled = Values {
                base_url: text,
                url_path: text,
                api_key: text,
                listen_addr: text,
                open_web_ui: true,
                ..Values::new(text, server)
            };
            let yaml = sample.render(&filled).unwrap();
            let binding = match server {
                Server::Command(_) => ("mcp.commands.0.channel", "mcp.commands.0.command"),
                Server::Url(_) => ("mcp.server_urls.0.channel", "mcp.server_urls.0.url"),
            };
            let expected = [
                ("control_plane.base_url", text),
                ("control_plane.url_path", text),
                ("control_plane.tunnel_id", text),
                ("control_plane.api_key", text),
                ("health.listen_addr", text),
                ("admin_ui.open_browser", "true"),
                ("log.level", "info"),
                ("log.format", "json"),
                (binding.0, "main"),
                (binding.1, text),
            ]
            .map(|(key, text)| (key.to_owned(), text.to_owned()));
            assert_eq!(values(&yaml), expected, "{text:?} in\n{yaml}");
        }
    }
}

#[test]
fn line_breaks_and_control_characters_are_refused_and_not_echoed() {
    let sample = Sample::find("sample_mcp_stdio_local").unwrap();
    for char in (0..0xa0)
        .filter_map(char::from_u32)
        .filter(|char| char.is_control() && *char != '\t')
    {
        let command = format!("secret{char}x");
        let error = sample
            .render(&Values::new(EXAMPLE_TUNNEL_ID, Server::Command(&command)))
            .unwrap_err();
        assert_eq!(error, SampleError::ControlCharacter("mcp.commands"));
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn each_sample_takes_the_servers_it_is_for() {
    let (url, command) = (Some("http://h/mcp"), Some("server"));
    for (name, takes_url, takes_command, gist) in [
        (
            "sample_mcp_stdio_local",
            false,
            true,
            "sample_mcp_stdio_local requires --mcp-command",
        ),
        (
            "sample_mcp_remote_no_auth",
            true,
            false,
            "sample_mcp_remote_no_auth requires --mcp-server-url",
        ),
        (
            "sample_mcp_with_dcr",
            true,
            true,
            "requires exactly one of --mcp-server-url or --mcp-command",
        ),
        (
            "sample_mcp_enterprise_proxy",
            true,
            true,
            "requires exactly one of --mcp-server-url or --mcp-command",
        ),
    ] {
        let sample = Sample::find(name).unwrap();
        assert_eq!(sample.server(url, None).is_ok(), takes_url, "{name}");
        assert_eq!(sample.server(None, command).is_ok(), takes_command, "{name}");
        for error in [
            sample.server(None, None).unwrap_err(),
            sample.server(url, command).unwrap_err(),
        ] {
            assert!(error.to_string().contains(gist), "{error}");
        }
    }
    let error = Sample::find("sample_x").unwrap_err().to_string();
    assert_eq!(
        error,
        "unknown sample \"sample_x\"; run tunnel-client profiles samples list"
    );
}
