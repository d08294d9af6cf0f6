//! The key of the control plane: in memory once, however many use it.

use std::fmt;
use std::io;
use std::str;
use std::sync::Arc;

use crate::sys::locked::Locked;

/// How the key is sent (RFC 6750, section 2.1).
const SCHEME: &str = "Bearer ";

/// The key of the control plane, in pages of its own that are wiped with the last clone. The default is none.
#[derive(Clone, Default)]
pub struct ApiKey(Option<Arc<Locked>>);

impl ApiKey {
    /// Copies `key`; the caller wipes what it came from.
    ///
    /// # Errors
    /// The system grants no memory.
    pub fn new(key: &str) -> io::Result<Self> {
        let locked = Locked::of(&[SCHEME.as_bytes(), key.as_bytes()])?;
        Ok(Self(Some(Arc::new(locked))))
    }

    /// The key; empty when there is none.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        let key = self.authorization().get(SCHEME.len()..).unwrap_or_default();
        // It was text when it was copied.
        str::from_utf8(key).unwrap_or_default()
    }

    /// The value of `Authorization` that carries it; empty when there is none.
    #[must_use]
    pub fn authorization(&self) -> &[u8] {
        self.0.as_ref().map(|locked| locked.bytes()).unwrap_or_default()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey([REDACTED])")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn clones_share_one_copy_and_none_is_shown() {
        let key = ApiKey::new("sk-4711").unwrap();
        let clone = key.clone();
        assert_eq!(
            (key.expose_secret(), key.authorization()),
            ("sk-4711", &b"Bearer sk-4711"[..])
        );
        assert_eq!(key.expose_secret().as_ptr(), clone.expose_secret().as_ptr());
        assert!(!format!("{key:?}").contains("4711"));
        let none = ApiKey::default();
        assert_eq!((none.expose_secret(), none.authorization()), ("", &b""[..]));
    }
}
