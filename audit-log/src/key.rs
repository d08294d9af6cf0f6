//! Keys, their one-way steps, and what they seal.
//!
//! | from | step | gives |
//! |---|---|---|
//! | key of the installation | `GENERATION` | first key of the records of one run |
//! | key of the installation | `NEXT_GENERATION` | key of the installation from then on |
//! | key of a record | `SEAL` | seal of the record, over the seal before it and the line |
//! | key of a record | `NEXT_RECORD` | key of the next record |
//! | initial key | `SESSIONS` | key of the hashes of sessions |
//!
//! Each step is HMAC-SHA-256 (RFC 2104) under the key, over one byte of its own and what it covers.

use std::fmt;

use ring::hmac;
use zeroize::{Zeroize as _, Zeroizing};

use crate::hex::{self, Hex};

const SEAL: u8 = 1;
const NEXT_RECORD: u8 = 2;
const GENERATION: u8 = 3;
const NEXT_GENERATION: u8 = 4;
const SESSIONS: u8 = 5;
const SESSION: u8 = 6;

/// Bytes of keys and seals.
pub(crate) const LENGTH: usize = 32;

/// Bytes that are left of the hash of a session: enough to tell sessions apart, too few to be mistaken for a key.
const SESSION_LENGTH: usize = 16;

/// A secret key, in one place of the heap for its whole life, wiped at its end.
pub(crate) struct Key(Box<Zeroizing<[u8; LENGTH]>>);

/// Seal of a record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tag(pub(crate) [u8; LENGTH]);

/// The last record of a log, or of a part of it: number and seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of the record; 0 before the first.
    pub count: u64,
    /// Its seal; zeros before the first.
    pub tag: Tag,
}

/// The key that the chain of an installation begins with. The host keeps it until the first start; the auditor keeps it for good.
#[derive(Debug)]
pub struct InitialKey(pub(crate) Key);

/// The key of the hashes of sessions.
#[derive(Debug)]
pub struct SessionKey(pub(crate) Key);

/// The text is not an initial key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAKey;

impl fmt::Display for NotAKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not an initial key of an audit log: expected \"{INITIAL}\" and 64 hexadecimal digits"
        )
    }
}

impl std::error::Error for NotAKey {}

/// How the text of an initial key begins.
const INITIAL: &str = "tunnel-audit-initial-key-1:";

impl Key {
    pub(crate) fn zero() -> Self {
        Self(Box::new(Zeroizing::new([0; LENGTH])))
    }

    /// The place of the key, to be filled.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8; LENGTH] {
        &mut self.0
    }

    pub(crate) fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// A copy that is wiped as well.
    pub(crate) fn copy(&self) -> Self {
        let mut copy = Self::zero();
        copy.bytes_mut().copy_from_slice(self.bytes());
        copy
    }

    /// The seal of a record.
    pub(crate) fn seal(&self, before: Tag, body: &[u8]) -> Tag {
        let mut seal = [0; LENGTH];
        mac(self.bytes(), SEAL, &[&before.0, body], &mut seal);
        wash();
        Tag(seal)
    }

    /// Moves on to the key of the next record.
    pub(crate) fn next_record(&mut self) {
        self.step(NEXT_RECORD);
    }

    /// Moves on to the key of the installation after one more start.
    pub(crate) fn next_generation(&mut self) {
        self.step(NEXT_GENERATION);
    }

    /// The first key of the records of the run that begins now.
    pub(crate) fn of_generation(&self) -> Self {
        self.derive(GENERATION)
    }

    fn step(&mut self, step: u8) {
        let mut next = Zeroizing::new([0; LENGTH]);
        mac(self.bytes(), step, &[], &mut next);
        self.bytes_mut().copy_from_slice(&*next);
        wash();
    }

    fn derive(&self, step: u8) -> Self {
        let mut derived = Self::zero();
        mac(self.bytes(), step, &[], derived.bytes_mut());
        wash();
        derived
    }
}

/// Nothing of the key.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// One HMAC. The library leaves what it derives from the key on the stack, below this frame: [`wash`] overwrites it.
#[inline(never)]
fn mac(key: &[u8; LENGTH], step: u8, parts: &[&[u8]], into: &mut [u8; LENGTH]) {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut context = hmac::Context::with_key(&key);
    context.update(&[step]);
    parts.iter().for_each(|part| context.update(part));
    let tag = context.sign();
    for (to, from) in into.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
}

/// Puts a computation without secrets where the last one was.
fn wash() {
    let mut nothing = [0; LENGTH];
    mac(&[0; LENGTH], 0, &[&[0; LENGTH]], &mut nothing);
    nothing.zeroize();
}

impl Tag {
    /// Before the first record.
    pub(crate) const NONE: Self = Self([0; LENGTH]);

    /// Reads 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; LENGTH];
        hex::read_into(text, &mut bytes).map(|()| Self(bytes))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Head {
    /// Before the first record.
    pub const NONE: Self = Self {
        count: 0,
        tag: Tag::NONE,
    };

    /// Reads an anchor, `COUNT:HEAD`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (count, tag) = text.split_once(':')?;
        let count = number(count.as_bytes())?;
        Some(Self {
            count,
            tag: Tag::read(tag.as_bytes())?,
        })
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.count, self.tag)
    }
}

/// Reads a number above 0 that is written in the one form that the writer uses.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    if digits.first() == Some(&b'0') || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    countable(std::str::from_utf8(digits).ok()?.parse().ok()?)
}

/// A number that others wrote, as far as there can be one more.
pub(crate) fn countable(number: u64) -> Option<u64> {
    (number < u64::MAX / 2).then_some(number)
}

impl InitialKey {
    /// A key of 32 random bytes.
    #[must_use]
    pub fn new(random: &[u8; LENGTH]) -> Self {
        let mut key = Key::zero();
        key.bytes_mut().copy_from_slice(random);
        Self(key)
    }

    /// Reads the text that [`Self::text`] made; white space around it does not count.
    ///
    /// # Errors
    ///
    /// [`NotAKey`].
    pub fn read(text: &[u8]) -> Result<Self, NotAKey> {
        let mut key = Key::zero();
        let digits = text.trim_ascii().strip_prefix(INITIAL.as_bytes()).ok_or(NotAKey)?;
        hex::read_into(digits, key.bytes_mut()).ok_or(NotAKey)?;
        Ok(Self(key))
    }

    /// The key as text, one line.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        use std::fmt::Write as _;
        // Room for all of it, so that it is in one place.
        let mut text = Zeroizing::new(String::with_capacity(INITIAL.len() + 2 * LENGTH + 1));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{INITIAL}{}", Hex(self.0.bytes()));
        text
    }

    /// The key of the hashes of sessions.
    #[must_use]
    pub fn sessions(&self) -> SessionKey {
        SessionKey(self.0.derive(SESSIONS))
    }
}

impl SessionKey {
    /// A key of 32 random bytes, for a log without a chain.
    #[must_use]
    pub fn new(random: &[u8; LENGTH]) -> Self {
        Self(InitialKey::new(random).0)
    }

    /// The hash that stands for a session: 32 hexadecimal digits.
    #[must_use]
    pub fn hash(&self, session: &str) -> String {
        let mut hash = [0; LENGTH];
        mac(self.0.bytes(), SESSION, &[session.as_bytes()], &mut hash);
        wash();
        Hex(hash.get(..SESSION_LENGTH).unwrap_or_default()).to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn an_initial_key_is_read_as_it_was_written_and_in_no_other_form() {
        let key = InitialKey::new(&[0x5a; LENGTH]);
        let text = key.text();
        assert_eq!(InitialKey::read(text.as_bytes()).unwrap().0.bytes(), key.0.bytes());
        for wrong in [
            "",
            "tunnel-audit-initial-key-1:",
            &text[..text.len() - 2],
            &text.to_uppercase(),
        ] {
            assert_eq!(InitialKey::read(wrong.as_bytes()).unwrap_err(), NotAKey, "{wrong}");
        }
        assert_eq!(format!("{key:?}"), "InitialKey(Key(..))");
    }

    #[test]
    fn the_steps_of_one_key_differ() {
        let key = InitialKey::new(&[7; LENGTH]).0;
        let mut found: Vec<[u8; LENGTH]> = vec![*key.bytes()];
        for step in [NEXT_RECORD, GENERATION, NEXT_GENERATION, SESSIONS] {
            found.push(*key.derive(step).bytes());
        }
        found.push(key.seal(Tag::NONE, b"").0);
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), 6);
    }

    /// RFC 4231, test case 1, has a key of 20 bytes; HMAC fills keys up with zeros, so that this one is the same.
    #[test]
    fn a_seal_is_an_hmac_over_its_step_and_its_parts() {
        let mut key = [0; LENGTH];
        key[..20].fill(0x0b);
        let mut found = [0; LENGTH];
        mac(&key, b'H', &[b"i ", b"There"], &mut found);
        let expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(Hex(&found).to_string(), expected);
    }

    #[test]
    fn an_anchor_is_read_as_it_is_shown() {
        let head = Head {
            count: 12,
            tag: Tag([0xab; LENGTH]),
        };
        assert_eq!(Head::read(&head.to_string()), Some(head));
        for wrong in ["", "12", "0:00", ":ab", "012:ab", "+1:ab"] {
            assert_eq!(Head::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sessions_have_one_hash_each() {
        let key = InitialKey::new(&[1; LENGTH]).sessions();
        assert_eq!(key.hash("a"), key.hash("a"));
        assert_ne!(key.hash("a"), key.hash("b"));
        assert_ne!(key.hash("a"), InitialKey::new(&[2; LENGTH]).sessions().hash("a"));
        assert_eq!(key.hash("a").len(), 32);
    }
}
