//! Every small output of a child, in every chunking.
#![allow(clippy::print_stdout, reason = "audit/proofs.md has these numbers")]

use super::*;
use crate::every;

/// Bytes that open, close, quote, escape, fill and end lines.
const BYTES: [u8; 7] = *b"{}[\"\\1\n";

/// The frames of an output that is cut behind each byte whose bit is set. Every returned frame is asserted to be within its bounds.
fn frames(output: &[u8], cuts: u32) -> Vec<(u8, Vec<u8>)> {
    let mut framer = Framer::default();
    let mut found = Vec::new();
    for piece in every::pieces(output, cuts) {
        framer.buffer().extend_from_slice(piece);
        while let Some(frame) = framer.next() {
            found.push(match frame {
                Frame::Message(text) => (b'm', text.to_vec()),
                Frame::Noise(text) => (b'n', text.to_vec()),
                Frame::Unfinished(text) => (b'u', text.to_vec()),
                Frame::TooLong => (b't', Vec::new()),
            });
        }
        assert!(framer.pending() <= 2 * output.len(), "{output:?}");
    }
    found
}

/// Checks all outputs of this length. Gives the number of runs.
fn check(length: usize) -> u64 {
    let mut runs = 0;
    every::sequence(&BYTES, length, |output| {
        let whole = frames(output, 0);
        for (kind, text) in &whole {
            let is_json = serde_json::from_slice::<&RawValue>(text).is_ok();
            let opens = matches!(text.trim_ascii().first(), Some(b'{' | b'['));
            assert!((*kind == b'm') == (is_json && opens), "{output:?} {whole:?}");
        }
        for cuts in 1..1_u32 << (length - 1) {
            assert_eq!(
                frames(output, cuts),
                whole,
                "{:?} cut at {cuts:b}",
                String::from_utf8_lossy(output)
            );
        }
        runs += 1 << (length - 1);
    });
    runs
}

#[test]
fn every_chunking_of_every_small_output_gives_the_same_frames() {
    let runs: u64 = (1..=5).map(check).sum();
    println!("framing of a child's output: {runs} runs");
}

#[test]
#[ignore = "a larger bound, for the slow tests: outputs of up to seven bytes"]
fn every_chunking_of_every_output_of_up_to_seven_bytes_gives_the_same_frames() {
    let runs: u64 = (6..=7).map(check).sum();
    println!("framing of a child's output: {runs} runs");
}
