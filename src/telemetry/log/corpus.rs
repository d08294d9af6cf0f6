//! Secret-bearing lines through every sink: `tests/data/redaction`.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::borrow::Cow;

use ::log::kv::ToValue as _;

use super::tests::{compose, every_form};
use crate::telemetry::random::Random;
use crate::telemetry::redact;
use crate::telemetry::redact::spellings::spellings;

const SECRETS: &str = include_str!("../../../tests/data/redaction/secrets.txt");
const HARMLESS: &str = include_str!("../../../tests/data/redaction/harmless.txt");

/// Lines of a file of the corpus, without comments.
fn lines(file: &'static str) -> impl Iterator<Item = String> {
    file.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.replace('\u{2424}', "\n"))
}

/// A line without its marks, and what stood between them.
fn unmarked(line: &str) -> (String, Vec<String>) {
    let mut secrets = Vec::new();
    for part in line.split('\u{ab}').skip(1) {
        secrets.push(part.split('\u{bb}').next().unwrap().to_owned());
    }
    (line.replace(['\u{ab}', '\u{bb}'], ""), secrets)
}

/// What of a secret shows in what was written: the whole of it, a line of it, or a piece that is no word. Escapes count as what
/// they mean.
fn shows<'a>(written: &str, secret: &'a str) -> Option<&'a str> {
    let plain = written.replace('\\', "");
    let is_piece = |piece: &&str| piece.len() >= 6 && piece.bytes().any(|byte| byte.is_ascii_digit());
    let pieces = secret
        .split(|char: char| !char.is_ascii_alphanumeric())
        .filter(is_piece);
    secret
        .lines()
        .filter(|line| !line.is_empty())
        .chain(pieces)
        .find(|part| written.contains(*part) || plain.contains(&part.replace('\\', "")))
}

#[test]
fn no_line_of_the_corpus_shows_its_secret_in_any_sink() {
    let (mut count, mut faults) = (0, Vec::new());
    for line in lines(SECRETS) {
        let (text, secrets) = unmarked(&line);
        assert!(!secrets.is_empty(), "nothing is marked: {line}");
        count += 1;
        for (name, form) in every_form() {
            for written in [
                compose(&form, &format_args!("{text}"), &[]),
                compose(&form, &format_args!("x"), &[("detail", text.as_str().to_value())]),
            ] {
                let written = String::from_utf8_lossy(written.as_bytes()).into_owned();
                if let Some(shown) = secrets.iter().find_map(|secret| shows(&written, secret)) {
                    faults.push(format!("{name}: {shown:?} of {text:?} in {written:?}"));
                }
            }
        }
    }
    assert!(count >= 250, "{count} lines");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_harmless_line_passes_unchanged() {
    let faults: Vec<String> = lines(HARMLESS)
        .filter_map(|line| match redact::scrub(&line) {
            Cow::Borrowed(same) if same == line => None,
            changed => Some(format!("{line} -> {changed}")),
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn scrubbing_a_line_of_the_corpus_again_changes_nothing() {
    for line in lines(SECRETS).chain(lines(HARMLESS)) {
        let (text, _) = unmarked(&line);
        let once = redact::scrub(&text);
        assert_eq!(redact::scrub(&once), once, "{text:?}");
    }
}

/// What a configured secret may be made of.
fn secret(random: &mut Random) -> String {
    let alphabet: Vec<char> = (' '..='~').chain("\u{e4}\u{20ac}\u{1f511}\t".chars()).collect();
    let length = 8 + random.below(40);
    let inner: String = (0..length).map(|_| alphabet[random.below(alphabet.len())]).collect();
    // A mark of its own, so that no two are alike, and ends that are no blanks.
    format!("q{}{inner}z", random.below(1 << 20))
}

#[test]
fn a_configured_secret_shows_in_no_sink_however_it_is_written() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..12 {
        let secret = secret(&mut random);
        redact::protect(&secret);
        for spelling in spellings(&secret) {
            let text = format!("upstream said <{spelling}> and closed");
            for (name, form) in every_form() {
                for written in [
                    compose(&form, &format_args!("{text}"), &[]),
                    compose(&form, &format_args!("x"), &[("detail", text.as_str().to_value())]),
                ] {
                    let written = String::from_utf8_lossy(written.as_bytes()).into_owned();
                    let plain = written.replace('\\', "");
                    for part in [secret.as_str(), spelling.as_str()] {
                        let bare = part.replace('\\', "");
                        assert!(
                            !written.contains(part) && !plain.contains(&bare),
                            "{name}: {part:?} in {written:?}"
                        );
                    }
                }
            }
        }
    }
}
