//! Whom the kernel ends first when memory runs out: servers, before the client and its broker.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};

use crate::limits::{OOM_SCORE_ADJ_MAX, SERVER_OOM_SCORE};

/// The value of this process (`oom_score_adj` in proc(5)). Children begin with it, and can go back to the least that a privileged
/// process ever set.
#[derive(Debug)]
pub(super) struct OomScore {
    file: File,
    own: i32,
}

impl OomScore {
    /// To be called while /proc gives a process files of its own, which it does not once that is not dumpable. Without it, servers are
    /// ended as anybody else.
    pub(super) fn open() -> Option<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/proc/self/oom_score_adj")
            .ok()?;
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        let own = text.trim().parse().ok()?;
        Some(Self { file, own })
    }

    /// Does what makes a child, which begins with more.
    pub(super) fn raised<T>(&mut self, start: impl FnOnce() -> T) -> T {
        self.set(self.own.saturating_add(SERVER_OOM_SCORE).min(OOM_SCORE_ADJ_MAX));
        let started = start();
        self.set(self.own);
        started
    }

    fn set(&mut self, value: i32) {
        // A system that refuses it leaves servers as they were.
        let _ = self.file.write_all(value.to_string().as_bytes());
    }
}
