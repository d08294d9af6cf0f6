//! Removal of secrets from texts (`src/telemetry/redact/`). Oracle: a known secret is in no scrubbed text, whatever stands around it and in
//! whichever of the spellings that are promised; scrubbing again changes nothing; a text without a secret stays as it is.

use std::borrow::Cow;
use std::sync::Once;

use arbitrary::Arbitrary;
use tunnel_client::telemetry::redact;

/// A text with a secret in it.
#[derive(Debug, Arbitrary)]
pub struct Input<'a> {
    secret: Which,
    before: &'a str,
    after: &'a str,
    code: Code,
    /// Applied from the inside out.
    escapes: Vec<Escape>,
    /// Which characters are escaped.
    mask: u32,
    again: bool,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Which {
    Word,
    Marks,
    Accents,
    Short,
}

/// The innermost spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
enum Code {
    Plain,
    Hexadecimal { capitals: bool, separator: Separator },
    Base64 { phase: u8, is_for_urls: bool, line: u8 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
enum Separator {
    None,
    Colon,
    Space,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
enum Escape {
    Url,
    Json,
    C,
    Octal,
    Html,
}

impl Which {
    fn secret(self) -> &'static str {
        match self {
            Self::Word => "Xq7-pL4nt_9f8e7d6c5b",
            Self::Marks => "p\"w\\d/&%?>#4711",
            Self::Accents => "gr\u{fc}n-\u{20ac}-4711",
            Self::Short => "zq4711",
        }
    }
}

/// Feeds a secret and what surrounds it.
pub fn check(input: Input<'_>) {
    static KNOWN: Once = Once::new();
    KNOWN.call_once(|| {
        for which in [Which::Word, Which::Marks, Which::Accents, Which::Short] {
            redact::protect(which.secret());
        }
    });
    let surroundings = [input.before, input.after];
    for text in surroundings {
        let once = redact::scrub(text);
        assert_eq!(redact::scrub(&once), once, "{text:?}");
    }
    let secret = input.secret.secret();
    let spelled = spelled(&input, secret);
    let text = match input.again {
        true => format!("{}{spelled}{}{spelled}{}", input.before, input.after, input.before),
        false => format!("{}{spelled}{}", input.before, input.after),
    };
    let scrubbed = redact::scrub(&text);
    for which in [Which::Word, Which::Marks, Which::Accents, Which::Short] {
        assert!(!scrubbed.contains(which.secret()), "{text:?} -> {scrubbed:?}");
    }
    let is_separate = |text: &str, end: Option<char>| text.is_empty() || end.is_some_and(|end| " \n=<>".contains(end));
    // Text that an escape could be a part of changes what the spelling means.
    if is_separate(input.before, input.before.chars().next_back())
        && is_separate(input.after, input.after.chars().next())
    {
        assert!(!scrubbed.contains(&spelled), "{text:?} -> {scrubbed:?}");
    }
    if input.code == Code::Plain && input.escapes.is_empty() {
        assert!(matches!(scrubbed, Cow::Owned(_)), "{text:?}");
    }
    assert_eq!(redact::scrub(&scrubbed), scrubbed, "{text:?}");
    assert!(
        scrubbed.len() <= 12 * (text.len() + 1),
        "{} bytes of {}",
        scrubbed.len(),
        text.len()
    );
}

fn spelled(input: &Input<'_>, secret: &str) -> String {
    let mut text = match input.code {
        Code::Plain => secret.to_owned(),
        Code::Hexadecimal { capitals, separator } => hexadecimal(secret, capitals, separator),
        Code::Base64 {
            phase,
            is_for_urls,
            line,
        } => base64(secret, phase % 4, is_for_urls, line),
    };
    for escape in input.escapes.iter().take(tunnel_client::limits::SCRUB_ROUNDS) {
        text = escaped(&text, *escape, input.mask);
    }
    text
}

fn hexadecimal(secret: &str, capitals: bool, separator: Separator) -> String {
    let pairs: Vec<String> = secret
        .bytes()
        .map(|byte| {
            if capitals {
                format!("{byte:02X}")
            } else {
                format!("{byte:02x}")
            }
        })
        .collect();
    pairs.join(match separator {
        Separator::None => "",
        Separator::Colon => ":",
        Separator::Space => " ",
    })
}

/// Base64 of a text that begins with `phase` other bytes.
fn base64(secret: &str, phase: u8, is_for_urls: bool, line: u8) -> String {
    let alphabet: &[u8; 64] = match is_for_urls {
        true => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        false => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    };
    let bytes = [&b"u:x "[..usize::from(phase)], secret.as_bytes()].concat();
    let bits: Vec<bool> = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1))
        .collect();
    let digits: String = bits
        .chunks(6)
        .map(|chunk| (0..6).fold(0, |digit, at| digit << 1 | usize::from(chunk.get(at) == Some(&true))))
        .map(|digit| char::from(alphabet[digit]))
        .collect();
    match line {
        0 => digits,
        line => {
            let lines: Vec<&str> = digits
                .as_bytes()
                .chunks(usize::from(line))
                .filter_map(|line| std::str::from_utf8(line).ok())
                .collect();
            lines.join("\r\n")
        }
    }
}

/// The characters that the mask chooses, and those that would be read as an escape.
fn escaped(text: &str, escape: Escape, mask: u32) -> String {
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        let is_chosen = mask >> (at % 32) & 1 == 1 || matches!(c, '%' | '\\' | '&');
        if !is_chosen {
            out.push(c);
            continue;
        }
        let mut bytes = [0; 4];
        let bytes = c.encode_utf8(&mut bytes).as_bytes();
        let code = u32::from(c);
        match escape {
            Escape::Url => bytes.iter().for_each(|byte| out.push_str(&format!("%{byte:02X}"))),
            Escape::Json if code < 0x1_0000 => out.push_str(&format!("\\u{code:04x}")),
            Escape::Html => out.push_str(&format!("&#{code};")),
            Escape::C | Escape::Json => bytes.iter().for_each(|byte| out.push_str(&format!("\\x{byte:02x}"))),
            Escape::Octal => bytes.iter().for_each(|byte| out.push_str(&format!("\\{byte:03o}"))),
        }
    }
    out
}
