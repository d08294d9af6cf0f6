//! Profiles that `init` writes (`src/samples/`). Oracle: the file reads back without a mistake, and sets exactly the values that it was
//! given; a value that cannot stand there is refused.

use std::path::Path;

use arbitrary::Arbitrary;
use tunnel_client::config::{Entry, FieldValue, File, Value};
use tunnel_client::samples::{Sample, Server, Values};

/// What a profile is filled with.
#[derive(Debug, Arbitrary)]
pub struct Input<'a> {
    sample: u8,
    base_url: &'a str,
    url_path: &'a str,
    tunnel_id: &'a str,
    api_key: &'a str,
    ca_bundle: &'a str,
    listen_addr: &'a str,
    server: &'a str,
    is_command: bool,
    open_web_ui: bool,
}

/// Feeds values.
pub fn check(input: Input<'_>) {
    let samples = Sample::all();
    let Some(sample) = samples.get(usize::from(input.sample) % samples.len()) else {
        return;
    };
    let (url, command) = match input.is_command {
        true => (None, Some(input.server)),
        false => (Some(input.server), None),
    };
    let Ok(server) = sample.server(url, command) else {
        return;
    };
    let values = Values {
        base_url: input.base_url,
        url_path: input.url_path,
        tunnel_id: input.tunnel_id,
        api_key: input.api_key,
        ca_bundle: input.ca_bundle,
        listen_addr: input.listen_addr,
        open_web_ui: input.open_web_ui,
        server,
    };
    let texts = [
        ("control_plane.base_url", input.base_url),
        ("control_plane.url_path", input.url_path),
        ("control_plane.tunnel_id", input.tunnel_id),
        ("control_plane.api_key", input.api_key),
        ("ca_bundle", input.ca_bundle),
        ("health.listen_addr", input.listen_addr),
    ];
    let Ok(text) = sample.render(&values) else {
        let has_control = |text: &str| text.chars().any(|c| c.is_control() && c != '\t');
        assert!(texts.iter().any(|(_, text)| has_control(text)) || has_control(input.server));
        return;
    };
    let file = File::parse(Path::new("p.yaml"), &text);
    let mistakes: Vec<String> = file.mistakes.iter().map(ToString::to_string).collect();
    assert!(mistakes.is_empty() && file.is_readable, "{mistakes:?} in {text}");
    for (key, given) in texts {
        // Blank is unset. A sample may have a bundle of its own.
        let read = one(&file, key);
        if !(key == "ca_bundle" && given.is_empty()) {
            assert_eq!(
                read,
                Some(given).filter(|given| !given.trim().is_empty()),
                "{key} in {text}"
            );
        }
    }
    let read = servers(&file, matches!(server, Server::Command(_)));
    assert_eq!(
        read,
        [input.server]
            .into_iter()
            .filter(|given| !given.trim().is_empty())
            .collect::<Vec<_>>(),
        "{text}"
    );
    assert_eq!(
        one(&file, "admin_ui.open_browser"),
        Some(if input.open_web_ui { "true" } else { "false" })
    );
}

fn entry<'a>(file: &'a File, key: &str) -> Option<&'a Entry> {
    file.entries.iter().find(|entry| entry.setting.key == key)
}

fn one<'a>(file: &'a File, key: &str) -> Option<&'a str> {
    match &entry(file, key)?.value {
        Value::One(text) => Some(&text.text),
        _ => None,
    }
}

fn servers(file: &File, are_commands: bool) -> Vec<&str> {
    let (key, name) = match are_commands {
        true => ("mcp.commands", "command"),
        false => ("mcp.server_urls", "url"),
    };
    let Some(Value::Records(records)) = entry(file, key).map(|entry| &entry.value) else {
        return Vec::new();
    };
    let fields = records.iter().flat_map(|record| &record.fields);
    fields
        .filter_map(|(known, value)| match value {
            FieldValue::One(text) if *known == name => Some(text.text.as_str()),
            _ => None,
        })
        .collect()
}
