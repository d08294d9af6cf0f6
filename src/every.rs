//! Every small input and every way to cut it, for exhaustive tests.

/// Calls `check` with every sequence of this length, in which each symbol may stand at each place.
pub(crate) fn sequence<T: Copy>(symbols: &[T], length: usize, mut check: impl FnMut(&[T])) {
    let mut digits = vec![0; length];
    loop {
        let sequence: Vec<T> = digits.iter().map(|digit: &usize| symbols[*digit]).collect();
        check(&sequence);
        let Some(at) = digits.iter().position(|digit| digit + 1 < symbols.len()) else {
            return;
        };
        digits[at] += 1;
        digits[..at].fill(0);
    }
}

/// Calls `check` with every text of up to `longest` of these characters. Returns the number of texts.
pub(crate) fn text(characters: &[char], longest: usize, mut check: impl FnMut(&str)) -> usize {
    let mut texts = 0;
    for length in 0..=longest {
        sequence(characters, length, |characters| {
            check(&characters.iter().collect::<String>());
            texts += 1;
        });
    }
    texts
}

/// The pieces of an input that is cut behind each byte whose bit is set.
pub(crate) fn pieces(input: &[u8], cuts: u32) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    (1..=input.len())
        .filter(move |end| *end == input.len() || cuts >> (end - 1) & 1 == 1)
        .map(move |end| &input[std::mem::replace(&mut start, end)..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sequence_comes_once_and_every_cut_gives_the_whole_back() {
        let mut found = Vec::new();
        sequence(b"abc", 3, |sequence| found.push(sequence.to_vec()));
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), 27);
        assert_eq!(text(&['a', 'b'], 3, |_| ()), 15);
        let cuts: Vec<Vec<&[u8]>> = (0..4).map(|cuts| pieces(b"xyz", cuts).collect()).collect();
        assert!(cuts.iter().all(|pieces| pieces.concat() == b"xyz"));
        assert_eq!(cuts.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 2, 3]);
        assert_eq!(pieces(b"", 0).count(), 0);
    }
}
