//! Reads of bounded size into a buffer that need not be initialized before.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};

/// Reads at most `limit` bytes into the unfilled part of `buf`, and gives their number.
///
/// # Errors
/// Those of the stream.
pub fn poll_read_at_most<S: AsyncRead + Unpin>(
    stream: &mut S,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
    limit: usize,
) -> Poll<io::Result<usize>> {
    let mut room = buf.take(limit);
    let place = room.filled().as_ptr();
    let read = Pin::new(stream).poll_read(cx, &mut room);
    let (count, end) = (room.filled().len(), room.filled().as_ptr());
    // A stream may exchange what `room` points to, because it is given by a mutable reference.
    if place != end {
        return Poll::Ready(Err(io::Error::other("a stream exchanged its buffer")));
    }
    // SAFETY: `room` is the beginning of the unfilled part of `buf`, and still the same memory, as was checked. Its first `count` bytes
    // are filled, and a `ReadBuf` has initialized what it has filled (tokio::io::ReadBuf, `filled`).
    unsafe { buf.assume_init(count) };
    buf.advance(count);
    read.map_ok(|()| count)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::mem::MaybeUninit;
    use std::task::Waker;

    use super::*;

    #[test]
    fn no_more_than_the_limit_is_read_after_what_is_there() {
        let mut memory = [const { MaybeUninit::uninit() }; 16];
        let mut buf = ReadBuf::uninit(&mut memory);
        buf.put_slice(b"ab");
        let (mut source, mut cx) = (&b"cdefgh"[..], Context::from_waker(Waker::noop()));
        let read = poll_read_at_most(&mut source, &mut cx, &mut buf, 4);
        assert!(matches!(read, Poll::Ready(Ok(4))));
        assert_eq!(buf.filled(), b"abcdef");
        let read = poll_read_at_most(&mut source, &mut cx, &mut buf, 100);
        assert!(matches!(read, Poll::Ready(Ok(2))));
        assert_eq!(buf.filled(), b"abcdefgh");
    }
}
