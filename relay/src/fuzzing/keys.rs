//! The keys file.

use crate::auth::{Keys, keys};

/// Keys of one file.
#[derive(Debug)]
pub struct KeyFile(Keys);

impl KeyFile {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// All mistakes, as an operator reads them.
    pub fn read(text: &str) -> Result<Self, Vec<String>> {
        let keys = Keys::of(text).map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        Ok(Self(keys))
    }

    /// Number of keys.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Name of the key with this text.
    #[must_use]
    pub fn name_of(&self, text: &str) -> Option<String> {
        self.0.find(text.as_bytes()).map(|key| key.name.to_string())
    }

    /// Has these keys follow those of `before`. Returns the new ones, and the names of those that were revoked.
    #[must_use]
    pub fn following(self, before: &Self) -> (Self, Vec<String>) {
        let after = self.0.following(&before.0);
        let revoked = before.0.revoke_missing(&after);
        (Self(after), revoked.iter().map(ToString::to_string).collect())
    }

    /// Whether the key with this text was revoked.
    #[must_use]
    pub fn is_revoked(&self, text: &str) -> Option<bool> {
        self.0.find(text.as_bytes()).map(|key| key.revocation.is_revoked())
    }
}

/// A key as the file may write it.
#[must_use]
pub fn written_hash(key: &str) -> String {
    keys::written_hash(key)
}
