//! A host with an audit log: its files in a directory of their own, and runs of a program that writes.

#![allow(dead_code, clippy::unwrap_used, reason = "tests; each uses some of it")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use audit_log::{AuditLog, Command, Head, InitialKey, KeyFile, Report, Sink, Tail, Verifier};

pub(crate) fn initial() -> InitialKey {
    InitialKey::new(&[0x42; 32])
}

/// Verifies files with the key of all hosts.
pub(crate) fn report(files: &[&[u8]], anchors: &[Head]) -> Report {
    verified(&initial(), files, anchors)
}

/// Verifies files that may begin after this record.
pub(crate) fn report_after(start: Head, files: &[&[u8]], anchors: &[Head]) -> Report {
    read(Verifier::new(&initial(), anchors.to_vec()).after(start), files)
}

pub(crate) fn verified(key: &InitialKey, files: &[&[u8]], anchors: &[Head]) -> Report {
    read(Verifier::new(key, anchors.to_vec()), files)
}

fn read(mut verifier: Verifier, files: &[&[u8]]) -> Report {
    for (number, file) in files.iter().enumerate() {
        verifier.file(&format!("file{number}"), *file).unwrap();
    }
    verifier.finish()
}

/// Removed at the end.
pub(crate) struct Host {
    directory: PathBuf,
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Host {
    pub(crate) fn new(name: &str) -> Self {
        Self::with_key(name, &initial())
    }

    pub(crate) fn with_key(name: &str, key: &InitialKey) -> Self {
        let directory = std::env::temp_dir().join(format!("audit-log-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let host = Self { directory };
        KeyFile::create(File::create(host.key_file()).unwrap(), key).unwrap();
        host
    }

    /// One that another process set up.
    pub(crate) fn at(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
        }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.directory.join("audit.log")
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.directory.join("key")
    }

    /// The rotated files, the oldest first, and the one that is written.
    pub(crate) fn files(&self) -> Vec<Vec<u8>> {
        let mut files: Vec<Vec<u8>> = (0..).map_while(|n| fs::read(self.rotated(n)).ok()).collect();
        files.push(fs::read(self.file()).unwrap());
        files
    }

    fn rotated(&self, number: usize) -> PathBuf {
        self.directory.join(format!("audit.log.{number}"))
    }

    pub(crate) fn secrets(&self) -> Vec<String> {
        vec![session(1), "Bearer".to_owned()]
    }

    fn append(&self) -> File {
        OpenOptions::new().append(true).create(true).open(self.file()).unwrap()
    }

    fn open_key(&self) -> KeyFile {
        let file = OpenOptions::new().read(true).write(true).open(self.key_file()).unwrap();
        KeyFile::open(file).unwrap()
    }

    /// Starts, as the client does.
    pub(crate) fn start(&self) -> Run<'_, File> {
        let sink = self.append();
        let tail = Tail::read(&mut File::open(self.file()).unwrap()).unwrap().unwrap();
        let log = AuditLog::sealed(sink, tail, self.open_key(), "test").unwrap();
        let mut run = Run { host: self, log };
        run.log.catch_up(SystemTime::now()).unwrap();
        run
    }

    /// Starts with another sink.
    pub(crate) fn start_with<S: Sink>(&self, sink: S) -> Run<'_, S> {
        let log = AuditLog::sealed(sink, Tail::empty(), self.open_key(), "test").unwrap();
        Run { host: self, log }
    }

    pub(crate) fn start_without_a_record(&self) {
        let sink = self.append();
        AuditLog::sealed(sink, Tail::empty(), self.open_key(), "test").unwrap();
    }

    /// A run that is killed.
    pub(crate) fn run(&self, act: impl FnOnce(&mut Run<'_, File>)) {
        let mut run = self.start();
        act(&mut run);
        run.log.note().unwrap();
    }

    pub(crate) fn run_to_end(&self, act: impl FnOnce(&mut Run<'_, File>)) {
        let mut run = self.start();
        act(&mut run);
        run.log.end(SystemTime::now()).unwrap();
    }

    /// Lets the key file know of no later record than this.
    pub(crate) fn rewind(&self, head: Head) {
        let text = fs::read_to_string(self.key_file()).unwrap();
        // The tests write what the key file would say, by its own means.
        let mut slots: Vec<String> = Vec::new();
        for slot in text.lines() {
            let mut words: Vec<String> = slot.split_whitespace().map(str::to_owned).collect();
            for word in &mut words {
                if word.starts_with("count=") {
                    *word = format!("count={:016x}", head.count);
                } else if word.starts_with("head=") {
                    *word = format!("head={}", head.tag);
                }
            }
            words.pop();
            let covered = words.join(" ");
            let check = ring::digest::digest(&ring::digest::SHA256, covered.as_bytes());
            let check: String = check.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
            slots.push(format!("{:<383}\n", format!("{covered} check={check}")));
        }
        fs::write(self.key_file(), slots.concat()).unwrap();
    }
}

fn session(number: u64) -> String {
    format!("session-of-caller-{number}")
}

/// A run of a program.
pub(crate) struct Run<'a, S> {
    host: &'a Host,
    log: AuditLog<S>,
}

impl<S: Sink> Run<'_, S> {
    pub(crate) fn try_command(&mut self, number: u64) -> bool {
        let (request, session) = (format!("req-{number}"), session(number));
        let command = Command {
            request_id: Some(&request),
            channel: Some("main"),
            method: Some("tools/call"),
            tool: Some("echo"),
            session: Some(&session),
            outcome: "ok",
            status: Some(200),
            bytes_in: 100,
            bytes_out: 200,
            duration: Duration::from_millis(3),
            ..Command::default()
        };
        let is_written = self.log.append(&command, SystemTime::now()).is_ok();
        if !is_written {
            self.log.drop_records(1);
        }
        is_written
    }

    pub(crate) fn command(&mut self, number: u64) {
        assert!(self.try_command(number));
    }

    pub(crate) fn try_anchor(&mut self) -> bool {
        self.log.anchor().is_ok()
    }

    pub(crate) fn move_to(&mut self, sink: S) {
        self.log.move_to(sink, SystemTime::now());
    }

    pub(crate) fn note(&mut self) {
        self.log.note().unwrap();
    }

    pub(crate) fn end(mut self) -> Option<Head> {
        self.log.end(SystemTime::now()).unwrap()
    }
}

impl Run<'_, File> {
    /// As logrotate does it with `create`.
    pub(crate) fn rotate(&mut self) {
        let number = (0..).find(|n| !self.host.rotated(*n).exists()).unwrap();
        fs::rename(self.host.file(), self.host.rotated(number)).unwrap();
        self.log.move_to(self.host.append(), SystemTime::now());
        self.log.catch_up(SystemTime::now()).unwrap();
    }
}

/// A disk with little room.
#[derive(Clone)]
pub(crate) struct Scarce(Arc<Mutex<Disk>>);

struct Disk {
    content: Vec<u8>,
    room: usize,
    fails_to_sync: bool,
}

impl Scarce {
    pub(crate) fn new(room: usize) -> Self {
        Self(Arc::new(Mutex::new(Disk {
            content: Vec::new(),
            room,
            fails_to_sync: false,
        })))
    }

    pub(crate) fn give(&self, room: usize) {
        self.0.lock().unwrap().room += room;
    }

    /// Empties the file; its copy.
    pub(crate) fn truncate(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap().content)
    }

    pub(crate) fn written(&self) -> Vec<u8> {
        self.0.lock().unwrap().content.clone()
    }

    /// The next attempt to make content durable fails, and none after it.
    pub(crate) fn fail_next_sync(&self) {
        self.0.lock().unwrap().fails_to_sync = true;
    }
}

impl Write for Scarce {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut disk = self.0.lock().unwrap();
        let count = bytes.len().min(disk.room);
        if count == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        disk.content.extend_from_slice(&bytes[..count]);
        disk.room -= count;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Scarce {
    fn sync(&self) -> io::Result<()> {
        match std::mem::take(&mut self.0.lock().unwrap().fails_to_sync) {
            true => Err(io::Error::other("lost")),
            false => Ok(()),
        }
    }
}

pub(crate) fn lines(log: &[u8]) -> Vec<Vec<u8>> {
    log.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// Two runs, the first of them killed.
pub(crate) fn two_runs(name: &str) -> (Host, Vec<u8>) {
    let host = Host::new(name);
    host.run(|log| (0..5).for_each(|n| log.command(n)));
    host.run_to_end(|log| (5..9).for_each(|n| log.command(n)));
    let log = fs::read(host.file()).unwrap();
    (host, log)
}
