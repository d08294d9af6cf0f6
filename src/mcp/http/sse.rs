//! Server-sent events (WHATWG HTML, section 9.2), as far as MCP uses them. Pure: bytes in, events out.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderValue;

use crate::limits::{
    CONNECTION_BUFFER_MAX, LARGE_MESSAGE, ODD_NAME_MAX, SSE_EVENT_MAX, SSE_ID_MAX, SSE_RETRY_MAX, SSE_RETRY_MIN,
};
use crate::wire::BYTE_ORDER_MARK;

/// Reads events from pieces of a stream.
#[derive(Debug, Default)]
pub(super) struct Parser {
    buffer: BytesMut,
    /// Bytes of the buffer in which no line end was found.
    scanned: usize,
    /// The last line ended with CR: a LF that follows belongs to it.
    after_cr: bool,
    started: bool,
    data: Option<Data>,
    /// The name of an event of another type, cut.
    other_event: Option<Box<str>>,
    /// The id of the event that is being read; it counts once the event is complete.
    next_id: Option<Box<str>>,
    last_id: Option<Box<str>>,
    retry: Option<Duration>,
}

/// One event with data.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A message.
    Message(Bytes),
    /// Of another type: its name, cut. MCP knows none.
    Other(Box<str>),
}

/// Most events have one line of data, which is not copied.
#[derive(Debug)]
enum Data {
    One(Bytes),
    More(BytesMut),
}

/// An event is larger than [`SSE_EVENT_MAX`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

impl Parser {
    /// Adds a piece of the stream.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
        // Only the very first bytes are the stream's mark, and they may come one by one.
        let may_be_begun = self.buffer.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(&self.buffer);
        if !self.started && !may_be_begun {
            self.started = true;
            if self.buffer.starts_with(BYTE_ORDER_MARK) {
                let _ = self.buffer.split_to(BYTE_ORDER_MARK.len());
                self.scanned = 0;
            }
        }
    }

    /// Bytes of the incomplete event.
    pub(super) fn pending(&self) -> usize {
        let data = match &self.data {
            None => 0,
            Some(Data::One(data)) => data.len(),
            Some(Data::More(data)) => data.len(),
        };
        self.buffer.len() + data
    }

    /// Gives back the room that a large event took; false while one is being read.
    pub(super) fn give_back(&mut self) -> bool {
        if self.pending() > CONNECTION_BUFFER_MAX {
            return false;
        }
        if self.buffer.capacity() >= LARGE_MESSAGE {
            self.buffer = BytesMut::from(&self.buffer[..]);
        }
        true
    }

    /// The next event; `None` when more of the stream is needed. Comments and events without data give nothing.
    pub(super) fn next(&mut self) -> Result<Option<Event>, TooLarge> {
        while let Some(line) = self.line()? {
            if line.is_empty() {
                if let Some(event) = self.dispatch() {
                    return Ok(Some(event));
                }
            } else {
                self.field(line)?;
            }
        }
        Ok(None)
    }

    /// The stream is over: an event whose last line was complete counts even without the empty line, where it cannot be
    /// asked for again.
    pub(super) fn finish(&mut self) -> Option<Event> {
        if self.buffer.is_empty() && self.last_id.is_none() {
            self.dispatch()
        } else {
            None
        }
    }

    /// A new connection continues the stream: what was cut off is sent again.
    pub(super) fn restart(&mut self) {
        self.buffer.clear();
        (self.next_id, self.other_event) = (None, None);
        (self.scanned, self.after_cr, self.started, self.data) = (0, false, false, None);
    }

    /// The last event id, if there was one.
    pub(super) fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// The pause that the server asked for.
    pub(super) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    fn line(&mut self) -> Result<Option<Bytes>, TooLarge> {
        if self.after_cr && !self.buffer.is_empty() {
            self.after_cr = false;
            if self.buffer[0] == b'\n' {
                let _ = self.buffer.split_to(1);
            }
        }
        match memchr::memchr2(b'\n', b'\r', &self.buffer[self.scanned..]) {
            Some(at) => {
                let end = self.scanned + at;
                let mut line = self.buffer.split_to(end + 1);
                self.after_cr = line[end] == b'\r';
                self.scanned = 0;
                line.truncate(end);
                Ok(Some(line.freeze()))
            }
            None => {
                self.scanned = self.buffer.len();
                if self.pending() > SSE_EVENT_MAX {
                    Err(TooLarge)
                } else {
                    Ok(None)
                }
            }
        }
    }

    fn field(&mut self, line: Bytes) -> Result<(), TooLarge> {
        // Some servers encode each event by itself, with a byte order mark.
        let line = line
            .strip_prefix(BYTE_ORDER_MARK)
            .map_or(line.clone(), |rest| line.slice_ref(rest));
        let colon = memchr::memchr(b':', &line).unwrap_or(line.len());
        let start = if line.get(colon + 1) == Some(&b' ') {
            colon + 2
        } else {
            (colon + 1).min(line.len())
        };
        let value = line.slice(start..);
        match &line[..colon] {
            b"data" => {
                self.data = Some(match self.data.take() {
                    None => Data::One(value),
                    Some(data) => {
                        let mut all = match data {
                            Data::One(first) => BytesMut::from(&first[..]),
                            Data::More(all) => all,
                        };
                        if all.len() + value.len() >= SSE_EVENT_MAX {
                            return Err(TooLarge);
                        }
                        all.extend_from_slice(b"\n");
                        all.extend_from_slice(&value);
                        Data::More(all)
                    }
                });
            }
            b"event" if value.is_empty() || value == "message" => self.other_event = None,
            b"event" => {
                let name = String::from_utf8_lossy(&value[..value.len().min(ODD_NAME_MAX)]);
                self.other_event = Some(name.escape_debug().to_string().into());
            }
            // The standard ignores these.
            b"id" if value.contains(&0) => {}
            // What cannot be sent back is no id: the stream must not be resumed from an earlier one, which would repeat events.
            b"id" => {
                let id = Some(&value).filter(|id| id.len() <= SSE_ID_MAX && HeaderValue::from_bytes(id).is_ok());
                self.next_id = Some(
                    id.and_then(|id| std::str::from_utf8(id).ok())
                        .unwrap_or_default()
                        .into(),
                );
            }
            b"retry" => {
                let ms = std::str::from_utf8(&value)
                    .ok()
                    .filter(|v| v.bytes().all(|b| b.is_ascii_digit()));
                if let Some(ms) = ms.and_then(|v| v.parse().ok()) {
                    self.retry = Some(Duration::from_millis(ms).clamp(SSE_RETRY_MIN, SSE_RETRY_MAX));
                }
            }
            // Comments have an empty name; other fields mean nothing.
            _ => {}
        }
        Ok(())
    }

    fn dispatch(&mut self) -> Option<Event> {
        if let Some(id) = self.next_id.take() {
            self.last_id = Some(id).filter(|id| !id.is_empty());
        }
        let other = self.other_event.take();
        let data = match self.data.take()? {
            Data::One(data) => data,
            Data::More(data) => data.freeze(),
        };
        // Empty data is a keep-alive.
        if data.trim_ascii().is_empty() {
            return None;
        }
        Some(other.map_or(Event::Message(data), Event::Other))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// The events of a stream that arrives in pieces of `size` bytes.
    fn events(stream: &[u8], size: usize) -> (Vec<String>, Parser) {
        let mut parser = Parser::default();
        let mut found = Vec::new();
        for chunk in stream.chunks(size) {
            parser.push(chunk);
            while let Some(event) = parser.next().unwrap() {
                found.push(shown(event));
            }
        }
        found.extend(parser.finish().map(shown));
        (found, parser)
    }

    fn shown(event: Event) -> String {
        match event {
            Event::Message(data) => String::from_utf8(data.to_vec()).unwrap(),
            Event::Other(name) => format!("<{name}>"),
        }
    }

    #[test]
    fn every_cut_of_the_stream_gives_the_same_events() {
        let stream = b"\xef\xbb\xbf: hello\r\nevent: message\r\nid: 7\r\ndata: {\"a\":\r\ndata:1}\r\n\r\n\
            data\n\n\
            event: other\ndata: no\n\n\
            retry: 1500\rdata: two\r\r\
            nonsense\n: ping\n\n\
            data: three\n";
        for size in 1..stream.len() {
            let (found, parser) = events(stream, size);
            assert_eq!(found, ["{\"a\":\n1}", "<other>", "two"], "pieces of {size}");
            assert_eq!(parser.last_id(), Some("7"));
            assert_eq!(parser.retry(), Some(Duration::from_millis(1500)));
        }
    }

    #[test]
    fn a_byte_order_mark_after_the_first_line_is_not_the_streams() {
        // The line's own mark is skipped, a second one makes its name unknown.
        let stream = "\n\u{feff}\u{feff}data: one\n\n\u{feff}data: two\n\n".as_bytes();
        for size in 1..stream.len() {
            assert_eq!(events(stream, size).0, ["two"], "pieces of {size}");
        }
    }

    #[test]
    fn a_cut_off_line_is_no_event() {
        assert_eq!(events(b"data: one\n\ndata: {\"cut\":", 64).0, ["one"]);
        assert_eq!(events(b"data: one\n\ndata: whole\n", 64).0, ["one", "whole"]);
    }

    #[test]
    fn an_event_that_breaks_off_after_its_id_is_asked_for_again() {
        let (found, parser) = events(b"id: 1\ndata: one\n\nid: 2\ndata: {\n", 64);
        assert_eq!(found, ["one"]);
        assert_eq!(parser.last_id(), Some("1"));
    }

    #[test]
    fn an_id_that_cannot_be_sent_back_ends_resumption_and_is_no_earlier_one() {
        let too_long = format!("id: 1\ndata: one\n\nid: {}\ndata: two\n\n", "x".repeat(SSE_ID_MAX + 1));
        assert_eq!(events(too_long.as_bytes(), 64).1.last_id(), None);
        let longest = "x".repeat(SSE_ID_MAX);
        let (_, parser) = events(format!("id: {longest}\ndata: one\n\n").as_bytes(), 64);
        assert_eq!(parser.last_id(), Some(&*longest));
        assert_eq!(
            events(b"id: 1\ndata: one\n\nid: \x07\ndata: two\n\n", 64).1.last_id(),
            None
        );
        assert_eq!(
            events("id: \u{e9}\ndata: one\n\n".as_bytes(), 64).1.last_id(),
            Some("\u{e9}")
        );
    }

    #[test]
    fn a_byte_order_mark_may_begin_every_event() {
        let stream = "\u{feff}data: one\n\n\u{feff}data: two\n\n\u{feff}event: x\u{1b}\ndata: three\n\n";
        assert_eq!(events(stream.as_bytes(), 5).0, ["one", "two", "<x\\u{1b}>"]);
    }

    #[test]
    fn an_id_without_data_is_remembered() {
        let (found, parser) = events(b"id: p-1\ndata:\n\n", 64);
        assert!(found.is_empty());
        assert_eq!(parser.last_id(), Some("p-1"));
    }
}
