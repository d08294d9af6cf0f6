//! Tests of scrubbing.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use super::*;
use crate::processor_time::processor_time;
use crate::telemetry::random::Random;

#[test]
fn secrets_are_replaced_and_their_surroundings_kept() {
    for (text, expected) in [
        // Headers: the rest of the line.
        ("Authorization: Bearer abc def\nnext", "Authorization: [REDACTED]\nnext"),
        ("proxy-authorization: Basic dXNlcg==", "proxy-authorization: [REDACTED]"),
        ("AUTHORIZATION:x\r\nHost: h", "AUTHORIZATION:[REDACTED]\r\nHost: h"),
        ("Cookie: a=1; b=2", "Cookie: [REDACTED]"),
        ("Set-Cookie: sid=1; Path=/", "Set-Cookie: [REDACTED]"),
        ("X-Tunnel-Shard-Token: abc,def", "X-Tunnel-Shard-Token: [REDACTED]"),
        ("Mcp-Session-Id: 123", "Mcp-Session-Id: [REDACTED]"),
        ("X-Tunnel-Relay-Key: trk", "X-Tunnel-Relay-Key: [REDACTED]"),
        (
            r#"{"Authorization":"Bearer a\"b","x":1}"#,
            r#"{"Authorization":"[REDACTED]","x":1}"#,
        ),
        (r#"{"cookie": ["a", "b"]}"#, r#"{"cookie": [REDACTED]"#),
        // Keys by their look.
        ("key sk-abcdefghij is", "key sk-REDACTED is"),
        ("(sk-proj-a_b-0123456789)", "(sk-REDACTED)"),
        ("key_sk-abcdefghij", "key_sk-REDACTED"),
        ("got bearer abcdefg1, and", "got bearer [REDACTED], and"),
        ("Bearer abcdefghijklmnopqrstuvwxyz", "Bearer [REDACTED]"),
        // Queries, forms, JSON.
        (
            "https://h/cb?code=abc123&state=1",
            "https://h/cb?code=[REDACTED]&state=1",
        ),
        (
            "GET /?a=1&access_token=x.y-z HTTP/1.1",
            "GET /?a=1&access_token=[REDACTED] HTTP/1.1",
        ),
        (
            "grant_type=password&password=p%20w&client_secret=s",
            "grant_type=password&password=[REDACTED]&client_secret=[REDACTED]",
        ),
        ("?token=zz", "?token=[REDACTED]"),
        (
            "apikey=1 api-key=2 API_KEY=3 x-api-key=4",
            "apikey=[REDACTED] api-key=[REDACTED] API_KEY=[REDACTED] x-api-key=[REDACTED]",
        ),
        ("CONTROL_PLANE_API_KEY=abc", "CONTROL_PLANE_API_KEY=[REDACTED]"),
        (
            r#"{"id_token" : "a.b.c", "n": 1}"#,
            r#"{"id_token" : "[REDACTED]", "n": 1}"#,
        ),
        (
            r#"{"accessToken":"x","clientSecret":"y"}"#,
            r#"{"accessToken":"[REDACTED]","clientSecret":"[REDACTED]"}"#,
        ),
        (
            r#"{\"refresh_token\":\"a\\\"b\",\"n\":1}"#,
            r#"{\"refresh_token\":\"[REDACTED]\",\"n\":1}"#,
        ),
        (r#"{"password":"a\\","n":"b"}"#, r#"{"password":"[REDACTED]","n":"b"}"#),
        ("password=\"a b\" x", "password=\"[REDACTED]\" x"),
        ("password='a b' x", "password='[REDACTED]' x"),
        (r#"{"secret":12345,"n":1}"#, r#"{"secret":[REDACTED],"n":1}"#),
        ("Options { api_key: Some(1) }", "Options { api_key: [REDACTED] }"),
        ("secret=ä b", "secret=[REDACTED] b"),
        (r#""token":"unfinished"#, r#""token":"[REDACTED]"#),
        // URLs.
        ("to http://user:p@ss@proxy:3128/x", "to http://[REDACTED]@proxy:3128/x"),
        ("ftp://user@h", "ftp://[REDACTED]@h"),
    ] {
        assert_eq!(scrub(text), expected);
    }
}

#[test]
fn ordinary_text_is_left_alone_and_not_copied() {
    for text in [
        "",
        "task-management-system sk-short risk-abcdefghijkl",
        "https://h/@scope/pkg?a=b",
        "invalid client secret: too short",
        "unexpected token: }",
        "exit code=1, error code: 500",
        r#"{"error":{"code":-32603,"message":"x"}}"#,
        "bearer authentication is needed",
        "token::parse secret::Secret",
        "max_tokens=100 cookies=2",
        r#"{"token":null,"password":""}"#,
        "password= and api_key:",
        "🟢 tunnel-client started",
        "api_key",
    ] {
        assert!(
            matches!(scrub(text), Cow::Borrowed(same) if same == text),
            "{text} -> {}",
            scrub(text)
        );
    }
}

#[test]
fn field_names_tell_secrets() {
    for name in [
        "authorization",
        "Proxy-Authorization",
        "set_cookie",
        "x_tunnel_shard_token",
        "apiKey",
        "PASSWORD",
        "secret",
        "id-token",
    ] {
        assert!(is_sensitive_name(name), "{name}");
    }
    for name in ["tunnel_id", "session_id", "code", "tokens", "key", "secretary", "error"] {
        assert!(!is_sensitive_name(name), "{name}");
    }
}

#[test]
fn whatever_surrounds_it_a_protected_secret_never_passes_and_scrubbing_twice_changes_nothing() {
    const SECRET: &str = "Pr0t_ected-q7";
    const PIECES: [&str; 58] = [
        "%3D",
        "%3A%2F%2F",
        "%40",
        "%26",
        "eyJhbGciOiJIUzI1NiJ9",
        ".",
        "-----BEGIN X-----",
        "-----END X-----",
        "MIIabcdefghijklmnopqrstuvwxyz0123456789abcdef",
        "<",
        ">",
        "</",
        "(",
        ",",
        "--",
        "proxy",
        "sid",
        "private_key",
        "signature",
        "Basic ",
        "Digest username=",
        "Some(",
        "abc123456789",
        "env:NAME",
        SECRET,
        SECRET,
        "Pr0t_",
        "ected-q7",
        "sk-",
        "sk-abcdefghijkl",
        "Authorization",
        ": ",
        ":",
        "=",
        "\"",
        "\\\"",
        "\\",
        "'",
        "token",
        "api_key",
        "code",
        "Bearer ",
        "http://",
        "@",
        "/",
        "?",
        "&",
        "\n",
        "\r",
        " ",
        "ä",
        "🟢",
        "[",
        "{",
        "}",
        "[REDACTED]",
        "password",
        "null",
    ];
    protect(SECRET);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..50_000 {
        let text: String = (0..random.below(12))
            .map(|_| PIECES[random.below(PIECES.len())])
            .collect();
        let once = scrub(&text);
        assert!(!once.contains(SECRET), "{text:?} -> {once:?}");
        assert_eq!(scrub(&once), once, "{text:?}");
    }
}

#[test]
fn long_texts_take_time_in_proportion() {
    for piece in [
        "sk-",
        "a://b@",
        "\"token\":\\\"",
        "Authorization:",
        "bearer  ",
        "password='",
        "\\",
        "token=[",
        "a://b:c",
        "%3A%2F%2Fb",
        "MIIa/",
        "eyJaaaaaaaaaaaa.",
        "-----BEGIN X-----\nabcdefghijklmnop",
        "-----BEGIN ",
        "(\"token\",\"",
        "<token>",
        "--a.token ",
        "proxy=a:",
        "&sid%3D",
        "sid%3D",
        "sig=",
        "token:",
        "token:.",
        "authkey=://",
        "authkey=/",
        "jwt=!",
        "api_key=file:/",
        "Authorization:[REDACTED]",
        "'token':\"",
        "SG.",
        "bearer=",
        "x=a+/",
        "%253D",
        "&amp;",
        "\\u005c",
        "0a",
        "0a:",
        "--secret\tx",
        "AKIA-",
        "eyJ-",
    ] {
        let took = |length: usize| {
            let text = piece.repeat(length / piece.len());
            let (scrubbed, took) = processor_time(|| scrub(&text));
            assert!(!scrubbed.is_empty(), "{piece}");
            took
        };
        // Four times as long; what grows with the square would take sixteen times as much.
        let (short, long) = (took(10_000), took(40_000));
        assert!(
            long < short * 8 + Duration::from_millis(50),
            "{piece}: {short:?}, {long:?}"
        );
    }
}
