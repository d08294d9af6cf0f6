//! A packed body of an answer (`src/net/unpack.rs`). Oracle: flate2's readers on the whole body; any cut gives the same bytes; what
//! comes out stays within the bounds on its size.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use tunnel_client::fuzzing::messages::net::Packed;
use tunnel_client::limits::{UNPACK_FREE, UNPACK_MEMBERS_MAX, UNPACK_RATIO_MAX, UNPACK_STEP};
use tunnel_client::net::{NetError, Packing};

use crate::support::pieces::{cut, inflated, seeded};

/// The most that deflate makes of one byte (zlib's documentation: 1032 times).
const DEFLATE_RATIO_MAX: u64 = 1032;
/// Letters that a pair of marks stands for in a text that is packed here: eight of them are a bomb.
const LETTERS: usize = 400_000;

/// Feeds `data`: the encoding and what is done to the body, two bytes that choose the cuts, then the body, or a text to be packed.
pub fn check(data: &[u8]) {
    let Some((&mode, rest)) = data.split_first() else {
        return;
    };
    let Some((seed, rest)) = seeded(rest) else { return };
    let form = [Form::Gzip, Form::Zlib, Form::Bare][usize::from(mode % 3)];
    let is_text = mode & 0x40 != 0;
    let body = if is_text {
        form.packed(&inflated(rest, LETTERS))
    } else {
        rest.to_vec()
    };
    let whole = unpacked(form, [&body[..]]);
    // A bomb is noticed at some step or the next.
    let in_pieces = unpacked(form, cut(&body, seed));
    let is_bomb = |result: &Result<Vec<u8>, NetError>| *result == Err(NetError::Packed(Packing::Bomb));
    if !is_bomb(&whole) && !is_bomb(&in_pieces) {
        assert_eq!(in_pieces, whole, "cut");
        if body.len() <= 256 {
            assert_eq!(unpacked(form, body.chunks(1)), whole, "byte by byte");
        }
    }
    let reference = form.reference(&body);
    match (&whole, reference) {
        (Ok(ours), Ok((theirs, taken))) => {
            assert!(*ours == theirs, "{} bytes are not {} bytes", ours.len(), theirs.len());
            assert_eq!(taken, body.len(), "what follows the body was read over");
        }
        (Ok(ours), Err(error)) => assert!(body.is_empty() && ours.is_empty(), "{error} was not noticed"),
        (Err(NetError::Packed(Packing::Bomb)), Ok((theirs, _))) => assert!(theirs.len() as u64 > UNPACK_FREE),
        (Err(_), Ok((_, taken))) => {
            let members = body.windows(3).filter(|start| start == b"\x1f\x8b\x08").count();
            assert!(
                taken < body.len() || members > UNPACK_MEMBERS_MAX as usize,
                "a good body was refused: {whole:?}"
            );
        }
        (Err(_), Err(_)) => {}
    }
    if is_text {
        assert!(
            whole.is_ok() || is_bomb(&whole),
            "what was packed here was refused: {whole:?}"
        );
    }
}

fn unpacked<'a>(form: Form, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, NetError> {
    let mut packed = Packed::new(form.name()).expect("the encoding is known");
    let (mut whole, mut came) = (Vec::new(), 0_u64);
    for piece in pieces {
        packed.push(piece);
        came += piece.len() as u64;
        while let Some(piece) = packed.next_piece()? {
            assert!(
                piece.len() as u64 <= UNPACK_STEP as u64 * DEFLATE_RATIO_MAX,
                "one step gave {} bytes",
                piece.len()
            );
            whole.extend_from_slice(&piece);
            let most = UNPACK_FREE.max(UNPACK_RATIO_MAX * (came + 1));
            assert!(whole.len() as u64 <= most, "{} bytes of {came}", whole.len());
        }
    }
    packed.finish()?;
    Ok(whole)
}

#[derive(Clone, Copy)]
enum Form {
    Gzip,
    Zlib,
    Bare,
}

impl Form {
    fn name(self) -> &'static [u8] {
        match self {
            Self::Gzip => b"gzip",
            Self::Zlib | Self::Bare => b"deflate",
        }
    }

    fn packed(self, text: &[u8]) -> Vec<u8> {
        let level = Compression::fast();
        let packed = match self {
            Self::Gzip => write(GzEncoder::new(Vec::new(), level), text, GzEncoder::finish),
            Self::Zlib => write(ZlibEncoder::new(Vec::new(), level), text, ZlibEncoder::finish),
            Self::Bare => write(DeflateEncoder::new(Vec::new(), level), text, DeflateEncoder::finish),
        };
        packed.expect("writing to memory")
    }

    /// The text, and how many bytes of the body belong to it. `deflate` has either form, which its first byte shows.
    fn reference(self, body: &[u8]) -> io::Result<(Vec<u8>, usize)> {
        let mut text = Vec::new();
        // A bomb is not unpacked to its end.
        let most = 64 << 20;
        let is_zlib = body.first().is_some_and(|first| first & 0x0f == 8);
        let taken = match self {
            Self::Gzip => {
                MultiGzDecoder::new(body).take(most).read_to_end(&mut text)?;
                body.len()
            }
            Self::Zlib | Self::Bare if is_zlib => {
                let mut reader = ZlibDecoder::new(body);
                reader.by_ref().take(most).read_to_end(&mut text)?;
                usize::try_from(reader.total_in()).unwrap_or(usize::MAX)
            }
            Self::Zlib | Self::Bare => {
                let mut reader = DeflateDecoder::new(body);
                reader.by_ref().take(most).read_to_end(&mut text)?;
                usize::try_from(reader.total_in()).unwrap_or(usize::MAX)
            }
        };
        Ok((text, taken))
    }
}

fn write<W: Write>(mut encoder: W, text: &[u8], finish: impl FnOnce(W) -> io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
    encoder.write_all(text)?;
    finish(encoder)
}
