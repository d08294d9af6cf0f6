//! Cookies of MCP servers (RFC 6265): balancers keep a session on its replica by them, gateways a login.
//!
//! They never leave the client, because all tunnels of a control plane share an origin with their callers: the client keeps them
//! itself, a jar for each session of each caller on a channel. Nothing without a session is kept, and nothing for a caller that
//! sends `Cookie` itself. A jar begins with the answer to `initialize` that hands out the session, or, after a restart of the client or a
//! new token, with the first good answer in the session. It ends with the session: after its `DELETE`, when the server no longer knows
//! it, when it is idle for too long, or when there are too many.

mod date;
#[cfg(fuzzing)]
pub mod fuzzing;
mod jar;
mod set_cookie;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use tokio::time::Instant;

use self::jar::Jar;
use self::set_cookie::SetCookie;
use super::Sender;
use crate::config::HttpUrl;
use crate::limits::{COOKIE_BYTES_MAX, COOKIE_IDLE_MAX, COOKIE_SESSIONS_MAX};
use crate::mcp::giving_way::gives_way;
use crate::wire::caller::{Caller, Identity};

/// The jars of one channel.
pub(super) struct Jars {
    host: Box<str>,
    tls: bool,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    jars: HashMap<Identity, Entry>,
    /// Of all jars.
    bytes: usize,
}

struct Entry {
    jar: Jar,
    used: Instant,
}

/// The number of jars only.
impl fmt::Debug for Jars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} jars]", self.lock().jars.len())
    }
}

impl Jars {
    /// None yet, for the server at `url`.
    pub(super) fn new(url: &HttpUrl) -> Self {
        Self {
            host: url.host.as_str().into(),
            tls: url.tls,
            kept: Mutex::default(),
        }
    }

    /// Begins a message of `sender`.
    pub(super) fn visit(&self, sender: Sender<'_>) -> Visit<'_> {
        let jar = match sender.caller.identity() {
            _ if sender.headers.value("cookie").is_some() => Which::None,
            // A new session begins without the cookies of another.
            _ if sender.opens_session => Which::Opening(Jar::default()),
            Some(identity) => Which::Session(identity, self.lock().touch(&identity)),
            None => Which::None,
        };
        Visit {
            jars: self,
            caller: sender.caller,
            jar,
        }
    }

    /// Wipes the jar of the session that `caller` is in.
    pub(super) fn end(&self, caller: &Caller) {
        if let Some(identity) = caller.identity() {
            self.lock().remove(&identity);
        }
    }

    /// Wipes cookies that are no longer valid, and jars that have not been used for long.
    pub(super) fn sweep(&self) {
        let now = Instant::now();
        let mut kept = self.lock();
        for entry in kept.jars.values_mut() {
            entry.jar.expire(now);
        }
        kept.jars
            .retain(|_, entry| !entry.jar.is_empty() && !entry.is_idle(now));
        kept.bytes = kept.jars.values().map(|entry| entry.jar.size()).sum();
    }

    /// The cookies of an answer that this origin may set.
    fn accepted<'h>(&self, headers: &'h HeaderMap) -> Vec<SetCookie<'h>> {
        let now = SystemTime::now();
        let read = headers.get_all(SET_COOKIE).iter();
        read.filter_map(|header| SetCookie::parse(header.as_bytes(), now))
            .filter(|cookie| cookie.is_of(&self.host) && (self.tls || !cookie.secure))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The cookies of one message, redirects included.
pub(super) struct Visit<'a> {
    jars: &'a Jars,
    caller: Caller,
    jar: Which,
}

/// Where the cookies of a message are.
enum Which {
    /// It has none.
    None,
    /// It is an `initialize`: here, until its session is known.
    Opening(Jar),
    /// With those of its session, and whether there was a jar when it was sent.
    Session(Identity, bool),
}

impl Visit<'_> {
    /// Adds the cookies for a request of `path` to its headers, after those that the operator configured.
    pub(super) fn add(&self, path: &str, headers: &mut HeaderMap) {
        let now = Instant::now();
        let configured = headers.get(COOKIE).map(HeaderValue::as_bytes).unwrap_or_default();
        let mut cookies = configured.to_vec();
        match &self.jar {
            Which::None => return,
            Which::Opening(jar) => jar.write(path, now, &mut cookies),
            Which::Session(identity, _) => {
                if let Some(entry) = self.jars.lock().jars.get(identity) {
                    entry.jar.write(path, now, &mut cookies);
                }
            }
        }
        if cookies.len() == configured.len() {
            return;
        }
        // They came as header values, so they are one.
        if let Ok(mut value) = HeaderValue::from_maybe_shared(Bytes::from(cookies)) {
            value.set_sensitive(true);
            headers.insert(COOKIE, value);
        }
    }

    /// Takes the cookies of the answer to a request of `path` out of its headers.
    pub(super) fn take(&mut self, status: u16, headers: &mut HeaderMap, path: &str) {
        self.learn(status, headers, path);
        headers.remove(SET_COOKIE);
    }

    fn learn(&mut self, status: u16, headers: &HeaderMap, path: &str) {
        let now = Instant::now();
        let is_good = (200..300).contains(&status);
        match &mut self.jar {
            Which::None => {}
            Which::Opening(jar) => {
                for cookie in self.jars.accepted(headers) {
                    jar.set(&cookie, path, now);
                }
                let session = headers.get("mcp-session-id").and_then(|id| id.to_str().ok());
                let opened = session.and_then(|id| self.caller.with_session(id).in_opened_session().identity());
                if let (true, Some(identity)) = (is_good, opened) {
                    let jar = std::mem::take(jar);
                    self.jars.lock().put(identity, jar, now);
                }
            }
            // The server does not know the session any more.
            Which::Session(identity, _) if status == 404 => self.jars.lock().remove(identity),
            Which::Session(identity, existed) => {
                let cookies = self.jars.accepted(headers);
                if cookies.is_empty() {
                    return;
                }
                let mut kept = self.jars.lock();
                let mut jar = match kept.take(identity) {
                    Some(jar) => jar,
                    // Not again after the end of the session, and not for a session that the server did not confirm.
                    None if *existed || !is_good => return,
                    None => Jar::default(),
                };
                cookies.iter().for_each(|cookie| jar.set(cookie, path, now));
                kept.put(*identity, jar, now);
            }
        }
    }
}

impl Entry {
    fn is_idle(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) >= COOKIE_IDLE_MAX
    }
}

impl Kept {
    /// Notes that a jar is used; whether there is one.
    fn touch(&mut self, identity: &Identity) -> bool {
        let now = Instant::now();
        match self.jars.get_mut(identity) {
            Some(entry) if !entry.is_idle(now) => {
                entry.used = now;
                true
            }
            Some(_) => {
                self.remove(identity);
                false
            }
            None => false,
        }
    }

    fn take(&mut self, identity: &Identity) -> Option<Jar> {
        let entry = self.jars.remove(identity)?;
        self.bytes -= entry.jar.size();
        Some(entry.jar)
    }

    fn remove(&mut self, identity: &Identity) {
        drop(self.take(identity));
    }

    /// Stores a jar in the place of the one before. Others go when there are too many.
    fn put(&mut self, identity: Identity, jar: Jar, now: Instant) {
        self.remove(&identity);
        if jar.is_empty() {
            return;
        }
        self.bytes += jar.size();
        self.jars.insert(identity, Entry { jar, used: now });
        while self.jars.len() > COOKIE_SESSIONS_MAX || self.bytes > COOKIE_BYTES_MAX {
            self.evict();
        }
    }

    /// Wipes a jar that gives way to others.
    fn evict(&mut self) {
        let jars = self.jars.iter();
        if let Some(identity) = gives_way(jars.map(|(identity, entry)| (identity.holder(), entry.used, *identity))) {
            self.remove(&identity);
        }
    }
}

#[cfg(test)]
mod tests;
