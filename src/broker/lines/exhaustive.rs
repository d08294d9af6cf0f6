//! Every small output of a server, in every chunking.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stdout, reason = "audit/proofs.md has these numbers")]

use super::*;
use crate::every;

/// Line ends, text, a control character, and parts of characters of two, three and four bytes.
const BYTES: [u8; 9] = *b"a\n\r\x1b\xc3\xa9\xe2\x82\xf0";

fn lines(output: &[u8], cuts: u32) -> Vec<Vec<u8>> {
    let mut lines = Lines::new("n");
    let mut out = Vec::new();
    for piece in every::pieces(output, cuts) {
        lines.add(piece);
        while let Some(line) = lines.next() {
            out.push(line.to_vec());
        }
    }
    out.extend(lines.rest().map(<[u8]>::to_vec));
    out
}

/// Checks all outputs of this length. Gives the number of runs.
fn check(length: usize) -> u64 {
    let mut runs = 0;
    every::sequence(&BYTES, length, |output| {
        let whole = lines(output, 0);
        for line in &whole {
            let text = str::from_utf8(line).unwrap();
            let text = text
                .strip_prefix("[n] ")
                .and_then(|text| text.strip_suffix('\n'))
                .unwrap();
            assert!(!text.is_empty() && !text.contains(is_unsafe), "{output:?} {text:?}");
        }
        // The standard library reads the same text, but for the number of characters that stand for a broken one at the end.
        let text = String::from_utf8_lossy(output).replace('\x1b', "\u{fffd}");
        let wanted: Vec<_> = text.split(['\n', '\r']).filter(|line| !line.is_empty()).collect();
        let found: Vec<_> = whole
            .iter()
            .map(|line| str::from_utf8(&line[4..line.len() - 1]).unwrap())
            .collect();
        assert_eq!(found, wanted, "{output:?}");
        for cuts in 1..1_u32 << (length - 1) {
            assert_eq!(lines(output, cuts), whole, "{output:?} cut at {cuts:b}");
        }
        runs += 1 << (length - 1);
    });
    runs
}

#[test]
fn every_chunking_of_every_small_output_gives_the_same_safe_lines() {
    let runs: u64 = (1..=5).map(check).sum();
    println!("lines of a server's standard error: {runs} runs");
}

#[test]
#[ignore = "a larger bound, for the slow tests: outputs of six bytes"]
fn every_chunking_of_every_output_of_six_bytes_gives_the_same_safe_lines() {
    println!("lines of a server's standard error: {} runs", check(6));
}
