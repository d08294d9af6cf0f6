//! The one file that chooses the cryptography.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

/// ring: builds with a plain C compiler for musl, and is small.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
