//! The search of long texts for secrets: window by window, so that a step takes bounded memory and time.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tokio::task::yield_now;

use crate::limits::{BUNDLE_CARRIED, BUNDLE_CARRIED_MIN, BUNDLE_SPELLINGS, BUNDLE_WINDOW, BUNDLE_WINDOW_MAX};
use crate::telemetry::redact;

/// Said in the place of the rest of a text that cannot be divided.
const LEFT_OUT: &str = "[left out from here: what looks like a secret does not end]\n";

/// How a private key begins.
const KEY: &str = "-----BEGIN";

/// Runs to the end what lets others run between its steps, by a thread that has nothing else to do.
pub(super) fn to_the_end<F: Future>(steps: F) -> F::Output {
    let mut steps = pin!(steps);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = steps.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// The text without secrets. Others may run after each window.
///
/// A window is followed by text that is searched with it, and what is certain by then is the part before a cut: nothing of the rest
/// looks different without that part. So no secret lies across a cut, and none is found by halves.
pub(super) async fn scrubbed(text: &str) -> String {
    let carried = (BUNDLE_SPELLINGS * redact::longest()).clamp(BUNDLE_CARRIED_MIN, BUNDLE_CARRIED);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut most = BUNDLE_WINDOW;
    loop {
        let (window, beyond) = rest.split_at(rest.floor_char_boundary(most + carried));
        let clean = redact::scrub(window);
        yield_now().await;
        if beyond.is_empty() {
            out.push_str(&clean);
            return out;
        }
        match cut(window, &clean, carried).await {
            Some((raw, sure)) => {
                out.push_str(&clean[..sure]);
                rest = &rest[raw..];
                most = BUNDLE_WINDOW;
            }
            None if most < BUNDLE_WINDOW_MAX => most = (2 * most).min(BUNDLE_WINDOW_MAX),
            None => {
                out.push_str(LEFT_OUT);
                return out;
            }
        }
    }
}

/// Where a window and its clean text can be divided, in bytes of each.
async fn cut(window: &str, clean: &str, carried: usize) -> Option<(usize, usize)> {
    let last = window.len().saturating_sub(carried);
    // A private key may lie across the last place: then it is divided before that one.
    let key = window[..window.floor_char_boundary(last)].rfind(KEY);
    for before in [Some(last), key, Some(last / 2), Some(last / 4)].into_iter().flatten() {
        let at = boundary(window, before);
        if at == 0 {
            continue;
        }
        let rest = redact::scrub(&window[at..]);
        yield_now().await;
        if clean.ends_with(&*rest) {
            return Some((at, clean.len() - rest.len()));
        }
    }
    None
}

/// The last beginning of a line up to here, otherwise that of a word or of a character.
fn boundary(text: &str, most: usize) -> usize {
    let before = &text[..text.floor_char_boundary(most)];
    let after = |char| before.rfind(char).map(|at| at + 1);
    after('\n').or_else(|| after(' ')).unwrap_or(before.len())
}

/// A search of many short texts: others may run whenever as much as a window was searched.
#[derive(Debug, Default)]
pub(super) struct Pace {
    since: usize,
}

impl Pace {
    /// What a text costs beside its bytes.
    const EACH: usize = 64;

    /// The text without secrets.
    pub(super) async fn scrubbed(&mut self, text: &str) -> String {
        self.since += text.len() + Self::EACH;
        if self.since < BUNDLE_WINDOW {
            return redact::scrub(text).into_owned();
        }
        self.since = 0;
        yield_now().await;
        scrubbed(text).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::redact::REDACTED;

    /// Secrets of every kind that a text can be divided in.
    fn secrets() -> Vec<(String, String)> {
        let line = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4\n";
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}-----END PRIVATE KEY-----",
            line.repeat(50)
        );
        let in_json = pem.replace('\n', "\\n");
        let known = "win-9f8e7d6c5b4a3f2e1d0c";
        redact::protect(known);
        let escaped: String = known.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
        let jwt = format!(
            "eyJhbGciOiJSUzI1NiJ9.{}.{}",
            "e30aBcDeFg".repeat(80),
            "sIgNaTuRe9".repeat(30)
        );
        [
            (pem.as_str(), "Zm9vYmFy"),
            (in_json.as_str(), "Zm9vYmFy"),
            (known, "7d6c5b"),
            (escaped.as_str(), "\\u0037\\u0064"),
            (jwt.as_str(), "sIgNaTuRe9"),
            (&format!("sk-{}", "A1b2".repeat(300)), "A1b2"),
            (
                &format!("Authorization: Digest {}", "hunter2x, ".repeat(90)),
                "hunter2x",
            ),
            (&format!("{{\"api_key\":\"{}\"}}", "hunter2x ".repeat(90)), "hunter2x"),
            (
                &format!("https://user:{}@host.invalid/", "hunter2x".repeat(20)),
                "hunter2x",
            ),
        ]
        .map(|(secret, trace)| (secret.to_owned(), trace.to_owned()))
        .to_vec()
    }

    #[test]
    fn a_secret_disappears_wherever_a_long_text_is_divided() {
        for (secret, trace) in secrets() {
            let end = BUNDLE_WINDOW + BUNDLE_CARRIED_MIN;
            let places = [
                BUNDLE_WINDOW - secret.len() / 2,
                BUNDLE_WINDOW,
                end - secret.len(),
                end - secret.len() / 2,
                end - 12,
                end - 1,
            ];
            for at in places {
                for words in ["some words\n", "without-ends"] {
                    let mut text = words.repeat(at / words.len() + 1);
                    text.truncate(at - 1);
                    let text = format!("{text}\n{secret}\n{}", words.repeat(300));
                    let out = to_the_end(scrubbed(&text));
                    assert!(!out.contains(&trace), "{trace} at {at}");
                    assert_eq!(out, redact::scrub(&text), "{trace} at {at}");
                }
            }
        }
    }

    #[test]
    fn what_does_not_end_is_left_out() {
        let text = format!(
            "before\n-----BEGIN PRIVATE KEY-----\n{}",
            "Zm9vYmFyYmF6cXV4\n".repeat(20_000)
        );
        let out = to_the_end(scrubbed(&text));
        assert!(out.starts_with("before\n") && out.ends_with(LEFT_OUT), "{out}");
        assert!(!out.contains("Zm9v") && out.len() < 200, "{out}");
    }

    #[test]
    fn a_text_of_any_length_is_searched() {
        for length in [0, 1, BUNDLE_WINDOW, BUNDLE_WINDOW + BUNDLE_CARRIED_MIN, 300_001] {
            let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
            assert_eq!(to_the_end(scrubbed(&text)), text);
        }
        let mut pace = Pace::default();
        let text = format!("{} token=abcdefgh4711", "x ".repeat(100));
        for _ in 0..1000 {
            let out = to_the_end(pace.scrubbed(&text));
            assert!(out.ends_with(REDACTED), "{out}");
        }
    }
}
