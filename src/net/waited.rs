//! Who was waited for in vain, and which setting bounds that.

use std::fmt;

use super::connect::Peer;
use super::hop::Step;

/// Somebody who let an exchange wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waited {
    /// The peer that was asked.
    pub peer: Peer,
    /// A proxy read the request, and may be the silent one.
    pub forwarded: bool,
}

impl Waited {
    /// Who did not begin an answer.
    pub(super) fn begin(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.forwarded {
            true => "timed out: neither the proxy nor the server behind it began an answer in time",
            false => "timed out: the answer did not begin in time",
        })?;
        match self.peer {
            Peer::ControlPlane => {
                f.write_str(" (control_plane.poll_timeout and control_plane.poll_deadline_guardrail)")
            }
            Peer::Server => f.write_str(" (mcp.first_byte_timeout)"),
            Peer::Own => Ok(()),
        }
    }

    /// Who stopped in the middle of one.
    pub(super) fn silence(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.forwarded {
            true => "timed out: the answer that the proxy passes on stopped in its middle",
            false => "timed out: the answer stopped in its middle",
        })?;
        match self.peer {
            Peer::Server => f.write_str(" (mcp.idle_timeout)"),
            Peer::ControlPlane | Peer::Own => Ok(()),
        }
    }
}

/// The setting that bounds a step of the way.
#[must_use]
pub fn bound(step: Step) -> &'static str {
    match step {
        Step::Resolve => "connection.resolve_timeout",
        Step::Connect => "connection.connect_timeout",
        Step::ProxyTls | Step::Tls => "connection.tls_timeout",
        Step::Tunnel => "connection.proxy_timeout",
    }
}

/// What did not happen in time.
pub(super) fn step(step: Step, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let what = match step {
        Step::Resolve => "the name servers did not answer",
        Step::Connect => "the connection was not accepted",
        Step::ProxyTls | Step::Tls => "the TLS handshake did not end",
        Step::Tunnel => "CONNECT was not answered",
    };
    write!(f, "{what} in time ({})", bound(step))
}
