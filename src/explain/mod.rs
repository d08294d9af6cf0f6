//! The story of one request, read from logs of the client and of the relay.

#![forbid(unsafe_code)]

mod line;
mod meaning;

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, BufRead, Read as _};

use self::line::Line;
use self::meaning::meaning;
use crate::limits::{EXPLAIN_LINE_MAX, EXPLAIN_LINES_MAX, EXPLAIN_NAMES_MAX};
use crate::telemetry::{one_line, redact};

/// Fields that name a request. The first two are names of the same request by the service and by its caller; the third names the
/// service's answer to a post about it.
const NAMES: [&str; 3] = ["request_id", "caller_request_id", "tunnel_request_id"];

/// The names under which one request is searched for.
#[derive(Debug)]
pub struct Wanted {
    /// As asked for.
    asked: String,
    /// With the names that lines tell to be of the same request.
    names: BTreeSet<String>,
}

/// What logs say about one request.
#[derive(Debug, Default)]
pub struct Story {
    lines: Vec<Line>,
    /// Lines beyond the bound.
    more: usize,
    /// Lines that were too long to be read.
    too_long: usize,
}

impl Wanted {
    /// A request by the id that the service or its caller gave it.
    pub fn new(id: &str) -> Self {
        Self {
            asked: id.to_owned(),
            names: BTreeSet::from([id.to_owned()]),
        }
    }

    /// Learns the names of the same request from a log. A caller may use one id for several requests; each of them is wanted then.
    ///
    /// # Errors
    ///
    /// The log cannot be read.
    pub fn learn(&mut self, log: impl BufRead) -> io::Result<()> {
        each_line(log, |text| {
            let Some(line) = text.filter(|text| text.contains(&self.asked)).and_then(Line::parse) else {
                return;
            };
            let same = line.field("caller_request_id") == Some(&self.asked);
            if let Some(id) = line.field("request_id").filter(|_| same)
                && self.names.len() < EXPLAIN_NAMES_MAX
            {
                self.names.insert(id.to_owned());
            }
        })
    }

    fn is_named(&self, line: &Line) -> bool {
        NAMES
            .iter()
            .any(|name| line.field(name).is_some_and(|id| self.names.contains(id)))
    }
}

impl Story {
    /// Adds what a log says. Logs are told in the order in which they are read.
    ///
    /// # Errors
    ///
    /// The log cannot be read.
    pub fn read(&mut self, wanted: &Wanted, log: impl BufRead) -> io::Result<()> {
        each_line(log, |text| {
            let Some(text) = text else {
                self.too_long += 1;
                return;
            };
            if !wanted.names.iter().any(|name| text.contains(name)) {
                return;
            }
            let Some(line) = Line::parse(text).filter(|line| wanted.is_named(line)) else {
                return;
            };
            if self.lines.len() < EXPLAIN_LINES_MAX {
                self.lines.push(line);
            } else {
                self.more += 1;
            }
        })
    }

    /// Whether no line names the request.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(
                f,
                "{} {} {}",
                shown(&line.time),
                shown(&line.level),
                shown(&line.message)
            )?;
            for (name, value) in &line.fields {
                if !matches!(name.as_str(), "client_instance_id" | "tunnel_id") {
                    writeln!(f, "    {}: {}", shown(name), shown(value))?;
                }
            }
            if let Some(meaning) = meaning(line) {
                writeln!(f, "  = {}", shown(&meaning.what))?;
                if !meaning.action.is_empty() {
                    writeln!(f, "  > {}", meaning.action)?;
                }
            }
        }
        if self.more > 0 {
            writeln!(f, "({} more lines name this request)", self.more)?;
        }
        if self.too_long > 0 {
            writeln!(
                f,
                "({} lines were longer than {EXPLAIN_LINE_MAX} bytes and not read)",
                self.too_long
            )?;
        }
        Ok(())
    }
}

/// A text of a log as a terminal may show it. A log of an older version or of another program may hold a secret.
fn shown(text: &str) -> String {
    one_line(&redact::scrub(text))
}

/// Calls `each` with every line that is text; with `None` for one that is too long.
fn each_line(mut log: impl BufRead, mut each: impl FnMut(Option<&str>)) -> io::Result<()> {
    let mut bytes = Vec::new();
    // The bound fits into 64 bits.
    let bound = EXPLAIN_LINE_MAX as u64;
    loop {
        bytes.clear();
        if log.by_ref().take(bound).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(());
        }
        if bytes.len() == EXPLAIN_LINE_MAX && !bytes.ends_with(b"\n") {
            log.skip_until(b'\n')?;
            each(None);
        } else if let Ok(text) = std::str::from_utf8(&bytes) {
            each(Some(text.trim_end_matches(['\n', '\r'])));
        }
    }
}

#[cfg(test)]
mod tests;
