//! Takes secrets out of the lines of servers, also out of those that come in pieces, and out of keys of several lines.

use std::collections::BTreeMap;

use crate::limits::{
    BROKER_LINE_MAX, BROKER_SERVERS_MAX, BROKER_WORDS_HELD_MAX, BROKER_WORDS_HELD_MIN, BROKER_WORDS_KEY_LINES,
    BROKER_WORDS_LINE, BROKER_WORDS_SPELLING,
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
    /// The end of the last piece of a line: a secret, or the end of a private key, may begin in it.
    held: String,
    /// A secret reached the end of the last piece, and may go on in the next one.
    open: bool,
    /// Lines that may still belong to a private key (PEM, RFC 7468; PGP, RFC 9580).
    key: usize,
}

impl Scrubber {
    /// Adds a line of the broker, given without its end, to `out`.
    pub(super) fn line(&mut self, line: &str, out: &mut String) {
        let name = line
            .find("] ")
            .filter(|_| line.starts_with('['))
            .map_or(0, |end| end + 2);
        let (name, text) = line.split_at(name);
        // One character more would not have fit.
        let is_cut = line.len() + 4 >= BROKER_LINE_MAX;
        let mut begun = self.servers.remove(name).unwrap_or_default();
        begun.line(name, text, is_cut, out);
        if begun.is_over() {
            return;
        }
        match self.servers.len() < BROKER_SERVERS_MAX {
            true => drop(self.servers.insert(name.into(), begun)),
            false => begun.rest(name, out),
        }
    }

    /// Drops what waits for a next piece, because lines are left out: half a secret is one, and its other half may come later.
    pub(super) fn interrupt(&mut self) {
        for begun in self.servers.values_mut().filter(|begun| !begun.held.is_empty()) {
            begun.held.clear();
            begun.open = true;
        }
    }

    /// Adds what waits for a next piece, when none is to come.
    pub(super) fn rest(&mut self, out: &mut String) {
        for (name, begun) in std::mem::take(&mut self.servers) {
            begun.rest(&name, out);
        }
    }
}

impl Begun {
    fn is_over(&self) -> bool {
        self.held.is_empty() && !self.open && self.key == 0
    }

    fn rest(self, name: &str, out: &mut String) {
        if !self.held.is_empty() && self.key == 0 {
            add(name, &self.held, out);
        }
    }

    fn line(&mut self, name: &str, text: &str, is_cut: bool, out: &mut String) {
        let mut whole = std::mem::take(&mut self.held);
        let is_begun = !whole.is_empty();
        if self.key > 0 {
            whole.push_str(text);
            match whole.find(KEY_END) {
                // The line may begin with the end of the key.
                Some(end) => drop(whole.drain(..end)),
                None => return self.hide(name, &whole, is_cut, out),
            }
            self.key = 0;
        } else {
            whole.push_str(match std::mem::take(&mut self.open) {
                true => text.trim_start_matches(|char: char| !char.is_whitespace() && !"\"',;<>".contains(char)),
                false => text,
            });
        }
        if let Some(body) = key_body(&whole) {
            self.key = BROKER_WORDS_KEY_LINES;
            let (before, body) = whole.split_at(body);
            let mut now = redact::scrub(before).into_owned();
            if body.contains(|char: char| char.is_alphanumeric()) {
                now.push_str(REDACTED);
                self.key -= 1;
            }
            add(name, &now, out);
            if is_cut {
                self.hold(body, KEY_END.len());
            }
            return;
        }
        let scrubbed = redact::scrub(&whole);
        if !is_cut {
            if !scrubbed.is_empty() || !is_begun {
                add(name, &scrubbed, out);
            }
            return;
        }
        self.open = [REDACTED, "REDACTED"].iter().any(|end| scrubbed.ends_with(end));
        let longest = redact::longest().saturating_mul(BROKER_WORDS_SPELLING);
        let now = self.hold(&scrubbed, longest.clamp(BROKER_WORDS_HELD_MIN, BROKER_WORDS_HELD_MAX));
        if !now.is_empty() {
            add(name, now, out);
        }
    }

    /// Holds the end of `text`; what comes before it.
    fn hold<'t>(&mut self, text: &'t str, most: usize) -> &'t str {
        let (now, later) = text.split_at(text.floor_char_boundary(text.len().saturating_sub(most)));
        self.held.push_str(later);
        now
    }

    /// A line of a private key: one word stands for all of them.
    fn hide(&mut self, name: &str, whole: &str, is_cut: bool, out: &mut String) {
        if self.key == BROKER_WORDS_KEY_LINES {
            add(name, REDACTED, out);
        }
        self.key -= 1;
        if is_cut && self.key > 0 {
            self.hold(whole, KEY_END.len());
        }
    }
}

/// As the search for such blocks has it.
const KEY_END: &str = "-----END";

/// Where the body of a private key begins that does not end in this line.
fn key_body(line: &str) -> Option<usize> {
    let begin = line.rfind("-----BEGIN ")?;
    let label = begin + "-----BEGIN ".len();
    let rest = line.get(label..)?;
    let end = rest.find("-----")?;
    let is_key = rest.get(..end)?.contains("PRIVATE KEY") && !rest.contains(KEY_END);
    is_key.then_some(label + end + "-----".len())
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
        assert!(scrubber.servers.is_empty());
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
    fn half_a_secret_is_not_shown_when_the_lines_after_it_are_left_out() {
        let secret = "wrd-1a2b3c4d5e6f7a8b9c0d";
        redact::protect(secret);
        let (mut scrubber, mut out) = (Scrubber::default(), String::new());
        let longest = BROKER_LINE_MAX - "[docs] \n".len();
        let (half, other) = secret.split_at(12);
        scrubber.line(
            &format!("[docs] {} {half}", "x".repeat(longest - 1 - half.len())),
            &mut out,
        );
        scrubber.interrupt();
        scrubber.line(&format!("[docs] {other} goes on"), &mut out);
        scrubber.rest(&mut out);
        assert!(!out.contains(half) && !out.contains(other), "{out}");
        assert!(out.ends_with(" goes on\n"), "{out}");
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

    #[test]
    fn a_long_secret_and_its_spellings_disappear_though_pieces_divide_them() {
        let secret = format!("lng-{}", "9f8e7d6c5b".repeat(130));
        redact::protect(&secret);
        let short = format!("sht-{}", "1a2b3c4d5e".repeat(20));
        redact::protect(&short);
        let each = |secret: &str, write: &dyn Fn(u8) -> String| secret.bytes().map(write).collect::<String>();
        let spellings = [
            secret.clone(),
            each(&secret, &|byte| format!("{byte:02x}")),
            each(&secret, &|byte| format!("%{byte:02X}")),
            each(&short, &|byte| format!("\\u{byte:04x}")),
            each(&short, &|byte| format!("\\\\u{byte:04x}")),
            each(&short, &|byte| format!("&amp;#x{byte:x};")),
        ];
        for spelling in spellings {
            for at in [0, 2500, 3900, 4080] {
                // Blanks divide the text, so that nothing but the knowledge of the secret can tell where it ends.
                let out = passed(format!("{} {spelling} {}\n", "x".repeat(at), "y ".repeat(1000)).as_bytes());
                let text = text(&out).replace(REDACTED, "");
                let left = text.replace(['x', 'y', ' '], "");
                assert!(left.len() <= 14, "{at}: {left}");
                assert!(out.contains(REDACTED), "{at}");
            }
        }
    }

    #[test]
    fn what_is_held_is_bounded() {
        redact::protect(&"bnd-0123456789".repeat(5000));
        let (mut scrubber, mut out) = (Scrubber::default(), String::new());
        let line = format!("[docs] {}", "z ".repeat((BROKER_LINE_MAX - 8) / 2));
        for _ in 0..25 {
            scrubber.line(&line, &mut out);
            let held: usize = scrubber.servers.values().map(|begun| begun.held.len()).sum();
            assert!(held <= BROKER_WORDS_HELD_MAX, "{held}");
        }
        scrubber.rest(&mut out);
        assert_eq!(out.matches('z').count(), 25 * line.matches('z').count());
    }

    #[test]
    fn private_keys_with_headers_in_quotes_and_of_pgp_disappear() {
        let body = "MC4CAQAwBQYDK2VwBCIEIJx7TfV3mUQ2hC8yqkz7w3b0Yp0aB1cD2eF3gH4iJ5kL";
        let pem = format!(
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0123456789ABCDEF\n\n{body}\n{body}\n\
             {body}-----END RSA PRIVATE KEY-----"
        );
        let pgp = format!(
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\nComment: of nobody, at all\n\n{body}\n=njUN\n-----END PGP PRIVATE KEY BLOCK-----"
        );
        for key in [pem, pgp] {
            for (before, after) in [("", ""), ("\"", "\","), ("'", "\\n' +"), ("<4> ", " <")] {
                let lines: String = key.lines().map(|line| format!("{before}{line}{after}\n")).collect();
                let out = passed(format!("{lines}after\n").as_bytes());
                for part in ["MC4CAQ", "4iJ5kL", "njUN", "ABCDEF"] {
                    assert!(!out.contains(part), "{part}: {out}");
                }
                assert!(out.ends_with("[docs] after\n"), "{out}");
                assert_eq!(out.matches(REDACTED).count(), 1, "{out}");
            }
        }
    }

    #[test]
    fn a_key_disappears_wherever_a_long_line_is_cut_and_what_follows_stays() {
        let key = format!(
            "-----BEGIN PRIVATE KEY-----\\n{}-----END PRIVATE KEY-----",
            "MC4CAQAwBQYDK2VwBCIE\\n".repeat(10)
        );
        for at in (3700..4100).step_by(3) {
            let out = passed(format!("{} {key} after\nnext\n", "x".repeat(at)).as_bytes());
            assert!(!out.contains("MC4C") && !out.contains("VwBCIE"), "{at}: {out}");
            assert!(text(&out).ends_with(" afternext"), "{at}: {out}");
        }
    }

    #[test]
    fn a_cut_token_does_not_go_on_after_other_lines() {
        let token = format!("eyJhbGciOiJFUzI1NiJ9.{}.c2ln", "cGF5bG9hZA".repeat(900));
        let mut lines = Lines::new("docs");
        lines.add(format!("{token} after\n").as_bytes());
        let (mut scrubber, mut out) = (Scrubber::default(), String::new());
        while let Some(line) = lines.next() {
            let line = String::from_utf8_lossy(line).into_owned();
            scrubber.line(line.trim_end_matches('\n'), &mut out);
            // Whatever others say meanwhile, and however long it takes.
            scrubber.line("[db] ready", &mut out);
        }
        assert!(!out.contains("cGF5") && out.contains(" after\n"), "{out}");
    }
}
