//! Takes secrets out of the lines of servers, also out of those that come in pieces, and out of keys of several lines.

use std::collections::BTreeMap;

use crate::limits::{
    BROKER_LINE_MAX, BROKER_SERVERS_MAX, BROKER_WORDS_HELD, BROKER_WORDS_KEY_LINES, BROKER_WORDS_LINE,
};
use crate::telemetry::redact::{self, REDACTED};

/// The servers with more to come. Empty most of the time.
#[derive(Debug, Default)]
pub(super) struct Scrubber {
    /// By the beginning of their lines.
    servers: BTreeMap<Box<str>, Begun>,
}

/// What a server began and did not end.
#[derive(Debug, Default)]
struct Begun {
    /// The end of the last piece of a line: a secret may begin in it.
    held: String,
    /// A secret reached the end of the last piece, and may go on in the next one.
    open: bool,
    /// Lines that may still belong to a private key.
    key: usize,
}

impl Scrubber {
    /// Whether the end of a piece waits for the next one.
    pub(super) fn holds(&self) -> bool {
        self.servers.values().any(|begun| !begun.held.is_empty())
    }

    /// Adds a line of the broker, given without its end, to `out`.
    pub(super) fn line(&mut self, line: &str, out: &mut String) {
        let name = line
            .find("] ")
            .filter(|_| line.starts_with('['))
            .map_or(0, |end| end + 2);
        let (name, text) = line.split_at(name);
        let mut begun = self.servers.remove(name).unwrap_or_default();
        let mut whole = std::mem::take(&mut begun.held);
        let is_begun = !whole.is_empty();
        whole.push_str(match begun.open {
            true => text.trim_start_matches(|char: char| !char.is_whitespace() && !"\"',;<>".contains(char)),
            false => text,
        });
        match begun.key_goes_on(&whole) {
            Some(false) => {}
            Some(true) => add(name, REDACTED, out),
            None => {
                let scrubbed = redact::scrub(&whole);
                // One character more would not have fit.
                let is_cut = line.len() + 4 >= BROKER_LINE_MAX;
                begun.open = is_cut && [REDACTED, "REDACTED"].iter().any(|end| scrubbed.ends_with(end));
                let end = match is_cut {
                    true => scrubbed.floor_char_boundary(scrubbed.len().saturating_sub(BROKER_WORDS_HELD)),
                    false => scrubbed.len(),
                };
                let (now, later) = scrubbed.split_at(end);
                begun.held.push_str(later);
                if !now.is_empty() || !is_begun && !is_cut {
                    add(name, now, out);
                }
            }
        }
        if (!begun.held.is_empty() || begun.key > 0) && self.servers.len() < BROKER_SERVERS_MAX {
            self.servers.insert(name.into(), begun);
        } else if !begun.held.is_empty() {
            add(name, &begun.held, out);
        }
    }

    /// Adds what waits for a next piece.
    pub(super) fn rest(&mut self, out: &mut String) {
        for (name, begun) in &mut self.servers {
            let held = std::mem::take(&mut begun.held);
            if !held.is_empty() {
                add(name, &held, out);
            }
        }
        self.servers.retain(|_, begun| begun.key > 0);
    }
}

impl Begun {
    /// Whether the line is part of a private key (PEM, RFC 7468) that began on an earlier one, and whether it is the first such.
    fn key_goes_on(&mut self, line: &str) -> Option<bool> {
        if let Some((_, after)) = line.rsplit_once("-----BEGIN ")
            && after.contains("PRIVATE KEY-----")
            && !after.contains("-----END ")
        {
            self.key = BROKER_WORDS_KEY_LINES;
            return None;
        }
        let is_body = |word: &str| {
            word.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
        };
        let last = line.split_whitespace().next_back();
        if self.key == 0 || line.contains("-----END ") || !last.is_none_or(is_body) {
            self.key = 0;
            return None;
        }
        let is_first = self.key == BROKER_WORDS_KEY_LINES;
        self.key -= 1;
        Some(is_first)
    }
}

/// Adds lines, each of which a pipe takes whole.
fn add(name: &str, mut text: &str, out: &mut String) {
    loop {
        let (now, later) = text.split_at(text.floor_char_boundary(BROKER_WORDS_LINE));
        out.push_str(name);
        out.push_str(now);
        out.push('\n');
        text = later;
        if text.is_empty() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::lines::Lines;

    /// What comes out for these bytes of a server's standard error.
    fn passed(bytes: &[u8]) -> String {
        let (mut lines, mut scrubber, mut out) = (Lines::new("docs"), Scrubber::default(), String::new());
        let mut see = |line: &[u8]| {
            let line = String::from_utf8_lossy(line);
            scrubber.line(line.trim_end_matches('\n'), &mut out);
        };
        for chunk in bytes.chunks(1000) {
            lines.add(chunk);
            while let Some(line) = lines.next() {
                see(line);
            }
        }
        lines.rest().into_iter().for_each(&mut see);
        scrubber.rest(&mut out);
        assert!(!scrubber.holds());
        assert!(out.lines().all(|line| line.len() < BROKER_LINE_MAX), "{out}");
        out
    }

    fn text(out: &str) -> String {
        out.lines()
            .map(|line| line.strip_prefix("[docs] ").unwrap_or(line))
            .collect()
    }

    #[test]
    fn lines_without_a_secret_stay_as_they_are() {
        for line in ["started", "a] b", "[x] y", "tab\there", "\u{f6}\u{20ac}"] {
            assert_eq!(passed(format!("{line}\n").as_bytes()), format!("[docs] {line}\n"));
        }
        let (mut scrubber, mut out) = (Scrubber::default(), String::new());
        scrubber.line("tunnel-client broker: 3 lines are left out", &mut out);
        assert_eq!(out, "tunnel-client broker: 3 lines are left out\n");
    }

    #[test]
    fn a_secret_disappears_wherever_a_long_line_is_cut() {
        let secret = "wrd-9f8e7d6c5b4a3f2e1d0c";
        redact::protect(secret);
        let longest = BROKER_LINE_MAX - "[docs] \n".len();
        for at in longest - secret.len() - 8..longest + 8 {
            let out = passed(format!("{} {secret} {}\nnext\n", "x".repeat(at), "y".repeat(5000)).as_bytes());
            assert!(!out.contains("9f8e7d"), "{at}");
            assert!(out.ends_with("[docs] next\n"), "{at}");
            let text = text(&out);
            let (x, y) = (text.matches('x').count(), text.matches('y').count());
            assert_eq!((x, y), (at + 1, 5000), "{at}");
        }
    }

    #[test]
    fn a_secret_of_unknown_length_disappears_though_it_goes_on_in_the_next_piece() {
        let token = format!(
            "eyJhbGciOiJFUzI1NiJ9.{}.{}",
            "cGF5bG9hZA".repeat(300),
            "c2lnbmF0dXJl".repeat(300)
        );
        let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\\n".repeat(150);
        let key = format!("{{\"key\": \"-----BEGIN PRIVATE KEY-----\\n{body}-----END PRIVATE KEY-----\"}}");
        for at in [0, 1000, 3500, 4000, 4070] {
            for secret in [&token, &key] {
                let out = passed(format!("{} {secret} after\n", "x".repeat(at)).as_bytes());
                for part in ["cGF5", "c2lnbm", "MIIE"] {
                    assert!(!out.contains(part), "{at}: {out}");
                }
                assert!(out.contains("REDACTED") && out.ends_with(" after\n"), "{at}: {out}");
            }
        }
    }

    #[test]
    fn a_full_line_that_is_not_cut_is_passed_on() {
        let longest = "x".repeat(BROKER_LINE_MAX - "[docs] \n".len());
        assert_eq!(text(&passed(format!("{longest}\n").as_bytes())), longest);
    }

    #[test]
    fn a_private_key_disappears_though_each_of_its_lines_comes_alone() {
        let body = "MC4CAQAwBQYDK2VwBCIEIJx7TfV3mUQ2hC8yqkz7w3b0Yp0aB1cD2eF3gH4iJ5kL\n";
        let end = "-----END PRIVATE KEY-----";
        for prefix in ["", "2026-01-01 INFO key: "] {
            let key = format!("-----BEGIN PRIVATE KEY-----\n{}", body.repeat(3)).replace('\n', &format!("\n{prefix}"));
            let out = passed(format!("{prefix}{key}{end}\nafter\n").as_bytes());
            assert!(!out.contains("MC4CAQ") && out.contains("[docs] [REDACTED]\n"), "{out}");
            assert!(out.ends_with("[docs] after\n"), "{out}");
            assert_eq!(out.lines().count(), 4, "{out}");
        }
        // A key that never ends hides no more than a key is long.
        let out = passed(format!("-----BEGIN PRIVATE KEY-----\n{}", "word\n".repeat(1000)).as_bytes());
        assert!(out.lines().count() > 500, "{out}");
    }
}
