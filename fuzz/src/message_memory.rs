//! The memory budget of messages (`src/memory.rs`), as a sequence of operations of readers.
//!
//! Oracles: what is free and what is held make the whole; a message has the room that it was promised; at the end everything is free.

use arbitrary::Arbitrary;
use bytes::Bytes;
use tunnel_client::fuzzing::processes::rooms::{
    LARGE_MESSAGE, ROOM_FIRST, ROOM_FIRST_TOTAL, ROOM_WHOLE_TOTAL, Reader, STDIO_MESSAGE_MAX, balance, charge,
};

/// Operations of eight readers.
#[derive(Debug, Arbitrary)]
pub struct Input {
    steps: Vec<(u8, Step)>,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Step {
    /// The message has grown to this part of the longest; the flag: its length is known.
    Cover(u8, bool),
    Keep,
    Clear,
    /// The reader ends, whether it waits or not.
    Drop,
    /// A copy of the last message that was kept.
    Copy,
    /// A message, or a copy, is gone.
    Free(u8),
}

const TOTALS: [(usize, usize); 2] = [(ROOM_FIRST_TOTAL, 0), (ROOM_WHOLE_TOTAL, 0)];

/// One buffer that stands for all messages.
static BYTES: [u8; STDIO_MESSAGE_MAX] = [0; STDIO_MESSAGE_MAX];

/// Feeds one sequence.
pub fn check(input: &Input) {
    assert_eq!(balance(), TOTALS);
    let mut readers: Vec<(Reader, usize)> = (0..8).map(|_| (Reader::default(), 0)).collect();
    let mut messages: Vec<Bytes> = Vec::new();
    for (index, step) in input.steps.iter().take(300) {
        let (reader, size) = &mut readers[usize::from(index % 8)];
        match *step {
            Step::Cover(part, is_known) => {
                // Sizes around the borders of the steps and between them.
                let wanted = match part % 8 {
                    0 => LARGE_MESSAGE,
                    1 => LARGE_MESSAGE + 1,
                    2 => ROOM_FIRST,
                    3 => ROOM_FIRST + 1,
                    _ => usize::from(part) * (STDIO_MESSAGE_MAX / 256),
                };
                if reader.poll() {
                    *size = wanted.max(*size);
                    let most = if is_known { *size } else { STDIO_MESSAGE_MAX };
                    reader.cover(*size, most);
                }
                if reader.poll() {
                    assert_eq!(reader.is_short_of(*size), Some(false));
                }
            }
            Step::Keep if reader.poll() => {
                let message = reader.keep(Bytes::from_static(&BYTES[..*size]));
                let message = message.expect("a message");
                assert_eq!(message.len(), *size);
                messages.push(message);
                *size = 0;
            }
            Step::Clear if reader.poll() => {
                reader.clear();
                *size = 0;
            }
            Step::Keep | Step::Clear => {}
            Step::Drop => (*reader, *size) = (Reader::default(), 0),
            Step::Copy => {
                let last = messages.last().map(Bytes::len);
                messages.extend(last.map(|length| charge(Bytes::from_static(&BYTES[..length]))));
            }
            Step::Free(which) if !messages.is_empty() => {
                messages.swap_remove(usize::from(which) % messages.len());
            }
            Step::Free(_) => {}
        }
        messages.truncate(64);
        for ((free, _), (total, _)) in balance().into_iter().zip(TOTALS) {
            assert!(free <= total);
        }
    }
    drop(readers);
    drop(messages);
    assert_eq!(balance(), TOTALS);
}
