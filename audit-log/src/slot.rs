//! Slots of the files that are written in place: one line of fixed length, which ends with a check of what stands before it.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};

use crate::hex::{self, Hex};

/// Bytes of the check.
const CHECK: usize = 16;

/// Adds the check, and fills the line up to `length`.
pub(crate) fn finish(text: &mut String, length: usize) {
    let check = digest(&SHA256, text.as_bytes());
    // Writing to a String cannot fail.
    let _ = write!(text, " check={}", Hex(check.as_ref().get(..CHECK).unwrap_or_default()));
    while text.len() < length - 1 {
        text.push(' ');
    }
    text.push('\n');
}

/// What stands before the check; `None` when it is not what was written.
pub(crate) fn checked(slot: &[u8]) -> Option<&[u8]> {
    let text = slot.strip_suffix(b"\n")?.trim_ascii_end();
    let (covered, check) = text.split_at_checked(text.len().checked_sub(2 * CHECK + " check=".len())?)?;
    let mut stated = [0; CHECK];
    hex::read_into(check.strip_prefix(b" check=")?, &mut stated)?;
    digest(&SHA256, covered)
        .as_ref()
        .starts_with(&stated)
        .then_some(covered)
}
