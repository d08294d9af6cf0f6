//! What is said to an HTTP proxy: CONNECT (RFC 9110, section 9.3.6) and requests in absolute form (RFC 9112, section
//! 3.2.2), with Basic credentials (RFC 7617) that nobody but the proxy gets.

use std::io;

use http::header::{HeaderMap, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Uri};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::challenge::{Demand, Schemes};
use super::hop::Cause;
use crate::limits::PROXY_HEAD_MAX;

/// Asks for a tunnel to `authority` (`host:port`), over a stream that shows a client certificate or none, and reads the answer to the end of its head, not one byte further:
/// what follows belongs to the peer behind the proxy.
///
/// # Errors
/// [`Cause`] when the stream fails, or when the proxy does not open the tunnel.
pub(super) async fn connect<S>(
    stream: &mut S,
    authority: &str,
    credentials: Option<&SecretString>,
    shows_certificate: bool,
) -> Result<u16, Cause>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // With TLS 1.3 the proxy's verdict on a client certificate comes only now.
    let broken = |error| broken(&error, shows_certificate);
    // One write: some proxies take the first packet for the whole head.
    stream.write_all(&head(authority, credentials)).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let (status, head) = read_head(stream, broken).await?;
    match status {
        200..=299 => Ok(status),
        // tinyproxy says 401 when they are wrong.
        401 | 407 => Err(Cause::ProxyDemand(Demand {
            status,
            schemes: offered(&head),
            sent: credentials.is_some(),
        })),
        _ => Err(Cause::ProxyStatus(status)),
    }
}

fn broken(error: &io::Error, shows_certificate: bool) -> Cause {
    match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof => Cause::ProxyClosed,
        kind => crate::tls::Cause::of(error, shows_certificate).map_or(Cause::Io(kind), Cause::Tls),
    }
}

/// In one allocation that is wiped.
fn head(authority: &str, credentials: Option<&SecretString>) -> Zeroizing<Vec<u8>> {
    let basic = credentials.map(basic);
    let basic_len = basic.as_ref().map_or(0, |basic| basic.len());
    let mut head = Zeroizing::new(Vec::with_capacity(2 * authority.len() + basic_len + 64));
    for part in ["CONNECT ", authority, " HTTP/1.1\r\nHost: ", authority, "\r\n"] {
        head.extend_from_slice(part.as_bytes());
    }
    if let Some(basic) = &basic {
        head.extend_from_slice(b"Proxy-Authorization: ");
        head.extend_from_slice(basic);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Byte by byte: it is a few hundred bytes once per connection, and nothing behind the head is taken by mistake.
async fn read_head<S: AsyncRead + Unpin>(
    stream: &mut S,
    broken: impl Fn(io::Error) -> Cause,
) -> Result<(u16, Vec<u8>), Cause> {
    let mut head = Vec::with_capacity(256);
    loop {
        let byte = stream.read_u8().await.map_err(&broken)?;
        head.push(byte);
        if byte == b'\n' && (head.ends_with(b"\n\r\n") || head.ends_with(b"\n\n")) {
            match parse_status(&head)? {
                // Interim answers precede the one that counts (RFC 9110, section 15.2).
                100..=199 => head.clear(),
                status => return Ok((status, head)),
            }
        }
        // A peer that is no HTTP server is told at its first line, not after a whole head or a time bound.
        if (byte == b'\n' || head.len() == 5)
            && !b"HTTP/".starts_with(head.get(..5).unwrap_or(&head))
            && head != b"\r\n"
        {
            return Err(Cause::NotHttp);
        }
        if head.len() >= PROXY_HEAD_MAX {
            return Err(Cause::NotHttp);
        }
    }
}

/// Schemes in the lines of a head; what is no text names none.
fn offered(head: &[u8]) -> Schemes {
    let lines = head
        .split(|byte| *byte == b'\n')
        .filter_map(|line| str::from_utf8(line).ok());
    lines
        .filter_map(|line| line.split_once(':'))
        .fold(Schemes::default(), |all, (name, value)| {
            let asks = ["proxy-authenticate", "www-authenticate"];
            match asks.iter().any(|ask| name.trim().eq_ignore_ascii_case(ask)) {
                true => all.and(value),
                false => all,
            }
        })
}

/// Schemes in a head that was read already.
pub(super) fn schemes(headers: &HeaderMap) -> Schemes {
    let values = headers
        .get_all(PROXY_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values.fold(Schemes::default(), Schemes::and)
}

/// The status of `HTTP/1.x NNN ...`.
fn parse_status(head: &[u8]) -> Result<u16, Cause> {
    let version_and_rest = head.strip_prefix(b"HTTP/1.").ok_or(Cause::NotHttp)?;
    match version_and_rest {
        [b'0' | b'1', b' ', digits @ ..] => match digits {
            [a, b, c, b' ' | b'\r' | b'\n', ..] if [a, b, c].iter().all(|d| d.is_ascii_digit()) && *a != b'0' => {
                Ok([a, b, c].iter().fold(0, |n, d| n * 10 + u16::from(**d - b'0')))
            }
            _ => Err(Cause::NotHttp),
        },
        _ => Err(Cause::NotHttp),
    }
}

/// Turns requests into those that a proxy forwards.
#[derive(Debug, Clone)]
pub(super) struct Forward(Authority);

impl Forward {
    /// For requests to `authority`; `None` when it cannot be written in a request line.
    pub(super) fn new(authority: &str) -> Option<Self> {
        authority.parse().ok().map(Self)
    }

    /// Rewrites a request in origin form, for a proxy that is told these credentials.
    pub(super) fn apply<B>(&self, request: &mut Request<B>, credentials: Option<&SecretString>) {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.0.clone());
        parts.path_and_query = request
            .uri()
            .path_and_query()
            .cloned()
            .or(Some(PathAndQuery::from_static("/")));
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
        if let Some(value) = credentials.and_then(authorization) {
            request.headers_mut().insert(PROXY_AUTHORIZATION, value);
        }
    }
}

/// The credentials as a header; `None` when they cannot be one, which base64 always can.
fn authorization(credentials: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_bytes(&basic(credentials)).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `Basic` and the credentials in base64 (RFC 4648, section 4), wiped after use.
fn basic(credentials: &SecretString) -> Zeroizing<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes = credentials.expose_secret().as_bytes();
    let mut text = Zeroizing::new(Vec::with_capacity(6 + bytes.len().div_ceil(3) * 4));
    text.extend_from_slice(b"Basic ");
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = (bits >> (18 - 6 * at)) & 63;
            let known = at <= group.len();
            text.push(match known {
                true => ALPHABET.get(digit as usize).copied().unwrap_or(b'='),
                false => b'=',
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn text(credentials: &str) -> String {
        String::from_utf8(basic(&SecretString::from(credentials)).to_vec()).unwrap()
    }

    /// RFC 4648, section 10, and RFC 7617, section 2.
    #[test]
    fn credentials_are_base64() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
            ("Aladdin:open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("test:123\u{a3}", "dGVzdDoxMjPCow=="),
        ] {
            assert_eq!(text(plain), format!("Basic {encoded}"));
        }
    }

    #[test]
    fn only_a_status_line_has_a_status() {
        for (head, status) in [
            ("HTTP/1.1 200 Connection established\r\n\r\n", 200),
            ("HTTP/1.0 200\r\n\r\n", 200),
            ("HTTP/1.1 407 \n\n", 407),
        ] {
            assert_eq!(parse_status(head.as_bytes()), Ok(status), "{head:?}");
        }
        for head in [
            "",
            "HTTP/2 200 ",
            "HTTP/1.1 20",
            "HTTP/1.1 2000 x",
            "HTTP/1.1 099 x",
            "HTTP/1.1200 x",
            "SSH-2.0",
        ] {
            assert_eq!(parse_status(head.as_bytes()), Err(Cause::NotHttp), "{head:?}");
        }
    }

    #[test]
    fn a_head_ends_with_its_empty_line_whichever_line_ends_it_has() {
        use std::task::{Context, Poll, Waker};
        for head in [
            "HTTP/1.1 200 OK\r\nVia: p\r\n\r\n",
            "HTTP/1.1 200 OK\nVia: p\n\n",
            "HTTP/1.1 200 OK\nVia: p\n\r\n",
            "HTTP/1.1 200 OK\r\nVia: p\r\n\n",
        ] {
            let answer = format!("{head}\x16\x03\x01");
            let mut stream = answer.as_bytes();
            let read = std::pin::pin!(read_head(&mut stream, |_| Cause::ProxyClosed))
                .poll(&mut Context::from_waker(Waker::noop()));
            let Poll::Ready(Ok((200, read))) = read else {
                unreachable!("{head:?}: {read:?}")
            };
            assert_eq!(read, head.as_bytes());
        }
    }

    #[test]
    fn the_head_is_written_into_the_room_that_was_reserved() {
        let head = head("a.example:443", Some(&SecretString::from("user:password")));
        let text = String::from_utf8(head.to_vec()).unwrap();
        assert_eq!(
            text,
            "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\
             Proxy-Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n\r\n"
        );
        assert!(head.len() <= 2 * "a.example:443".len() + 26 + 64);
    }

    #[test]
    fn a_forwarded_request_names_its_target_and_keeps_path_and_query() {
        let forward = Forward::new("a.example:8080").unwrap();
        let mut request = Request::get("/mcp?x=1").body(()).unwrap();
        forward.apply(&mut request, Some(&SecretString::from("u:p")));
        assert_eq!(request.uri(), "http://a.example:8080/mcp?x=1");
        let value = request.headers().get(PROXY_AUTHORIZATION).unwrap();
        assert!(value.is_sensitive() && value == "Basic dTpw");
    }
}
