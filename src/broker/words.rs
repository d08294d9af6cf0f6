//! The lines of servers on their way from the broker to the standard error of this process: scrubbed.
//!
//! The broker knows none of the client's secrets, so it cannot take them out. It writes to a pipe, which this process reads as
//! fast as its own standard error takes it, and searches for a bounded share of its time. What comes faster is left out and counted.

use std::io;
use std::time::{Duration, Instant};

use tokio::net::unix::pipe;
use tokio::time::sleep;

use super::scrubber::Scrubber;
use crate::limits::{
    BROKER_LINE_MAX, BROKER_WORDS_BURST, BROKER_WORDS_LEFT_OUT, BROKER_WORDS_PAUSE, BROKER_WORDS_READ,
    BROKER_WORDS_SHARE, LOG_RETRY,
};
use crate::telemetry::stream::Stream;

/// Passes on what comes, until nobody can write any more.
pub(super) async fn pass_on(from: pipe::Receiver, to: Stream) {
    let mut words = Words {
        from,
        to,
        scrubber: Scrubber::default(),
        unread: Vec::new(),
        out: String::new(),
        left_out: 0,
    };
    let mut pace = Pace::new();
    loop {
        let length = match words.read().await {
            Ok(0) | Err(_) => break,
            Ok(length) => length,
        };
        if pace.has_time() {
            let begun = Instant::now();
            words.take_lines();
            pace.spent(begun);
            words.write().await;
        } else {
            words.leave_out();
            words.write().await;
            pace.left_out(length).await;
        }
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
    /// Lines that were left out and not told of.
    left_out: u64,
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
        self.tell();
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

    /// Leaves out the lines that were read.
    fn leave_out(&mut self) {
        self.scrubber.interrupt();
        if let Some(end) = memchr::memrchr(b'\n', &self.unread) {
            let lines = self.unread.drain(..=end).filter(|byte| *byte == b'\n').count();
            self.left_out += u64::try_from(lines).unwrap_or(u64::MAX);
        } else if self.unread.len() >= BROKER_LINE_MAX {
            self.unread.clear();
            self.left_out += 1;
        }
    }

    fn tell(&mut self) {
        let count = std::mem::take(&mut self.left_out);
        if count > 0 {
            self.out.push_str(&format!(
                "tunnel-client: {count} lines of MCP servers are left out here: they came faster than they are searched for secrets\n"
            ));
        }
    }

    async fn last(&mut self) {
        self.tell();
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

/// The share of the time that the search for secrets may take, so that a server that floods does not take that of the tunnel. Lines
/// beyond it are left out, because waiting would hold up the server.
struct Pace {
    /// Time spent beyond the share.
    debt: Duration,
    since: Instant,
    /// Bytes that were left out since the last pause.
    left_out: usize,
}

impl Pace {
    fn new() -> Self {
        Self {
            debt: Duration::ZERO,
            since: Instant::now(),
            left_out: 0,
        }
    }

    /// Whether lines may be searched now.
    fn has_time(&mut self) -> bool {
        let now = Instant::now();
        self.debt = self.debt.saturating_sub((now - self.since) / BROKER_WORDS_SHARE);
        self.since = now;
        self.debt < BROKER_WORDS_BURST
    }

    fn spent(&mut self, begun: Instant) {
        self.debt += begun.elapsed();
    }

    /// Reading what is left out takes time as well.
    async fn left_out(&mut self, bytes: usize) {
        self.left_out += bytes;
        if self.left_out >= BROKER_WORDS_LEFT_OUT {
            self.left_out = 0;
            sleep(BROKER_WORDS_PAUSE).await;
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
