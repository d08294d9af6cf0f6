//! Framing of a child's output. Pure: bytes in, messages out.
//!
//! MCP says one message a line. Children also pretty-print over several lines, and print text that is no message; the
//! first is read, the second is skipped (contract: mcp, section 6).

use std::ops::Range;

use serde_json::value::RawValue;

use crate::limits::{LARGE_MESSAGE, STDIO_BUFFER_KEEP, STDIO_MESSAGE_MAX};
use crate::sys::allocator::wipe_bytes;
use crate::wire::BYTE_ORDER_MARK;
use crate::wire::jsonrpc::Message;

/// A piece of a child's output.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    /// One JSON object or array.
    Message(&'a [u8]),
    /// Something else.
    Noise(&'a [u8]),
    /// The beginning of a message whose end did not come.
    Unfinished(&'a [u8]),
    /// More than [`STDIO_MESSAGE_MAX`] without the end of a message. What follows cannot be understood.
    TooLong,
}

impl Frame<'_> {
    /// Bytes of it.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Message(text) | Self::Noise(text) | Self::Unfinished(text) => text.len(),
            Self::TooLong => STDIO_MESSAGE_MAX,
        }
    }
}

/// Splits a child's output into frames. Processed bytes are wiped when the next frame is requested.
#[derive(Debug, Default)]
pub(super) struct Framer {
    buffer: Vec<u8>,
    /// Processed bytes at the start of the buffer.
    done: usize,
    /// Bytes at the start of the buffer that contain no further line end.
    scanned: usize,
    /// Lines of a message that is not complete.
    partial: Partial,
    /// Text of several lines that was returned last.
    joined: Vec<u8>,
    /// Line after the frame just returned, as a frame.
    ready: Option<Range<usize>>,
}

/// A message over several lines, with the place of the scan for its end.
#[derive(Debug, Default)]
struct Partial {
    text: Vec<u8>,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

/// Result of a line, as places in the buffer.
enum Step {
    Line(Range<usize>),
    Joined,
    Noise(Range<usize>),
    JoinedNoise,
    Unfinished,
    TooLong,
}

impl Framer {
    /// Where the next piece of output is read to.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        self.forget();
        &mut self.buffer
    }

    /// Bytes of the incomplete message.
    pub(super) fn pending(&self) -> usize {
        self.partial.text.len() + self.buffer.len() - self.done
    }

    /// Ends the line that was begun, if it is a whole message of ordinary size. True when it was.
    pub(super) fn end_line(&mut self) -> bool {
        let text = &self.buffer[self.done..];
        let is_whole = text.len() < LARGE_MESSAGE
            && self.partial.text.is_empty()
            && text.trim_ascii_start().starts_with(b"{")
            && serde_json::from_slice::<&RawValue>(text).is_ok();
        if is_whole {
            self.buffer.push(b'\n');
        }
        is_whole
    }

    /// The next frame; `None` when more output is needed.
    pub(super) fn next(&mut self) -> Option<Frame<'_>> {
        let step = match self.ready.take() {
            Some(line) => Step::Line(line),
            None => self.step()?,
        };
        Some(match step {
            Step::Line(line) => Frame::Message(&self.buffer[line]),
            Step::Joined => Frame::Message(&self.joined),
            Step::Noise(line) => Frame::Noise(&self.buffer[line]),
            Step::JoinedNoise => Frame::Noise(&self.joined),
            Step::Unfinished => Frame::Unfinished(&self.joined),
            Step::TooLong => Frame::TooLong,
        })
    }

    fn step(&mut self) -> Option<Step> {
        loop {
            let Some(at) = memchr::memchr(b'\n', &self.buffer[self.scanned..]) else {
                self.scanned = self.buffer.len();
                return (self.pending() > STDIO_MESSAGE_MAX).then_some(Step::TooLong);
            };
            let mut line = self.done..self.scanned + at;
            self.done = line.end + 1;
            self.scanned = self.done;
            while self.buffer[line.clone()].starts_with(BYTE_ORDER_MARK) {
                line.start += BYTE_ORDER_MARK.len();
            }
            if let Some(step) = self.take(line) {
                return Some(step);
            }
        }
    }

    fn take(&mut self, line: Range<usize>) -> Option<Step> {
        if !self.partial.text.is_empty() {
            return self.continue_partial(line);
        }
        let bytes = &self.buffer[line.clone()];
        let text = bytes.trim_ascii();
        match text.first() {
            None => None,
            Some(b'{' | b'[') => match serde_json::from_slice::<&RawValue>(text) {
                Ok(_) => {
                    let start = line.start + (bytes.len() - bytes.trim_ascii_start().len());
                    Some(Step::Line(start..start + text.len()))
                }
                Err(error) if error.is_eof() => {
                    self.partial.append(text);
                    None
                }
                Err(_) => Some(Step::Noise(line)),
            },
            Some(_) => Some(Step::Noise(line)),
        }
    }

    fn continue_partial(&mut self, line: Range<usize>) -> Option<Step> {
        let bytes = &self.buffer[line.clone()];
        // A whole message at the start of a line: what came before was text that happened to open a bracket.
        let whole = bytes.first() == Some(&b'{') && std::str::from_utf8(bytes).is_ok_and(|t| Message::parse(t).is_ok());
        if whole {
            self.joined = std::mem::take(&mut self.partial).text;
            self.ready = Some(line);
            return Some(Step::Unfinished);
        }
        self.partial.append(bytes);
        if self.partial.text.len() > STDIO_MESSAGE_MAX {
            return Some(Step::TooLong);
        }
        if self.partial.depth > 0 || self.partial.in_string {
            return None;
        }
        self.joined = std::mem::take(&mut self.partial).text;
        Some(match serde_json::from_slice::<&RawValue>(&self.joined) {
            Ok(_) => Step::Joined,
            Err(_) => Step::JoinedNoise,
        })
    }

    /// Wipes processed bytes, and gives back the room of a large message.
    fn forget(&mut self) {
        self.joined = Vec::new();
        if self.done == 0 {
            return;
        }
        let rest = self.buffer.len() - self.done;
        if self.buffer.capacity() > STDIO_BUFFER_KEEP && rest <= STDIO_BUFFER_KEEP {
            // Freed memory is wiped.
            self.buffer = self.buffer[self.done..].to_vec();
        } else {
            self.buffer.copy_within(self.done.., 0);
            wipe_bytes(&mut self.buffer[rest..]);
            self.buffer.truncate(rest);
        }
        self.scanned -= self.done;
        self.done = 0;
    }
}

impl Partial {
    /// Adds a line; every byte is looked at once, however many lines there are.
    fn append(&mut self, line: &[u8]) {
        for &byte in line {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
            }
        }
        // The blank between two lines is what a backslash at the end of the first one escapes.
        self.escaped = false;
        self.text.extend_from_slice(line);
        self.text.push(b' ');
    }
}

#[cfg(test)]
mod exhaustive;

#[cfg(test)]
mod tests {
    use super::*;

    /// The frames of an output that arrives in pieces of `size` bytes.
    fn frames(output: &str, size: usize) -> Vec<String> {
        let mut framer = Framer::default();
        let mut found = Vec::new();
        for chunk in output.as_bytes().chunks(size) {
            framer.buffer().extend_from_slice(chunk);
            while let Some(frame) = framer.next() {
                found.push(match frame {
                    Frame::Message(text) => String::from_utf8_lossy(text).replace(' ', ""),
                    Frame::Noise(_) | Frame::Unfinished(_) => "noise".to_owned(),
                    Frame::TooLong => "too long".to_owned(),
                });
            }
        }
        found
    }

    #[test]
    fn messages_are_found_whatever_surrounds_them() {
        let output = "Server started {ok}\n{\"id\":1}\r\n\n{\n  \"a\": \"}\\\"\",\n  \"b\": [\n1\n]\n}\n[INFO] hello\n[{\"id\":2},{\"id\":3}]\n{oops\n{\"id\":4}\n";
        let want = [
            "noise",
            "{\"id\":1}",
            "{\"a\":\"}\\\"\",\"b\":[1]}",
            "noise",
            "[{\"id\":2},{\"id\":3}]",
            "noise",
            "{\"id\":4}",
        ];
        for size in 1..output.len() {
            assert_eq!(frames(output, size), want, "pieces of {size}");
        }
    }

    #[test]
    fn an_open_bracket_in_a_log_line_does_not_swallow_messages() {
        let message = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
        assert_eq!(frames(&format!("[\n{message}\n"), 7), ["noise", message]);
    }

    #[test]
    fn a_backslash_at_the_end_of_a_line_escapes_nothing_in_the_next() {
        let message = r#"{"id":1}"#;
        assert_eq!(
            frames(&format!("{{\"a\":\"\\\n\"}}\n{message}\n"), 3),
            ["noise", message]
        );
    }

    #[test]
    fn a_byte_order_mark_before_a_line_is_skipped() {
        let message = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
        let pretty = "{\n\"id\":\n2}";
        let output = format!(
            "\u{feff}{message}\n{message}\n\u{feff}\u{feff} {message}\r\n\u{feff}{pretty}\n\u{feff}\n\u{feff}x\n"
        );
        for size in 1..output.len() {
            assert_eq!(
                frames(&output, size),
                [message, message, message, "{\"id\":2}", "noise"],
                "pieces of {size}"
            );
        }
        // A mark inside a string is the string's.
        let inside = "{\"a\":\"\u{feff}\"}";
        assert_eq!(frames(&format!("{inside}\n"), 3), [inside]);
    }

    #[test]
    fn only_a_whole_message_is_ended_without_its_line_end() {
        let mut framer = Framer::default();
        for (piece, is_whole) in [("{\"a\":", false), ("1", false), ("}", true)] {
            framer.buffer().extend_from_slice(piece.as_bytes());
            assert_eq!(framer.next(), None);
            assert_eq!(framer.end_line(), is_whole);
        }
        assert_eq!(framer.next(), Some(Frame::Message(b"{\"a\":1}")));
        framer.buffer().extend_from_slice(b"\n7");
        assert_eq!(framer.next(), None);
        assert!(!framer.end_line());
    }

    #[test]
    fn what_is_no_message_is_given_as_it_was_written() {
        let mut framer = Framer::default();
        framer
            .buffer()
            .extend_from_slice(b"hello\n[\n{\"jsonrpc\":\"2.0\",\"method\":\"m\"}\n{\nx\n}\n");
        assert_eq!(framer.next(), Some(Frame::Noise(b"hello")));
        assert_eq!(framer.next(), Some(Frame::Unfinished(b"[ ")));
        assert_eq!(
            framer.next(),
            Some(Frame::Message(b"{\"jsonrpc\":\"2.0\",\"method\":\"m\"}"))
        );
        assert_eq!(framer.next(), Some(Frame::Noise(b"{ x } ")));
        assert_eq!(framer.next(), None);
    }

    #[test]
    fn a_line_without_end_is_too_long() {
        let mut framer = Framer::default();
        framer.buffer().extend_from_slice(&vec![b'x'; STDIO_MESSAGE_MAX + 1]);
        assert_eq!(framer.next(), Some(Frame::TooLong));
    }

    #[test]
    fn what_was_worked_off_is_wiped_and_a_large_buffer_is_given_back() {
        let mut framer = Framer::default();
        framer.buffer().extend_from_slice(b"{\"secret\":1}\n{\"re");
        assert_eq!(framer.next(), Some(Frame::Message(b"{\"secret\":1}")));
        assert_eq!(framer.next(), None);
        let buffer = framer.buffer();
        assert_eq!(*buffer, b"{\"re");
        // The same memory, whose end was in use.
        buffer.resize(18, 0);
        assert_eq!(*buffer, b"{\"re\0\0\0\0\0\0\0\0\0\0\0\0\0\0");

        let mut framer = Framer::default();
        framer.buffer().extend_from_slice(&vec![b' '; STDIO_BUFFER_KEEP]);
        framer.buffer().extend_from_slice(b"{}\n{");
        assert_eq!(framer.next(), Some(Frame::Message(b"{}")));
        assert_eq!(framer.next(), None);
        assert!(framer.buffer().capacity() <= STDIO_BUFFER_KEEP);
        assert_eq!(framer.pending(), 1);
    }

    #[test]
    fn lines_and_the_message_that_they_belong_to_are_bounded_together() {
        let mut framer = Framer::default();
        framer.buffer().extend_from_slice(b"{\n");
        assert_eq!(framer.next(), None);
        framer.buffer().extend_from_slice(&vec![b' '; STDIO_MESSAGE_MAX / 2]);
        framer.buffer().extend_from_slice(b"\n");
        assert_eq!(framer.next(), None);
        framer.buffer().extend_from_slice(&vec![b' '; STDIO_MESSAGE_MAX / 2]);
        assert_eq!(framer.next(), Some(Frame::TooLong));
    }
}
