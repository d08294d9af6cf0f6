//! What is in the memory of a process: every mapping that can be read.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use memchr::memmem;

use super::wait::settles;

/// Bytes that are read at once.
const WINDOW: usize = 1 << 20;

/// The memory of a process.
pub struct Memory {
    pid: u32,
    memory: File,
}

/// A place where something was found.
#[derive(Debug, Clone)]
#[allow(dead_code, reason = "printed when a test fails")]
pub struct Found {
    pub address: u64,
    /// As `/proc/PID/maps` names the mapping; empty for one without a name.
    pub mapping: String,
    /// What surrounds it, other than text as dots.
    pub around: String,
}

impl Memory {
    pub fn of(pid: u32) -> Self {
        let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
        Self { pid, memory }
    }

    /// Every place where `needle` stands.
    pub fn find(&self, needle: &[u8]) -> Vec<Found> {
        let finder = memmem::Finder::new(needle);
        let mut found = Vec::new();
        self.each_window(needle.len() - 1, |address, bytes, mapping| {
            found.extend(finder.find_iter(bytes).map(|at| Found {
                address: address + at as u64,
                mapping: mapping.to_owned(),
                around: around(bytes, at, needle.len()),
            }));
        });
        found
    }

    /// Waits until `needle` stands nowhere.
    #[track_caller]
    pub fn await_none(&self, bound: Duration, needle: &[u8]) {
        let what = format!("no copy of {:?}", String::from_utf8_lossy(needle));
        settles(bound, &what, || {
            let found = self.find(needle);
            if found.is_empty() { Ok(()) } else { Err(found) }
        });
    }

    /// Every place where `length` bytes of `text` in a row stand.
    pub fn find_stretches(&self, text: &[u8], length: usize) -> Vec<Found> {
        // Any stretch of that length holds one of these parts whole.
        let step = length / 2;
        let parts: Vec<_> = text.chunks_exact(step).map(memmem::Finder::new).collect();
        let holds_stretch = |bytes: &[u8]| {
            text.windows(length)
                .any(|stretch| memmem::find(bytes, stretch).is_some())
        };
        let mut found = Vec::new();
        self.each_window(2 * length, |address, bytes, mapping| {
            for at in parts.iter().flat_map(|part| part.find_iter(bytes)) {
                let end = bytes.len().min(at + step + length);
                if holds_stretch(&bytes[at.saturating_sub(length)..end]) {
                    found.push(Found {
                        address: address + at as u64,
                        mapping: mapping.to_owned(),
                        around: around(bytes, at, step),
                    });
                }
            }
        });
        found
    }

    /// Windows of each mapping, which overlap by so many bytes.
    fn each_window(&self, overlap: usize, mut look: impl FnMut(u64, &[u8], &str)) {
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", self.pid)).unwrap();
        let mut bytes = vec![0; WINDOW + overlap];
        for line in maps.lines().filter(|line| line.contains(" r")) {
            let mut fields = line.split_ascii_whitespace();
            let (start, end) = fields.next().unwrap().split_once('-').unwrap();
            let [mut start, end] = [start, end].map(|place| u64::from_str_radix(place, 16).unwrap());
            let mapping = fields.nth(4).unwrap_or_default();
            while start < end {
                let wanted = usize::try_from(end - start).unwrap().min(bytes.len());
                // Some of the kernel's own cannot be read, nor what is gone meanwhile.
                let Ok(count) = self.memory.read_at(&mut bytes[..wanted], start) else {
                    break;
                };
                look(start, &bytes[..count], mapping);
                start += count.clamp(1, WINDOW) as u64;
            }
        }
    }
}

fn around(bytes: &[u8], at: usize, length: usize) -> String {
    let bytes = &bytes[at.saturating_sub(60)..bytes.len().min(at + length + 20)];
    let text = bytes.iter().map(|byte| match byte {
        b' '..=b'~' => char::from(*byte),
        _ => '.',
    });
    text.collect()
}
