//! Who a message on the pipe belongs to. Pure state, no I/O.
//!
//! Ids on the pipe are numbers of our own, never used twice, so a late answer can never be taken for another. A server's
//! message goes only to the call that it names. A message that names no call goes to a call only if no other can be meant: it is
//! the only open one, no call ended unanswered lately, and the child worked for no other caller lately.

mod answers;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::inbox::{Event, Inbox};
use super::number::whole;
use super::recent::Recent;
use super::splice::splice;
use crate::identity::random_id;
use crate::limits::{
    ID_MAX, STDIO_AFTERMATH, STDIO_AFTERMATH_MAX, STDIO_HUNG_CALLS, STDIO_SERVER_REQUESTS_MAX, STDIO_SILENCE,
    STDIO_SILENT_CALLS, STDIO_SILENT_TIME,
};
use crate::mcp::http::local_answer;
use crate::wire::caller::Caller;
use crate::wire::failure::{Failure, error_json};
use crate::wire::jsonrpc::{INTERNAL_ERROR, Id, Invalid, Kind, Message};
use crate::wire::spelling::is_exact;
use answers::OddForm;

/// The calls and server requests of one child.
#[derive(Debug, Default)]
pub(super) struct Router {
    last_id: u64,
    open: HashMap<u64, Open>,
    /// Calls that ended without the child's answer, and when: for a while what it writes may still belong to them.
    aftermath: BTreeMap<u64, GivenUp>,
    /// Callers that the child has worked for.
    recent: Recent,
    /// Such calls since the child last wrote anything, and when the first of them was handed to it.
    silent_calls: usize,
    silent_since: Option<Instant>,
    /// When the child last wrote anything.
    heard: Option<Instant>,
    /// The child's own requests that callers were asked, by their id on the wire.
    asked: HashMap<Box<str>, Asked>,
    /// The first number of ours that the child returned in another form.
    odd_form: OddForm,
}

#[derive(Debug)]
struct Open {
    /// The caller's id, as JSON text.
    id: Box<str>,
    /// The caller's progress token, as JSON text.
    progress_token: Option<Box<str>>,
    inbox: Arc<Inbox>,
    /// The caller can be asked.
    server_requests: bool,
    /// Caller; `None` for a request of our own, which receives nothing but its answer.
    caller: Option<Caller>,
    /// When it was handed to the pipe.
    written: Option<Instant>,
    /// The child was told that it need not go on, or must not be (`initialize`).
    told: bool,
}

#[derive(Debug)]
struct GivenUp {
    at: Instant,
    caller: Option<Caller>,
}

#[derive(Debug)]
struct Asked {
    call: u64,
    /// The child's id, as JSON text.
    id: Box<str>,
}

/// A message of the child that goes to nobody, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unattributed {
    /// It concerns nobody any more, or nobody can tell whom; or its call fails for it, which is logged there.
    Ordinary(&'static str),
    /// It was meant as an answer, for which a call may wait in vain.
    Answer(&'static str),
}

impl Router {
    /// Registers a request and gives its id and its line for the pipe.
    ///
    /// # Errors
    /// When its references to requests cannot be read unambiguously, or when it has the method of a notification, by which
    /// some servers alone decide: `notifications/cancelled` as a request would end another caller's call.
    pub(super) fn open(
        &mut self,
        message: &Message<'_>,
        inbox: Arc<Inbox>,
        server_requests: bool,
        caller: Caller,
    ) -> Result<(u64, Bytes), Invalid> {
        self.register(message, inbox, server_requests, Some(caller))
    }

    /// The same for a request of our own.
    pub(super) fn open_internal(&mut self, message: &Message<'_>, inbox: Arc<Inbox>) -> Result<(u64, Bytes), Invalid> {
        self.register(message, inbox, false, None)
    }

    fn register(
        &mut self,
        message: &Message<'_>,
        inbox: Arc<Inbox>,
        server_requests: bool,
        caller: Option<Caller>,
    ) -> Result<(u64, Bytes), Invalid> {
        let (Kind::Call { id, method }, Some(span)) = (&message.kind, message.id_span()) else {
            return Err(Invalid::Shape);
        };
        if method.starts_with("notifications/") || !is_exact(message.text()) {
            return Err(Invalid::Shape);
        }
        let token = message.references()?.meta_progress_token;
        if token.as_ref().is_some_and(|token| token.json.len() > ID_MAX) {
            return Err(Invalid::Shape);
        }
        self.last_id += 1;
        let on_pipe = self.last_id.to_string();
        let mut values = vec![(span, on_pipe.as_str())];
        if let Some(token) = &token {
            values.push((token.span.clone(), on_pipe.as_str()));
        }
        let line = splice(message.text(), values);
        let open = Open {
            id: id.json().into(),
            progress_token: token.map(|t| t.json.into()),
            inbox,
            server_requests,
            caller,
            written: caller.is_none().then(Instant::now),
            // MCP forbids to cancel it.
            told: method == "initialize",
        };
        self.open.insert(self.last_id, open);
        Ok((self.last_id, line))
    }

    /// A request was handed to the pipe.
    pub(super) fn written(&mut self, pipe_id: u64) {
        if let Some(open) = self.open.get_mut(&pipe_id) {
            open.written = Some(Instant::now());
        }
    }

    /// Ends a call. Of one without its answer the child is told that it need not go on, and that nobody will answer what
    /// it asked: the lines say so.
    pub(super) fn close(&mut self, pipe_id: u64) -> Vec<Bytes> {
        let mut lines = Vec::new();
        if let Some(open) = self.open.remove(&pipe_id)
            && let Some(written) = open.written
        {
            self.served(open.caller);
            let given_up = GivenUp {
                at: Instant::now(),
                caller: open.caller,
            };
            self.aftermath.insert(pipe_id, given_up);
            if self.aftermath.len() > STDIO_AFTERMATH_MAX {
                self.aftermath.pop_first();
            }
            self.silent_calls += 1;
            self.silent_since.get_or_insert(written);
            if !open.told {
                lines.push(Bytes::from(format!(
                    r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{pipe_id},"reason":"the caller does not wait any more"}}}}"#
                )));
            }
        }
        self.asked.retain(|_, asked| {
            if asked.call == pipe_id {
                lines.push(refusal(&asked.id));
            }
            asked.call != pipe_id
        });
        lines
    }

    /// Records that the child works for this caller, or has done so until now.
    pub(super) fn served(&mut self, caller: impl Into<Option<Caller>>) {
        if let Some(caller) = caller.into() {
            self.recent.served(caller);
        }
    }

    /// The child wrote something.
    pub(super) fn heard(&mut self) {
        self.heard = Some(Instant::now());
        (self.silent_calls, self.silent_since) = (0, None);
    }

    /// True when the child left many calls unanswered and wrote nothing for long.
    pub(super) fn is_hung(&self) -> bool {
        self.silent_calls >= STDIO_HUNG_CALLS
            && self
                .heard
                .max(self.silent_since)
                .is_none_or(|at| at.elapsed() >= STDIO_SILENCE)
    }

    /// True when calls in a row ended unanswered while the child wrote nothing: too few, or not long enough, to restart it.
    pub(super) fn is_silent(&self) -> bool {
        self.silent_calls >= STDIO_SILENT_CALLS
            && self
                .heard
                .max(self.silent_since)
                .is_none_or(|at| at.elapsed() >= STDIO_SILENT_TIME)
    }

    /// The child is gone, and with it every call.
    pub(super) fn close_all(&mut self, why: &Failure) {
        for (_, open) in self.open.drain() {
            open.inbox.push(Event::Closed(why.clone()));
        }
        self.aftermath.clear();
        self.recent = Recent::default();
        self.asked.clear();
        (self.silent_calls, self.silent_since, self.heard) = (0, None, None);
    }

    /// A caller's `notifications/cancelled` for this call, as a line for the pipe.
    pub(super) fn cancel(&mut self, pipe_id: u64, payload: &Bytes) -> Option<Bytes> {
        let message = Message::parse(std::str::from_utf8(payload).ok()?).ok()?;
        if !is_exact(message.text()) {
            return None;
        }
        let named = message.references().ok()?.request_id?;
        let open = self.open.get_mut(&pipe_id).filter(|open| !open.told)?;
        open.told = true;
        Some(splice(message.text(), vec![(named.span, &pipe_id.to_string())]))
    }

    /// A caller's answer to a request of the child; `None` when no such request is open.
    pub(super) fn answer(&mut self, payload: &Bytes, wire_id: &str) -> Option<Bytes> {
        let message = Message::parse(std::str::from_utf8(payload).ok()?).ok()?;
        if !is_exact(message.text()) {
            return None;
        }
        let asked = self.asked.remove(wire_id)?;
        Some(splice(message.text(), vec![(message.id_span()?, &asked.id)]))
    }

    /// A request of the child could not reach its caller; gives the refusal.
    pub(super) fn refuse(&mut self, wire_id: &str) -> Option<Bytes> {
        self.asked.remove(wire_id).map(|asked| refusal(&asked.id))
    }

    /// Hands a message of the child to its call, or gives the line that answers it at once.
    pub(super) fn route(&mut self, message: &Message<'_>) -> Result<Option<Bytes>, Unattributed> {
        match &message.kind {
            Kind::Response { id, is_error } => self.response(message, *id, *is_error).map(|()| None),
            Kind::Notification { method } => self.notification(message, method).map(|()| None),
            Kind::Call { method, id } => Ok(self.request(message, method, *id)),
        }
    }

    fn notification(&mut self, message: &Message<'_>, method: &str) -> Result<(), Unattributed> {
        let named = message
            .references()
            .map_err(|_| Unattributed::Ordinary("what it names is ambiguous"))?;
        let (pipe_id, edit) = match (&named.progress_token, &named.subscription_id, &named.request_id) {
            (Some(token), _, _) if method == "notifications/progress" => {
                let pipe_id = self
                    .named(token.json)
                    .ok_or(Unattributed::Ordinary("its progress token is nobody's"))?;
                let original = self.open.get(&pipe_id).and_then(|open| open.progress_token.clone());
                let original = original.ok_or(Unattributed::Ordinary("its progress token is nobody's"))?;
                (pipe_id, Some((token.span.clone(), original)))
            }
            (_, Some(subscription), _) => {
                // Some servers write it as text whatever it was.
                let pipe_id = whole(subscription.json).ok_or(Unattributed::Ordinary("its subscription is nobody's"))?;
                let original = self.open.get(&pipe_id).map(|open| open.id.clone());
                (
                    pipe_id,
                    Some((
                        subscription.span.clone(),
                        original.ok_or(Unattributed::Ordinary("its subscription is nobody's"))?,
                    )),
                )
            }
            (_, _, Some(request)) if method == "notifications/cancelled" => {
                let (wire_id, call) = self
                    .asked
                    .iter()
                    .find(|(_, asked)| is_same_id(&asked.id, request.json))
                    .map(|(wire_id, asked)| (wire_id.clone(), asked.call))
                    .ok_or(Unattributed::Ordinary("it cancels a request that nobody was asked"))?;
                self.asked.remove(&wire_id);
                (call, Some((request.span.clone(), wire_id)))
            }
            _ => (
                self.sole().ok_or(Unattributed::Ordinary(
                    "it names no call, and cannot be attributed to exactly one",
                ))?,
                None,
            ),
        };
        let open = self
            .open
            .get(&pipe_id)
            .filter(|open| open.caller.is_some())
            .ok_or(Unattributed::Ordinary("its call is over"))?;
        let values = edit.iter().map(|(span, value)| (span.clone(), &**value)).collect();
        match open.inbox.push(Event::Message(splice(message.text(), values))) {
            true => Ok(()),
            false => Err(Unattributed::Ordinary("its call has too many undelivered messages")),
        }
    }

    /// A request of the child. `Some` is the answer to it.
    fn request(&mut self, message: &Message<'_>, method: &str, id: Id<'_>) -> Option<Bytes> {
        self.ask(message, id)
            .is_none()
            .then(|| Bytes::from(local_answer(method, id.json())))
    }

    /// Passes a request on to the caller that it can be attributed to.
    fn ask(&mut self, message: &Message<'_>, id: Id<'_>) -> Option<()> {
        let call = self.sole()?;
        let open = self.open.get(&call).filter(|open| open.server_requests)?;
        if self.asked.len() >= STDIO_SERVER_REQUESTS_MAX || id.json().len() > ID_MAX {
            return None;
        }
        let wire_id: Box<str> = unguessable_id()?.into();
        let payload = splice(message.text(), vec![(message.id_span()?, &wire_id)]);
        // Kept first: the caller may answer before this returns.
        self.asked.insert(
            wire_id.clone(),
            Asked {
                call,
                id: id.json().into(),
            },
        );
        if open.inbox.push(Event::Request {
            payload,
            wire_id: wire_id.clone(),
        }) {
            return Some(());
        }
        self.asked.remove(&wire_id);
        None
    }

    /// The call that a message without a name must mean: the only one, with none just ended that the child may still work
    /// on. An answer does not prove that the child is done with a call, so for the same time after any end only calls of
    /// the same caller count: what is late is then at least the caller's own.
    fn sole(&mut self) -> Option<u64> {
        self.aftermath
            .retain(|_, given_up| given_up.at.elapsed() < STDIO_AFTERMATH);
        let mut calls = self.open.iter().filter_map(|(id, open)| Some((*id, open.caller?)));
        match (calls.next(), calls.next()) {
            (Some((id, caller)), None)
                if self.aftermath.is_empty() && !self.recent.is_shared(caller, STDIO_AFTERMATH) =>
            {
                Some(id)
            }
            _ => None,
        }
    }
}

/// Whether a child means one request of its own by both: it may write its numbers in several forms too.
fn is_same_id(a: &str, b: &str) -> bool {
    Id::from_json(a) == Id::from_json(b) || whole(a).is_some() && whole(a) == whole(b)
}

fn refusal(id: &str) -> Bytes {
    Bytes::from(error_json(Some(id), INTERNAL_ERROR, "the caller did not answer", None))
}

/// An id for a server's request on the wire. Callers share the tunnel; only the one that was asked can know it, and a
/// restarted child's requests are never answered by answers meant for the old one.
fn unguessable_id() -> Option<String> {
    Some(format!("\"server-{}\"", random_id()?))
}

#[cfg(test)]
mod tests;
