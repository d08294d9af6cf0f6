//! Answers to CONNECT (`src/net/proxy.rs`). Oracle: `httparse` for the head that counts; any chunking gives the same; what follows the
//! head is not read; no cause shows what the proxy wrote or what it was told.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use secrecy::SecretString;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tunnel_client::fuzzing::secrets::connect;
use tunnel_client::limits::PROXY_HEAD_MAX;
use tunnel_client::net::Cause;

use crate::support::planted::Secret;
use crate::support::text::{assert_line, take_byte};

const AUTHORITY: &str = "mcp.example:443";

/// Feeds the size of the chunks, KiB of filling, and the bytes of the answer.
pub fn check(mut data: &[u8]) {
    let chunk = usize::from(take_byte(&mut data)) + 1;
    let filled = filled(take_byte(&mut data), data);
    let data = &filled[..];
    let secret = Secret::of(data);
    let credentials = SecretString::from(format!("user:{}", secret.expose()));
    let whole = ask(data, usize::MAX, Some(&credentials), &secret);
    assert_eq!(
        ask(data, chunk, Some(&credentials), &secret),
        whole,
        "in chunks of {chunk}"
    );
    let without = ask(data, chunk, None, &secret);
    assert_eq!((without.0.is_ok(), without.1), (whole.0.is_ok(), whole.1));
    let (result, read) = whole;
    let head = &data[..read];
    let ends =
        head.windows(2).filter(|end| *end == b"\n\n").count() + head.windows(3).filter(|end| *end == b"\n\r\n").count();
    assert!(
        read <= (ends + 1) * PROXY_HEAD_MAX,
        "{read} bytes are read of a head without an end"
    );
    match &result {
        Ok(status) => {
            assert!((200..300).contains(status));
            assert!(
                head.ends_with(b"\n\r\n") || head.ends_with(b"\n\n"),
                "read further than the head"
            );
        }
        Err(cause) => {
            secret.assert_absent(&format!("{cause} {cause:?}"));
            assert_line(&cause.to_string(), 400);
        }
    }
    agree(data, &result);
}

/// The answer with a long line in its head: a head of many KiB takes a mutator too long to write.
fn filled(kibibytes: u8, data: &[u8]) -> Vec<u8> {
    let at = memchr::memchr(b'\n', data).map_or(data.len(), |at| at + 1);
    let filling = match kibibytes % 32 {
        0 => Vec::new(),
        kibibytes => format!("X: {}\r\n", "x".repeat(usize::from(kibibytes) * 1024)).into_bytes(),
    };
    [&data[..at], &filling, &data[at..]].concat()
}

/// What the other parser takes for a whole head has the same status here.
fn agree(data: &[u8], result: &Result<u16, Cause>) {
    let mut rest = data;
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 256];
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response.parse(rest);
        let (Ok(httparse::Status::Complete(length)), Some(status), true) =
            (parsed, response.code, rest.starts_with(b"HTTP/1."))
        else {
            // It refuses more than status lines: what was accepted here has one.
            if let Ok(status) = result {
                let digits = status.to_string();
                assert!(memchr::memmem::find(data, digits.as_bytes()).is_some());
            }
            return;
        };
        if status < 100 {
            return;
        }
        if length > PROXY_HEAD_MAX {
            assert_eq!(*result, Err(Cause::NotHttp));
            return;
        }
        if (100..200).contains(&status) {
            rest = &rest[length..];
            continue;
        }
        match result {
            Ok(ours) => assert_eq!(*ours, status),
            Err(Cause::ProxyStatus(ours)) => assert_eq!(*ours, status),
            Err(Cause::ProxyDemand(demand)) => {
                assert_eq!(demand.status, status);
                assert!(matches!(status, 401 | 407));
            }
            Err(other) => panic!("{other:?} for a head with status {status}"),
        }
        return;
    }
}

fn ask(
    answer: &[u8],
    chunk: usize,
    credentials: Option<&SecretString>,
    secret: &Secret,
) -> (Result<u16, Cause>, usize) {
    let mut proxy = Proxy {
        answer,
        read: 0,
        chunk,
        written: Vec::new(),
    };
    let mut asking = Box::pin(connect(&mut proxy, AUTHORITY, credentials));
    let Poll::Ready(result) = asking.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it waits for something else than the proxy");
    };
    drop(asking);
    let sent = String::from_utf8_lossy(&proxy.written);
    assert!(
        sent.starts_with("CONNECT mcp.example:443 HTTP/1.1\r\nHost: mcp.example:443\r\n") && sent.ends_with("\r\n\r\n")
    );
    assert_eq!(sent.matches("\r\n\r\n").count(), 1);
    // Encoded only.
    secret.assert_absent(&sent);
    (result, proxy.read)
}

/// A proxy whose answer is there at once.
struct Proxy<'a> {
    answer: &'a [u8],
    read: usize,
    chunk: usize,
    written: Vec<u8>,
}

impl AsyncRead for Proxy<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let count = buffer.remaining().min(self.chunk).min(self.answer.len() - self.read);
        buffer.put_slice(&self.answer[self.read..self.read + count]);
        self.read += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Proxy<'_> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = bytes.len().min(self.chunk);
        self.written.extend_from_slice(&bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
