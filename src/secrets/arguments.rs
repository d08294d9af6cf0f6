//! What may be seen of our arguments by everybody who lists processes.

use memchr::memmem;

use super::{Prefix, Reference};
use crate::limits::PROTECTED_LEN_MIN;

/// Stands for each byte of what must not be seen.
const MASK: u8 = b'*';

/// How the value of a flag is masked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Masking {
    /// It is no secret.
    #[default]
    None,
    /// It is a secret unless it is a reference, which gives the place of one.
    Literals,
    /// It holds a secret whatever it looks like.
    Always,
}

/// Overwrites the values of flags as `masking` says by their names, in a block of arguments that each end with a zero. User and password
/// in a URL are overwritten wherever they stand.
pub fn mask_flags(block: &mut [u8], masking: impl Fn(&str) -> Masking) {
    let mut of_value = Masking::None;
    for argument in block.split_mut(|byte| *byte == 0) {
        mask_userinfo(argument);
        if of_value != Masking::None {
            mask_value(argument, std::mem::take(&mut of_value));
            continue;
        }
        let equals = argument.iter().position(|byte| *byte == b'=');
        let (name, value) = argument.split_at_mut(equals.unwrap_or(argument.len()));
        let masking = flag_name(name).map_or(Masking::None, &masking);
        match value.split_first_mut() {
            Some((_, value)) => mask_value(value, masking),
            None => of_value = masking,
        }
    }
}

/// Overwrites every occurrence of a secret, but for those that are too short to be told from ordinary words.
pub fn mask_secret(block: &mut [u8], secret: &str) {
    if secret.len() < PROTECTED_LEN_MIN {
        return;
    }
    while let Some(at) = memmem::find(block, secret.as_bytes()) {
        block
            .iter_mut()
            .skip(at)
            .take(secret.len())
            .for_each(|byte| *byte = MASK);
        if secret.bytes().all(|byte| byte == MASK) {
            return;
        }
    }
}

/// Text between `://` and the last `@` before the path (RFC 3986, section 3.2.1).
fn mask_userinfo(argument: &mut [u8]) {
    let mut from = 0;
    while let Some(at) = argument.get(from..).and_then(|rest| memmem::find(rest, b"://")) {
        from += at + 3;
        let rest = argument.get_mut(from..).unwrap_or_default();
        let end = rest
            .iter()
            .position(|byte| b"/?# \n\t".contains(byte))
            .unwrap_or(rest.len());
        let (authority, _) = rest.split_at_mut(end);
        if let Some(length) = authority.iter().rposition(|byte| *byte == b'@') {
            authority.iter_mut().take(length).for_each(|byte| *byte = MASK);
        }
    }
}

fn mask_value(value: &mut [u8], masking: Masking) {
    let is_reference = || std::str::from_utf8(value).is_ok_and(|text| Reference::is_meant(text, Prefix::Exact));
    let stays = match masking {
        Masking::None => true,
        Masking::Literals => is_reference(),
        Masking::Always => false,
    };
    if !stays {
        value.fill(MASK);
    }
}

/// The name of a flag, which begins with one dash or two.
fn flag_name(argument: &[u8]) -> Option<&str> {
    let name = argument.strip_prefix(b"-")?;
    std::str::from_utf8(name.strip_prefix(b"-").unwrap_or(name)).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn masked(arguments: &[&str], secrets: &[&str]) -> Vec<String> {
        let mut block = arguments.join("\0").into_bytes();
        block.push(0);
        mask_flags(&mut block, |name| match name {
            "proxy" | "api-key" => Masking::Literals,
            "header" => Masking::Always,
            _ => Masking::None,
        });
        secrets.iter().for_each(|secret| mask_secret(&mut block, secret));
        let text = String::from_utf8(block).unwrap();
        text.strip_suffix('\0')
            .unwrap()
            .split('\0')
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn values_of_flags_that_can_hold_a_secret_are_masked_and_references_stay() {
        let seen = masked(
            &[
                "tunnel-client",
                "run",
                "--proxy",
                "http://u:p@h",
                "--proxy=http://h",
                "-proxy=x",
                "--api-key=file:/k",
                "--other",
                "a=b",
            ],
            &[],
        );
        let expected = [
            "tunnel-client",
            "run",
            "--proxy",
            "************",
            "--proxy=********",
            "-proxy=*",
            "--api-key=file:/k",
            "--other",
            "a=b",
        ];
        assert_eq!(seen, expected);
        assert_eq!(masked(&["--proxy"], &[]), ["--proxy"]);
        // The name of a header can look like the beginning of a reference.
        assert_eq!(
            masked(&["--header=file: x", "--header", "env:y"], &[]),
            ["--header=*******", "--header", "*****"]
        );
        assert_eq!(masked(&["--proxy", "--proxy", "x"], &[]), ["--proxy", "*******", "x"]);
    }

    #[test]
    fn user_and_password_of_a_url_are_masked_in_every_argument() {
        let seen = masked(
            &["--base=https://u:p@h/x@y", "a://b@c://d:e@f g://h/i@j", "x://", "u@h"],
            &[],
        );
        let expected = ["--base=https://***@h/x@y", "a://*@c://***@f g://h/i@j", "x://", "u@h"];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_known_secret_is_masked_wherever_it_stands() {
        let seen = masked(
            &[
                "run",
                "sk-471147114711",
                "--x=a-sk-471147114711-sk-471147114711",
                "******",
            ],
            &["sk-471147114711", "run", "******"],
        );
        let mask = "*".repeat(15);
        assert_eq!(seen, ["run", &mask, &format!("--x=a-{mask}-{mask}"), "******"]);
    }
}
