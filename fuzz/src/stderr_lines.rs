//! What a stdio MCP server writes to its standard error (`src/broker/lines.rs`). Oracle: the same text split at once; every line
//! names the server, fits into a pipe, and drives no terminal.

use tunnel_client::fuzzing::messages::stderr_lines;
use tunnel_client::limits::BROKER_LINE_MAX;

use crate::support::pieces::{cut, inflated, seeded};

const PREFIX: &str = "[docs] ";

/// Feeds `data`: two bytes that choose the cuts, then the output.
pub fn check(data: &[u8]) {
    let Some((seed, output)) = seeded(data) else { return };
    let output = &inflated(output, BROKER_LINE_MAX - 8)[..];
    let whole = read([output]);
    assert_eq!(read(cut(output, seed)), whole, "cut");
    assert_eq!(read(output.chunks(1)), whole, "byte by byte");
    let expected = expected(output);
    assert!(
        whole == expected || lacks_only_the_last(&whole, &expected),
        "{whole:?} is not {expected:?}"
    );
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    stderr_lines("docs", pieces)
        .into_iter()
        .map(|line| {
            assert!(line.len() <= BROKER_LINE_MAX, "a line of {} bytes", line.len());
            let line = String::from_utf8(line).expect("a line is text");
            let text = line.strip_prefix(PREFIX).expect("a line names its server");
            let text = text.strip_suffix('\n').expect("a line has an end");
            assert!(!text.is_empty(), "an empty line");
            let drives = |char: char| char.is_control() && char != '\t' || matches!(char, '\u{202a}'..='\u{202e}');
            assert!(!text.chars().any(drives), "{text:?} drives a terminal");
            text.to_owned()
        })
        .collect()
}

/// Lines of the whole output, cut where the next character does not fit.
fn expected(output: &[u8]) -> Vec<String> {
    let room = BROKER_LINE_MAX - PREFIX.len() - 1;
    let mut lines = Vec::new();
    for line in String::from_utf8_lossy(output).split(['\r', '\n']) {
        let mut piece = String::new();
        for char in line.chars() {
            let shown = if is_shown(char) {
                char
            } else {
                char::REPLACEMENT_CHARACTER
            };
            if piece.len() + shown.len_utf8() > room {
                lines.push(std::mem::take(&mut piece));
            }
            piece.push(shown);
        }
        if !piece.is_empty() {
            lines.push(piece);
        }
    }
    lines
}

/// Letters, and what else a log line shows as it is.
fn is_shown(char: char) -> bool {
    char == '\t' || !tunnel_client::fuzzing::messages::is_unsafe(char)
}

/// A character that breaks off at the very end is dropped when its line is full.
fn lacks_only_the_last(whole: &[String], expected: &[String]) -> bool {
    matches!(expected, [before @ .., last] if last == "\u{fffd}" && before == whole)
}
