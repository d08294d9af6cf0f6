//! A stream whose reader's buffer does not keep what was read.
//!
//! The TLS library decrypts in the buffer that it reads into, and leaves the text there until something else is read, which may be
//! hours later. What is beneath it is handed that buffer for each read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Zeroes the room for the next bytes when there are none yet. A reader that has worked off what came before offers all its room.
#[derive(Debug)]
pub(crate) struct Wiped<S> {
    stream: S,
    /// Something was read since the room was zeroed.
    used: bool,
}

impl<S> Wiped<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, used: false }
    }

    /// The stream beneath.
    pub(super) fn get_ref(&self) -> &S {
        &self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wiped<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        match read {
            Poll::Ready(_) => self.used = true,
            Poll::Pending if self.used => {
                buf.initialize_unfilled().fill(0);
                self.used = false;
            }
            Poll::Pending => {}
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wiped<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
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
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::future::poll_fn;

    use tokio::io::{AsyncWriteExt as _, duplex};

    use super::*;

    /// One read into these bytes; how many came, or `None` when there are none yet.
    async fn read(stream: &mut Wiped<tokio::io::DuplexStream>, bytes: &mut [u8]) -> Option<usize> {
        poll_fn(|cx| {
            let mut buf = ReadBuf::new(bytes);
            Poll::Ready(match Pin::new(&mut *stream).poll_read(cx, &mut buf) {
                Poll::Ready(result) => result.map(|()| Some(buf.filled().len())).unwrap(),
                Poll::Pending => None,
            })
        })
        .await
    }

    #[test]
    fn what_was_read_is_gone_when_the_reader_waits_for_more() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (ours, mut theirs) = duplex(64);
            let mut stream = Wiped::new(ours);
            let mut bytes = *b"................";
            // Nothing was read, nothing is zeroed.
            assert_eq!(read(&mut stream, &mut bytes).await, None);
            assert_eq!(&bytes, b"................");
            theirs.write_all(b"token 4711").await.unwrap();
            assert_eq!(read(&mut stream, &mut bytes).await, Some(10));
            assert_eq!(&bytes, b"token 4711......");
            // The reader keeps two bytes and offers the rest.
            assert_eq!(read(&mut stream, &mut bytes[2..]).await, None);
            assert_eq!(&bytes, b"to\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        });
    }
}
