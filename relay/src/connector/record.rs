//! One log line and one audit record for each call: who called what, and how it ended.

use std::fmt::Display;
use std::sync::Arc;
use std::time::SystemTime;

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::{Names, Target};
use crate::audit::{Admission, AuditLog, Entry, Outcome};
use crate::auth::Key;
use crate::error::{Code, Refusal};
use crate::ids::{Channel, TunnelId};
use crate::refusals::{About, Refusals};
use crate::relay::Relay;
use crate::server::Via;
use crate::{limits, log};

/// A call until its line is written. Dropped before, it says that the caller left.
pub(super) struct Record(Option<Open>);

struct Open {
    about: About,
    begun: Instant,
    refusals: Refusals,
    audit: Option<AuditLog>,
    /// The call may be performed.
    admission: Option<Admission>,
    bytes_in: usize,
    bytes_out: usize,
}

impl Record {
    /// Begins with what is known before the key is looked at.
    pub(super) fn begin(relay: &Relay, names: &Names, via: &Via, target: &Target<'_>) -> Self {
        let about = About {
            request: names.own,
            caller_request: names.callers.clone(),
            peer: via.ends.peer,
            endpoint: "mcp",
            key: None,
            tunnel: TunnelId::parse(target.tunnel),
            channel: target.channel.map_or_else(|| Some(Channel::main()), Channel::parse),
            method: None,
            stranger: None,
        };
        Self(Some(Open {
            about,
            begun: Instant::now(),
            refusals: relay.refusals.clone(),
            audit: relay.audit.clone(),
            admission: None,
            bytes_in: 0,
            bytes_out: 0,
        }))
    }

    /// The key was accepted.
    pub(super) fn shown(&mut self, key: &Key) {
        if let Some(open) = &mut self.0 {
            open.about.key = Some(Arc::clone(&key.name));
        }
    }

    /// Asks the audit log whether the call may be performed.
    pub(super) fn admit(&mut self) -> Result<(), Refusal> {
        if let Some(open) = &mut self.0 {
            open.admission = open.audit.as_ref().map(AuditLog::admit).transpose()?;
        }
        Ok(())
    }

    /// The caller's message has this many bytes.
    pub(super) fn read(&mut self, bytes: usize) {
        if let Some(open) = &mut self.0 {
            open.bytes_in = bytes;
        }
    }

    /// The server's message of this many bytes is on its way to the caller.
    pub(super) fn passed(&mut self, bytes: usize) {
        if let Some(open) = &mut self.0 {
            open.bytes_out = open.bytes_out.saturating_add(bytes);
        }
    }

    /// The method was read. Of a long method the beginning is kept.
    pub(super) fn asked(&mut self, method: &str) {
        if let Some(open) = &mut self.0 {
            open.about.method = Some(method.chars().take(limits::LOGGED_METHOD).collect::<String>().into());
        }
    }

    /// Takes the record along with an answer that is still being given.
    pub(super) fn take(&mut self) -> Self {
        Self(self.0.take())
    }

    /// The request names a host or comes from an origin that is none of the relay's. Of a long one the beginning is kept.
    pub(super) fn strange(&mut self, headers: &HeaderMap, refusal: &Refusal) {
        let (what, name) = match refusal.code {
            Code::HostNotAllowed => ("host", HOST),
            Code::OriginNotAllowed => ("origin", ORIGIN),
            _ => return,
        };
        if let (Some(open), Some(value)) = (&mut self.0, headers.get(name)) {
            let text = String::from_utf8_lossy(value.as_bytes());
            // Neither has user, password or query; what has is not written.
            if text.contains(['@', '?']) {
                return;
            }
            open.about.stranger = Some((
                what,
                text.chars().take(limits::LOGGED_STRANGER).collect::<String>().into(),
            ));
        }
    }

    /// The answer came from the MCP server.
    pub(super) fn answered(&mut self, status: StatusCode) {
        if let Some(open) = self.0.take() {
            open.line("call answered", Some(status));
            open.audit(Outcome::Answered, Some(status));
        }
    }

    /// The relay refused it, at once or later.
    pub(super) fn refused(&mut self, refusal: &Refusal) {
        if let Some(open) = self.0.take() {
            let ms = open.begun.elapsed().as_millis();
            open.refusals.log(&open.about, refusal, ms);
            open.audit(Outcome::Refused(refusal.code), Some(refusal.status));
        }
    }

    /// There is nothing to say.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}

impl Open {
    fn line(&self, message: &str, status: Option<StatusCode>) {
        let ms = self.begun.elapsed().as_millis();
        let status = status.map(|status| status.as_u16());
        let mut fields = self.about.fields();
        if let Some(status) = &status {
            fields.push(("status", status as &dyn Display));
        }
        fields.push(("ms", &ms));
        log::info(message, &fields);
    }

    fn audit(self, outcome: Outcome, status: Option<StatusCode>) {
        let Some(audit) = self.audit else { return };
        let entry = Entry {
            about: self.about,
            outcome,
            status: status.map(|status| status.as_u16()),
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            duration: self.begun.elapsed(),
            ended: SystemTime::now(),
        };
        audit.record(entry, self.admission);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        // Without a key there was no call yet.
        if let Some(open) = self.0.take().filter(|open| open.about.key.is_some()) {
            open.line("call abandoned by its caller", None);
            open.audit(Outcome::Abandoned, None);
        }
    }
}
