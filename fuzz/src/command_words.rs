//! The command of a stdio server (`src/config/values/argv.rs`). Oracle: words that are quoted in any of the ways come back as they were, and a
//! command without quotes is split as `str::split_whitespace` splits it.

use arbitrary::Arbitrary;
use tunnel_client::config::split_command;
use tunnel_client::fuzzing::settings::words;

use crate::support::text::assert_line;

/// A command as it is written, and words to write as one.
#[derive(Debug, Arbitrary)]
pub struct Input<'a> {
    command: &'a str,
    words: Vec<(&'a str, Style)>,
    gap: Gap,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Style {
    Single,
    Double,
    Backslashes,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Gap {
    Space,
    Tab,
    Lines,
}

/// Feeds a command, and words.
pub fn check(input: Input<'_>) {
    as_written(input.command);
    let given: Vec<&str> = input.words.iter().map(|(word, _)| *word).collect();
    let gap = match input.gap {
        Gap::Space => " ",
        Gap::Tab => "\t  ",
        Gap::Lines => "\r\n\u{3000}",
    };
    let quoted: Vec<String> = input.words.iter().map(|(word, style)| style.quote(word)).collect();
    let split = words(&quoted.join(gap));
    match given.first().copied() {
        Some(first) if !first.is_empty() => assert_eq!(
            split.as_ref().map(|words| words.iter().map(String::as_str).collect()),
            Ok(given),
            "{quoted:?}"
        ),
        _ => assert!(split.is_err(), "{quoted:?}"),
    }
}

fn as_written(command: &str) {
    let split = words(command);
    if !command.contains(['\'', '"', '\\']) {
        let plain: Vec<&str> = command.split_whitespace().collect();
        match &split {
            Ok(split) => assert_eq!(split, &plain),
            Err(_) => assert!(plain.is_empty(), "{command:?}"),
        }
    }
    // What only a shell understands is refused in addition.
    match split_command(command) {
        Ok(argv) => assert_eq!(Ok(argv), split),
        Err(problem) => {
            assert_line(&problem, 300);
            assert!(split.is_err() || problem.contains("shell"), "{command:?}: {problem}");
        }
    }
    if let Err(problem) = split {
        assert_line(&problem, 120);
    }
}

impl Style {
    fn quote(self, word: &str) -> String {
        match self {
            _ if word.is_empty() => "''".to_owned(),
            // A single quote cannot stand in single quotes.
            Self::Single => format!("'{}'", word.replace('\'', "'\\''")),
            Self::Double => format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")),
            Self::Backslashes => word.chars().flat_map(|c| ['\\', c]).collect(),
        }
    }
}
