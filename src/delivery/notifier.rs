//! Messages of one call that precede its reply.

use std::time::Instant;

use bytes::Bytes;
use log::debug;

use super::events::Events;
use super::post::Post;
use super::questions::question;
use super::responder::Responder;
use super::verdict::Delivery;
use crate::limits::QUESTIONS_MAX;
use crate::shutdown::Signal;
use crate::wire::command::Route;
use crate::wire::headers::ResponseHeaders;
use crate::wire::response::{Response, ResponseType};

/// Posts the messages of one call that precede its reply, one after the other.
#[derive(Debug)]
pub struct Notifier<'a, P> {
    responder: &'a Responder<P>,
    route: &'a Route,
    session: Option<&'a str>,
    deadline: Option<Instant>,
    stopped: bool,
    /// The log says that the service has no stream for this call.
    streamless: bool,
    /// Set when the caller went away.
    gone: &'a Signal,
    /// Requests of its server that wait for their caller's answer.
    asked: Vec<Box<str>>,
}

/// The questions of a call end with it.
impl<P> Drop for Notifier<'_, P> {
    fn drop(&mut self) {
        if !self.asked.is_empty() {
            self.responder.0.questions.remove(&self.asked);
        }
    }
}

impl<'a, P: Post> Notifier<'a, P> {
    /// For one call. `gone` is set when its caller went away.
    pub fn new(
        responder: &'a Responder<P>,
        route: &'a Route,
        session: Option<&'a str>,
        deadline: Option<Instant>,
        gone: &'a Signal,
    ) -> Self {
        Self {
            responder,
            route,
            session,
            deadline,
            stopped: false,
            streamless: false,
            gone,
            asked: Vec::new(),
        }
    }

    /// Posts one message; `None` when an earlier one failed.
    async fn post(&mut self, payload: Bytes, headers: &ResponseHeaders) -> Option<Delivery> {
        if self.stopped {
            return None;
        }
        let response = Response {
            kind: ResponseType::JsonRpcNotify,
            code: 200,
            headers: headers.clone().as_event_stream(),
            payload: Some(payload),
        };
        let delivery = self.responder.deliver(self.route, &response, self.deadline).await;
        match delivery {
            Delivery::Done | Delivery::Refused => {}
            Delivery::NoStream | Delivery::Late => {
                if !std::mem::replace(&mut self.streamless, true) {
                    debug!(request_id = &*self.route.request_id; "the service has no stream for this call; it goes on");
                }
            }
            Delivery::Gone => {
                self.stopped = true;
                self.gone.set();
            }
            Delivery::Failed | Delivery::Rejected | Delivery::Expired => self.stopped = true,
        }
        Some(delivery)
    }
}

impl<P: Post> Events for Notifier<'_, P> {
    /// After a message that failed the rest is skipped, so that the caller never sees a gap; the reply still follows.
    async fn send(&mut self, payload: Bytes, headers: &ResponseHeaders) -> bool {
        let delivery = self.post(payload, headers).await;
        matches!(delivery, Some(Delivery::Done | Delivery::NoStream))
    }

    async fn send_request(&mut self, payload: Bytes, id: &str, headers: &ResponseHeaders) -> bool {
        if self.asked.len() >= QUESTIONS_MAX {
            return false;
        }
        let question = question(&self.route.channel, self.session, id);
        let questions = &self.responder.0.questions;
        // Counted first: the answer may be faster than the end of this delivery.
        questions.add(question.clone());
        self.asked.push(question);
        // Without a stream it reaches nobody, so the server has to be told that no answer will come.
        let sent = self.post(payload, headers).await == Some(Delivery::Done);
        if !sent && let Some(question) = self.asked.pop() {
            questions.remove([&question]);
        }
        sent
    }

    fn skipped(&self, odd: &'static str) {
        self.responder.0.monitor.metrics.odd_event(&self.route.channel, odd);
    }
}
