//! What was found: checks in the order of the way, and what they add up to.

use std::borrow::Cow;

use crate::limits::DOCTOR_TEXT_MAX;
use crate::telemetry::{is_unsafe, one_line, redact};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// As it should be.
    Pass,
    /// Works, and is worth a word. Changes neither the result nor the exit code.
    Warn,
    /// `run` would fail here, or serve nobody.
    Fail,
    /// Not looked at; the summary says why.
    Skip,
}

impl Status {
    /// As it is printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
            Self::Skip => "SKIP",
        }
    }
}

/// One step and what became of it. Every text in it is scrubbed, on one line and short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Stable name; checks of other channels than `main` carry the channel: `mcp_target[tools]`.
    pub id: String,
    /// How it ended.
    pub status: Status,
    /// One line.
    pub summary: String,
    /// What was seen on the way.
    pub evidence: Vec<String>,
    /// What to do, in order.
    pub next: Vec<String>,
}

impl Check {
    fn new(id: impl Into<String>, status: Status, summary: impl AsRef<str>) -> Self {
        Self {
            id: id.into(),
            status,
            summary: clean(summary.as_ref()),
            evidence: Vec::new(),
            next: Vec::new(),
        }
    }

    /// As it should be.
    pub(super) fn pass(id: impl Into<String>, summary: impl AsRef<str>) -> Self {
        Self::new(id, Status::Pass, summary)
    }

    /// Works, and is worth a word.
    pub(super) fn warn(id: impl Into<String>, summary: impl AsRef<str>) -> Self {
        Self::new(id, Status::Warn, summary)
    }

    /// Does not work.
    pub(super) fn fail(id: impl Into<String>, summary: impl AsRef<str>) -> Self {
        Self::new(id, Status::Fail, summary)
    }

    /// Not looked at.
    pub(super) fn skip(id: impl Into<String>, summary: impl AsRef<str>) -> Self {
        Self::new(id, Status::Skip, summary)
    }

    /// Not looked at, because of the check that failed before it.
    pub(super) fn blocked(id: impl Into<String>, by: &str) -> Self {
        Self::skip(id, format!("blocked by {by}"))
    }

    /// Adds what was seen.
    pub(super) fn evidence<T: AsRef<str>>(mut self, lines: impl IntoIterator<Item = T>) -> Self {
        self.evidence.extend(lines.into_iter().map(|line| clean(line.as_ref())));
        self
    }

    /// Adds what to do.
    pub(super) fn next<T: AsRef<str>>(mut self, steps: impl IntoIterator<Item = T>) -> Self {
        self.next.extend(steps.into_iter().map(|step| clean(step.as_ref())));
        self
    }

    /// Why the step matters.
    #[must_use]
    pub fn why(&self) -> Option<&'static str> {
        super::why::why(self.id.split('[').next().unwrap_or_default())
    }
}

/// All checks of one walk.
#[derive(Debug)]
pub struct Report {
    /// In the order of the way: the first that failed is the cause.
    pub checks: Vec<Check>,
    /// The command that starts the daemon with the same configuration.
    pub run_command: String,
}

impl Report {
    /// The ids of the checks that failed, each once, the cause first.
    #[must_use]
    pub fn failed(&self) -> Vec<&str> {
        let mut failed: Vec<&str> = Vec::new();
        for check in self.checks.iter().filter(|check| check.status == Status::Fail) {
            if !failed.contains(&&*check.id) {
                failed.push(&check.id);
            }
        }
        failed
    }
}

/// Safe to show to anybody: without secrets, on one line, of bounded length.
fn clean(text: &str) -> String {
    let mut line = one_line(&redact::scrub(text));
    if let Some((end, _)) = line.char_indices().nth(DOCTOR_TEXT_MAX) {
        line.truncate(end);
        line.push_str("...");
    }
    line
}

/// A word of a command line as a shell reads it back, and nothing that a terminal obeys.
pub(crate) fn shell_word(word: &str) -> Cow<'_, str> {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./:@%+=,~".contains(char);
    match word {
        "" => Cow::Borrowed("''"),
        word if word.chars().all(plain) && !word.starts_with('~') => Cow::Borrowed(word),
        word if word.contains(is_unsafe) => Cow::Owned(escaped_word(word)),
        word => Cow::Owned(format!("'{}'", word.replace('\'', r"'\''"))),
    }
}

/// `$'..'`, byte by byte where it must be: bash, zsh and ksh read it.
fn escaped_word(word: &str) -> String {
    let mut text = "$'".to_owned();
    for char in word.chars() {
        match char {
            '\'' | '\\' => text.extend(['\\', char]),
            // Octal has a fixed length: a digit that follows is not taken in.
            char if is_unsafe(char) => {
                let mut bytes = [0; 4];
                for byte in char.encode_utf8(&mut bytes).bytes() {
                    text.push_str(&format!("\\{byte:03o}"));
                }
            }
            char => text.push(char),
        }
    }
    text + "'"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_a_check_are_scrubbed_short_and_on_one_line() {
        let check = Check::fail("x", "key sk-0123456789abcdef\u{1b}[31m\nhttps://user:pw@host/")
            .evidence(["y".repeat(DOCTOR_TEXT_MAX + 1)])
            .next(["Authorization: Bearer abcdefgh"]);
        assert!(!check.summary.contains("0123456789") && !check.summary.contains("pw@"));
        assert!(!check.summary.contains('\n') && !check.summary.contains('\u{1b}'));
        assert_eq!(check.evidence, [format!("{}...", "y".repeat(DOCTOR_TEXT_MAX))]);
        assert!(check.next.iter().all(|step| !step.contains("abcdefgh")));
    }

    #[test]
    fn only_failures_count_and_each_once() {
        let report = Report {
            checks: vec![
                Check::warn("a", ""),
                Check::fail("b", ""),
                Check::skip("c", ""),
                Check::fail("b", ""),
                Check::fail("a", ""),
            ],
            run_command: String::new(),
        };
        assert_eq!(report.failed(), ["b", "a"]);
    }

    #[test]
    fn words_are_quoted_when_a_shell_would_change_them() {
        for (word, shown) in [
            ("local-stdio", "local-stdio"),
            ("/etc/a b.yaml", "'/etc/a b.yaml'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("~/x", "'~/x'"),
            ("", "''"),
            ("a'\\\n\u{1b}7\u{9b}", r"$'a\'\\\012\0337\302\233'"),
        ] {
            assert_eq!(shell_word(word), shown);
        }
    }
}
