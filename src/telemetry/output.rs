//! Where log lines go: each whole or not at all, and none lost without a word.
//!
//! A file system that is full takes half a line and then nothing. What follows must not be glued to that half, and the lines that
//! found no room are counted until there is room to say so.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::files::Identity;
use crate::limits::LOG_LOSS_REMINDER;

/// Lines that found no room since the process began, whether or not that was told since.
static LOST: AtomicU64 = AtomicU64::new(0);

/// Number of log lines lost since the process began.
pub(super) fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

/// The end of a log.
#[derive(Debug)]
pub(super) struct Output {
    file: File,
    /// The last line has no end.
    torn: bool,
    lost: u64,
    /// When the loss was last told elsewhere.
    told: Option<Instant>,
}

/// What is worth telling elsewhere.
#[derive(Debug)]
pub(super) enum Told {
    /// Lines are lost from now on.
    Losing(io::Error),
    /// There is room again; how many lines were lost.
    Recovered(u64),
}

impl Output {
    pub(super) fn to(file: File) -> Self {
        Self {
            file,
            torn: false,
            lost: 0,
            told: None,
        }
    }

    /// Writes a line, and before it that some were lost, if some were: `notice` makes that line of their number.
    pub(super) fn write(&mut self, line: &str, notice: impl FnOnce(u64) -> String) -> Option<Told> {
        let mut recovered = None;
        if self.lost > 0 {
            if self.whole(&notice(self.lost)).is_err() {
                self.lose();
                return None;
            }
            recovered = self.told.map(|_| Told::Recovered(self.lost));
            self.lost = 0;
        }
        match self.whole(line) {
            Ok(()) => recovered,
            Err(error) => {
                self.lose();
                let now = Instant::now();
                let fresh = self
                    .told
                    .is_none_or(|told| now.duration_since(told) >= LOG_LOSS_REMINDER);
                fresh.then(|| {
                    self.told = Some(now);
                    Told::Losing(error)
                })
            }
        }
    }

    fn lose(&mut self) {
        self.lost += 1;
        LOST.fetch_add(1, Ordering::Relaxed);
    }

    /// Goes on in another file, or in the same one; what was lost is told there.
    pub(super) fn replace(&mut self, file: File) {
        let identity = |file: &File| file.metadata().map(|found| Identity::from(&found)).ok();
        let before = identity(&self.file);
        self.torn &= before.is_some() && before == identity(&file);
        self.file = file;
    }

    fn whole(&mut self, line: &str) -> io::Result<()> {
        if self.torn {
            self.piece(b"\n")?;
            self.torn = false;
        }
        let mut rest = line.as_bytes();
        while !rest.is_empty() {
            let written = self.piece(rest)?;
            rest = rest.get(written..).unwrap_or_default();
            self.torn = !rest.is_empty();
        }
        Ok(())
    }

    fn piece(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.file.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::OpenOptions;
    use std::io::{Read as _, pipe};
    use std::os::fd::OwnedFd;

    use super::*;

    fn notice(lost: u64) -> String {
        format!("lost {lost}\n")
    }

    #[test]
    fn a_line_after_half_a_line_begins_anew_and_what_was_lost_is_counted() {
        let (mut reader, writer) = pipe().unwrap();
        rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).unwrap();
        let mut output = Output::to(File::from(OwnedFd::from(writer)));
        let long = format!("{}\n", "x".repeat(1 << 20));
        assert!(matches!(output.write(&long, notice), Some(Told::Losing(_))));
        // Told once.
        assert!(output.write("second\n", notice).is_none());
        let mut first = vec![0; 2 << 20];
        let half = reader.read(&mut first).unwrap();
        assert!(half < long.len() && first[..half].iter().all(|byte| *byte == b'x'));
        assert!(matches!(output.write("third\n", notice), Some(Told::Recovered(2))));
        let read = reader.read(&mut first).unwrap();
        assert_eq!(&first[..read], b"\nlost 2\nthird\n");
        assert!(output.write("fourth\n", notice).is_none());
    }

    #[test]
    fn half_a_line_stays_half_a_line_when_its_file_is_opened_again() {
        let (mut reader, writer) = pipe().unwrap();
        rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).unwrap();
        let again = File::from(OwnedFd::from(writer.try_clone().unwrap()));
        let mut output = Output::to(File::from(OwnedFd::from(writer)));
        output.write(&"x".repeat(1 << 20), notice);
        output.replace(again);
        let mut first = vec![0; 2 << 20];
        let half = reader.read(&mut first).unwrap();
        assert!(half < 1 << 20);
        output.write("next\n", notice);
        let read = reader.read(&mut first).unwrap();
        assert_eq!(&first[..read], b"\nlost 1\nnext\n");
    }

    #[test]
    fn what_was_lost_is_told_in_the_file_that_takes_its_place() {
        let mut output = Output::to(OpenOptions::new().write(true).open("/dev/full").unwrap());
        let before = lost();
        for _ in 0..3 {
            output.write("line\n", notice);
        }
        // Other tests may lose lines meanwhile.
        assert!(lost() >= before + 3);
        let (mut reader, writer) = pipe().unwrap();
        output.replace(File::from(OwnedFd::from(writer)));
        output.write("next\n", notice);
        drop(output);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "lost 3\nnext\n");
    }
}
