//! The status as text of at most 80 columns, in ASCII.

use std::fmt::Write as _;

use serde_json::Value;

use super::seen::Seen;
use crate::cli::text::one_line;
use crate::limits::STATUS_COLUMNS;
use crate::monitor::Status;
use crate::monitor::hops::{Hop, server_status};

/// How it is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) colour: bool,
}

/// What a place in the drawing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Good,
    Bad,
    Plain,
}

/// Lines of a reason; the rest is in the log.
const REASON_LINES: usize = 4;

/// The whole text.
pub(super) fn text(seen: &Seen, style: Style) -> String {
    let mut out = Out {
        text: String::new(),
        style,
    };
    out.headline(seen);
    out.drawing(seen);
    if seen.error.is_some() {
        return out.text;
    }
    out.hops(&seen.hops);
    out.channels(&seen.report);
    out.sandbox(&seen.report);
    out.certificates(&seen.report);
    out.calls(seen);
    out.text
}

/// The same over what was shown before: the lines in their places, and nothing after them.
pub(super) fn again(text: &str) -> String {
    let mut out = String::from("\u{1b}[H");
    for line in text.lines() {
        out.push_str(line);
        out.push_str("\u{1b}[K\n");
    }
    out.push_str("\u{1b}[J");
    out
}

struct Out {
    text: String,
    style: Style,
}

impl Out {
    /// A line, cut to the width; `tone` is that of the whole.
    fn line(&mut self, line: &str, tone: Tone) {
        let line = fitting(line, STATUS_COLUMNS);
        let line = self.toned(line.trim_end(), tone);
        self.text.push_str(&line);
        self.text.push('\n');
    }

    fn toned(&self, text: &str, tone: Tone) -> String {
        match (self.style.colour, tone) {
            (true, Tone::Good) => format!("\u{1b}[32m{text}\u{1b}[0m"),
            (true, Tone::Bad) => format!("\u{1b}[1;31m{text}\u{1b}[0m"),
            _ => text.to_owned(),
        }
    }

    fn headline(&mut self, seen: &Seen) {
        let runtime = &seen.report["runtime"];
        let (word, tone) = match (&seen.error, seen.is_ready) {
            (Some(_), _) => ("NO ANSWER", Tone::Bad),
            (None, false) => ("NOT READY", Tone::Bad),
            (None, true) => ("READY", Tone::Good),
        };
        let version = runtime["version"].as_str().map(|version| format!(" {version}"));
        let version = version.unwrap_or_default();
        let up = runtime["uptime_seconds"].as_f64().map(duration);
        let up = up.map(|up| format!("  up {up}")).unwrap_or_default();
        let line = format!("tunnel-client{version}{up}  {}", seen.url);
        self.line(&line, Tone::Plain);
        self.line(word, tone);
        // A reason that no mark shows.
        let is_marked = seen.hops.iter().any(|hop| hop.status == Status::Degraded);
        if seen.error.is_none() && !seen.is_ready && !is_marked && !seen.readiness.is_empty() {
            for line in wrapped(&ascii(&seen.readiness), STATUS_COLUMNS)
                .iter()
                .take(REASON_LINES)
            {
                self.line(line, tone);
            }
        }
    }

    /// The way of a call, with a mark where it is broken, and why below that.
    fn drawing(&mut self, seen: &Seen) {
        let [callers, relay, client, mcp] = &seen.hops;
        let mut line = String::from("  callers ");
        let mut marks = Vec::new();
        let mut part = |line: &mut String, text: &str, broken: Option<&str>| {
            if let Some(reason) = broken {
                marks.push((line.len() + text.len() / 2, reason.to_owned()));
            }
            line.push_str(text);
            line.push(' ');
        };
        let broken = |hop: &Hop| (hop.status == Status::Degraded).then_some(hop.text.clone());
        part(&mut line, link(callers.status), None);
        part(&mut line, "relay", None);
        part(&mut line, link(relay.status), broken(relay).as_deref());
        let of_client = match &seen.error {
            Some(error) => Some(format!("nothing answers: {error}")),
            None => broken(client),
        };
        part(&mut line, "client", of_client.as_deref());
        part(&mut line, link(mcp.status), broken(mcp).as_deref());
        part(&mut line, "mcp", None);
        self.text.push('\n');
        let tone = if marks.is_empty() { Tone::Plain } else { Tone::Bad };
        self.line(&line, tone);
        for (at, reason) in marks {
            self.reason(at, &reason);
        }
        self.text.push('\n');
    }

    /// A reason under its mark, over several lines where it is long.
    fn reason(&mut self, at: usize, reason: &str) {
        self.line(&format!("{:at$}^", ""), Tone::Bad);
        let lines = wrapped(&ascii(reason), STATUS_COLUMNS - 4);
        for line in lines.iter().take(REASON_LINES) {
            self.line(&format!("    {line}"), Tone::Bad);
        }
    }

    fn hops(&mut self, hops: &[Hop; 4]) {
        for hop in hops {
            let line = format!("  {:<8} {:<9} {}", hop.name, hop.status.as_str(), hop.text);
            self.line(&line, tone(hop.status));
        }
    }

    fn channels(&mut self, report: &Value) {
        self.line("\nCHANNELS", Tone::Plain);
        let components = report["components"].as_object();
        let servers = components.into_iter().flatten().filter(|(name, component)| {
            (*name == "mcp" || name.starts_with("mcp-")) && component["status"] != "disabled"
        });
        let mut has_any = false;
        for (name, component) in servers {
            has_any = true;
            let details = &component["details"];
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let status = server_status(component);
            let channel = name.strip_prefix("mcp-").unwrap_or("main");
            let probe = word(&details["startup_probe"]["state"]);
            let state = match probe.is_empty() || status == Status::Degraded {
                true => word(&component["state"]),
                false => format!("probe {probe}"),
            };
            let line = format!(
                "  {channel:<16} {:<15} {:<9} {state}",
                word(&details["transport"]),
                status.as_str()
            );
            self.line(&line, tone(status));
        }
        if !has_any {
            self.line("  none", Tone::Plain);
        }
    }

    fn sandbox(&mut self, report: &Value) {
        let sandbox = &report["components"]["sandbox"];
        let layers = sandbox["details"]["layers"].as_object();
        let layers: Vec<String> = layers
            .into_iter()
            .flatten()
            .map(|(name, state)| format!("{name} {}", state.as_str().unwrap_or_default()))
            .collect();
        self.line("\nSANDBOX", Tone::Plain);
        let state = sandbox["state"].as_str().unwrap_or("unknown");
        let is_bad = sandbox["status"] == "degraded";
        let text = ascii(&format!("{state}: {}", layers.join(", ")));
        for line in wrapped(&text, STATUS_COLUMNS - 4) {
            self.line(&format!("  {line}"), if is_bad { Tone::Bad } else { Tone::Plain });
        }
    }

    fn certificates(&mut self, report: &Value) {
        let credentials = &report["components"]["credentials"];
        let Some(certificates) = credentials["details"]["certificates"].as_array() else {
            return;
        };
        if certificates.is_empty() {
            return;
        }
        self.line("\nCERTIFICATES", Tone::Plain);
        for certificate in certificates {
            let word = |name: &str| certificate[name].as_str().unwrap_or_default().to_owned();
            let line = format!("  {:<34} valid until {}", word("setting"), word("not_after"));
            self.line(&line, Tone::Plain);
        }
        if let Some(reason) = credentials["reason_code"].as_str() {
            let line = format!("  {}", reason.replace('_', " "));
            self.line(&line, Tone::Bad);
        }
    }

    fn calls(&mut self, seen: &Seen) {
        self.line("\nLAST CALLS", Tone::Plain);
        let calls = match &seen.calls {
            Ok(calls) if calls.is_empty() => return self.line("  none yet", Tone::Plain),
            Ok(calls) => calls,
            Err(why) => return self.line(&format!("  not shown: {why}"), Tone::Plain),
        };
        for call in calls {
            let word = |name: &str| call[name].as_str().unwrap_or("-").to_owned();
            let time = word("time");
            let time = time.get(11..19).unwrap_or(&time);
            let what = match call["tool"].as_str() {
                Some(tool) => format!("{} {tool}", word("method")),
                None => word("method"),
            };
            let outcome = word("outcome");
            let milliseconds = call["duration_ms"].as_u64().unwrap_or_default();
            let line = format!(
                "  {time} {outcome:<12} {:<12} {milliseconds:>7} ms  {what}",
                fitting(&word("channel"), 12)
            );
            let tone = if outcome == "ok" { Tone::Plain } else { Tone::Bad };
            self.line(&line, tone);
        }
    }
}

/// The mark between two hops.
fn link(status: Status) -> &'static str {
    match status {
        Status::Ok => "---",
        Status::Degraded => "-X-",
        Status::Unknown | Status::Disabled => "- -",
    }
}

fn tone(status: Status) -> Tone {
    match status {
        Status::Ok => Tone::Good,
        Status::Degraded => Tone::Bad,
        Status::Unknown | Status::Disabled => Tone::Plain,
    }
}

/// Text of a daemon: one line, without secrets, in ASCII. A line break at the beginning is ours.
fn ascii(text: &str) -> String {
    let of_char = |char: char| if char.is_ascii() { char } else { '?' };
    one_line_keeping_indent(text).chars().map(of_char).collect()
}

fn one_line_keeping_indent(text: &str) -> String {
    let indent = text.len() - text.trim_start_matches(' ').len();
    format!("{:indent$}{}", "", one_line(text))
}

/// The same cut to a width.
fn fitting(text: &str, width: usize) -> String {
    let (lead, text) = match text.strip_prefix('\n') {
        Some(rest) => ("\n", rest),
        None => ("", text),
    };
    let mut text = ascii(text);
    if text.len() > width {
        text.truncate(width.saturating_sub(3));
        text.push_str("...");
    }
    format!("{lead}{text}")
}

/// Words in lines of at most so many columns; a longer word is cut into pieces.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut rest = word;
        loop {
            let Some(line) = lines.last_mut() else { return lines };
            let gap = usize::from(!line.is_empty());
            if line.len() + gap + rest.len() <= width {
                if gap == 1 {
                    line.push(' ');
                }
                line.push_str(rest);
                break;
            }
            if line.is_empty() {
                let (piece, more) = rest.split_at(width.min(rest.len()));
                line.push_str(piece);
                rest = more;
            }
            lines.push(String::new());
        }
    }
    lines
}

/// `3d 4h`, `5h 6m`, `7m 8s` or `9s`.
fn duration(seconds: f64) -> String {
    let seconds = std::time::Duration::try_from_secs_f64(seconds)
        .unwrap_or_default()
        .as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = match (days, hours, minutes) {
        (0, 0, 0) => write!(text, "{seconds}s"),
        (0, 0, _) => write!(text, "{minutes}m {}s", seconds % 60),
        (0, ..) => write!(text, "{hours}h {}m", minutes % 60),
        _ => write!(text, "{days}d {}h", hours % 24),
    };
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;
    use crate::monitor::hops::hops;

    const PLAIN: Style = Style { colour: false };

    fn seen(report: Value, readiness: &str, error: Option<&str>) -> Seen {
        Seen {
            url: "http://127.0.0.1:8080".to_owned(),
            error: error.map(str::to_owned),
            is_ready: readiness == "ready",
            hops: hops(&report, readiness),
            readiness: readiness.to_owned(),
            report,
            calls: Ok(vec![
                json!({"time": "2026-12-01T09:00:01.000Z", "channel": "main", "method": "tools/call",
                                  "tool": "\u{1b}[31m\u{e4}", "outcome": "ok", "duration_ms": 15}),
            ]),
        }
    }

    fn report() -> Value {
        json!({
            "runtime": {"version": "0.1.0", "uptime_seconds": 3725.0, "lifecycle": "running"},
            "components": {
                "control-plane": {"status": "degraded", "state": "backoff"},
                "queue": {"status": "ok", "state": "available", "details": {"enqueued": 1}},
                "mcp": {"status": "unknown", "details": {"transport": "http-streamable", "startup_probe": {"state": "succeeded"}}},
            }
        })
    }

    #[test]
    fn a_broken_hop_is_marked_and_its_reason_stands_below_the_mark() {
        let why = "control plane poll failed: connection refused by the other end, which took its time to say so in many words";
        let text = text(&seen(report(), why, None), PLAIN);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "tunnel-client 0.1.0  up 1h 2m  http://127.0.0.1:8080");
        assert_eq!(lines[1], "NOT READY");
        assert_eq!(lines[3], "  callers --- relay -X- client --- mcp");
        assert_eq!(lines[4].find('^'), lines[3].find('X'));
        assert!(lines[5].starts_with("    poll failed: connection refused"), "{text}");
        assert!(text.is_ascii() && !text.contains('\u{1b}'), "{text}");
        assert!(text.lines().all(|line| line.len() <= STATUS_COLUMNS), "{text}");
    }

    #[test]
    fn nothing_that_answers_is_a_broken_client() {
        let text = text(&seen(Value::Null, "", Some("connection refused")), PLAIN);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1..4], ["NO ANSWER", "", "  callers - - relay - - client - - mcp"]);
        let (at, client) = (lines[4].find('^').unwrap(), lines[3].find("client").unwrap());
        assert!((client..client + "client".len()).contains(&at), "{text}");
        assert_eq!(lines[5], "    nothing answers: connection refused");
    }

    #[test]
    fn what_no_mark_explains_stands_below_the_headline() {
        let mut report = report();
        report["components"]["control-plane"] = json!({"status": "ok", "state": "polling"});
        for why in ["shutting down", "control plane poll pending"] {
            let text = text(&seen(report.clone(), why, None), PLAIN);
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(lines[1..3], ["NOT READY", why], "{text}");
            assert!(!text.contains('^'), "{text}");
        }
        let shown = text(&seen(report.clone(), "ready", None), PLAIN);
        assert_eq!(shown.lines().nth(2), Some(""), "{shown}");
        report["components"]["audit"] =
            json!({"status": "degraded", "state": "refusing", "reason_code": "write_failed"});
        let shown = text(
            &seen(report, "audit log cannot be written: commands are refused", None),
            PLAIN,
        );
        assert!(shown.contains("^\n    audit: write failed\n"), "{shown}");
    }

    #[test]
    fn lines_are_wrapped_within_their_width() {
        assert_eq!(wrapped("a bc def", 4), ["a bc", "def"]);
        assert_eq!(wrapped("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrapped("", 4), [""]);
    }

    #[test]
    fn colours_are_for_those_who_take_them() {
        let text = text(&seen(report(), "ready", None), Style { colour: true });
        assert!(text.contains("\u{1b}[32mREADY\u{1b}[0m"), "{text}");
    }

    #[test]
    fn what_is_shown_again_leaves_nothing_of_what_was_before() {
        assert_eq!(again("a\nb\n"), "\u{1b}[Ha\u{1b}[K\nb\u{1b}[K\n\u{1b}[J");
    }

    #[test]
    fn durations_have_two_units() {
        for (seconds, text) in [
            (9.5, "9s"),
            (428.0, "7m 8s"),
            (18_360.0, "5h 6m"),
            (273_600.0, "3d 4h"),
            (-1.0, "0s"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
