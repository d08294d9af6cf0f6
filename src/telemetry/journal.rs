//! The native protocol of journald(8), as its documentation of that name says: datagrams of fields, `NAME=value` a line.
//!
//! No value has a line end in it, so none needs the form with a length. A datagram is small enough to be sent as it is, without a
//! memfd.

use std::fmt::Write as _;

use ::log::Level;

use super::form::{Draft, IDENTIFIER, cut};
use super::line;
use super::syslog::severity;
use crate::limits::{JOURNAL_FIELDS_MAX, JOURNAL_NAME_MAX, JOURNAL_TEXT_MAX};

/// Where journald receives.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";

/// What the names of our own fields begin with.
const PREFIX: &str = "TUNNEL_CLIENT_";

/// Begins a record with the fields that journald knows.
pub(super) fn begin(out: &mut String, level: Level, message: &str) {
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "PRIORITY={}\nSYSLOG_IDENTIFIER={IDENTIFIER}\nSYSLOG_PID={}\n",
        severity(level),
        std::process::id()
    );
    field(out, "msg", message);
}

/// Appends a record of another stream, whose message is one line.
pub(super) fn record(out: &mut String, stream: &str, line: &str) {
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "PRIORITY={}\nSYSLOG_IDENTIFIER={IDENTIFIER}\nSYSLOG_PID={}\n{PREFIX}STREAM={stream}\nMESSAGE={line}\n",
        severity(Level::Info),
        std::process::id()
    );
}

/// Adds a field of ours, unless the fields are many already: it stands in the message as well.
pub(super) fn field(out: &mut String, key: &str, value: &str) {
    let start = out.len();
    out.push_str(PREFIX);
    let name = key.bytes().take(JOURNAL_NAME_MAX - PREFIX.len());
    out.extend(name.map(|byte| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(byte.to_ascii_uppercase()),
        _ => '_',
    }));
    out.push('=');
    line::escape_plain(out, value);
    out.push('\n');
    if out.len() > JOURNAL_FIELDS_MAX {
        out.truncate(start);
    }
}

/// Ends a record: the fields, and the message for people.
pub(super) fn end(draft: &mut Draft) {
    cut(&mut draft.text, JOURNAL_TEXT_MAX);
    draft.fields.push_str("MESSAGE=");
    draft.fields.push_str(&draft.text);
    draft.fields.push('\n');
    std::mem::swap(&mut draft.text, &mut draft.fields);
}
