//! This process as the system sees it, read through a descriptor that was opened before the cage was shut: afterwards `/proc/self`
//! cannot be opened (landlock).
//!
//! Descriptors in use are counted by poll(2), because the filter of system calls has no getdents64(2).

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::str;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::param::{clock_ticks_per_second, page_size};

use crate::limits::{PROCESS_DESCRIPTORS_MAX, PROCESS_STAT_MAX};
use crate::monitor::metrics::Figures;
use crate::sys;

/// An open `/proc/self/stat`, and what does not change.
#[derive(Debug)]
pub struct OwnProcess {
    stat: File,
    ticks_per_second: f64,
    page_size: u64,
    start_seconds: f64,
    descriptors: u64,
}

impl OwnProcess {
    /// Opens it; `None` where there is no `/proc`. `descriptors`: those that there may be.
    #[must_use]
    pub fn open(descriptors: u64) -> Option<Self> {
        Some(Self {
            stat: File::open("/proc/self/stat").ok()?,
            #[expect(clippy::cast_precision_loss, reason = "it is 100")]
            ticks_per_second: clock_ticks_per_second() as f64,
            page_size: u64::try_from(page_size()).unwrap_or(u64::MAX),
            start_seconds: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs_f64(),
            descriptors,
        })
    }

    /// The figures of this moment; `None` when they cannot be read.
    #[must_use]
    pub fn figures(&self) -> Option<Figures> {
        let mut buffer = [0; PROCESS_STAT_MAX];
        // Each reading from the beginning has the figures of that moment.
        let length = self.stat.read_at(&mut buffer, 0).ok()?;
        let read = Read::of(str::from_utf8(buffer.get(..length)?).ok()?)?;
        let most = self.descriptors.min(PROCESS_DESCRIPTORS_MAX);
        #[expect(clippy::cast_precision_loss, reason = "2^53 ticks are millions of years")]
        let cpu_seconds = read.ticks as f64 / self.ticks_per_second;
        Some(Figures {
            cpu_seconds,
            resident_bytes: read.pages.saturating_mul(self.page_size),
            virtual_bytes: read.virtual_bytes,
            open_descriptors: sys::descriptors::count_open(u32::try_from(most).unwrap_or(u32::MAX)),
            descriptors: self.descriptors,
            threads: read.threads,
            start_seconds: self.start_seconds,
        })
    }
}

/// Fields of proc_pid_stat(5).
#[derive(Debug, PartialEq, Eq)]
struct Read {
    /// utime and stime.
    ticks: u64,
    threads: u64,
    virtual_bytes: u64,
    /// Resident.
    pages: u64,
}

impl Read {
    /// The name of the program, in parentheses, may hold spaces and parentheses: fields are counted from its end.
    fn of(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        // The first field behind the name is the third of the page.
        let field = |number: usize| {
            rest.split_ascii_whitespace()
                .nth(number.checked_sub(3)?)?
                .parse::<u64>()
                .ok()
        };
        Some(Self {
            ticks: field(14)?.saturating_add(field(15)?),
            threads: field(20)?,
            virtual_bytes: field(23)?,
            pages: field(24)?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_fields_are_found_behind_any_name() {
        let rest = "S 1 2 3 0 -1 4194560 500 0 0 0 70 30 0 0 20 0 4 0 12345 9000000 1234 18446744073709551615 1 1";
        let read = Read {
            ticks: 100,
            threads: 4,
            virtual_bytes: 9_000_000,
            pages: 1234,
        };
        for name in ["tunnel-client", "a) S 1 (b", "", "x y"] {
            assert_eq!(Read::of(&format!("77 ({name}) {rest}")).as_ref(), Some(&read), "{name}");
        }
        assert_eq!(Read::of("77 (x) S 1 2"), None);
        assert_eq!(Read::of(""), None);
    }

    #[test]
    fn this_process_has_figures() {
        let process = OwnProcess::open(1 << 20).unwrap();
        let before = process.figures().unwrap();
        assert!(
            before.resident_bytes > 1 << 20 && before.virtual_bytes > before.resident_bytes,
            "{before:?}"
        );
        assert!(before.open_descriptors > 3 && before.threads > 0, "{before:?}");
        assert!(before.descriptors >= before.open_descriptors, "{before:?}");
    }
}
