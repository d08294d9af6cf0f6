//! Sessions that this process opened on one stdio server.
//!
//! A pipe has no sessions, but callers do (MCP "Transports", Session Management): a call in a session that is not open is answered
//! with 404, and its caller initializes again. A server that was not initialized by this process would be silent instead.

use std::collections::HashMap;

use crate::limits::STDIO_SESSIONS_MAX;
use crate::mcp::giving_way::gives_way;
use crate::wire::caller::Holder;
use crate::wire::command::Headers;

/// Ids of the sessions that are open.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    open: HashMap<Box<str>, Session>,
    uses: u64,
}

#[derive(Debug)]
struct Session {
    /// Who opened it.
    holder: Holder,
    /// The time of its last use, as a count of uses.
    used: u64,
}

impl Sessions {
    /// Opens a session of this caller. One that gives way ends when there are too many.
    pub(super) fn open(&mut self, id: &str, holder: Holder) {
        self.uses += 1;
        let used = self.uses;
        self.open.insert(id.into(), Session { holder, used });
        if self.open.len() > STDIO_SESSIONS_MAX {
            let sessions = self.open.iter();
            let ended = gives_way(sessions.map(|(id, session)| (session.holder, session.used, id))).cloned();
            ended.map(|id| self.open.remove(&id));
        }
    }

    /// Whether a command names sessions that are open only. `None` when it names none.
    pub(super) fn has(&mut self, headers: &Headers) -> Option<bool> {
        let mut found = None;
        for id in ids(headers) {
            self.uses += 1;
            let open = self.open.get_mut(id).map(|session| session.used = self.uses).is_some();
            found = Some(found.unwrap_or(true) && open);
        }
        found
    }

    /// Ends every session: their server cannot be initialized again.
    pub(super) fn end_all(&mut self) {
        self.open.clear();
    }
}

/// Every value of the session header: readers may take the first one or the last.
fn ids(headers: &Headers) -> impl Iterator<Item = &str> {
    let named = headers
        .0
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("mcp-session-id"));
    named.map(|(_, id)| &**id).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::caller::Caller;

    fn holder(key: &str) -> Holder {
        Caller::new(&Headers::default(), Some(key)).holder()
    }

    fn naming(ids: &[&str]) -> Headers {
        Headers(
            ids.iter()
                .map(|id| (Box::from("MCP-Session-ID"), Box::from(*id)))
                .collect(),
        )
    }

    #[test]
    fn only_open_sessions_are_known() {
        let mut sessions = Sessions::default();
        sessions.open("a", holder("k"));
        sessions.open("b", holder("k"));
        assert_eq!(sessions.has(&naming(&["a"])), Some(true));
        assert_eq!(sessions.has(&naming(&["A"])), Some(false));
        assert_eq!(sessions.has(&naming(&[])), None);
        assert_eq!(sessions.has(&naming(&[""])), None);
        assert_eq!(sessions.has(&naming(&["a", "b"])), Some(true));
        assert_eq!(sessions.has(&naming(&["a", "other"])), Some(false));
        assert_eq!(sessions.has(&naming(&["other", "a"])), Some(false));
        sessions.end_all();
        assert_eq!(sessions.has(&naming(&["a"])), Some(false));
    }

    #[test]
    fn the_session_that_was_not_used_for_longest_gives_way() {
        let mut sessions = Sessions::default();
        for number in 0..STDIO_SESSIONS_MAX {
            sessions.open(&number.to_string(), holder("k"));
        }
        assert_eq!(sessions.has(&naming(&["0"])), Some(true));
        sessions.open("new", holder("k"));
        assert_eq!(sessions.has(&naming(&["1"])), Some(false));
        assert_eq!(sessions.has(&naming(&["0"])), Some(true));
        assert_eq!(sessions.has(&naming(&["new"])), Some(true));
        assert_eq!(sessions.open.len(), STDIO_SESSIONS_MAX);
    }

    #[test]
    fn a_caller_with_many_sessions_ends_its_own() {
        let mut sessions = Sessions::default();
        sessions.open("other", holder("l"));
        for number in 0..STDIO_SESSIONS_MAX + 10 {
            sessions.open(&number.to_string(), holder("k"));
        }
        assert_eq!(sessions.has(&naming(&["other"])), Some(true));
        assert_eq!(sessions.open.len(), STDIO_SESSIONS_MAX);
    }
}
