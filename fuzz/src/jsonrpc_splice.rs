//! Ids and progress tokens on the pipe of a stdio server that callers share (`src/mcp/stdio/router.rs`, `splice.rs`).
//!
//! The input is a script, one step a line. Oracle: each message that crosses is computed once more from the spans of another JSON
//! reader, so it differs in these spans only; a reader that ignores the case of names (Go, .NET) finds no other request in it; a
//! message that names a call reaches that call only; one that names none reaches a caller only when no other can be meant.

mod lenient;
mod script;

use std::collections::BTreeMap;

use bytes::Bytes;
use tunnel_client::fuzzing::messages::stdio::{Delivered, Pipe};
use tunnel_client::wire::jsonrpc::Message;
use tunnel_client::wire::spelling::is_exact;

use crate::support::json;
use crate::support::messages::{self, Kind};
use script::Step;

/// Feeds `data` as a script.
pub fn check(data: &[u8]) {
    let mut session = Session::default();
    for line in data.split(|byte| *byte == b'\n').take(64) {
        if session.step(&script::read(line)).is_none() {
            return;
        }
    }
}

/// An open call, as its caller knows it.
struct Open {
    caller: u8,
    id: String,
    progress_token: Option<String>,
    is_written: bool,
}

/// The pipe, and what the oracle knows of it.
#[derive(Default)]
struct Session {
    pipe: Pipe,
    open: BTreeMap<u64, Open>,
    last_id: u64,
    /// Callers whose calls the child has worked on and that are over.
    served: Vec<u8>,
    /// Calls that ended unanswered after they were written.
    given_up: Vec<u64>,
    /// Requests of the child that callers were asked: id on the wire, call, the child's id.
    asked: Vec<(String, u64, String)>,
}

impl Session {
    /// Performs a step; `None` when its message is too deep to be judged.
    fn step(&mut self, step: &Step) -> Option<()> {
        match step {
            Step::Open { caller, text } => self.open(*caller, text)?,
            Step::Written { call } => {
                self.pipe.written(*call);
                if let Some(open) = self.open.get_mut(call) {
                    open.is_written = true;
                }
            }
            Step::Close { call } => self.close(*call),
            Step::Cancel { call, text } => self.cancel(*call, text)?,
            Step::Answer { text } => self.answer(text)?,
            Step::Received { text } => self.received(text)?,
            // Batches and whatever else a child writes: nothing is known of the outcome but that it ends the case.
            Step::Anything { line } => {
                self.pipe.received(line);
                self.pipe.delivered();
                return None;
            }
            Step::Nothing => {}
        }
        Some(())
    }

    fn open(&mut self, caller: u8, text: &str) -> Option<()> {
        let Ok(message) = Message::parse(text) else {
            return Some(());
        };
        let tree = json::parse(text.as_bytes()).ok()?;
        // The service can carry requests of the server to every second caller.
        let Ok((pipe_id, line)) = self.pipe.open(&message, &format!("s{caller}"), caller % 2 == 0) else {
            return Some(());
        };
        assert_eq!(pipe_id, self.last_id + 1, "an id of ours was used before");
        self.last_id = pipe_id;
        let Some(Ok(Kind::Call(method, id))) = messages::kind(text.as_bytes()) else {
            panic!("{text} is no call")
        };
        let token = messages::references(&tree)
            .expect("it was accepted")
            .meta_progress_token;
        let ours = pipe_id.to_string();
        let mut edits = vec![(id.clone(), &*ours)];
        edits.extend(token.clone().map(|span| (span, &*ours)));
        crossed(&line, text, edits);
        let read = lenient::Reader::of(&line);
        assert!(
            !read.method().starts_with("notifications/"),
            "a request is a notification for others"
        );
        assert!(
            read.ids().all(|id| id == ours),
            "a request has another id for others: {line:?}"
        );
        assert!(
            read.progress_tokens().all(|token| token == ours),
            "another progress token for others: {line:?}"
        );
        if read.method() == "initialize" {
            assert_eq!(method, "initialize");
        }
        let open = Open {
            caller,
            id: text[id].to_owned(),
            progress_token: token.map(|span| text[span].to_owned()),
            is_written: false,
        };
        self.open.insert(pipe_id, open);
        Some(())
    }

    fn close(&mut self, call: u64) {
        for line in self.pipe.close(call) {
            is_json_line(&line);
            let read = lenient::Reader::of(&line);
            if read.method() == "notifications/cancelled" {
                assert!(read.request_ids().all(|id| id == call.to_string()));
            } else {
                assert!(
                    self.asked
                        .iter()
                        .any(|(_, asked, id)| *asked == call && read.ids().all(|found| found == *id))
                );
            }
        }
        self.asked.retain(|(_, asked, _)| *asked != call);
        if let Some(open) = self.open.remove(&call)
            && open.is_written
        {
            self.served.push(open.caller);
            self.given_up.push(call);
        }
    }

    fn cancel(&mut self, call: u64, text: &str) -> Option<()> {
        let Some(line) = self.pipe.cancel(call, &Bytes::copy_from_slice(text.as_bytes())) else {
            return Some(());
        };
        assert!(self.open.contains_key(&call), "a call that is over was cancelled");
        let tree = json::parse(text.as_bytes()).ok()?;
        let named = messages::references(&tree)
            .expect("it was accepted")
            .request_id
            .expect("it names a request");
        crossed(&line, text, vec![(named, &call.to_string())]);
        let read = lenient::Reader::of(&line);
        assert!(
            read.request_ids().all(|id| id == call.to_string()),
            "another call is cancelled for others: {line:?}"
        );
        Some(())
    }

    fn answer(&mut self, text: &str) -> Option<()> {
        let wire_id = self
            .asked
            .first()
            .map_or("\"none\"".to_owned(), |(wire_id, ..)| wire_id.clone());
        let text = text.replace("\"$\"", &wire_id);
        let Some(line) = self.pipe.answer(&Bytes::from(text.clone()), &wire_id) else {
            // A message without an id uses the request up all the same.
            let is_used_up = is_exact(&text) && Message::parse(&text).is_ok_and(|message| message.id_span().is_none());
            if is_used_up && !self.asked.is_empty() {
                self.asked.remove(0);
            }
            return Some(());
        };
        let (known, _, id) = self.asked.remove(0);
        assert_eq!(known, wire_id);
        let kind = messages::kind(text.as_bytes())?.expect("it was accepted");
        let (Kind::Response(Some(span), _) | Kind::Call(_, span)) = kind else {
            panic!("{text} has no id")
        };
        crossed(&line, &text, vec![(span, &id)]);
        assert!(
            lenient::Reader::of(&line).ids().all(|found| found == id),
            "another id for others: {line:?}"
        );
        Some(())
    }

    fn received(&mut self, text: &str) -> Option<()> {
        let tree = match json::parse(text.as_bytes()) {
            Err(json::Fault::Deep) => return None,
            parsed => parsed.ok(),
        };
        let Ok(message) = Message::parse(text) else {
            self.pipe.misfit(text.as_bytes());
            self.suspects();
            return Some(());
        };
        let tree = tree?;
        let kind = messages::kind(text.as_bytes())?.expect("both readers take it");
        if let Some(line) = self.pipe.route(&message) {
            is_json_line(&line);
            let Kind::Call(_, id) = &kind else {
                panic!("only a request is answered: {text}")
            };
            assert!(lenient::Reader::of(&line).ids().all(|found| *found == text[id.clone()]));
        }
        let number = |span: &std::ops::Range<usize>| short_number(&text[span.clone()]);
        let mut is_answered = false;
        for (call, delivered) in self.pipe.delivered() {
            let open = self.open.get(&call).expect("a call that is over receives nothing");
            match (&kind, delivered) {
                (
                    Kind::Response(Some(id), is_error),
                    Delivered::Reply {
                        payload,
                        is_error: is_delivered_as,
                    },
                ) => {
                    assert_eq!(
                        (number(id), is_delivered_as),
                        (Some(call), *is_error),
                        "an answer to another call"
                    );
                    let mut edits = vec![(id.clone(), &*open.id)];
                    let subscription = messages::result_subscription_id(text, &tree);
                    edits.extend(
                        subscription
                            .filter(|span| number(span) == Some(call))
                            .map(|span| (span, &*open.id)),
                    );
                    crossed(&payload, text, edits);
                    is_answered = true;
                }
                (Kind::Response(None, true), Delivered::Unnamed) => {
                    self.is_attributed(call);
                    is_answered = true;
                }
                (Kind::Response(..), Delivered::Suspect(shown)) => {
                    if shown.is_some() {
                        self.is_attributed(call);
                    }
                }
                (Kind::Notification(method), Delivered::Message(payload)) => {
                    let edits = self.named(call, method, text, &tree, &payload);
                    crossed(
                        &payload,
                        text,
                        edits.iter().map(|(span, value)| (span.clone(), &**value)).collect(),
                    );
                }
                (Kind::Call(_, id), Delivered::Request { payload, wire_id }) => {
                    assert!(open.caller % 2 == 0, "a caller that cannot be asked was asked");
                    self.is_attributed(call);
                    crossed(&payload, text, vec![(id.clone(), &wire_id)]);
                    self.asked.push((wire_id.into(), call, text[id.clone()].to_owned()));
                }
                (kind, delivered) => panic!("{kind:?} was delivered as {delivered:?}"),
            }
            if is_answered {
                let open = self.open.remove(&call).expect("it was open");
                self.served.push(open.caller);
            }
        }
        // What the child writes about a call that is over ends the doubt about it.
        if let Kind::Response(Some(id), _) = &kind
            && let Some(call) = number(id)
            && !is_answered
        {
            assert!(
                !self.open.contains_key(&call),
                "the answer to an open call was lost: {text}"
            );
            self.given_up.retain(|known| *known != call);
        }
        Some(())
    }

    /// What a notification names, exchanged for what its caller knows.
    fn named(
        &mut self,
        call: u64,
        method: &str,
        text: &str,
        tree: &json::Node,
        payload: &[u8],
    ) -> Vec<(std::ops::Range<usize>, String)> {
        let references = messages::references(tree).expect("it was delivered");
        let open = &self.open[&call];
        if method == "notifications/progress"
            && let Some(span) = references.progress_token
        {
            assert_eq!(
                short_number(&text[span.clone()]),
                Some(call),
                "the progress of another call"
            );
            return vec![(
                span,
                open.progress_token
                    .clone()
                    .expect("a call without a token has no progress"),
            )];
        }
        if let Some(span) = references.subscription_id {
            assert_eq!(
                short_number(&text[span.clone()]),
                Some(call),
                "the subscription of another call"
            );
            return vec![(span, open.id.clone())];
        }
        if method == "notifications/cancelled"
            && let Some(span) = references.request_id
        {
            let json = &text[span.clone()];
            let is_meant =
                |id: &str| json::same(id, json) || short_number(id).is_some() && short_number(id) == short_number(json);
            // A child may use one id twice; then either may be meant.
            let payload = String::from_utf8_lossy(payload);
            let is_asked = |(wire_id, asked, id): &(String, u64, String)| {
                *asked == call && is_meant(id) && payload.contains(wire_id)
            };
            let at = self.asked.iter().position(is_asked);
            let (wire_id, ..) = self.asked.remove(at.expect("the caller was asked"));
            return vec![(span, wire_id)];
        }
        self.is_attributed(call);
        Vec::new()
    }

    /// A message that names no call may reach this one: it is the only open one, none was given up, and the child has worked for
    /// no other caller.
    fn is_attributed(&self, call: u64) {
        let caller = self.open[&call].caller;
        assert_eq!(self.open.len(), 1, "several calls can be meant");
        assert!(
            self.given_up.is_empty(),
            "a call that was given up can be meant: {:?}",
            self.given_up
        );
        assert!(
            self.served.iter().all(|served| *served == caller),
            "another caller's call can be meant"
        );
    }

    fn suspects(&mut self) {
        for (call, delivered) in self.pipe.delivered() {
            assert!(self.open.contains_key(&call), "a call that is over receives nothing");
            assert!(
                matches!(delivered, Delivered::Suspect(_)),
                "{delivered:?} of a line that is no message"
            );
        }
    }
}

/// The number that a text names, within the client's bound on its length.
fn short_number(json: &str) -> Option<u64> {
    let exact = messages::whole_number(json).filter(|_| json.len() <= tunnel_client::limits::STDIO_NUMBER_MAX);
    let ours = tunnel_client::fuzzing::messages::stdio::whole(json);
    assert_eq!(ours, exact, "{json} as a number");
    ours
}

/// Checks that `line` is `text` with these edits, in one line.
fn crossed(line: &Bytes, text: &str, mut edits: Vec<(std::ops::Range<usize>, &str)>) {
    edits.sort_by_key(|(span, _)| span.start);
    let mut expected = Vec::new();
    let mut at = 0;
    for (span, value) in edits {
        expected.extend_from_slice(&text.as_bytes()[at..span.start]);
        expected.extend_from_slice(value.as_bytes());
        at = span.end;
    }
    expected.extend_from_slice(&text.as_bytes()[at..]);
    for byte in &mut expected {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    assert_eq!(String::from_utf8_lossy(line), String::from_utf8_lossy(&expected));
    is_json_line(line);
}

fn is_json_line(line: &[u8]) {
    assert!(!line.iter().any(|byte| matches!(byte, b'\n' | b'\r')), "two lines");
    assert!(
        serde_json::from_slice::<&serde_json::value::RawValue>(line).is_ok(),
        "no JSON: {}",
        String::from_utf8_lossy(line)
    );
}
