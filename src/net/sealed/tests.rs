//! Byte for byte: what the writer hands over, and what arrives.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::future::poll_fn;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::*;

const KEY: &str = "sk-4711-0123456789";
const REAL: &str = "Bearer sk-4711-0123456789";

fn key() -> Authorization {
    Authorization::Key(ApiKey::new(KEY).unwrap())
}

fn filler_of(authorization: &Authorization) -> String {
    filler(authorization.expose().len()).to_str().unwrap().to_owned()
}

/// A head as the library writes it, and the same as it has to arrive.
fn head(request_line: &str, rest: &str) -> (String, String) {
    let line = |value: &str| format!("{request_line}\r\nauthorization: {value}\r\n{rest}");
    (line(&filler_of(&key())), line(REAL))
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// How a text is handed over.
#[derive(Debug, Clone, Copy)]
enum Hand {
    /// One slice after the other.
    Plain,
    /// All slices at once.
    Vectored,
}

/// Hands over `text` in pieces of `piece` bytes through a pipe of `capacity` bytes.
async fn hand_over(sealed: &mut Sealed<DuplexStream>, text: &[u8], piece: usize, hand: Hand) -> io::Result<()> {
    let mut rest = text;
    while !rest.is_empty() {
        let slices: Vec<_> = rest.chunks(piece).map(IoSlice::new).collect();
        let count = poll_fn(|cx| match hand {
            Hand::Plain => Pin::new(&mut *sealed).poll_write(cx, &slices[0]),
            Hand::Vectored => Pin::new(&mut *sealed).poll_write_vectored(cx, &slices),
        });
        let count = count.await?;
        assert!(count > 0 && count <= rest.len(), "{count}");
        rest = &rest[count..];
    }
    sealed.flush().await
}

/// What arrives of these heads and bodies, each handed over after it was armed.
fn arrives(
    texts: &[(Option<Authorization>, &str)],
    capacity: usize,
    piece: usize,
    hand: Hand,
) -> (String, io::Result<()>) {
    run(async {
        let (ours, mut theirs) = duplex(capacity);
        let seal = Seal::default();
        let mut sealed = Sealed::new(ours, seal.clone());
        let writing = async move {
            for (authorization, text) in texts {
                seal.arm(authorization.clone());
                hand_over(&mut sealed, text.as_bytes(), piece, hand).await?;
            }
            Ok(())
        };
        let mut arrived = Vec::new();
        let (written, read) = tokio::join!(writing, theirs.read_to_end(&mut arrived));
        read.unwrap();
        (String::from_utf8(arrived).unwrap(), written)
    })
}

/// Every way to hand over: sizes of the pipe and of the pieces, with one slice and with many.
fn each_way(mut check: impl FnMut(usize, usize, Hand)) {
    for capacity in [1, 2, 3, 7, 16, 41, 64, 100, 4096] {
        for piece in [1, 2, 5, 15, 16, 17, 40, 41, 42, 4096] {
            for hand in [Hand::Plain, Hand::Vectored] {
                check(capacity, piece, hand);
            }
        }
    }
}

#[test]
fn the_filler_is_replaced_whatever_is_written_at_once() {
    let (written, real) = head("GET /v1/poll?limit=3 HTTP/1.1", "host: h\r\n\r\n");
    each_way(|capacity, piece, hand| {
        let (arrived, result) = arrives(&[(Some(key()), &written)], capacity, piece, hand);
        assert_eq!(arrived, real, "{capacity} {piece} {hand:?}");
        result.unwrap();
    });
}

#[test]
fn a_body_and_another_header_that_hold_the_filler_pass_unchanged() {
    let filler = filler_of(&key());
    let trap = format!("x: {filler}\r\nauthorization: {filler}\r\n\r\nauthorization: {filler}\r\n{filler}");
    let (written, real) = head("POST /a HTTP/1.1", &trap);
    // A second request, to tell that the first one's body is no head; the last one carries none, and holds the filler.
    let bare = format!("GET / HTTP/1.1\r\nauthorization: {filler}\r\n\r\n");
    each_way(|capacity, piece, hand| {
        let texts = [(Some(key()), &*written), (Some(key()), &*written), (None, &*bare)];
        let (arrived, result) = arrives(&texts, capacity, piece, hand);
        assert_eq!(arrived, format!("{real}{real}{bare}"), "{capacity} {piece} {hand:?}");
        result.unwrap();
    });
}

#[test]
fn a_request_in_absolute_form_is_one_like_any_other() {
    let (written, real) = head("GET http://h:8080/a HTTP/1.1", "\r\n");
    let (arrived, result) = arrives(&[(Some(key()), &written)], 8, 4096, Hand::Vectored);
    assert_eq!(arrived, real);
    result.unwrap();
}

#[test]
fn values_of_any_length_are_replaced() {
    for length in [
        0,
        1,
        15,
        200,
        FILLER_SHARED - 1,
        FILLER_SHARED,
        FILLER_SHARED + 1,
        3 * FILLER_SHARED,
    ] {
        let value = "t".repeat(length);
        let authorization = Authorization::Value(HeaderValue::from_str(&value).unwrap());
        let filler = filler_of(&authorization);
        assert_eq!(filler.len(), length);
        let line = |value: &str| format!("GET / HTTP/1.1\r\nauthorization: {value}\r\nhost: h\r\n\r\n");
        let (arrived, result) = arrives(&[(Some(authorization), &line(&filler))], 1000, 4096, Hand::Vectored);
        assert!(arrived == line(&value), "{length}");
        result.unwrap();
    }
}

#[test]
fn a_head_that_is_not_as_expected_is_refused_and_nothing_of_the_secret_leaves() {
    let filler = filler_of(&key());
    let mut other = filler.clone().into_bytes();
    *other.last_mut().unwrap() = b'!';
    let other = String::from_utf8(other).unwrap();
    for head in [
        format!("GET / HTTP/1.1\r\nhost: h\r\nauthorization: {filler}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nauthorization: {other}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nauthorization: {filler}x\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nauthorization: {filler}\n\r\n"),
        format!("GET / HTTP/1.1\r\nAuthorization: {filler}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nauthorization: Bearer {filler}\r\n\r\n"),
        format!("\r\nGET / HTTP/1.1\r\nauthorization: {filler}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n\r\nauthorization: {filler}\r\n\r\n"),
    ] {
        each_way(|capacity, piece, hand| {
            let (arrived, result) = arrives(&[(Some(key()), &head)], capacity, piece, hand);
            assert_eq!(result.unwrap_err().kind(), io::ErrorKind::InvalidData, "{head}");
            let leaked = (4..=REAL.len()).any(|length| arrived.contains(&REAL[..length]));
            assert!(!leaked && !arrived.contains("4711"), "{arrived}");
            assert!(head.starts_with(&arrived), "{arrived}");
        });
    }
}

#[test]
fn nothing_more_is_written_after_a_refusal() {
    run(async {
        let (ours, mut theirs) = duplex(4096);
        let seal = Seal::default();
        let mut sealed = Sealed::new(ours, seal.clone());
        seal.arm(Some(key()));
        sealed
            .write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n")
            .await
            .unwrap_err();
        seal.arm(Some(key()));
        let (written, _) = head("GET / HTTP/1.1", "\r\n");
        sealed.write_all(written.as_bytes()).await.unwrap_err();
        sealed.shutdown().await.unwrap();
        let mut arrived = String::new();
        theirs.read_to_string(&mut arrived).await.unwrap();
        assert_eq!(arrived, "");
    });
}

#[test]
fn a_head_armed_with_nothing_more_than_once_is_none() {
    run(async {
        let (ours, theirs) = duplex(4096);
        let seal = Seal::default();
        let mut sealed = Sealed::new(ours, seal.clone());
        seal.arm(Some(key()));
        seal.arm(None);
        sealed.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        drop((sealed, theirs));
    });
}

#[test]
fn the_filler_stands_first_and_what_was_there_keeps_its_order() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", "h"),
        ("authorization", "Bearer own"),
        ("x-a", "1"),
        ("authorization", "second"),
        ("x-a", "2"),
    ] {
        headers.append(name, HeaderValue::from_static(value));
    }
    let own = Authorization::take(&mut headers).unwrap();
    assert_eq!(own.expose(), b"Bearer own");
    for authorization in [own, key()] {
        authorization.hold_place(&mut headers);
        let filler = filler_of(&authorization);
        let lines: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        let expected = [
            ("authorization", &*filler),
            ("authorization", "second"),
            ("host", "h"),
            ("x-a", "1"),
            ("x-a", "2"),
        ];
        assert_eq!(lines, expected);
    }
}

#[test]
fn no_secret_is_shown() {
    let value = Authorization::Value(HeaderValue::from_static("Bearer 4711"));
    let seal = Seal::default();
    seal.arm(Some(value.clone()));
    let sealed = Sealed::new((), seal);
    let shown = format!("{value:?} {:?} {sealed:?}", key());
    assert!(!shown.contains("4711"), "{shown}");
}
