//! Packed bodies (`Content-Encoding`, RFC 9110, section 8.4). No request of ours asks for one, but some servers and proxies
//! pack whatever they send.

use std::fmt;
use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use flate2::write::{DeflateDecoder, GzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use super::error::NetError;
use crate::limits::{UNPACK_FREE, UNPACK_MEMBERS_MAX, UNPACK_RATIO_MAX, UNPACK_STEP};

/// Why a packed body is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// In an encoding that is not supported, by its name.
    Unsupported(&'static str),
    /// It cannot be unpacked.
    Damaged,
    /// It is many times larger than it came.
    Bomb,
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(name) => write!(
                f,
                "it is compressed with {name}, which was not asked for; switch compression off in the MCP server or in the \
                 proxy before it"
            ),
            Self::Damaged => f.write_str("it is compressed and cannot be unpacked"),
            Self::Bomb => write!(
                f,
                "it is compressed, and more than {UNPACK_RATIO_MAX} times larger than it came"
            ),
        }
    }
}

/// Unpacks a body piece by piece, as far as each piece goes.
#[derive(Debug)]
pub(super) struct Unpacker {
    decoder: Decoder,
    /// Packed bytes that have come and were not looked at.
    waiting: Bytes,
    packed: u64,
    unpacked: u64,
}

#[derive(Debug)]
enum Decoder {
    Gzip(Box<Members>),
    /// `deflate` is zlib's format by the standard, and bare deflate from some servers: the first byte tells.
    Deflate,
    Zlib(Box<ZlibDecoder<Sink>>),
    Bare(Box<DeflateDecoder<Sink>>),
    Refused(&'static str),
}

/// The members of a gzip body, one after the other (RFC 1952, section 2.2).
#[derive(Debug)]
struct Members {
    decoder: GzDecoder<Sink>,
    /// Of this one and those before it.
    count: u32,
}

impl Members {
    fn new() -> Self {
        Self {
            decoder: GzDecoder::new(Sink::default()),
            count: 1,
        }
    }
}

impl Write for Members {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self.decoder.write(data)? {
            // The member is over.
            0 if !data.is_empty() => {
                self.decoder.try_finish()?;
                self.count += 1;
                if self.count > UNPACK_MEMBERS_MAX {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                let unpacked = std::mem::take(self.decoder.get_mut());
                self.decoder = GzDecoder::new(unpacked);
                self.decoder.write(data)
            }
            taken => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.decoder.flush()
    }
}

/// What came out and was not taken.
#[derive(Debug, Default)]
struct Sink(BytesMut);

impl Write for Sink {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Unpacker {
    /// For a body with these headers; `None` when it is not packed.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(CONTENT_ENCODING).iter();
        let mut names = values
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"));
        let name = names.next()?;
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        let decoder = match names.next() {
            Some(_) => Decoder::Refused("several encodings"),
            None if is("gzip") || is("x-gzip") => Decoder::Gzip(Box::new(Members::new())),
            None if is("deflate") => Decoder::Deflate,
            None => {
                let known = ["br", "zstd", "compress"].into_iter().find(|known| is(known));
                Decoder::Refused(known.unwrap_or("an unknown encoding"))
            }
        };
        Some(Self {
            decoder,
            waiting: Bytes::new(),
            packed: 0,
            unpacked: 0,
        })
    }

    /// Adds a piece of the body. The pieces before it have been taken.
    pub(super) fn push(&mut self, piece: Bytes) {
        self.waiting = piece;
    }

    /// The next unpacked piece; `None` when more of the body is needed.
    ///
    /// # Errors
    /// [`NetError::Packed`].
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, NetError> {
        while !self.waiting.is_empty() {
            let step = self.waiting.split_to(self.waiting.len().min(UNPACK_STEP));
            self.packed += step.len() as u64;
            let sink = self.decoder.feed(&step)?;
            let piece = std::mem::take(&mut sink.0).freeze();
            self.unpacked += piece.len() as u64;
            if self.unpacked > UNPACK_FREE && self.unpacked / UNPACK_RATIO_MAX > self.packed {
                return Err(NetError::Packed(Packing::Bomb));
            }
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    /// The body is over.
    ///
    /// # Errors
    /// [`NetError::UnexpectedEof`] when it breaks off; [`NetError::Packed`] when its sum is wrong.
    pub(super) fn finish(&mut self) -> Result<(), NetError> {
        let finished = match &mut self.decoder {
            // Nothing came at all.
            _ if self.packed == 0 => return Ok(()),
            Decoder::Gzip(members) => members.decoder.try_finish(),
            Decoder::Zlib(decoder) => decoder.try_finish(),
            Decoder::Bare(decoder) => decoder.try_finish(),
            Decoder::Deflate | Decoder::Refused(_) => Ok(()),
        };
        finished.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => NetError::UnexpectedEof,
            _ => NetError::Packed(Packing::Damaged),
        })
    }
}

impl Decoder {
    /// Unpacks one step; what came out is in the sink.
    fn feed(&mut self, step: &[u8]) -> Result<&mut Sink, NetError> {
        if let (Self::Deflate, Some(first)) = (&self, step.first()) {
            // Compression method 8 (RFC 1950, section 2.2). A bare block that begins so would have a bit set that pads.
            *self = match first & 0x0f == 8 {
                true => Self::Zlib(Box::new(ZlibDecoder::new(Sink::default()))),
                false => Self::Bare(Box::new(DeflateDecoder::new(Sink::default()))),
            };
        }
        let done = match self {
            Self::Gzip(decoder) => through(&mut **decoder, step),
            Self::Zlib(decoder) => through(&mut **decoder, step),
            Self::Bare(decoder) => through(&mut **decoder, step),
            Self::Refused(name) => return Err(NetError::Packed(Packing::Unsupported(name))),
            Self::Deflate => Ok(()),
        };
        match (done, self) {
            (Ok(()), Self::Gzip(members)) => Ok(members.decoder.get_mut()),
            (Ok(()), Self::Zlib(decoder)) => Ok(decoder.get_mut()),
            (Ok(()), Self::Bare(decoder)) => Ok(decoder.get_mut()),
            _ => Err(NetError::Packed(Packing::Damaged)),
        }
    }
}

/// What was packed so far is wanted now: it can be an event.
fn through(decoder: &mut dyn Write, step: &[u8]) -> io::Result<()> {
    decoder.write_all(step)?;
    decoder.flush()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn packed(encoding: &str, text: &[u8]) -> Vec<u8> {
        let level = Compression::default();
        match encoding {
            "gzip" | "X-GZip" => {
                let mut encoder = GzEncoder::new(Vec::new(), level);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            "deflate" => {
                let mut encoder = ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            "bare" => {
                let mut encoder = DeflateEncoder::new(Vec::new(), level);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            _ => text.to_vec(),
        }
    }

    fn unpacker(encoding: &str) -> Option<Unpacker> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, encoding.replace("bare", "deflate").parse().unwrap());
        Unpacker::of(&headers)
    }

    fn unpacked(encoding: &str, body: &[u8], pieces: usize) -> Result<Vec<u8>, NetError> {
        let mut unpacker = unpacker(encoding).unwrap();
        let mut whole = Vec::new();
        for piece in body.chunks(pieces) {
            unpacker.push(Bytes::copy_from_slice(piece));
            while let Some(piece) = unpacker.next()? {
                whole.extend_from_slice(&piece);
            }
        }
        unpacker.finish()?;
        Ok(whole)
    }

    #[test]
    fn every_form_is_unpacked_in_pieces_of_any_size() {
        let text = "ü{\"jsonrpc\":\"2.0\"}".repeat(5000);
        for encoding in ["gzip", "X-GZip", "deflate", "bare"] {
            let body = packed(encoding, text.as_bytes());
            for pieces in [1, 7, 100_000] {
                assert_eq!(
                    unpacked(encoding, &body, pieces).unwrap(),
                    text.as_bytes(),
                    "{encoding}, {pieces}"
                );
            }
        }
        let twice = [packed("gzip", b"one "), packed("gzip", b"two")].concat();
        assert_eq!(unpacked("gzip", &twice, 5).unwrap(), b"one two");
        assert_eq!(unpacked("gzip", b"", 5).unwrap(), b"");
    }

    #[test]
    fn what_was_flushed_is_there_at_once() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"data: 1\n\n").unwrap();
        encoder.flush().unwrap();
        let mut unpacker = unpacker("gzip").unwrap();
        unpacker.push(Bytes::from(encoder.get_ref().clone()));
        let mut whole = Vec::new();
        while let Some(piece) = unpacker.next().unwrap() {
            whole.extend_from_slice(&piece);
        }
        assert_eq!(whole, b"data: 1\n\n");
    }

    #[test]
    fn a_bomb_is_given_up_early() {
        for encoding in ["gzip", "deflate", "bare"] {
            let body = packed(encoding, &vec![b' '; 64 << 20]);
            assert_eq!(
                unpacked(encoding, &body, 8191),
                Err(NetError::Packed(Packing::Bomb)),
                "{encoding}"
            );
        }
        // Within what is free.
        let body = packed("gzip", &[b' '; 1 << 20]);
        assert_eq!(unpacked("gzip", &body, 8191).unwrap().len(), 1 << 20);
    }

    #[test]
    fn members_are_bounded_in_count() {
        let member = packed("gzip", b"");
        let most = usize::try_from(UNPACK_MEMBERS_MAX).unwrap();
        assert_eq!(unpacked("gzip", &member.repeat(most), 8191), Ok(Vec::new()));
        assert_eq!(
            unpacked("gzip", &member.repeat(most + 1), 8191),
            Err(NetError::Packed(Packing::Damaged))
        );
    }

    #[test]
    fn damage_and_breaking_off_are_found() {
        let text: String = (0..5000).map(|n| n.to_string()).collect();
        for encoding in ["gzip", "deflate"] {
            let whole = packed(encoding, text.as_bytes());
            let mut wrong_sum = whole.clone();
            let at = wrong_sum.len() - 2 - if encoding == "gzip" { 4 } else { 0 };
            wrong_sum[at] ^= 1;
            assert!(unpacked(encoding, &wrong_sum, 100).is_err(), "{encoding}");
            assert!(
                unpacked(encoding, &whole[..whole.len() / 2], 100).is_err(),
                "{encoding}"
            );
        }
        assert_eq!(
            unpacked("gzip", b"{\"jsonrpc\":", 100),
            Err(NetError::Packed(Packing::Damaged))
        );
        assert!(unpacked("gzip", b"\x1f\x8b\x08garbage", 3).is_err());
    }

    #[test]
    fn other_encodings_are_named() {
        for (encoding, name) in [
            ("br", "br"),
            ("ZSTD", "zstd"),
            ("gzip, br", "several encodings"),
            ("shrunk", "an unknown encoding"),
        ] {
            let error = unpacked(encoding, b"x", 1);
            assert_eq!(error, Err(NetError::Packed(Packing::Unsupported(name))), "{encoding}");
        }
        for encoding in ["identity", "", " , Identity"] {
            assert!(unpacker(encoding).is_none(), "{encoding}");
        }
    }
}
