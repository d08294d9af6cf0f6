//! Refused requests in the log: anybody can provoke them, so that only some are written and the others counted.

use std::collections::HashMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Code, Refusal};
use crate::ids::{CallerRequestId, Channel, RequestId, TunnelId};
use crate::{limits, log};

/// What is known of a request.
#[derive(Debug, Clone)]
pub(crate) struct About {
    /// Its id, which the answer names.
    pub(crate) request: RequestId,
    /// The id that the caller gave it.
    pub(crate) caller_request: Option<CallerRequestId>,
    /// Where the request came from.
    pub(crate) peer: SocketAddr,
    /// What was asked for, in a word.
    pub(crate) endpoint: &'static str,
    /// The name of its key, if the relay knows it.
    pub(crate) key: Option<Arc<str>>,
    /// The tunnel, if its id is one.
    pub(crate) tunnel: Option<TunnelId>,
    /// The channel, if its name is one.
    pub(crate) channel: Option<Channel>,
    /// The method of its message, if it has been read.
    pub(crate) method: Option<Box<str>>,
    /// The host or origin that is none of the relay's, which an operator may want to allow.
    pub(crate) stranger: Option<(&'static str, Box<str>)>,
}

impl About {
    /// The fields of a log line.
    pub(crate) fn fields(&self) -> Vec<(&'static str, &dyn Display)> {
        let mut fields: Vec<(&str, &dyn Display)> = vec![("request_id", &self.request)];
        if let Some(id) = &self.caller_request {
            fields.push(("caller_request_id", id));
        }
        fields.push(("endpoint", &self.endpoint));
        match &self.key {
            Some(key) => fields.push(("key", key)),
            None => fields.push(("peer", &self.peer)),
        }
        if let Some(tunnel) = &self.tunnel {
            fields.push(("tunnel", tunnel));
        }
        if let Some(channel) = &self.channel {
            fields.push(("channel", channel));
        }
        if let Some(method) = &self.method {
            fields.push(("method", method));
        }
        if let Some((what, text)) = &self.stranger {
            fields.push((what, text));
        }
        fields
    }
}

/// Counts refused requests by key and code; those without a known key together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refusals(Arc<Mutex<HashMap<Kind, Count>>>);

type Kind = (Option<Arc<str>>, Code);

#[derive(Debug, Default)]
struct Count {
    logged: u32,
    suppressed: u64,
}

/// What becomes of one refusal.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It is logged; the first of its kind, for now.
    First,
    /// It is logged.
    Logged,
    /// It is counted.
    Suppressed,
}

impl Refusals {
    /// Logs a refusal, or counts it.
    pub(crate) fn log(&self, about: &About, refusal: &Refusal, ms: u128) {
        let kind = (about.key.clone(), refusal.code);
        let verdict = self.judge(&kind);
        if verdict == Verdict::First {
            let refusals = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(limits::SELDOM).await;
                refusals.close(&kind);
            });
        }
        if verdict != Verdict::Suppressed {
            let mut fields = about.fields();
            let (status, code) = (refusal.status.as_u16(), refusal.code.as_str());
            fields.extend([("status", &status as &dyn Display), ("ms", &ms), ("error", &code)]);
            log::warn("request refused", &fields);
        }
    }

    fn judge(&self, kind: &Kind) -> Verdict {
        let mut counts = self.lock();
        if let Some(count) = counts.get_mut(kind) {
            if count.logged < limits::REFUSALS_LOGGED {
                count.logged += 1;
                return Verdict::Logged;
            }
            count.suppressed = count.suppressed.saturating_add(1);
            return Verdict::Suppressed;
        }
        if counts.len() >= limits::REFUSAL_KINDS {
            return Verdict::Suppressed;
        }
        let count = Count {
            logged: 1,
            suppressed: 0,
        };
        counts.insert(kind.clone(), count);
        Verdict::First
    }

    /// Ends the time over which a kind was counted.
    fn close(&self, kind: &Kind) {
        let Some(count) = self.lock().remove(kind).filter(|count| count.suppressed > 0) else {
            return;
        };
        let code = kind.1.as_str();
        let mut fields: Vec<(&str, &dyn Display)> = vec![("error", &code)];
        if let Some(key) = &kind.0 {
            fields.push(("key", key));
        }
        fields.push(("suppressed", &count.suppressed));
        log::warn("further requests refused", &fields);
    }

    /// Code that holds the lock does not panic, so a poisoned one is still consistent.
    fn lock(&self) -> MutexGuard<'_, HashMap<Kind, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_refusals_of_each_kind_are_logged_and_the_others_counted() {
        let refusals = Refusals::default();
        let kind: Kind = (None, Code::InvalidApiKey);
        assert_eq!(refusals.judge(&kind), Verdict::First);
        let verdicts: Vec<Verdict> = (0..10).map(|_| refusals.judge(&kind)).collect();
        let logged = verdicts.iter().filter(|verdict| **verdict == Verdict::Logged).count();
        assert_eq!(logged, limits::REFUSALS_LOGGED as usize - 1);
        let other: Kind = (Some("key".into()), Code::InvalidApiKey);
        assert_eq!(refusals.judge(&other), Verdict::First, "another key");
        refusals.close(&kind);
        assert_eq!(refusals.judge(&kind), Verdict::First, "a later time");
    }
}
