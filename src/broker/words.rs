//! The lines of servers on their way from the broker to the standard error of this process: scrubbed.
//!
//! The broker knows none of the client's secrets, so it cannot take them out. It writes to a pipe, which this process reads, for a
//! bounded share of its time and only as fast as its own standard error takes it. What the pipe does not take the broker holds up for a
//! moment, or leaves out and counts.

use std::io;
use std::time::{Duration, Instant};

use tokio::net::unix::pipe;
use tokio::time::sleep;

use super::scrubber::Scrubber;
use crate::limits::{BROKER_LINE_MAX, BROKER_WORDS_BUSY, BROKER_WORDS_READ, BROKER_WORDS_REST, LOG_RETRY};
use crate::telemetry::stream::Stream;

/// Passes on what comes, until nobody can write any more.
pub(super) async fn pass_on(from: pipe::Receiver, to: Stream) {
    let mut words = Words {
        from,
        to,
        scrubber: Scrubber::default(),
        unread: Vec::new(),
        out: String::new(),
    };
    let mut pace = Pace::default();
    loop {
        let begun = match words.read().await {
            Ok(0) | Err(_) => break,
            Ok(_) => Instant::now(),
        };
        words.take_lines();
        let spent = begun.elapsed();
        words.write().await;
        pace.spent(spent).await;
    }
    words.last().await;
}

struct Words {
    from: pipe::Receiver,
    to: Stream,
    scrubber: Scrubber,
    /// Bytes that are in no line yet.
    unread: Vec<u8>,
    /// Lines to be written.
    out: String,
}

impl Words {
    /// Number of bytes read, 0 at the end.
    async fn read(&mut self) -> io::Result<usize> {
        loop {
            self.from.readable().await?;
            self.unread.reserve(BROKER_WORDS_READ);
            match self.from.try_read_buf(&mut self.unread) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
        }
    }

    /// Takes the lines out of what was read. The broker writes lines of bounded length; of anything longer the pieces are lines.
    fn take_lines(&mut self) {
        let unread = std::mem::take(&mut self.unread);
        let mut rest = unread.as_slice();
        loop {
            let end = rest.iter().take(BROKER_LINE_MAX).position(|byte| *byte == b'\n');
            let Some(length) = end.or((rest.len() >= BROKER_LINE_MAX).then_some(BROKER_LINE_MAX)) else {
                break;
            };
            let (line, after) = rest.split_at(length);
            self.scrubber.line(&String::from_utf8_lossy(line), &mut self.out);
            rest = after.get(usize::from(end.is_some())..).unwrap_or_default();
        }
        self.unread = rest.to_vec();
    }

    async fn last(&mut self) {
        let rest = std::mem::take(&mut self.unread);
        if !rest.is_empty() {
            self.scrubber.line(&String::from_utf8_lossy(&rest), &mut self.out);
        }
        self.scrubber.rest(&mut self.out);
        self.write().await;
    }

    /// Writes the lines, and waits for whoever reads them. What cannot be written at all is left out.
    async fn write(&mut self) {
        let out = std::mem::take(&mut self.out);
        // Each piece is one that a pipe takes whole: nothing else that is written comes in between.
        for line in pieces(&out) {
            let mut rest = line.as_bytes();
            while !rest.is_empty() {
                match self.to.write(rest) {
                    Ok(length) => rest = rest.get(length..).unwrap_or_default(),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(LOG_RETRY).await,
                    Err(_) => return,
                }
            }
        }
    }
}

/// Whole lines, together at most as long as the longest line may be.
fn pieces(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let most = text.get(..text.floor_char_boundary(BROKER_LINE_MAX)).unwrap_or(text);
        let end = match most.len() == text.len() {
            true => text.len(),
            false => most.rfind('\n').map_or(most.len(), |end| end + 1),
        };
        let (piece, rest) = text.split_at(end);
        text = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

/// The share of the time that the search for secrets may take, so that a server that floods does not take that of the tunnel.
#[derive(Default)]
struct Pace {
    busy: Duration,
}

impl Pace {
    /// Waits once so much time was spent that it is due.
    async fn spent(&mut self, time: Duration) {
        self.busy += time;
        if self.busy >= BROKER_WORDS_BUSY {
            sleep(std::mem::take(&mut self.busy) * BROKER_WORDS_REST).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_whole_lines_as_long_as_they_are_not_too_long() {
        let line = format!("{}\n", "x".repeat(1500));
        let text = line.repeat(5);
        let lengths: Vec<usize> = pieces(&text).map(str::len).collect();
        assert_eq!(lengths, [3002, 3002, 1501]);
        assert_eq!(pieces(&text).collect::<String>(), text);
        let text = "\u{20ac}".repeat(3000);
        assert!(pieces(&text).all(|piece| piece.len() <= BROKER_LINE_MAX));
        assert_eq!(pieces(&text).collect::<String>(), text);
        assert_eq!(pieces("").count(), 0);
    }
}
