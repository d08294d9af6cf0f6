//! The writer that keeps `Authorization` out of the HTTP library (`src/net/sealed.rs`). Oracle: under any split of the writes, and any
//! amount that the stream beneath takes, the peer receives each head with the value in the place of its filler, in that line and nowhere
//! else. Of a head that is not as expected it receives no more than the request line, and never a part of the value.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use arbitrary::Arbitrary;
use http::HeaderValue;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tunnel_client::fuzzing::secrets::SealedStream;

/// Messages over one connection, and how they are written.
#[derive(Debug, Arbitrary)]
pub struct Input<'a> {
    messages: Vec<Message<'a>>,
    /// How many bytes the writer hands over at a time, and into how many slices it cuts them.
    pieces: Vec<(u8, u8)>,
    /// How many bytes the stream takes at a time; zero: none for now.
    takes: Vec<u8>,
    is_vectored: bool,
}

#[derive(Debug, Arbitrary)]
struct Message<'a> {
    /// Length of the value; `None`: this message has none.
    value: Option<u16>,
    request_line: &'a [u8],
    rest: &'a [u8],
    /// What follows the line holds the filler, and a line that looks like its own.
    repeats: bool,
    fault: Option<Fault>,
}

/// How a head differs from what the writer may expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
enum Fault {
    /// Another header stands before it.
    Later,
    /// One byte of the line is another one.
    Changed(u16),
    /// The head ends before the line does, after so many of its bytes.
    Short(u16),
}

/// More than the filler that is shared by all.
const VALUE_MAX: u16 = 5000;

/// Feeds messages.
pub fn check(input: Input<'_>) {
    let peer = Rc::new(RefCell::new(Peer {
        received: Vec::new(),
        takes: input.takes.clone(),
        turn: 0,
        is_vectored: input.is_vectored,
    }));
    let mut sealed = SealedStream::new(Wire(Rc::clone(&peer)));
    let mut pieces = input.pieces.iter().copied().cycle();
    let mut expected = Vec::new();
    for message in input.messages.iter().take(4) {
        let value = message.value.map(|length| value(length % VALUE_MAX));
        let filler = sealed.arm(value.as_ref());
        let (written, arriving) = message.texts(value.as_ref(), filler.as_ref());
        let before = expected.len();
        expected.extend_from_slice(&arriving.whole);
        let sent = hand_over(&mut sealed, &written, &mut pieces, &peer, &arriving, before);
        let peer = peer.borrow();
        let received = &peer.received;
        if arriving.is_refused {
            // What was held back of a head that ends inside its line never leaves.
            assert!(received.len() <= before + arriving.safe);
            assert!(
                expected.starts_with(received),
                "{:?}",
                String::from_utf8_lossy(received)
            );
            return;
        }
        sent.unwrap_or_else(|error| panic!("a good head is refused: {error}"));
        let (arrived, wanted) = (&received[before..], &expected[before..]);
        assert!(arrived == wanted, "{:?}", String::from_utf8_lossy(arrived));
    }
}

/// A value whose every byte tells its place, and which the filler cannot hold: it has no letters in lower case.
fn value(length: u16) -> HeaderValue {
    let text: Vec<u8> = (0..length)
        .map(|at| b'0' + u8::try_from(at % 43).unwrap_or_default())
        .collect();
    HeaderValue::from_bytes(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// What has to arrive.
struct Arriving {
    whole: Vec<u8>,
    /// The writer has to fail.
    is_refused: bool,
    /// Bytes that may arrive before it fails.
    safe: usize,
}

impl Message<'_> {
    /// What the writer writes, and what arrives of it.
    fn texts(&self, value: Option<&HeaderValue>, filler: Option<&HeaderValue>) -> (Vec<u8>, Arriving) {
        let mut start: Vec<u8> = self
            .request_line
            .iter()
            .copied()
            .filter(|byte| *byte != b'\n')
            .take(300)
            .collect();
        start.extend_from_slice(b"\r\n");
        let (Some(value), Some(filler)) = (value, filler) else {
            start.extend_from_slice(self.rest);
            let arriving = Arriving {
                whole: start.clone(),
                is_refused: false,
                safe: start.len(),
            };
            return (start, arriving);
        };
        assert_eq!(value.len(), filler.len());
        let mut rest = self.rest.to_vec();
        if self.repeats {
            rest.extend_from_slice(b"\r\nauthorization: ");
            rest.extend_from_slice(filler.as_bytes());
            rest.extend_from_slice(b"\r\n\r\n");
        }
        let line = |value: &HeaderValue| [b"authorization: ", value.as_bytes(), b"\r\n"].concat();
        let (mut written, real) = (line(filler), line(value));
        let is_refused = self.fault.is_some();
        match self.fault {
            None => {}
            Some(Fault::Later) => written = [b"host: h\r\n", &written[..]].concat(),
            Some(Fault::Changed(at)) => {
                let at = usize::from(at) % written.len();
                written[at] ^= 0x20;
            }
            Some(Fault::Short(length)) => {
                written.truncate(usize::from(length) % written.len());
                rest.clear();
            }
        }
        let arriving = Arriving {
            whole: [&start[..], &real, &rest].concat(),
            is_refused,
            safe: start.len(),
        };
        ([&start[..], &written, &rest].concat(), arriving)
    }
}

/// Writes all of a text in pieces, until the stream has it or fails.
fn hand_over(
    sealed: &mut SealedStream<Wire>,
    text: &[u8],
    pieces: &mut impl Iterator<Item = (u8, u8)>,
    peer: &RefCell<Peer>,
    arriving: &Arriving,
    before: usize,
) -> io::Result<()> {
    let mut rest = text;
    // A stream that takes nothing is asked again, as after it woke the writer.
    let (mut idle, mut seen) = (0, 0);
    while !rest.is_empty() {
        let (length, slices) = pieces.next().unwrap_or((u8::MAX, 1));
        let length = (usize::from(length) + 1).min(rest.len());
        let given: Vec<IoSlice<'_>> = rest[..length]
            .chunks(length.div_ceil(usize::from(slices % 20) + 1).max(1))
            .map(IoSlice::new)
            .collect();
        let mut context = Context::from_waker(Waker::noop());
        let stream = Pin::new(sealed.stream());
        let polled = match stream.is_write_vectored() {
            true => stream.poll_write_vectored(&mut context, &given),
            false => stream.poll_write(&mut context, given.first().map_or(&[], |slice| &slice[..])),
        };
        if arriving.is_refused {
            let received = peer.borrow().received.len();
            assert!(
                received <= before + arriving.safe,
                "{received} bytes of a head that is refused"
            );
        }
        match polled {
            Poll::Pending => {
                // What was held back goes out without being counted again.
                let received = peer.borrow().received.len();
                idle = if received == seen { idle + 1 } else { 0 };
                seen = received;
                assert!(idle < 10, "it waits for something else than the stream");
            }
            Poll::Ready(Ok(count)) => {
                assert!((1..=length).contains(&count), "{count} of {length} bytes");
                rest = &rest[count..];
                idle = 0;
            }
            Poll::Ready(Err(error)) => return Err(error),
        }
    }
    Ok(())
}

/// What is behind the writer.
struct Peer {
    received: Vec<u8>,
    takes: Vec<u8>,
    turn: usize,
    is_vectored: bool,
}

struct Wire(Rc<RefCell<Peer>>);

impl Peer {
    fn take(&mut self, given: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let most = match self.takes.get(self.turn % self.takes.len().max(1)) {
            // One that never took anything would say nothing.
            Some(0) if self.turn % 3 != 2 => {
                self.turn += 1;
                return Poll::Pending;
            }
            Some(most) => usize::from(*most).max(1),
            None => usize::MAX,
        };
        self.turn += 1;
        let bytes: Vec<u8> = given
            .iter()
            .flat_map(|slice| slice.iter().copied())
            .take(most)
            .collect();
        self.received.extend_from_slice(&bytes);
        Poll::Ready(Ok(bytes.len()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.borrow_mut().take(&[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        given: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let is_vectored = self.0.borrow().is_vectored;
        let given = if is_vectored {
            given
        } else {
            &given[..given.len().min(1)]
        };
        self.0.borrow_mut().take(given)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.borrow().is_vectored
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
