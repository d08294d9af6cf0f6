//! Pieces of an input: what arrives over a connection or a pipe is cut anywhere.

/// The first two bytes, which choose the cuts, and the rest.
pub fn seeded(data: &[u8]) -> Option<(u16, &[u8])> {
    let (seed, rest) = data.split_first_chunk::<2>()?;
    Some((u16::from_le_bytes(*seed), rest))
}

/// Pieces of one to 64 bytes, most of them short; the seed chooses their sizes.
pub fn cut(data: &[u8], seed: u16) -> Vec<&[u8]> {
    let mut state = u32::from(seed) | 0x1_0000;
    let mut rest = data;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        // Xorshift (Marsaglia 2003).
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let most = [1, 2, 5, 64][(state >> 8) as usize % 4];
        let size = 1 + (state >> 16) as usize % most;
        let (piece, after) = rest.split_at(size.min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// The input with each pair of bytes `1f 1f`, eight at most, replaced by that many letters: short inputs reach large bounds.
pub fn inflated(data: &[u8], letters: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut rest = data;
    let mut left = 8;
    while let Some((&first, after)) = rest.split_first() {
        if left > 0 && rest.starts_with(&[0x1f, 0x1f]) {
            out.resize(out.len() + letters, b'x');
            left -= 1;
            rest = &rest[2..];
        } else {
            out.push(first);
            rest = after;
        }
    }
    out
}
