//! Which cluster of the service polls go to (contract: wire, section 13): from how each poll ended to the token of the next one.

use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

use super::correction::Correction;
use super::verdict::{Cause, Kind, Verdict};
use crate::limits::{POLL_CORRECTIONS_MAX, POLL_TOKEN_FAILURES_MAX};

/// Corrections of this process. Nothing of it is stored or logged.
#[derive(Debug, Default)]
pub(super) struct Routing {
    /// The correction with the highest revision so far; stays when its token is no longer sent.
    accepted: Option<Correction>,
    /// Whether polls carry its token.
    is_sent: bool,
    /// Changes with the token that polls carry.
    generation: u64,
    /// In a row, without a poll that was answered.
    corrections: u32,
    /// In a row, of polls that carried the token.
    failures: u32,
}

/// What a poll was sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attempt {
    generation: u64,
}

/// How a poll ended, as far as routing is concerned.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ended<'a> {
    /// 200 or 204, read to its end.
    Answered,
    /// A valid correction.
    Corrected(&'a Correction),
    /// No answer, an answer that broke off, 408 or 5xx.
    Failed,
    /// Anything else: other statuses, and corrections that are not valid.
    Refused,
}

impl<'a> Ended<'a> {
    /// Of a poll with this verdict, and the valid correction in its answer.
    pub(super) fn of(verdict: &Verdict, correction: Option<&'a Correction>) -> Self {
        let failure = match (verdict, correction) {
            (_, Some(correction)) => return Self::Corrected(correction),
            (Verdict::Answered { .. }, None) => return Self::Answered,
            (Verdict::Failed(failure), None) => failure,
        };
        match (failure.kind, &failure.cause) {
            (Kind::TimedOut | Kind::Unanswered, _) => Self::Failed,
            (
                Kind::Refused,
                Cause::Status {
                    status: 408 | 500..=599,
                    ..
                },
            ) => Self::Failed,
            (Kind::Refused | Kind::Undecodable | Kind::Unauthorized, _) => Self::Refused,
        }
    }
}

impl Routing {
    /// What a poll that begins now is sent with.
    pub(super) fn attempt(&self) -> Attempt {
        Attempt {
            generation: self.generation,
        }
    }

    /// The token that a poll carries.
    pub(super) fn token(&self) -> Option<&SecretString> {
        let accepted = self.accepted.as_ref().filter(|_| self.is_sent)?;
        Some(&accepted.token)
    }

    /// The same as a header.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut token = HeaderValue::from_str(self.token()?.expose_secret()).ok()?;
        token.set_sensitive(true);
        Some(token)
    }

    /// A poll ended. When the token has changed since it was sent, it changes nothing.
    pub(super) fn ended(&mut self, attempt: Attempt, ended: Ended<'_>) {
        if attempt != self.attempt() {
            return;
        }
        match ended {
            Ended::Answered => (self.corrections, self.failures) = (0, 0),
            Ended::Corrected(correction) => self.corrected(correction),
            Ended::Failed if self.is_sent => {
                self.failures += 1;
                if self.failures >= POLL_TOKEN_FAILURES_MAX {
                    self.send(false);
                }
            }
            Ended::Failed | Ended::Refused => {}
        }
    }

    fn corrected(&mut self, correction: &Correction) {
        self.corrections += 1;
        self.failures = 0;
        let revision = self.accepted.as_ref().map(|accepted| accepted.revision);
        if revision < Some(correction.revision) {
            self.accepted = Some(correction.clone());
            self.generation = self.generation.wrapping_add(1);
            self.is_sent = true;
        } else if revision == Some(correction.revision) {
            self.send(self.is_accepted(&correction.token));
        }
        if self.corrections >= POLL_CORRECTIONS_MAX {
            self.corrections = 0;
            self.send(false);
        }
    }

    fn is_accepted(&self, token: &SecretString) -> bool {
        let accepted = self.accepted.as_ref();
        accepted.is_some_and(|accepted| accepted.token.expose_secret() == token.expose_secret())
    }

    /// Whether polls carry the accepted token from now on.
    fn send(&mut self, is_sent: bool) {
        if self.is_sent != is_sent {
            self.is_sent = is_sent;
            self.generation = self.generation.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests;
