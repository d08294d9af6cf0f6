//! The output of a stdio MCP server (`src/mcp/stdio/frame.rs`). Oracle: line by line on the whole output, with a JSON reader of its
//! own; however the output is cut, it must give the same frames.

use tunnel_client::fuzzing::messages::stdio::{Frame, frames};
use tunnel_client::limits::LARGE_MESSAGE;

use crate::support::json::{self, Fault};
use crate::support::messages;
use crate::support::pieces::{cut, inflated, seeded};

const MARK: &[u8] = b"\xef\xbb\xbf";
/// Letters that a pair of marks stands for: several of them pass the size above which a buffer is given back.
const LETTERS: usize = 20_000;

/// Feeds `data`: two bytes that choose the cuts, then the output.
pub fn check(data: &[u8]) {
    let Some((seed, output)) = seeded(data) else { return };
    let output = &inflated(output, LETTERS)[..];
    let Some((expected, is_ended)) = expected(output) else {
        return;
    };
    let whole = frames([output]);
    assert_eq!(whole.0, expected, "the whole output at once");
    assert_eq!(whole.1, is_ended, "whether the rest is a whole line");
    assert_eq!(frames(cut(output, seed)), whole, "cut");
    if output.len() <= 512 {
        assert_eq!(frames(output.chunks(1)), whole, "byte by byte");
    }
}

/// Frames, and whether the rest is one more. `None` for an output that is too deep to be judged.
fn expected(output: &[u8]) -> Option<(Vec<Frame>, bool)> {
    let mut lines: Vec<&[u8]> = output.split(|byte| *byte == b'\n').collect();
    let rest = lines.pop().unwrap_or_default();
    let mut found = Vec::new();
    let mut begun: Vec<u8> = Vec::new();
    for line in lines {
        one_line(line, &mut begun, &mut found)?;
    }
    // A mark before the rest is no reason to end its line early.
    let is_ended =
        begun.is_empty() && rest.len() < LARGE_MESSAGE && rest.trim_ascii_start().starts_with(b"{") && is_whole(rest)?;
    if is_ended {
        found.push(Frame::Message(rest.trim_ascii().to_vec()));
    }
    Some((found, is_ended))
}

fn one_line(line: &[u8], begun: &mut Vec<u8>, found: &mut Vec<Frame>) -> Option<()> {
    let mut line = line;
    while let Some(rest) = line.strip_prefix(MARK) {
        line = rest;
    }
    if begun.is_empty() {
        let text = line.trim_ascii();
        if !matches!(text.first(), Some(b'{' | b'[')) {
            if !text.is_empty() {
                found.push(Frame::Noise(line.to_vec()));
            }
            return Some(());
        }
        match json::parse(text) {
            Err(Fault::Deep) => return None,
            Err(Fault::End) => *begun = [text, b" "].concat(),
            Ok(_) if is_whole(text)? => found.push(Frame::Message(text.to_vec())),
            _ => found.push(Frame::Noise(line.to_vec())),
        }
        return Some(());
    }
    // A message in one line interrupts one over several.
    if line.starts_with(b"{") && std::str::from_utf8(line).is_ok() && messages::kind(line)?.is_ok() {
        found.push(Frame::Unfinished(std::mem::take(begun)));
        found.push(Frame::Message(line.to_vec()));
        return Some(());
    }
    begun.extend_from_slice(line);
    begun.push(b' ');
    if is_closed(begun) {
        let text = std::mem::take(begun);
        let is_whole = is_whole(&text)?;
        found.push(if is_whole {
            Frame::Message(text)
        } else {
            Frame::Noise(text)
        });
    }
    Some(())
}

/// Whether it is one JSON text in UTF-8.
fn is_whole(text: &[u8]) -> Option<bool> {
    match json::parse(text) {
        Err(Fault::Deep) => None,
        parsed => Some(parsed.is_ok_and(|node| std::str::from_utf8(node.raw(text)).is_ok())),
    }
}

/// Whether every bracket and every string that was opened is closed again.
fn is_closed(text: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => loop {
                match rest.next() {
                    None => return false,
                    Some(b'"') => break,
                    Some(b'\\') => _ = rest.next(),
                    Some(_) => {}
                }
            },
            _ => {}
        }
    }
    depth == 0
}
