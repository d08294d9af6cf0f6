//! Caller identity, as far as a command shows it.
//!
//! A tunnel carries the messages of many callers, and a stdio pipe mixes them. Three things distinguish callers: the session, the
//! credentials that they send to the MCP server, and `caller`, an optional member of a command by which the service names the key
//! that the caller was admitted with (additive: a service that does not know it leaves it out, a client that does not know it
//! ignores it).
//!
//! Attribution of a server's messages goes by [`Caller::is_same`]: a client that connects again, or refreshes its token, must not lose
//! messages, and neither must a service with one caller that shows nothing. An action against another call needs proof, see
//! [`Caller::is_proved`].

use std::fmt;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};
use std::sync::LazyLock;

use super::command::Headers;

/// Headers that hold a caller's credentials for the MCP server.
const CREDENTIALS: [&str; 3] = ["authorization", "cookie", "x-api-key"];

/// Key of the fingerprints: random for each process. Fingerprints never leave it, so collisions cannot be searched for.
static FINGERPRINTS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Fingerprint of a caller. It holds no text of the caller, costs no allocation, and reveals nothing outside this process.
#[derive(Clone, Copy)]
pub struct Caller {
    session: Option<u64>,
    /// The session that its `initialize` opens.
    opened: Option<u64>,
    named: Option<u64>,
    credentials: u64,
}

/// A caller in one session.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity {
    session: u64,
    holder: Holder,
}

/// A caller in all its sessions.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Holder {
    named: Option<u64>,
    credentials: u64,
}

impl Identity {
    /// Whose session it is.
    pub fn holder(&self) -> Holder {
        self.holder
    }
}

impl Holder {
    /// Fingerprint of its key's name; `None` where the service names none.
    pub fn key(&self) -> Option<u64> {
        self.named
    }
}

/// Shows no fingerprints.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

/// Shows no fingerprints.
impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Holder")
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
            opened: None,
            named: fingerprint(name),
            credentials: credentials.finish(),
        }
    }

    /// Returns the same caller, whose `initialize` opens this session. It may use it or not.
    pub fn with_session(self, id: &str) -> Self {
        Self {
            opened: fingerprint(Some(id)),
            ..self
        }
    }

    /// Returns the caller as it is in the session that it opens.
    pub fn in_opened_session(self) -> Self {
        Self {
            session: self.opened.or(self.session),
            ..self
        }
    }

    /// True when both count as one caller for the attribution of a server's messages: one key, and the same session or credentials;
    /// without a key one session, or the same credentials and no session.
    pub fn is_same(&self, other: &Self) -> bool {
        let theirs = [other.session, other.opened];
        let mut ours = [self.session, self.opened].into_iter().flatten();
        let has_one_session = ours.any(|id| theirs.contains(&Some(id)));
        let is_like = self.credentials == other.credentials && (self.named.is_some() || self.session == other.session);
        self.named == other.named && (has_one_session || is_like)
    }

    /// True when `other` is certainly this caller: equal in all that distinguishes callers, and distinguished at all.
    pub fn is_proved(&self, other: &Self) -> bool {
        let is_distinguished = self.session.is_some() || self.named.is_some();
        is_distinguished && self.session == other.session && self.holder() == other.holder()
    }

    /// The caller in its session, for what must not be shared with another: equal exactly for callers that prove each other. `None`
    /// without a session.
    pub fn identity(&self) -> Option<Identity> {
        let holder = self.holder();
        self.session.map(|session| Identity { session, holder })
    }

    /// The caller whatever its session is.
    pub fn holder(&self) -> Holder {
        Holder {
            named: self.named,
            credentials: self.credentials,
        }
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
        assert!(plain.is_same(&caller(&[("User-Agent", "b")], None)));
        for other in [
            caller(&[("Mcp-Session-Id", "s")], None),
            caller(&[], Some("k")),
            caller(&[("Authorization", "Bearer a")], None),
            caller(&[("cookie", "a")], None),
            caller(&[("X-API-Key", "a")], None),
        ] {
            assert!(!plain.is_same(&other) && !other.is_same(&plain));
        }
        assert!(!caller(&[], Some("a")).is_same(&caller(&[], Some("b"))));
        let two = caller(&[("authorization", "a"), ("authorization", "b")], None);
        assert!(!two.is_same(&caller(&[("authorization", "a")], None)));
    }

    #[test]
    fn a_client_that_connects_again_or_refreshes_its_token_stays_the_same_caller() {
        let session = |id: &str, key| caller(&[("mcp-session-id", id)], key);
        assert!(session("a", Some("k")).is_same(&session("b", Some("k"))));
        assert!(session("a", Some("k")).is_same(&caller(&[], Some("k"))));
        assert!(!session("a", Some("k")).is_same(&session("a", Some("l"))));
        assert!(!session("a", None).is_same(&session("b", None)));
        assert!(!session("a", None).is_same(&session("a", Some("a"))));
        for key in [None, Some("k")] {
            let refreshed = caller(&[("mcp-session-id", "a"), ("authorization", "Bearer new")], key);
            assert!(refreshed.is_same(&session("a", key)));
        }
        let other_user = caller(&[("mcp-session-id", "b"), ("authorization", "Bearer b")], Some("k"));
        assert!(!other_user.is_same(&session("a", Some("k"))));
    }

    #[test]
    fn a_caller_that_opens_a_session_is_the_same_in_it_and_without_it() {
        let opening = caller(&[], None).with_session("s");
        let inside = caller(&[("mcp-session-id", "s")], None);
        assert!(opening.is_same(&inside) && inside.is_same(&opening));
        assert!(opening.is_same(&caller(&[], None)));
        assert!(opening.in_opened_session().is_proved(&inside));
        assert!(!caller(&[], None).is_same(&opening.in_opened_session()));
    }

    #[test]
    fn an_identity_is_shared_only_by_callers_that_prove_each_other() {
        let some = [
            caller(&[("mcp-session-id", "s")], None),
            caller(&[("mcp-session-id", "t")], None),
            caller(&[("mcp-session-id", "s")], Some("k")),
            caller(&[("mcp-session-id", "s")], Some("l")),
            caller(&[("mcp-session-id", "s"), ("authorization", "Bearer a")], Some("k")),
            caller(&[("mcp-session-id", "s"), ("authorization", "Bearer b")], Some("k")),
            caller(&[("mcp-session-id", "s"), ("x-api-key", "a")], None),
        ];
        for (first, one) in some.iter().enumerate() {
            for (second, other) in some.iter().enumerate() {
                assert_eq!(one.identity() == other.identity(), first == second);
                assert_eq!(one.is_proved(other), first == second);
            }
        }
        assert!(caller(&[], Some("k")).identity().is_none());
        let opening = caller(&[], Some("k")).with_session("s").in_opened_session();
        assert!(opening.identity() == some[2].identity() && opening.identity().is_some());
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
