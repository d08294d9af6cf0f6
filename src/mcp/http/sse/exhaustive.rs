//! Every small stream of events, in every chunking of up to three pieces and in single bytes.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stdout, reason = "audit/proofs.md has these numbers")]

use super::*;
use crate::every;

const TOKENS: [&str; 11] = [
    "\n",
    "\r",
    "\r\n",
    "\u{feff}",
    "data:x",
    "data",
    "data: ",
    "id:1",
    "id:\0",
    "event:e",
    "retry:200",
];

/// Everything that can be seen of a stream.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    events: Vec<Event>,
    last_id: Option<String>,
    retry: Option<Duration>,
    pending: usize,
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Seen {
    let mut parser = Parser::default();
    let mut events = Vec::new();
    for piece in pieces {
        parser.push(piece);
        while let Some(event) = parser.next().unwrap() {
            events.push(event);
        }
    }
    let pending = parser.pending();
    events.extend(parser.finish());
    Seen {
        events,
        last_id: parser.last_id().map(str::to_owned),
        retry: parser.retry(),
        pending,
    }
}

/// Checks all streams of this number of tokens. Gives the number of runs.
fn check(length: usize) -> u64 {
    let mut runs = 0;
    every::sequence(&TOKENS, length, |tokens| {
        let stream = tokens.concat();
        let stream = stream.as_bytes();
        let whole = read([stream]);
        assert_eq!(read(stream.chunks(1)), whole, "{stream:?} in single bytes");
        for first in 1..stream.len() {
            for second in first..stream.len() {
                let (head, tail) = stream.split_at(second);
                let (start, middle) = head.split_at(first);
                assert_eq!(
                    read([start, middle, tail]),
                    whole,
                    "{stream:?} cut at {first} and {second}"
                );
                runs += 1;
            }
        }
    });
    runs
}

#[test]
fn every_chunking_of_every_small_stream_gives_the_same_events() {
    let runs: u64 = (1..=3).map(check).sum();
    println!("events: {runs} runs");
}

#[test]
#[ignore = "a larger bound, for the slow tests: streams of four tokens"]
fn every_chunking_of_every_stream_of_four_tokens_gives_the_same_events() {
    println!("events: {} runs", check(4));
}
