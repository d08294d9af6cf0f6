//! Reads a routing correction, the answer 409 of a poll (contract: wire, section 13).

use std::borrow::Cow;

use http::HeaderMap;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::headers::SHARD_TOKEN;
use crate::limits::{POLICY_REVISION_MAX, POLL_TOKEN_MAX};

/// The code of a correction, and of what is no valid one.
pub(super) const WRONG_CLUSTER: &str = "wrong_cluster";

/// Where the service wants to be polled.
#[derive(Debug, Clone)]
pub(super) struct Correction {
    /// Orders corrections.
    pub(super) revision: u64,
    /// For the header of polls, valid there.
    pub(super) token: SecretString,
}

impl Correction {
    /// The correction in an answer with status 409, if it is a valid one.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let token = token(headers)?;
        let (revision, repeated) = revision(std::str::from_utf8(body).ok()?)?;
        match repeated {
            Some(repeated) if *repeated != *token.expose_secret() => None,
            _ => Some(Self { revision, token }),
        }
    }

    /// Whether an answer with status 409 speaks of corrections, so that its text may hold a token.
    pub(super) fn is_meant(headers: &HeaderMap, body: &[u8], code: &str) -> bool {
        let names = |word: &[u8]| memchr::memmem::find(body, word).is_some();
        code == WRONG_CLUSTER
            || headers.contains_key(SHARD_TOKEN)
            || names(WRONG_CLUSTER.as_bytes())
            || names(b"shard_token")
    }
}

/// Exactly one header, of visible ASCII without comma.
fn token(headers: &HeaderMap) -> Option<SecretString> {
    let mut values = headers.get_all(SHARD_TOKEN).iter();
    let (Some(token), None) = (values.next(), values.next()) else {
        return None;
    };
    let is_token = |byte: &u8| matches!(byte, 0x21..=0x7e) && *byte != b',';
    if !(1..=POLL_TOKEN_MAX).contains(&token.len()) || !token.as_bytes().iter().all(is_token) {
        return None;
    }
    token.to_str().ok().map(SecretString::from)
}

/// The policy revision of a body, and the token if the body repeats it. Of the names that count none may stand twice.
fn revision(body: &str) -> Option<(u64, Option<Zeroizing<String>>)> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        error: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Members<'a> {
        #[serde(borrow)]
        code: Cow<'a, str>,
        #[serde(borrow)]
        policy_revision: &'a RawValue,
        #[serde(borrow, default, deserialize_with = "present")]
        shard_token: Option<&'a RawValue>,
    }
    let Body { error } = object(body)?;
    let members: Members<'_> = object(error.get())?;
    if members.code != WRONG_CLUSTER {
        return None;
    }
    let digits = members.policy_revision.get();
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let revision = digits.parse().ok().filter(|_| is_number)?;
    let repeated = match members.shard_token {
        Some(text) => Some(Zeroizing::new(serde_json::from_str(text.get()).ok()?)),
        None => None,
    };
    (revision <= POLICY_REVISION_MAX).then_some((revision, repeated))
}

/// A JSON object; the library would take an array for one, too.
fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    let is_object = text.trim_ascii_start().starts_with('{');
    is_object.then(|| serde_json::from_str(text).ok()).flatten()
}

/// Distinguishes null from nothing.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use http::HeaderValue;

    use super::*;

    const GOOD: &str = r#"{"error":{"code":"wrong_cluster","policy_revision":7}}"#;

    fn with(tokens: &[&[u8]]) -> HeaderMap {
        let value = |token: &&[u8]| (SHARD_TOKEN, HeaderValue::from_bytes(token).unwrap());
        tokens.iter().map(value).collect()
    }

    fn read(body: &str) -> Option<u64> {
        let correction = Correction::read(&with(&[b"t-1"]), body.as_bytes())?;
        assert_eq!(correction.token.expose_secret(), "t-1");
        Some(correction.revision)
    }

    #[test]
    fn what_the_contract_allows_is_read() {
        for (body, revision) in [
            (GOOD, 7),
            (r#" {"error" : {"policy_revision":0,"code":"wrong_cluster"}} "#, 0),
            (
                r#"{"error":{"code":"wrong_cluster","policy_revision":9007199254740991}}"#,
                POLICY_REVISION_MAX,
            ),
            (
                r#"{"error":{"code":"wrong_cluster","policy_revision":1,"shard_token":"t-1"}}"#,
                1,
            ),
            (
                r#"{"error":{"\u0063ode":"wrong\u005fcluster","policy_revision":1,"shard_token":"t\u002d1"}}"#,
                1,
            ),
            (
                r#"{"x":1,"x":[2],"error":{"message":"a","message":null,"Code":"c","code":"wrong_cluster","policy_revision":3}}"#,
                3,
            ),
        ] {
            assert_eq!(read(body), Some(revision), "{body}");
        }
    }

    #[test]
    fn anything_else_in_the_body_is_no_correction() {
        for body in [
            "",
            "null",
            "[]",
            r#"["error"]"#,
            r#"[{"code":"wrong_cluster","policy_revision":7}]"#,
            r#"{"error":["wrong_cluster",7]}"#,
            r#"{"error":null}"#,
            r#"{"error":"wrong_cluster"}"#,
            r#"{"Error":{"code":"wrong_cluster","policy_revision":7}}"#,
            r#"{"code":"wrong_cluster","policy_revision":7}"#,
            r#"{"error":{"code":"Wrong_cluster","policy_revision":7}}"#,
            r#"{"error":{"code":null,"policy_revision":7}}"#,
            r#"{"error":{"code":"wrong_cluster"}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":null}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":"7"}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":-1}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":-0}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":7.0}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":7e0}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":07}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":+7}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":9007199254740992}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":99999999999999999999}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":7,"shard_token":null}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":7,"shard_token":"t-2"}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":7,"shard_token":1}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":7,"shard_token":["t-1"]}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":7,"shard_token":"t-1","shard_token":"t-1"}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":7,"policy_revision":7}}"#,
            r#"{"error":{"code":"wrong_cluster","code":"wrong_cluster","policy_revision":7}}"#,
            r#"{"error":{"code":"wrong_cluster","\u0063ode":"x","policy_revision":7}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":7},"error":{}}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":7},"\u0065rror":1}"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":7}} x"#,
            r#"{"error":{"code":"wrong_cluster","policy_revision":7}"#,
            "\u{feff}{\"error\":{\"code\":\"wrong_cluster\",\"policy_revision\":7}}",
        ] {
            assert_eq!(read(body), None, "{body}");
        }
        let mut broken = GOOD.as_bytes().to_vec();
        broken.splice(1..1, *b"\"\xff\":1,");
        assert!(Correction::read(&with(&[b"t-1"]), &broken).is_none());
    }

    #[test]
    fn the_token_is_one_header_of_visible_ascii_without_comma() {
        let longest = vec![b'x'; POLL_TOKEN_MAX];
        for token in [&b"!"[..], b"~", b"a=b;c\"\\", &longest] {
            assert!(Correction::read(&with(&[token]), GOOD.as_bytes()).is_some());
        }
        let too_long = vec![b'x'; POLL_TOKEN_MAX + 1];
        for token in [&b""[..], b"a,b", b",", b"a b", b"a\tb", b"\xe4", &too_long] {
            assert!(Correction::read(&with(&[token]), GOOD.as_bytes()).is_none());
        }
        let not_one: [&[&[u8]]; 3] = [&[], &[b"t-1", b"t-1"], &[b"t-1", b"t-2"]];
        for tokens in not_one {
            assert!(Correction::read(&with(tokens), GOOD.as_bytes()).is_none());
        }
    }

    #[test]
    fn no_form_shows_the_token() {
        let correction = Correction::read(&with(&[b"t-sekret"]), GOOD.as_bytes());
        let shown = format!("{correction:?}");
        assert!(shown.contains('7') && !shown.contains("sekret"), "{shown}");
    }
}
