//! A line of the audit log (`audit-log/src/line.rs`), and logs that were changed (`audit-log/src/verify.rs`).
//!
//! Oracles: what is read of a line is what `serde_json` reads, and the line consists of it and nothing else; a log that differs from the
//! one that was written never counts as ended, and its first fault stands at the first line that differs, or behind it.

use std::io;
use std::time::{Duration, UNIX_EPOCH};

use arbitrary::Arbitrary;
use audit_log::{Command, Head, InitialKey, Line, Verdict, Verifier};
use serde_json::Value;

/// A line, or what is done to a log.
#[derive(Debug, Arbitrary)]
pub enum Input<'a> {
    Line(&'a [u8]),
    /// Places and the bytes that come there: in place of another, in addition, or none.
    Changed(Vec<(u16, Change)>),
    /// A log of any bytes.
    Log(&'a [u8]),
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Change {
    Replace(u8),
    Insert(u8),
    Remove,
    RemoveLine,
    RepeatLine,
}

/// Feeds it.
pub fn check(input: &Input<'_>) {
    match input {
        Input::Line(line) => check_line(line),
        Input::Changed(changes) => check_changed(changes),
        Input::Log(log) => check_log(log),
    }
}

fn check_line(line: &[u8]) {
    let Some(read) = Line::parse(line) else { return };
    let mut whole = read.body.to_vec();
    whole.extend_from_slice(format!(",\"mac\":\"{}\"}}", read.seal).as_bytes());
    assert_eq!(whole, line, "every byte is part of the body or of the seal");
    let start = format!("{{\"seq\":{},\"event\":\"{}\"", read.number, read.event.as_str());
    assert!(line.starts_with(start.as_bytes()));
    // Other records are not read as JSON: their seals are verified over their bytes.
    if read.opening.is_none() && read.torn.is_none() {
        return;
    }
    // What stands beside the numbers is not read, and may be what serde_json refuses, such as a lone surrogate.
    let Ok(json) = serde_json::from_slice::<Value>(line) else {
        return;
    };
    if let Some(opening) = read.opening {
        assert_eq!(json["generation"], opening.generation);
        assert_eq!(json["index"], opening.index);
        assert_eq!(json["before_count"], opening.before.count);
        assert_eq!(json["before_head"], opening.before.tag.to_string());
    }
    if let Some(torn) = read.torn {
        assert_eq!(json["torn_lines"], torn.lines);
        assert_eq!(json["torn_sha256"], torn.digest.to_string());
    }
}

fn key() -> InitialKey {
    InitialKey::new(&[7; 32])
}

/// A log without a chain has the form of records, and no seal.
#[derive(Default)]
struct Written(Vec<u8>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl audit_log::Sink for &mut Written {
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

thread_local! {
    /// One log for all inputs: to write it takes a key file.
    static LOG: Vec<u8> = written();
}

fn written() -> Vec<u8> {
    let path = std::env::temp_dir().join(format!(
        "audit-line-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    let made = std::fs::File::create(&path).expect("a place for temporary files");
    audit_log::KeyFile::create(made, &key()).expect("room for a key file");
    let mut log = Written::default();
    for run in 0..2 {
        let file = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .expect("it was made");
        let file = audit_log::KeyFile::open(file).expect("it is valid");
        let mut writer = audit_log::AuditLog::sealed(&mut log, audit_log::Tail::empty(), file, "fuzz").expect("room");
        for number in 0..4 {
            let id = format!("r{run}{number}");
            let command = Command {
                request_id: Some(&id),
                outcome: "ok",
                duration: Duration::from_millis(number),
                ..Command::default()
            };
            writer.append(&command, UNIX_EPOCH).expect("room");
        }
        writer.end(UNIX_EPOCH).expect("room");
    }
    let _ = std::fs::remove_file(path);
    log.0
}

fn verify(log: &[u8]) -> audit_log::Report {
    let mut verifier = Verifier::new(&key(), Vec::<Head>::new());
    verifier.file("log", log).expect("memory can be read");
    verifier.finish()
}

fn check_changed(changes: &[(u16, Change)]) {
    LOG.with(|original| {
        let mut log = original.clone();
        for (place, change) in changes.iter().take(8) {
            let place = usize::from(*place) % (log.len() + 1);
            let start = log[..place]
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |at| at + 1);
            let end = log[place..]
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(log.len(), |at| place + at + 1);
            match change {
                Change::Replace(byte) if place < log.len() => log[place] = *byte,
                Change::Insert(byte) => log.insert(place, *byte),
                Change::Remove if place < log.len() => drop(log.remove(place)),
                Change::RemoveLine => drop(log.drain(start..end)),
                Change::RepeatLine => {
                    let line = log[start..end].to_vec();
                    log.splice(start..start, line);
                }
                Change::Replace(_) | Change::Remove => {}
            }
        }
        let report = verify(&log);
        if log == *original {
            assert_eq!((report.verdict, report.faults_count), (Verdict::Ended, 0));
            return;
        }
        // The first run alone ended in order as well: only an anchor shows that there was another.
        assert!(
            report.verdict != Verdict::Ended || original.starts_with(&log),
            "{report:?}"
        );
        if let (Verdict::Faulty, Some(fault)) = (report.verdict, report.faults.first()) {
            let same = log.iter().zip(original).take_while(|(one, other)| one == other).count();
            let line = 1 + log[..same].iter().filter(|byte| **byte == b'\n').count() as u64;
            assert!(fault.line >= line, "{fault} before line {line}");
        }
    });
}

fn check_log(log: &[u8]) {
    LOG.with(|original| {
        let report = verify(log);
        // Without the key, the only records are those that were written.
        if report.records > 0 {
            let lines: Vec<&[u8]> = original.split(|byte| *byte == b'\n').collect();
            assert!(log.split(|byte| *byte == b'\n').any(|line| lines.contains(&line)));
        }
    });
}
