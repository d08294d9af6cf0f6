//! Very many values: what is said about them is bounded, and so is the time.

use super::*;
use crate::limits::{BINDINGS_MAX, CONFIG_ERRORS_MAX, CONFIG_MISTAKES_MAX, EXTRA_HEADERS_MAX, POLL_CHANNELS_MAX};
use crate::processor_time::processor_time;

const MANY: usize = 9_000;

fn list(entry: impl Fn(usize) -> String) -> String {
    (0..MANY).map(entry).collect::<Vec<_>>().join(",")
}

/// The mistakes of the smallest configuration and `section`.
fn mistakes(section: &str) -> Vec<String> {
    let file = File::parse(Path::new("p.yaml"), section);
    let (errors, took) =
        processor_time(|| load_written(&Flags::default(), &COMPLETE.into_iter().collect(), Some(&file)).unwrap_err());
    assert!(took < Duration::from_secs(2), "took {took:?}");
    errors.iter().map(printed).collect()
}

#[test]
fn too_many_entries_are_one_mistake() {
    for (section, bound) in [
        (
            format!("control_plane: {{poll_channels: [{}]}}", list(|n| format!("c{n}"))),
            POLL_CHANNELS_MAX,
        ),
        (
            format!("control_plane: {{poll_channels: [{}]}}", list(|_| "main".to_owned())),
            POLL_CHANNELS_MAX,
        ),
        (
            format!("mcp: {{extra_headers: {{{}}}}}", list(|n| format!("h{n}: v"))),
            EXTRA_HEADERS_MAX,
        ),
        (
            format!(
                "mcp: {{commands: [{}]}}",
                list(|n| format!("{{channel: c{n}, command: x}}"))
            ),
            BINDINGS_MAX,
        ),
    ] {
        let lines = mistakes(&section);
        assert_eq!(lines.len(), 1, "{:?}", &lines[..2]);
        assert!(
            lines[0].contains(&format!("less than or equal to {bound}")),
            "{}",
            lines[0]
        );
    }
}

#[test]
fn of_very_many_mistakes_the_first_are_reported() {
    for section in [
        format!("control_plane: {{poll_channels: [{}]}}", list(|_| "A B".to_owned())),
        format!("mcp: {{extra_headers: {{{}}}}}", list(|n| format!("'h {n}': v"))),
        format!("mcp: {{pass_env: [{}]}}", list(|_| "A B".to_owned())),
        format!("harpoon: {{targets: [{}]}}", list(|_| "{label: a}".to_owned())),
    ] {
        let lines = mistakes(&section);
        assert!(
            lines.len() <= CONFIG_ERRORS_MAX + 1 + CONFIG_MISTAKES_MAX + 1,
            "{}",
            lines.len()
        );
        let last = lines.last().unwrap();
        assert!(last.contains("there are more mistakes"), "{last}");
    }
}
