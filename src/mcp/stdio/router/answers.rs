//! Answers of a child: those that name their call in whatever form, and those that went wrong.

use super::{Router, Unattributed};
use crate::mcp::stdio::inbox::{Event, Suspect};
use crate::mcp::stdio::misfit::Misfit;
use crate::mcp::stdio::number::{is_as_written, whole};
use crate::mcp::stdio::shown::shown;
use crate::mcp::stdio::splice::splice;
use crate::telemetry::redact;
use crate::wire::jsonrpc::{Id, Message};
use crate::wire::said::Said;

/// A number of ours in another form than it was written in.
#[derive(Debug, Default)]
pub(super) enum OddForm {
    #[default]
    None,
    /// Its JSON text.
    New(Box<str>),
    Told,
}

impl Router {
    pub(super) fn response(
        &mut self,
        message: &Message<'_>,
        id: Option<Id<'_>>,
        is_error: bool,
    ) -> Result<(), Unattributed> {
        let pipe_id = id.and_then(|id| self.named(id.json()));
        let Some(open) = pipe_id.and_then(|id| self.open.remove(&id)) else {
            if pipe_id.is_some_and(|id| (1..=self.last_id).contains(&id)) {
                if let Some(given_up) = pipe_id.and_then(|id| self.aftermath.remove(&id)) {
                    self.served(given_up.caller);
                }
                return Err(Unattributed::Ordinary("it answers a call that is over"));
            }
            return self.without_id(message, id.is_none() && is_error);
        };
        self.served(open.caller);
        let mut values = Vec::with_capacity(2);
        if let Some(span) = message.id_span() {
            values.push((span, &*open.id));
        }
        if let Some(named) = message.result_subscription_id().filter(|r| whole(r.json) == pipe_id) {
            values.push((named.span, &*open.id));
        }
        open.inbox.push(Event::Reply {
            payload: splice(message.text(), values),
            is_error,
        });
        Ok(())
    }

    /// An answer that names no call. An error without an id is what servers write that could not read the request: it ends the only
    /// call that can be meant. Only its words go on, as over HTTP.
    fn without_id(&mut self, message: &Message<'_>, is_error: bool) -> Result<(), Unattributed> {
        let why = if is_error {
            "its error names no request"
        } else {
            "it answers an id that nobody used"
        };
        if is_error
            && message.has_valid_error()
            && let Some(pipe_id) = self.sole()
            && let Some(open) = self.open.remove(&pipe_id)
        {
            self.served(open.caller);
            open.inbox.push(Event::Unnamed(said(message.text())));
            return Ok(());
        }
        match self.suspect(None, why, || shown(message.text().as_bytes())) {
            true => Err(Unattributed::Ordinary(why)),
            false => Err(Unattributed::Answer(why)),
        }
    }

    /// A line that was meant as an answer and is none. True when the call that it was meant for is told.
    pub(in crate::mcp::stdio) fn misfit(&mut self, misfit: &Misfit<'_>) -> bool {
        let pipe_id = misfit.id.as_ref().and_then(|id| whole(id));
        self.suspect(pipe_id, misfit.why, || misfit.beginning.clone())
    }

    /// Tells a call that its answer went wrong: the one that is named, or the only one that waits.
    fn suspect(&mut self, pipe_id: Option<u64>, why: &'static str, beginning: impl FnOnce() -> String) -> bool {
        let named = pipe_id.filter(|id| self.open.contains_key(id));
        let sole = self.sole();
        let only = if self.aftermath.is_empty() && self.open.len() == 1 {
            self.open.keys().next().copied()
        } else {
            None
        };
        let Some((pipe_id, open)) = named.or(only).and_then(|id| Some((id, self.open.get(&id)?))) else {
            return false;
        };
        // What was written for another caller is not shown.
        let is_shown = named == Some(pipe_id) || sole == Some(pipe_id);
        open.inbox.push(Event::Suspect(Suspect {
            why,
            beginning: is_shown.then(beginning),
        }))
    }

    /// Ends a call whose answer went wrong.
    pub(in crate::mcp::stdio) fn answered_wrongly(&mut self, pipe_id: u64) {
        if let Some(open) = self.open.remove(&pipe_id) {
            self.served(open.caller);
        }
    }

    /// The number of ours that a JSON text names, in whatever form.
    pub(super) fn named(&mut self, json: &str) -> Option<u64> {
        let number = whole(json)?;
        let is_ours = (1..=self.last_id).contains(&number);
        if is_ours && !is_as_written(json, number) && matches!(self.odd_form, OddForm::None) {
            self.odd_form = OddForm::New(json.into());
        }
        Some(number)
    }

    /// The first number that the child returned in another form; given once.
    pub(in crate::mcp::stdio) fn odd_form(&mut self) -> Option<Box<str>> {
        match std::mem::take(&mut self.odd_form) {
            OddForm::None => None,
            OddForm::New(json) => {
                self.odd_form = OddForm::Told;
                Some(json)
            }
            OddForm::Told => {
                self.odd_form = OddForm::Told;
                None
            }
        }
    }
}

/// The words of an error. The child may repeat what it was given: known secrets are taken out.
fn said(message: &str) -> Option<Said> {
    Said::of("application/json", message.as_bytes(), |text| {
        redact::scrub(text).into_owned()
    })
}
