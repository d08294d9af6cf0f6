//! Keeps `Authorization` out of the buffers of the HTTP library, which live as long as their connection.
//!
//! The library writes a filler of the same length as the first header of the head; the stream beneath replaces it on the way out. It
//! does so at this one place of each head: neither a body nor another header that holds the filler is changed. Of a head that does not
//! look like that nothing is sent after the request line, and nothing of the secret.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::limits::{CONNECTION_READ_MAX, FILLER_SHARED, WRITE_SLICES};
use crate::secrets::ApiKey;
use crate::sys::reading::poll_read_at_most;

/// How the library writes the header's name (RFC 9112, section 5; lower case).
const NAME: &[u8] = b"authorization: ";
const LINE_END: &[u8] = b"\r\n";

/// A value of `Authorization`, valid as a header.
#[derive(Clone)]
pub(super) enum Authorization {
    /// The key of the control plane.
    Key(ApiKey),
    /// What the request came with: an end user's token, or a configured one.
    Value(HeaderValue),
}

impl Authorization {
    /// Takes the first value of `Authorization` out of a request; more than one are not valid (RFC 9110, section 11.6.2), and the
    /// others go as they are.
    pub(super) fn take(headers: &mut HeaderMap) -> Option<Self> {
        let value = headers.get_mut(AUTHORIZATION)?;
        Some(Self::Value(std::mem::replace(value, HeaderValue::from_static(""))))
    }

    /// Puts the filler into a request, before all other headers.
    pub(super) fn hold_place(&self, headers: &mut HeaderMap) {
        let filler = filler(self.expose().len());
        match headers.get_mut(AUTHORIZATION) {
            Some(value) => *value = filler,
            None => drop(headers.insert(AUTHORIZATION, filler)),
        }
        if headers.keys().next() == Some(&AUTHORIZATION) {
            return;
        }
        let mut ordered = HeaderMap::with_capacity(headers.len());
        for value in headers.get_all(AUTHORIZATION) {
            ordered.append(AUTHORIZATION, value.clone());
        }
        headers.remove(AUTHORIZATION);
        ordered.extend(std::mem::take(headers));
        *headers = ordered;
    }

    /// The value itself.
    pub(super) fn expose(&self) -> &[u8] {
        match self {
            Self::Key(key) => key.authorization(),
            Self::Value(value) => value.as_bytes(),
        }
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorization([REDACTED])")
    }
}

/// Begins with letters that nobody outside knows, so that no message can be made to look like it.
static FILLER: LazyLock<Bytes> = LazyLock::new(|| {
    let mut bytes = vec![0; FILLER_SHARED];
    // Without randomness the place in the head still tells the filler.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter_mut().for_each(|byte| *byte = b'a' + (*byte & 15));
    bytes.into()
});

/// As many bytes, a valid value. The shared ones are not copied.
fn filler(length: usize) -> HeaderValue {
    let bytes = match length <= FILLER.len() {
        true => FILLER.slice(..length),
        false => FILLER.iter().copied().cycle().take(length).collect(),
    };
    // Letters are always valid.
    HeaderValue::from_maybe_shared(bytes).unwrap_or(HeaderValue::from_static(""))
}

/// The bytes from `start` to `end` of the line that carries `value`.
fn line_of(value: &[u8], start: usize, end: usize) -> [&[u8]; 3] {
    let mut before = 0;
    [NAME, value, LINE_END].map(|part| {
        let within = |at: usize| at.saturating_sub(before).min(part.len());
        let bytes = part.get(within(start)..within(end)).unwrap_or_default();
        before += part.len();
        bytes
    })
}

/// Says what the next head carries, and whether there was an answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Seal(Arc<Sealing>);

#[derive(Debug, Default)]
struct Sealing {
    next: Mutex<Option<Authorization>>,
    has_read: AtomicBool,
}

impl Seal {
    /// The next head that begins carries this, or nothing that would have to be replaced. The one before must have been written.
    pub(super) fn arm(&self, authorization: Option<Authorization>) {
        *self.0.next.lock().unwrap_or_else(PoisonError::into_inner) = authorization;
        self.0.has_read.store(false, Ordering::Relaxed);
    }

    /// Whether the peer has sent a byte since the seal was armed.
    pub(super) fn has_read(&self) -> bool {
        self.0.has_read.load(Ordering::Relaxed)
    }

    fn take(&self) -> Option<Authorization> {
        self.0.next.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn read(&self) {
        self.0.has_read.store(true, Ordering::Relaxed);
    }
}

/// A stream that writes the real value where the filler stands.
#[derive(Debug)]
pub(super) struct Sealed<S> {
    stream: S,
    seal: Seal,
    progress: Progress,
    /// Bytes at the start of the reader's buffer that may hold parts of messages: at most `CONNECTION_READ_MAX`, and none while the
    /// reader waits.
    unwiped: usize,
}

/// Where the writer is.
///
/// *Counted* are the bytes that the writer was told are written, *arrived* those that the stream took, both since the head was armed.
/// `len` is the length of the header's line, the same with the filler and with the real value.
///
/// | state | counted − arrived | invariant | left for |
/// |---|---|---|---|
/// | `Passing` | 0 | nothing is armed, or the armed head has not begun | `Request` with the first write after `arm` |
/// | `Request` | 0 | less than the request line arrived, nothing of the header's line is counted | `Line` when its end arrived; `Passing` if the whole header's line arrived with it |
/// | `Line`, not `seen` | `taken` | `sent` = 0, `taken` < `len`: what is counted matched the filler and is held back | `seen` when the line is whole and its first byte arrived |
/// | `Line`, `seen` | `taken` − `sent` | `sent` ≤ `taken` < `len`: the line matched whole once | `Passing` when `taken` = `sent` = `len` |
/// | `Broken` | | a write of the header's line failed, or the head was not as expected; every further byte is refused | |
///
/// `Request` and `Line` are left for `Broken` with the error. `exhaustive` checks these invariants in every state that can be reached.
#[derive(Debug)]
enum Progress {
    /// Bytes pass unchanged until a head is armed.
    Passing,
    /// In the request line.
    Request(Authorization),
    /// In the line of the header.
    Line(Line),
    /// The head was not as expected.
    Broken,
}

/// The line of the header on its way; [`Progress`] has the invariants of its counters.
#[derive(Debug)]
struct Line {
    authorization: Authorization,
    filler: HeaderValue,
    /// Bytes of the filler's line that the writer has handed over.
    taken: usize,
    /// Bytes of the real line that the stream has taken; not more than `taken`.
    sent: usize,
    /// The filler's line was seen whole: only then the first byte of the real one is sent.
    seen: bool,
}

impl Line {
    fn new(authorization: Authorization) -> Self {
        Self {
            filler: filler(authorization.expose().len()),
            authorization,
            taken: 0,
            sent: 0,
            seen: false,
        }
    }

    /// Bytes of either line.
    fn len(&self) -> usize {
        NAME.len() + self.filler.len() + LINE_END.len()
    }

    /// The bytes of `next` that belong to the line, if all of them are as expected.
    fn own<'a>(&self, next: &'a [u8]) -> io::Result<&'a [u8]> {
        let own = next.get(..self.len() - self.taken).unwrap_or(next);
        let mut rest = own;
        for part in line_of(self.filler.as_bytes(), self.taken, self.taken + own.len()) {
            rest = rest.strip_prefix(part).ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a request's head does not begin with its authorization",
                )
            })?;
        }
        Ok(own)
    }

    /// The real line from `sent` to `end`.
    fn real(&self, end: usize) -> [&[u8]; 3] {
        line_of(self.authorization.expose(), self.sent, end)
    }
}

/// A few slices, in one write. What does not fit is written the next time.
struct Slices<'a> {
    slices: [IoSlice<'a>; WRITE_SLICES],
    count: usize,
}

impl<'a> Slices<'a> {
    fn new() -> Self {
        Self {
            slices: [IoSlice::new(&[]); WRITE_SLICES],
            count: 0,
        }
    }

    fn push(&mut self, bytes: &'a [u8]) {
        if let (false, Some(slice)) = (bytes.is_empty(), self.slices.get_mut(self.count)) {
            *slice = IoSlice::new(bytes);
            self.count += 1;
        }
    }

    fn get(&self) -> &[IoSlice<'a>] {
        self.slices.get(..self.count).unwrap_or_default()
    }
}

impl<S> Sealed<S> {
    pub(super) fn new(stream: S, seal: Seal) -> Self {
        Self {
            stream,
            seal,
            progress: Progress::Passing,
            unwiped: 0,
        }
    }
}

impl<S: AsyncWrite + Unpin> Sealed<S> {
    /// Writes what the writer hands over, the real line in the place of the filler's. Counts the writer's bytes.
    fn write(&mut self, cx: &mut Context<'_>, given: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if let Progress::Passing = self.progress {
            match self.seal.take() {
                None => return Pin::new(&mut self.stream).poll_write_vectored(cx, given),
                Some(authorization) => self.progress = Progress::Request(authorization),
            }
        }
        let mut given = given;
        while let [first, others @ ..] = given {
            if !first.is_empty() {
                return self.write_head(cx, first, others);
            }
            given = others;
        }
        Poll::Ready(Ok(0))
    }

    fn write_head(&mut self, cx: &mut Context<'_>, first: &[u8], others: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let request = match self.progress {
            Progress::Request(_) => memchr::memchr(b'\n', first).map(|end| end + 1),
            _ => Some(0),
        };
        let Some((request, rest)) = request.and_then(|end| first.split_at_checked(end)) else {
            return Pin::new(&mut self.stream).poll_write(cx, first);
        };
        let mut line = match std::mem::replace(&mut self.progress, Progress::Broken) {
            Progress::Request(authorization) => Line::new(authorization),
            Progress::Line(line) => line,
            Progress::Passing | Progress::Broken => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        };
        let written = self.write_line(cx, request, &mut line, rest, others);
        self.progress = match written {
            Poll::Ready(Err(_)) => Progress::Broken,
            _ if line.taken == line.len() => Progress::Passing,
            Poll::Ready(Ok(count)) if count < request.len() => Progress::Request(line.authorization),
            Poll::Pending if !request.is_empty() => Progress::Request(line.authorization),
            // All of the request line is written.
            Poll::Ready(Ok(_)) | Poll::Pending => Progress::Line(line),
        };
        written
    }

    fn write_line(
        &mut self,
        cx: &mut Context<'_>,
        request: &[u8],
        line: &mut Line,
        rest: &[u8],
        others: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let own = line.own(rest)?;
        let end = line.taken + own.len();
        let is_whole = end == line.len();
        if !line.seen && !is_whole {
            if !request.is_empty() {
                return Pin::new(&mut self.stream).poll_write(cx, request);
            }
            // Held back until the rest is seen.
            line.taken = end;
            return Poll::Ready(Ok(own.len()));
        }
        loop {
            let mut slices = Slices::new();
            slices.push(request);
            line.real(end).into_iter().for_each(|part| slices.push(part));
            if is_whole {
                slices.push(rest.get(own.len()..).unwrap_or_default());
                others.iter().for_each(|bytes| slices.push(bytes));
            }
            let count = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices.get()))?;
            if count == 0 {
                return Poll::Ready(Ok(0));
            }
            let Some(count) = count.checked_sub(request.len()).filter(|count| *count > 0) else {
                return Poll::Ready(Ok(count));
            };
            line.seen = true;
            // What was held back goes first, and was counted before.
            let owed = line.taken - line.sent;
            if count <= owed {
                line.sent += count;
                continue;
            }
            let counted = count - owed;
            line.taken += counted.min(own.len());
            line.sent = line.taken;
            return Poll::Ready(Ok(request.len() + counted));
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Sealed<S> {
    /// Zeroes what earlier reads filled: hyper's buffer keeps bytes that it has passed on until something else is read, and a
    /// connection may be idle for long. As long as no read is larger than its first buffer, it reads to the start of that one each time.
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let size = buf.remaining().min(CONNECTION_READ_MAX);
        buf.initialize_unfilled_to(size.min(self.unwiped));
        let read = poll_read_at_most(&mut self.stream, cx, buf, size);
        if matches!(read, Poll::Ready(Ok(1..))) {
            self.seal.read();
        }
        self.unwiped = match &read {
            // Waiting: all of it was passed on, and is wiped.
            Poll::Pending => 0,
            Poll::Ready(Ok(count)) => CONNECTION_READ_MAX.min(self.unwiped + count),
            Poll::Ready(Err(_)) => CONNECTION_READ_MAX,
        };
        read.map_ok(|_| ())
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sealed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        given: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, given)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod exhaustive;
#[cfg(test)]
mod tests;
