//! Framing of a child's output. Pure: bytes in, messages out.
//!
//! MCP says one message a line. Children also pretty-print over several lines, and print text that is no message; the
//! first is read, the second is skipped (spec: mcp, section 2).

use bytes::{Bytes, BytesMut};
use serde_json::value::RawValue;

use crate::limits::STDIO_MESSAGE_MAX;
use crate::wire::jsonrpc::Message;

/// A piece of a child's output.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// One JSON object or array.
    Message(Bytes),
    /// Something else, of this many bytes.
    Noise(usize),
    /// More than [`STDIO_MESSAGE_MAX`] without the end of a message. What follows cannot be understood.
    TooLong,
}

/// Cuts a child's output.
#[derive(Debug, Default)]
pub(super) struct Framer {
    buffer: BytesMut,
    /// Bytes of the buffer in which no line end was found.
    scanned: usize,
    /// Lines of a message that is not complete.
    partial: Partial,
    /// A frame that follows the one just given.
    ready: Option<Frame>,
}

/// A message over several lines, with the place of the scan for its end.
#[derive(Debug, Default)]
struct Partial {
    text: BytesMut,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Framer {
    /// Where the next piece of output is read to.
    pub(super) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The next frame; `None` when more output is needed.
    pub(super) fn next(&mut self) -> Option<Frame> {
        if let Some(frame) = self.ready.take() {
            return Some(frame);
        }
        while let Some(line) = self.line() {
            match line {
                Ok(line) => {
                    if let Some(frame) = self.take(line) {
                        return Some(frame);
                    }
                }
                Err(too_long) => return Some(too_long),
            }
        }
        None
    }

    fn line(&mut self) -> Option<Result<Bytes, Frame>> {
        match memchr::memchr(b'\n', &self.buffer[self.scanned..]) {
            Some(at) => {
                let mut line = self.buffer.split_to(self.scanned + at + 1);
                self.scanned = 0;
                line.truncate(line.len() - 1);
                Some(Ok(line.freeze()))
            }
            None if self.buffer.len() > STDIO_MESSAGE_MAX => Some(Err(Frame::TooLong)),
            None => {
                self.scanned = self.buffer.len();
                None
            }
        }
    }

    fn take(&mut self, line: Bytes) -> Option<Frame> {
        if !self.partial.text.is_empty() {
            return self.continue_partial(line);
        }
        let text = line.trim_ascii();
        match text.first() {
            None => None,
            Some(b'{' | b'[') => match serde_json::from_slice::<&RawValue>(text) {
                Ok(_) => Some(Frame::Message(line.slice_ref(text))),
                Err(error) if error.is_eof() => {
                    self.partial.append(text);
                    None
                }
                Err(_) => Some(Frame::Noise(line.len())),
            },
            Some(_) => Some(Frame::Noise(line.len())),
        }
    }

    fn continue_partial(&mut self, line: Bytes) -> Option<Frame> {
        // A whole message at the start of a line: what came before was text that happened to open a bracket.
        let whole = line.first() == Some(&b'{') && std::str::from_utf8(&line).is_ok_and(|t| Message::parse(t).is_ok());
        if whole {
            let noise = std::mem::take(&mut self.partial).text.len();
            self.ready = Some(Frame::Message(line));
            return Some(Frame::Noise(noise));
        }
        self.partial.append(&line);
        if self.partial.text.len() > STDIO_MESSAGE_MAX {
            return Some(Frame::TooLong);
        }
        if self.partial.depth > 0 || self.partial.in_string {
            return None;
        }
        let text = std::mem::take(&mut self.partial).text.freeze();
        Some(match serde_json::from_slice::<&RawValue>(&text) {
            Ok(_) => Frame::Message(text),
            Err(_) => Frame::Noise(text.len()),
        })
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
        self.text.extend_from_slice(line);
        self.text.extend_from_slice(b" ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frames of an output that arrives in pieces of `size` bytes; noise as its length in brackets.
    fn frames(output: &str, size: usize) -> Vec<String> {
        let mut framer = Framer::default();
        let mut found = Vec::new();
        for chunk in output.as_bytes().chunks(size) {
            framer.buffer().extend_from_slice(chunk);
            while let Some(frame) = framer.next() {
                found.push(match frame {
                    Frame::Message(text) => String::from_utf8_lossy(&text).replace(' ', ""),
                    Frame::Noise(_) => "noise".to_owned(),
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
    fn a_line_without_end_is_too_long() {
        let mut framer = Framer::default();
        framer.buffer().extend_from_slice(&vec![b'x'; STDIO_MESSAGE_MAX + 1]);
        assert_eq!(framer.next(), Some(Frame::TooLong));
    }
}
