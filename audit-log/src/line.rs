//! Reading of one line: what it says of its place in the chain, and its seal. Nothing of it is believed before the seal is verified.

use serde::Deserialize;

use crate::key::{Head, Tag, countable, number};
use crate::limits::LINE_MAX;
use crate::torn::TornLines;

/// What stands between a record and its seal, and behind the seal.
pub(crate) const SEAL_FIELD: &str = ",\"mac\":\"";
pub(crate) const SEAL_END: &str = "\"}";

/// Digits of a seal.
const SEAL_DIGITS: usize = 64;

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A run of the program begins.
    Begin,
    /// The log goes on in this file.
    Continue,
    /// The log goes on in another file.
    Rotated,
    /// Records could not be written.
    Gap,
    /// A command has ended.
    Command,
    /// The run of the program ends.
    End,
}

impl Event {
    const ALL: [Self; 6] = [
        Self::Begin,
        Self::Continue,
        Self::Rotated,
        Self::Gap,
        Self::Command,
        Self::End,
    ];

    /// The word in a line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Continue => "continue",
            Self::Rotated => "rotated",
            Self::Gap => "gap",
            Self::Command => "command",
            Self::End => "end",
        }
    }
}

/// Where a part of the chain begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Number of the run of the program, from 0.
    pub generation: u64,
    /// Number of this record in its run, from 0.
    pub index: u64,
    /// The record before.
    pub before: Head,
}

/// Records that could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// How many.
    pub dropped: u64,
    /// What was left of them.
    pub torn: Option<TornLines>,
}

/// A line that has the form of a sealed record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// What the seal covers, beside the seal before it.
    pub body: &'a [u8],
    /// Number of the record.
    pub number: u64,
    /// What it is about.
    pub event: Event,
    /// Where a part of the chain begins.
    pub opening: Option<Opening>,
    /// Records that were dropped before it.
    pub dropped: u64,
    /// Lines before it that are no records.
    pub torn: Option<TornLines>,
    /// The seal.
    pub seal: Tag,
}

/// Members of those records that are about the chain itself.
#[derive(Deserialize)]
struct Members<'a> {
    generation: Option<u64>,
    index: Option<u64>,
    before_count: Option<u64>,
    #[serde(borrow)]
    before_head: Option<&'a str>,
    dropped: Option<u64>,
    torn_lines: Option<u64>,
    #[serde(borrow)]
    torn_sha256: Option<&'a str>,
}

impl<'a> Line<'a> {
    /// Reads a line without its line break; `None` for what no writer made.
    #[must_use]
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        if line.len() > LINE_MAX {
            return None;
        }
        let rest = line.strip_suffix(SEAL_END.as_bytes())?;
        let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(SEAL_DIGITS)?)?;
        let body = rest.strip_suffix(SEAL_FIELD.as_bytes())?;
        let seal = Tag::read(digits)?;
        let rest = body.strip_prefix(b"{\"seq\":")?;
        let end = rest.iter().position(|byte| *byte == b',')?;
        let (digits, rest) = rest.split_at_checked(end)?;
        let number = number(digits)?;
        let rest = rest.strip_prefix(b",\"event\":\"")?;
        let event = Event::ALL.into_iter().find(|event| {
            let rest = rest.strip_prefix(event.as_str().as_bytes());
            rest.is_some_and(|rest| rest.first() == Some(&b'"'))
        })?;
        let mut read = Self {
            body,
            number,
            event,
            opening: None,
            dropped: 0,
            torn: None,
            seal,
        };
        match event {
            Event::Begin | Event::Continue | Event::Gap => read.members(line)?,
            Event::Command | Event::Rotated | Event::End => {}
        }
        Some(read)
    }

    fn members(&mut self, line: &[u8]) -> Option<()> {
        let members: Members<'_> = serde_json::from_slice(line).ok()?;
        let tag = |text: Option<&str>| Tag::read(text?.as_bytes());
        self.torn = match (members.torn_lines, members.torn_sha256) {
            (None, None) => None,
            (Some(lines), digest) => Some(TornLines {
                lines,
                digest: tag(digest)?,
            }),
            (None, Some(_)) => return None,
        };
        if self.event == Event::Gap {
            self.dropped = members.dropped?;
            return Some(());
        }
        self.opening = Some(Opening {
            generation: countable(members.generation?)?,
            index: countable(members.index?)?,
            before: Head {
                count: countable(members.before_count?)?,
                tag: tag(members.before_head)?,
            },
        });
        Some(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn sealed(body: &str) -> String {
        format!("{body}{SEAL_FIELD}{}{SEAL_END}", Tag([0xcd; 32]))
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let line = sealed("{\"seq\":12,\"event\":\"command\",\"x\":1");
        let read = Line::parse(line.as_bytes()).unwrap();
        assert_eq!(
            (read.number, read.event, read.seal),
            (12, Event::Command, Tag([0xcd; 32]))
        );
        assert_eq!(read.body, b"{\"seq\":12,\"event\":\"command\",\"x\":1");
        let head = Tag([1; 32]);
        let line = sealed(&format!(
            "{{\"seq\":12,\"event\":\"begin\",\"generation\":3,\"index\":0,\"before_count\":11,\"before_head\":\"{head}\",\
             \"torn_lines\":1,\"torn_sha256\":\"{head}\""
        ));
        let read = Line::parse(line.as_bytes()).unwrap();
        let opening = Opening {
            generation: 3,
            index: 0,
            before: Head { count: 11, tag: head },
        };
        assert_eq!(read.opening, Some(opening));
        assert_eq!(read.torn, Some(TornLines { lines: 1, digest: head }));
    }

    #[test]
    fn other_forms_are_no_records() {
        for body in [
            "{\"seq\":0,\"event\":\"end\"",
            "{\"seq\":01,\"event\":\"end\"",
            "{\"seq\":1,\"event\":\"ending\"",
            "{ \"seq\":1,\"event\":\"end\"",
            "{\"seq\":99999999999999999999,\"event\":\"end\"",
            "{\"seq\":1,\"event\":\"begin\"",
            "{\"seq\":1,\"event\":\"gap\"",
            "{\"seq\":1,\"event\":\"gap\",\"dropped\":1,\"dropped\":2",
            "{\"seq\":1,\"event\":\"gap\",\"dropped\":1,\"torn_lines\":1",
            "",
        ] {
            assert_eq!(Line::parse(sealed(body).as_bytes()), None, "{body}");
        }
        let line = sealed("{\"seq\":1,\"event\":\"end\"");
        assert!(Line::parse(line.as_bytes()).is_some());
        for wrong in [
            line.replace("cd", "CD"),
            line.replace("\"}", "\" }"),
            format!("{line}\r"),
            line + " ",
        ] {
            assert_eq!(Line::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
