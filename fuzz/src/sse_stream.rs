//! An event stream of an MCP server (`src/mcp/http/sse.rs`). Oracle: the algorithm of WHATWG HTML, section 9.2.6, on the whole
//! stream at once; however the stream is cut, it must give the same events.

use std::time::Duration;

use tunnel_client::fuzzing::messages::http::{Event, Stream};
use tunnel_client::limits::{ODD_NAME_MAX, SSE_ID_MAX, SSE_RETRY_MAX, SSE_RETRY_MIN};

use crate::support::pieces::{cut, inflated, seeded};

const MARK: &[u8] = b"\xef\xbb\xbf";

/// Feeds `data`: two bytes that choose the cuts, then the stream.
pub fn check(data: &[u8]) {
    let Some((seed, stream)) = seeded(data) else { return };
    // A pair of marks passes the bound of an event id.
    let stream = &inflated(stream, SSE_ID_MAX + 1)[..];
    let mut expected = Expected::default();
    let is_cut_off = expected.connection(stream);
    let whole = read([stream]);
    same(&whole, &expected, is_cut_off);
    same(&read(cut(stream, seed)), &expected, is_cut_off);
    if stream.len() <= 1024 {
        same(&read(stream.chunks(1)), &expected, is_cut_off);
    }
    resumed(stream, seed);
}

/// What a stream gave.
struct Read {
    events: Vec<Event>,
    last: Option<Event>,
    id: Option<String>,
    retry: Option<Duration>,
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Read {
    let mut stream = Stream::default();
    let mut events = Vec::new();
    for piece in pieces {
        assert!(stream.push(piece, &mut events), "an event of some KiB is no large one");
        stream.give_back();
    }
    let last = stream.finish();
    let (id, retry) = (stream.last_id().map(str::to_owned), stream.retry());
    Read {
        events,
        last,
        id,
        retry,
    }
}

fn same(read: &Read, expected: &Expected, is_cut_off: bool) {
    assert_eq!(read.events, expected.events);
    assert_eq!(read.retry, expected.retry);
    // The end of the stream completes an event whose lines are complete, where it cannot be asked for again.
    let mut ended = expected.clone();
    let is_lost = is_cut_off || expected.id.is_some();
    let last = if is_lost { None } else { ended.dispatch() };
    assert_eq!(read.last, last);
    let id = if is_lost { &expected.id } else { &ended.id };
    assert_eq!(read.id, *id);
}

/// A stream that breaks off at a cut is continued by a second connection, which begins anew.
fn resumed(stream: &[u8], seed: u16) {
    let at = usize::from(seed) % (stream.len() + 1);
    let (first, second) = stream.split_at(at);
    let mut ours = Stream::default();
    let mut events = Vec::new();
    assert!(ours.push(first, &mut events));
    ours.restart();
    assert_eq!(ours.pending(), 0);
    for piece in cut(second, seed) {
        assert!(ours.push(piece, &mut events));
    }
    let mut expected = Expected::default();
    expected.connection(first);
    expected.begun = Begun::default();
    expected.connection(second);
    assert_eq!(events, expected.events);
    assert_eq!(ours.last_id(), expected.id.as_deref());
    assert_eq!(ours.retry(), expected.retry);
}

/// The standard's algorithm, with the client's bounds.
#[derive(Clone, Default)]
struct Expected {
    events: Vec<Event>,
    id: Option<String>,
    retry: Option<Duration>,
    begun: Begun,
}

/// The event that is being read.
#[derive(Clone, Default)]
struct Begun {
    data: Option<Vec<u8>>,
    name: Vec<u8>,
    id: Option<String>,
}

impl Expected {
    /// Reads one connection; true when its last line has no end.
    fn connection(&mut self, stream: &[u8]) -> bool {
        let mut rest = stream.strip_prefix(MARK).unwrap_or(stream);
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            let (line, after) = rest.split_at(end);
            rest = after.strip_prefix(b"\r\n").unwrap_or(&after[1..]);
            if line.is_empty() {
                let event = self.dispatch();
                self.events.extend(event);
            } else {
                self.line(line);
            }
        }
        !rest.is_empty()
    }

    fn line(&mut self, line: &[u8]) {
        // Not of the standard: some servers encode each event by itself.
        let line = line.strip_prefix(MARK).unwrap_or(line);
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = parts.next().unwrap_or_default();
        let value = parts.next().unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => match &mut self.begun.data {
                None => self.begun.data = Some(value.to_vec()),
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
            },
            b"event" => self.begun.name = value.to_vec(),
            b"id" if !value.contains(&0) => {
                // An id that cannot be sent back in a header is none.
                let is_sendable =
                    value.len() <= SSE_ID_MAX && value.iter().all(|b| *b == b'\t' || *b >= b' ' && *b != 0x7f);
                let id = std::str::from_utf8(value).ok().filter(|_| is_sendable);
                self.begun.id = Some(id.unwrap_or_default().to_owned());
            }
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let digits = std::str::from_utf8(value).expect("digits are ASCII");
                if let Ok(milliseconds) = digits.parse::<u64>() {
                    let pause = Duration::from_millis(milliseconds);
                    self.retry = Some(pause.max(SSE_RETRY_MIN).min(SSE_RETRY_MAX));
                }
            }
            _ => {}
        }
    }

    fn dispatch(&mut self) -> Option<Event> {
        let Begun { data, name, id } = std::mem::take(&mut self.begun);
        if let Some(id) = id {
            self.id = Some(id).filter(|id| !id.is_empty());
        }
        let data = data.filter(|data| !data.trim_ascii().is_empty())?;
        Some(match &name[..] {
            b"" | b"message" => Event::Message(data),
            other => {
                let cut = &other[..other.len().min(ODD_NAME_MAX)];
                Event::Other(String::from_utf8_lossy(cut).escape_debug().to_string())
            }
        })
    }
}
