//! Requests of callers: headers, origins, accepted forms.

use http::HeaderMap;

use super::accept::Accepts;
pub use super::origin::fuzzing::{authority, is_same_origin};
use super::{Names, forward, session};
use crate::auth::Keys;
use crate::ids::{CallerRequestId, RequestId};

/// A key of the relay.
pub const OWN_KEY: &str = "0123456789abcdef-own";

/// What a relay reads of the headers of one request.
#[derive(Debug)]
pub struct Read {
    /// The caller's key, and whether it stood in `Authorization`.
    pub key: Option<(Vec<u8>, bool)>,
    /// The headers that travel, as JSON.
    pub travel: Option<String>,
    /// The session; an error for one that is refused.
    pub session: Result<Option<String>, ()>,
    /// Whether event streams and whether JSON documents are accepted, and whether the former are preferred.
    pub accepts: Option<(bool, bool, bool)>,
}

/// Reads headers.
#[must_use]
pub fn read(headers: &HeaderMap) -> Read {
    let keys = Keys::of(&format!("caller connect {OWN_KEY}")).ok();
    let key = forward::key(headers).ok();
    let accepts = Accepts::read(headers).ok();
    Read {
        travel: key
            .zip(keys.as_ref())
            .map(|((_, source), keys)| forward::headers(headers, source, keys, &names(headers)).into()),
        key: key.map(|(key, source)| (key.to_owned(), source == forward::KeySource::Authorization)),
        session: session(headers)
            .map(|session| session.map(|session| session.as_str().to_owned()))
            .map_err(|_| ()),
        accepts: accepts.map(|accepts| (accepts.events(), accepts != Accepts::Events, accepts.prefers_events())),
    }
}

/// The headers that travel, as JSON.
pub(crate) fn forwarded(headers: &HeaderMap, keys: &Keys) -> Option<Box<str>> {
    let (_, source) = forward::key(headers).ok()?;
    Some(forward::headers(headers, source, keys, &names(headers)))
}

fn names(headers: &HeaderMap) -> Names {
    Names {
        own: RequestId::random(),
        callers: CallerRequestId::of(headers),
    }
}
