//! Caller identity, as far as a command shows it.
//!
//! A tunnel carries the messages of many callers, and a stdio pipe mixes them. Three things distinguish callers: the session, the
//! credentials that they send to the MCP server, and `caller`, an optional member of a command by which the service names the key
//! that the caller was admitted with (additive: a service that does not know it leaves it out, a client that does not know it
//! ignores it).
//!
//! Messages are attributed to a [`Principal`]. All sessions of one key are one principal, because a client that connects again must
//! not lose messages. So are all commands that show none of these: a service with one caller must not lose messages either. An action
//! against another call needs proof, see [`Caller::is_proved`].

use std::fmt;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};
use std::sync::LazyLock;

use super::command::Headers;

/// Headers that hold a caller's credentials for the MCP server.
const CREDENTIALS: [&str; 3] = ["authorization", "cookie", "x-api-key"];

/// Key of the fingerprints: random for each process. Fingerprints never leave it, so collisions cannot be searched for.
static FINGERPRINTS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Fingerprint of a caller. It holds no text of the caller, costs no allocation, and reveals nothing outside this process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    session: Option<u64>,
    named: Option<u64>,
    credentials: u64,
}

/// Caller as far as the attribution of a server's messages is concerned: the key and the credentials; the session where the
/// service names no key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    is_named: bool,
    key_or_session: Option<u64>,
    credentials: u64,
}

/// Shows no fingerprints.
impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("is_named", &self.is_named)
            .finish_non_exhaustive()
    }
}

/// Shows no fingerprints.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("has_session", &self.session.is_some())
            .field("is_named", &self.named.is_some())
            .finish_non_exhaustive()
    }
}

impl Caller {
    /// Reads the caller of a command; `name` is the command's own `caller`.
    pub fn new(headers: &Headers, name: Option<&str>) -> Self {
        let mut credentials = FINGERPRINTS.build_hasher();
        for known in CREDENTIALS {
            for (_, value) in headers.0.iter().filter(|(name, _)| name.eq_ignore_ascii_case(known)) {
                (known, value).hash(&mut credentials);
            }
        }
        Self {
            session: fingerprint(headers.value("mcp-session-id")),
            named: fingerprint(name),
            credentials: credentials.finish(),
        }
    }

    /// Returns the same caller with the session that `initialize` gives it.
    pub fn with_session(self, id: &str) -> Self {
        Self {
            session: fingerprint(Some(id)),
            ..self
        }
    }

    /// Returns the principal that the caller acts for.
    pub fn principal(self) -> Principal {
        Principal {
            is_named: self.named.is_some(),
            key_or_session: self.named.or(self.session),
            credentials: self.credentials,
        }
    }

    /// True when `other` is certainly this caller: equal in all that distinguishes callers, and distinguished at all.
    pub fn is_proved(&self, other: &Self) -> bool {
        self == other && (self.session.is_some() || self.named.is_some())
    }

    /// True when the caller has a session.
    pub fn has_session(&self) -> bool {
        self.session.is_some()
    }
}

fn fingerprint(text: Option<&str>) -> Option<u64> {
    text.filter(|text| !text.is_empty())
        .map(|text| FINGERPRINTS.hash_one(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(headers: &[(&str, &str)], name: Option<&str>) -> Caller {
        let headers = headers.iter().map(|(n, v)| (Box::from(*n), Box::from(*v))).collect();
        Caller::new(&Headers(headers), name)
    }

    #[test]
    fn session_key_and_credentials_distinguish_callers() {
        let plain = caller(&[("user-agent", "a")], None);
        assert_eq!(plain, caller(&[("User-Agent", "b")], None));
        for other in [
            caller(&[("Mcp-Session-Id", "s")], None),
            caller(&[], Some("k")),
            caller(&[("Authorization", "Bearer a")], None),
            caller(&[("cookie", "a")], None),
            caller(&[("X-API-Key", "a")], None),
        ] {
            assert_ne!(plain, other);
        }
        assert_ne!(caller(&[], Some("a")), caller(&[], Some("b")));
        assert_ne!(
            caller(&[("authorization", "a"), ("authorization", "b")], None),
            caller(&[("authorization", "a")], None)
        );
        assert_eq!(
            caller(&[], Some("a")).with_session("s"),
            caller(&[("mcp-session-id", "s")], Some("a"))
        );
    }

    #[test]
    fn sessions_of_one_key_are_one_principal_and_other_sessions_are_not() {
        let session = |id: &str, key| caller(&[("mcp-session-id", id)], key).principal();
        assert_eq!(session("a", Some("k")), session("b", Some("k")));
        assert_eq!(session("a", Some("k")), caller(&[], Some("k")).principal());
        assert_ne!(session("a", Some("k")), session("a", Some("l")));
        assert_ne!(session("a", None), session("b", None));
        assert_ne!(session("a", None), session("a", Some("a")));
        let with_token = caller(&[("authorization", "Bearer a")], Some("k"));
        assert_ne!(with_token.principal(), session("a", Some("k")));
    }

    #[test]
    fn a_caller_without_session_and_name_proves_nothing() {
        let with_token = [("authorization", "Bearer shared")];
        assert!(!caller(&with_token, None).is_proved(&caller(&with_token, None)));
        assert!(!caller(&[("mcp-session-id", "")], Some("")).is_proved(&caller(&[], None)));
        assert!(caller(&[("mcp-session-id", "s")], None).is_proved(&caller(&[("MCP-Session-ID", "s")], None)));
        assert!(caller(&[], Some("k")).is_proved(&caller(&[], Some("k"))));
        assert!(
            !caller(&[("mcp-session-id", "s")], Some("k")).is_proved(&caller(&[("mcp-session-id", "s")], Some("l")))
        );
        assert!(!caller(&[("mcp-session-id", "s")], Some("k")).is_proved(&caller(&[], Some("k"))));
    }
}
