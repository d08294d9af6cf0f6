//! The names things go by on the wire. A value of one of these types is well-formed.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use http::HeaderMap;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::limits;

/// `tunnel_` and 32 lower-case letters or digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TunnelId(Arc<str>);

impl TunnelId {
    /// A fresh one.
    pub(crate) fn random() -> Self {
        Self(format!("tunnel_{}", hex(&random::<16>())).into())
    }

    /// The checked form of what somebody wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("tunnel_")?;
        let well_formed = rest.len() == 32
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
        well_formed.then(|| Self(text.into()))
    }

    /// As written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TunnelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wrong with the text of a tunnel id.
pub(crate) fn tunnel_id_fault(text: &str) -> &'static str {
    if TunnelId::parse(&text.to_ascii_lowercase()).is_some() {
        "a tunnel id has lower-case letters only, and this one has others: write it as the relay gave it"
    } else {
        "a tunnel id is tunnel_ and 32 lower-case letters or digits"
    }
}

/// What is wrong with the name of a channel.
pub(crate) fn channel_fault(text: &str) -> &'static str {
    if Channel::parse(&text.to_ascii_lowercase()).is_some() {
        "a channel has lower-case letters only, and this one has others"
    } else {
        "a channel is 1 to 64 of a-z, 0-9, _ and -"
    }
}

/// The name of one MCP server behind a tunnel: `^[a-z0-9_-]{1,64}$`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Channel(Box<str>);

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Channel {
    /// The channel of a tunnel that has only one.
    pub(crate) fn main() -> Self {
        Self("main".into())
    }

    /// The checked form of what somebody wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase() || byte == b'_' || byte == b'-';
        let well_formed = (1..=64).contains(&text.len()) && text.bytes().all(allowed);
        well_formed.then(|| Self(text.into()))
    }

    /// As written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of a session that an MCP server opened. One rule for both directions: what a caller is given it can send back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionId(Arc<str>);

impl SessionId {
    /// The checked form of a header's value; the error says what is wrong with it.
    pub(crate) fn parse(value: &[u8]) -> Result<Self, String> {
        if value.len() > limits::SESSION_ID {
            return Err(format!("is longer than {} bytes", limits::SESSION_ID));
        }
        let visible = |byte: &u8| (b' '..=b'~').contains(byte) || *byte == b'\t';
        match std::str::from_utf8(value) {
            Ok(text) if value.iter().all(visible) => Ok(Self(text.into())),
            _ => Err("is not visible ASCII".into()),
        }
    }

    /// As written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names one command; not a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RequestId([u8; 16]);

impl RequestId {
    /// A fresh one.
    pub(crate) fn random() -> Self {
        Self(random())
    }

    /// The checked form of what somebody wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        unhex(text.strip_prefix("req_")?).map(Self)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "req_{}", hex(&self.0))
    }
}

/// The id that a caller gave its request (`X-Request-Id`): 1 to 128 of `A-Z`, `a-z`, `0-9`, `.`, `_` and `-`. It is logged and
/// passed on, and proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallerRequestId(Box<str>);

impl CallerRequestId {
    /// The id among the headers of a request; none when there are several or it has another form.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all("x-request-id").iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return None;
        };
        Self::parse(value.as_bytes())
    }

    fn parse(value: &[u8]) -> Option<Self> {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let well_formed = (1..=limits::CALLER_REQUEST_ID).contains(&value.len()) && value.iter().all(allowed);
        let text = std::str::from_utf8(value).ok().filter(|_| well_formed)?;
        Some(Self(text.into()))
    }
}

impl fmt::Display for CallerRequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Proves that its bearer was given the command: names it and adds 128 random bits.
///
/// The name is part of it so that a response whose body cannot be read still tells which caller to free.
#[derive(Clone, Copy)]
pub(crate) struct ShardToken {
    request: RequestId,
    secret: [u8; 16],
}

impl ShardToken {
    /// A fresh one for a command.
    pub(crate) fn random(request: RequestId) -> Self {
        Self {
            request,
            secret: random(),
        }
    }

    /// The checked form of what somebody wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (request, secret) = text.strip_prefix("shard_")?.split_once('_')?;
        Some(Self {
            request: RequestId(unhex(request)?),
            secret: unhex(secret)?,
        })
    }

    /// The command it belongs to, or claims to.
    pub(crate) fn request(&self) -> RequestId {
        self.request
    }

    /// Whether both are the same, in constant time.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        self.request == other.request && bool::from(self.secret.ct_eq(&other.secret))
    }
}

impl fmt::Display for ShardToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shard_{}_{}", hex(&self.request.0), hex(&self.secret))
    }
}

impl fmt::Debug for ShardToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShardToken({})", self.request)
    }
}

/// Names the caller of a command to the tunnel's client, which keeps callers apart by it: equal for commands of one key
/// on one tunnel. It reveals nothing about the key and means nothing to another tunnel's client or after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallerTag([u8; 16]);

impl CallerTag {
    /// The tag of the key with this name.
    pub(crate) fn new(tunnel: &TunnelId, key: &str) -> Self {
        static SALT: LazyLock<[u8; 32]> = LazyLock::new(random);
        let digest = Sha256::new()
            .chain_update(*SALT)
            .chain_update(tunnel.as_str())
            // Neither a tunnel id nor the name of a key has a line end.
            .chain_update("\n")
            .chain_update(key)
            .finalize();
        let mut tag = [0; 16];
        tag.copy_from_slice(&digest[..16]);
        Self(tag)
    }
}

impl fmt::Display for CallerTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// Bytes from the kernel's generator.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(
        clippy::expect_used,
        reason = "getrandom(2) does not fail on Linux once the pool is ready, and without it no id is safe"
    )]
    getrandom::fill(&mut bytes).expect("the kernel gives random bytes");
    bytes
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// The bytes of exactly `2 * N` lower-case hexadecimal digits.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 || digits.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        let digit = |digit: u8| u8::try_from(char::from(digit).to_digit(16)?).ok();
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

/// `30s`, `1500ms`, `2m`, `1h`: one number and one unit.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3600).map(Duration::from_secs),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_fresh_id_parses_back() {
        let tunnel = TunnelId::random();
        assert_eq!(TunnelId::parse(tunnel.as_str()), Some(tunnel));
        let request = RequestId::random();
        assert_eq!(RequestId::parse(&request.to_string()), Some(request));
        let token = ShardToken::random(request);
        assert!(ShardToken::parse(&token.to_string()).is_some_and(|parsed| parsed.matches(&token)));
    }

    #[test]
    fn a_shard_token_of_another_command_or_with_another_secret_does_not_match() {
        let request = RequestId::random();
        let token = ShardToken::random(request);
        assert!(!token.matches(&ShardToken::random(request)));
        assert!(!token.matches(&ShardToken {
            request: RequestId::random(),
            ..token
        }));
    }

    #[test]
    fn malformed_ids_are_refused() {
        for text in [
            "",
            "tunnel_",
            "tunnel_1234",
            "Tunnel_00000000000000000000000000000000",
            "tunnel_0000000000000000000000000000000G",
        ] {
            assert_eq!(TunnelId::parse(text), None, "{text}");
        }
        for text in ["", "Main", "a b", "ä", &"x".repeat(65)] {
            assert_eq!(Channel::parse(text), None, "{text}");
        }
        for text in [
            "",
            "req_",
            "req_0G",
            "req_0000000000000000000000000000000A",
            "shard_00_00",
        ] {
            assert_eq!(RequestId::parse(text), None, "{text}");
            assert!(ShardToken::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_caller_names_its_request_once_in_128_plain_characters() {
        let longest = "aZ0.-_".repeat(22)[..128].to_owned();
        let of = |values: &[&[u8]]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-request-id", http::HeaderValue::from_bytes(value).unwrap());
            }
            CallerRequestId::of(&headers).map(|id| id.to_string())
        };
        assert_eq!(of(&[longest.as_bytes()]), Some(longest.clone()));
        let too_long = format!("{longest}a");
        for values in [
            &[] as &[&[u8]],
            &[b""],
            &[too_long.as_bytes()],
            &[b"a b"],
            &[b"a\"b"],
            &[b"a/b"],
            &[b"\xe9"],
            &[b"a", b"a"],
        ] {
            assert_eq!(of(values), None, "{values:?}");
        }
    }

    #[test]
    fn a_session_id_is_bounded_visible_ascii() {
        let longest = "s".repeat(limits::SESSION_ID);
        assert_eq!(SessionId::parse(longest.as_bytes()).unwrap().as_str(), longest);
        assert!(SessionId::parse(format!("{longest}s").as_bytes()).is_err());
        for odd in [&b"\xff"[..], "\u{e9}".as_bytes(), b"a\nb", b"\x7f"] {
            assert!(SessionId::parse(odd).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn a_shard_token_does_not_show_its_secret_when_debugged() {
        let token = ShardToken::random(RequestId::random());
        assert!(!format!("{token:?}").contains(&hex(&token.secret)));
    }

    #[test]
    fn durations_are_one_number_and_one_unit() {
        assert_eq!(parse_duration("1500ms"), Some(Duration::from_millis(1500)));
        assert_eq!(parse_duration("2m"), Some(Duration::from_secs(120)));
        for text in ["", "5", "s", "1m30s", "-1s", "1.5s", "1 s"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
