//! What a server writes to its standard error, as lines that others can read: each names the server, is bounded, and drives no
//! terminal.

use std::str;

use crate::limits::BROKER_LINE_MAX;
use crate::telemetry::is_unsafe;

/// The lines of one server. Bytes go in, lines come out.
#[derive(Debug)]
pub(super) struct Lines {
    /// What was read and is in no line yet.
    bytes: Vec<u8>,
    /// The beginning of `bytes` that is in a line.
    used: usize,
    /// The line under way, or the last one given.
    line: String,
    /// Bytes at the beginning of every line that name the server.
    prefix: usize,
    /// The line was given, and another begins.
    given: bool,
}

impl Lines {
    /// Those of the server with this name.
    pub(super) fn new(name: &str) -> Self {
        let line = format!("[{name}] ");
        Self {
            bytes: Vec::new(),
            used: 0,
            prefix: line.len(),
            line,
            given: false,
        }
    }

    /// Takes what was read, after all lines before it were taken out.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.used);
        self.used = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next line that is whole, or a piece of one that is too long. Empty ones are left out.
    pub(super) fn next(&mut self) -> Option<&[u8]> {
        self.begin();
        while let Some((char, length)) = self.bytes.get(self.used..).and_then(first) {
            let ends = matches!(char, '\n' | '\r');
            let shown = match is_unsafe(char) && char != '\t' {
                true => char::REPLACEMENT_CHARACTER,
                false => char,
            };
            if !ends && self.line.len() + shown.len_utf8() >= BROKER_LINE_MAX {
                return Some(self.give());
            }
            self.used += length;
            match ends {
                false => self.line.push(shown),
                true if self.line.len() > self.prefix => return Some(self.give()),
                true => {}
            }
        }
        None
    }

    /// What is left when there will be nothing more: a line without an end.
    pub(super) fn rest(&mut self) -> Option<&[u8]> {
        self.begin();
        if self.used < self.bytes.len() && self.line.len() + 4 <= BROKER_LINE_MAX {
            self.line.push(char::REPLACEMENT_CHARACTER);
        }
        self.bytes.clear();
        self.used = 0;
        (self.line.len() > self.prefix).then(|| self.give())
    }

    fn begin(&mut self) {
        if std::mem::take(&mut self.given) {
            self.line.truncate(self.prefix);
        }
    }

    fn give(&mut self) -> &[u8] {
        self.given = true;
        self.line.push('\n');
        self.line.as_bytes()
    }
}

/// The first character and its bytes; for bytes that are none, what stands for it. `None` when the rest of it is yet to come.
fn first(bytes: &[u8]) -> Option<(char, usize)> {
    let bytes = bytes.get(..4).unwrap_or(bytes);
    let chunk = bytes.utf8_chunks().next()?;
    if let Some(char) = chunk.valid().chars().next() {
        return Some((char, char.len_utf8()));
    }
    let odd = chunk.invalid();
    let is_begun = str::from_utf8(odd).is_err_and(|error| error.error_len().is_none());
    match is_begun && odd.len() == bytes.len() {
        true => None,
        false => Some((char::REPLACEMENT_CHARACTER, odd.len())),
    }
}

/// Door for `fuzz/`.
#[cfg(fuzzing)]
pub mod fuzzing {
    /// Lines of the server with this name for output that arrives in these pieces.
    pub fn stderr_lines<'a>(name: &str, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
        let mut lines = super::Lines::new(name);
        let mut found = Vec::new();
        for piece in pieces {
            lines.add(piece);
            while let Some(line) = lines.next() {
                found.push(line.to_vec());
            }
        }
        found.extend(lines.rest().map(<[u8]>::to_vec));
        found
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// What comes out for these bytes, given in chunks of this size, then the end.
    fn lines(bytes: &[u8], size: usize) -> Vec<String> {
        let mut lines = Lines::new("docs");
        let mut out = Vec::new();
        for chunk in bytes.chunks(size) {
            lines.add(chunk);
            while let Some(line) = lines.next() {
                out.push(str::from_utf8(line).unwrap().to_owned());
            }
        }
        out.extend(lines.rest().map(|line| str::from_utf8(line).unwrap().to_owned()));
        out
    }

    #[test]
    fn each_line_names_the_server_however_its_bytes_come() {
        for size in [1, 2, 3, 5, 100] {
            assert_eq!(
                lines("one\n\ntw\u{f6}\r\n\u{1f600}\tthree".as_bytes(), size),
                ["[docs] one\n", "[docs] tw\u{f6}\n", "[docs] \u{1f600}\tthree\n"],
                "{size}"
            );
        }
    }

    #[test]
    fn what_drives_a_terminal_and_what_is_no_text_is_replaced() {
        for size in [1, 2, 3, 5, 100] {
            assert_eq!(
                lines(
                    b"a\x1b[2Jb\x00\x7f\xc2\x9bc\xff\xe2\x82 d\xe2\x80\xae\n\xf0\x9f\x98",
                    size
                ),
                [
                    "[docs] a\u{fffd}[2Jb\u{fffd}\u{fffd}\u{fffd}c\u{fffd}\u{fffd} d\u{fffd}\n",
                    "[docs] \u{fffd}\n"
                ],
                "{size}"
            );
        }
    }

    #[test]
    fn a_long_line_comes_in_pieces_that_a_pipe_takes_whole() {
        for text in ["x".repeat(10_000), "\u{1b}".repeat(10_000), "\u{20ac}".repeat(5_000)] {
            let pieces = lines(format!("{text}\nnext\n").as_bytes(), 4096);
            assert!(pieces.iter().all(|piece| piece.len() <= BROKER_LINE_MAX));
            assert!(
                pieces
                    .iter()
                    .all(|piece| piece.starts_with("[docs] ") && piece.ends_with('\n'))
            );
            assert_eq!(pieces.last().unwrap(), "[docs] next\n");
            let whole: String = pieces.iter().map(|piece| &piece[7..piece.len() - 1]).collect();
            assert_eq!(whole, format!("{}next", text.replace('\u{1b}', "\u{fffd}")));
        }
    }

    #[test]
    fn a_line_of_just_the_greatest_length_is_one_piece() {
        let longest = "x".repeat(BROKER_LINE_MAX - "[docs] \n".len());
        assert_eq!(
            lines(format!("{longest}\n").as_bytes(), 4096),
            [format!("[docs] {longest}\n")]
        );
        assert_eq!(lines(format!("{longest}y\n").as_bytes(), 4096).len(), 2);
        let odd = [longest.as_bytes(), b"\xe2"].concat();
        assert!(lines(&odd, 4096).iter().all(|piece| piece.len() <= BROKER_LINE_MAX));
    }
}
