//! Doors to packed bodies and challenges.

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, HeaderValue};

use super::challenge::{self, Schemes};
use super::error::NetError;
use super::unpack::Unpacker;

/// A packed body.
#[derive(Debug)]
pub struct Packed(Unpacker);

impl Packed {
    /// For a body with this `Content-Encoding`; `None` when it is not packed.
    pub fn new(encoding: &[u8]) -> Option<Self> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_bytes(encoding).ok()?);
        Unpacker::of(&headers).map(Self)
    }

    /// Adds a piece of the body; the pieces before it have been taken.
    pub fn push(&mut self, piece: &[u8]) {
        self.0.push(Bytes::copy_from_slice(piece));
    }

    /// The next unpacked piece.
    ///
    /// # Errors
    /// When the body is damaged or a bomb.
    pub fn next_piece(&mut self) -> Result<Option<Bytes>, NetError> {
        self.0.next()
    }

    /// The body is over.
    ///
    /// # Errors
    /// When it breaks off or its sum is wrong.
    pub fn finish(&mut self) -> Result<(), NetError> {
        self.0.finish()
    }
}

/// Schemes of one `WWW-Authenticate` or `Proxy-Authenticate` value.
pub fn schemes(value: &str) -> Schemes {
    Schemes::default().and(value)
}

/// The parts between commas outside of quotes.
pub fn outside_quotes(value: &str) -> Vec<&str> {
    challenge::outside_quotes(value)
}
