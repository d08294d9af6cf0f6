//! Records as lines of JSON, in ASCII alone: what callers wrote shows nothing that a terminal obeys.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use crate::key::{Head, SessionKey};
use crate::limits::{KEY_NAME_MAX, NAME_MAX, REQUEST_ID_MAX, TUNNEL_MAX};
use crate::line::{Event, Gap, Opening};
use crate::torn::TornLines;
use crate::utc::Utc;

/// One command that has ended. Neither arguments nor results are part of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Command<'a> {
    /// The service's name for the command; without one, the command could not be answered.
    pub request_id: Option<&'a str>,
    /// The caller's own name for it.
    pub caller_request_id: Option<&'a str>,
    /// The name of the caller's key; never the key.
    pub key: Option<&'a str>,
    /// The tunnel, where the log is about several.
    pub tunnel: Option<&'a str>,
    /// The channel.
    pub channel: Option<&'a str>,
    /// The method of its MCP message.
    pub method: Option<&'a str>,
    /// The tool, for `tools/call`.
    pub tool: Option<&'a str>,
    /// The caller's session as it came; the record has a keyed hash of it.
    pub session: Option<&'a str>,
    /// `ok`, or a word for what went wrong.
    pub outcome: &'a str,
    /// Status of the answer, when there was one.
    pub status: Option<u16>,
    /// What became of the answer, unless it was delivered.
    pub delivery: Option<&'a str>,
    /// Reserved for what a policy decided.
    pub policy: Option<&'a str>,
    /// Bytes of the command as received.
    pub bytes_in: u64,
    /// Bytes of the answer's message.
    pub bytes_out: u64,
    /// Time from the arrival of the command to its end.
    pub duration: Duration,
}

/// What follows the number of a line; `seal` is added by the chain.
pub(crate) enum Record<'a> {
    /// A run of the program begins.
    Begin {
        opening: Option<Opening>,
        torn: Option<TornLines>,
        program: &'a str,
    },
    /// The log goes on in this file.
    Continue {
        opening: Option<Opening>,
        torn: Option<TornLines>,
    },
    /// The log goes on in another file.
    Rotated,
    /// Records could not be written.
    Gap(Gap),
    /// A command has ended.
    Command(&'a Command<'a>, &'a SessionKey),
    /// The run of the program ends.
    End,
}

impl Record<'_> {
    pub(crate) fn event(&self) -> Event {
        match self {
            Self::Begin { .. } => Event::Begin,
            Self::Continue { .. } => Event::Continue,
            Self::Rotated => Event::Rotated,
            Self::Gap(_) => Event::Gap,
            Self::Command(..) => Event::Command,
            Self::End => Event::End,
        }
    }

    /// Adds the line up to the seal, or up to its last brace: `number` is that of the record in the chain.
    pub(crate) fn write(&self, out: &mut String, number: Option<u64>, now: SystemTime) {
        out.push('{');
        // Writing to a String cannot fail, here and below.
        if let Some(number) = number {
            let _ = write!(out, "\"seq\":{number},");
        }
        let (event, time) = (self.event().as_str(), Utc::of(now));
        let _ = write!(out, "\"event\":\"{event}\",\"time\":\"{time}\"");
        match self {
            Self::Begin { opening, torn, program } => {
                text(out, "program", program, NAME_MAX);
                write_opening(out, opening.as_ref());
                write_torn(out, torn.as_ref());
            }
            Self::Continue { opening, torn } => {
                write_opening(out, opening.as_ref());
                write_torn(out, torn.as_ref());
            }
            Self::Gap(gap) => {
                let _ = write!(out, ",\"dropped\":{}", gap.dropped);
                write_torn(out, gap.torn.as_ref());
            }
            Self::Command(command, sessions) => write_command(out, command, sessions),
            Self::Rotated | Self::End => {}
        }
    }
}

/// The time that a record states, as it stands there; `None` for a line that is no record.
#[must_use]
pub fn time_of(line: &str) -> Option<&str> {
    const FORM: &[u8] = b"0000-00-00T00:00:00.000Z";
    // The number and the event, of which none is long, come before it.
    let head = line
        .get(..TIME_WITHIN.min(line.len()))
        .filter(|head| head.starts_with('{'))?;
    let (_, rest) = head.split_once(",\"time\":\"")?;
    let (time, _) = rest.split_once('"')?;
    let is_digit_or = |(found, form): (u8, &u8)| match form {
        b'0' => found.is_ascii_digit(),
        other => found == *other,
    };
    (time.len() == FORM.len() && time.bytes().zip(FORM).all(is_digit_or)).then_some(time)
}

/// Bytes of a line in which its time stands.
const TIME_WITHIN: usize = 128;

fn write_command(out: &mut String, command: &Command<'_>, sessions: &SessionKey) {
    let session = command.session.map(|session| sessions.hash(session));
    for (name, value, most) in [
        ("request_id", command.request_id, REQUEST_ID_MAX),
        ("caller_request_id", command.caller_request_id, NAME_MAX),
        ("key", command.key, KEY_NAME_MAX),
        ("tunnel", command.tunnel, TUNNEL_MAX),
        ("channel", command.channel, NAME_MAX),
        ("method", command.method, NAME_MAX),
        ("tool", command.tool, NAME_MAX),
        ("session", session.as_deref(), NAME_MAX),
        ("outcome", Some(command.outcome), NAME_MAX),
        ("delivery", command.delivery, NAME_MAX),
        ("policy", command.policy, NAME_MAX),
    ] {
        if let Some(value) = value {
            text(out, name, value, most);
        }
    }
    if let Some(status) = command.status {
        let _ = write!(out, ",\"status\":{status}");
    }
    let _ = write!(
        out,
        ",\"bytes_in\":{},\"bytes_out\":{},\"duration_ms\":{}",
        command.bytes_in,
        command.bytes_out,
        command.duration.as_millis()
    );
}

fn write_opening(out: &mut String, opening: Option<&Opening>) {
    if let Some(opening) = opening {
        let Head { count, tag } = opening.before;
        let _ = write!(
            out,
            ",\"generation\":{},\"index\":{},\"before_count\":{count},\"before_head\":\"{tag}\"",
            opening.generation, opening.index
        );
    }
}

fn write_torn(out: &mut String, torn: Option<&TornLines>) {
    if let Some(torn) = torn {
        let _ = write!(
            out,
            ",\"torn_lines\":{},\"torn_sha256\":\"{}\"",
            torn.lines, torn.digest
        );
    }
}

/// Adds a field; of a long value its beginning.
fn text(out: &mut String, name: &str, value: &str, most: usize) {
    for part in [",\"", name, "\":\""] {
        out.push_str(part);
    }
    let kept = value.get(..value.floor_char_boundary(most)).unwrap_or_default();
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    let plain = kept.bytes().position(|byte| !is_plain(byte)).unwrap_or(kept.len());
    let (plain, rest) = kept.split_at(plain);
    out.push_str(plain);
    for character in rest.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            ' '..='~' => out.push(character),
            // JSON escapes UTF-16 (RFC 8259, section 7).
            _ => character.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                let _ = write!(out, "\\u{unit:04x}");
            }),
        }
    }
    if kept.len() < value.len() {
        out.push_str("...");
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::key::{InitialKey, Tag};
    use crate::limits::LINE_MAX;

    fn written(record: &Record<'_>, number: Option<u64>) -> String {
        let mut line = String::new();
        record.write(&mut line, number, UNIX_EPOCH);
        line + "}"
    }

    #[test]
    fn a_record_is_one_line_of_json_without_a_session() {
        let sessions = InitialKey::new(&[3; 32]).sessions();
        let command = Command {
            request_id: Some("req-1"),
            channel: Some("main"),
            method: Some("tools/call"),
            tool: Some("a\"\\\n\u{1b}\u{202e}\u{1f600}"),
            session: Some("very-secret-session"),
            outcome: "ok",
            status: Some(200),
            bytes_in: 10,
            bytes_out: 20,
            duration: Duration::from_millis(30),
            ..Command::default()
        };
        let line = written(&Record::Command(&command, &sessions), Some(7));
        assert_eq!(
            line,
            format!(
                r#"{{"seq":7,"event":"command","time":"1970-01-01T00:00:00.000Z","request_id":"req-1","channel":"main","method":"tools/call","tool":"a\"\\\u000a\u001b\u202e\ud83d\ude00","session":"{}","outcome":"ok","status":200,"bytes_in":10,"bytes_out":20,"duration_ms":30}}"#,
                sessions.hash("very-secret-session")
            )
        );
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["tool"], "a\"\\\n\u{1b}\u{202e}\u{1f600}");
    }

    #[test]
    fn the_time_of_a_record_is_found_and_that_of_another_line_is_not() {
        for number in [None, Some(7), Some(u64::MAX)] {
            let line = written(&Record::End, number);
            assert_eq!(time_of(&line), Some("1970-01-01T00:00:00.000Z"));
        }
        for line in [
            "",
            "x",
            "{\"seq\":1,\"event\":\"end\",\"time\":\"1970-01-01T00:00",
            "{\"event\":\"end\",\"time\":\"1970-01-01 00:00:00.000Z\"}",
            "{\"event\":\"end\",\"time\":\"1970-01-01T00:00:00.000Z\\n\"}",
        ] {
            assert_eq!(time_of(line), None, "{line}");
        }
    }

    #[test]
    fn a_record_of_a_relay_names_key_and_tunnel() {
        let command = Command {
            request_id: Some("req-1"),
            key: Some("caller"),
            tunnel: Some("tunnel_0123"),
            outcome: "ok",
            ..Command::default()
        };
        let line = written(
            &Record::Command(&command, &InitialKey::new(&[3; 32]).sessions()),
            Some(7),
        );
        let expected = r#""request_id":"req-1","key":"caller","tunnel":"tunnel_0123","outcome":"ok","bytes_in":0"#;
        assert!(line.contains(expected), "{line}");
    }

    #[test]
    fn the_longest_record_fits_into_a_line() {
        let long = "\u{1}".repeat(10_000);
        let command = Command {
            request_id: Some(&long),
            caller_request_id: Some(&long),
            key: Some(&long),
            tunnel: Some(&long),
            channel: Some(&long),
            method: Some(&long),
            tool: Some(&long),
            session: Some(&long),
            outcome: &long,
            status: Some(u16::MAX),
            delivery: Some(&long),
            policy: Some(&long),
            bytes_in: u64::MAX,
            bytes_out: u64::MAX,
            duration: Duration::MAX,
        };
        let sessions = InitialKey::new(&[3; 32]).sessions();
        let line = written(&Record::Command(&command, &sessions), Some(u64::MAX));
        let seal = format!(",\"mac\":\"{}\"", Tag::NONE).len();
        assert!(line.len() + seal <= LINE_MAX, "{}", line.len());
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(read["tool"].as_str().unwrap().ends_with("..."));
    }
}
