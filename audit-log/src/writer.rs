//! The writer: each record in one call, at the end of the file, and none lost without a record that says so.

use std::fs::File;
use std::io::{self, Write};
use std::time::SystemTime;

use crate::key::{Head, Key, SessionKey};
use crate::key_file::KeyFile;
use crate::line::{Gap, Opening, SEAL_END, SEAL_FIELD};
use crate::record::{Command, Record};
use crate::tail::Tail;
use crate::torn::Pieces;

/// Where records go.
pub trait Sink: Write {
    /// Returns once everything that was written survives a crash of the host.
    ///
    /// # Errors
    ///
    /// [`io::Error`].
    fn sync(&self) -> io::Result<()>;
}

impl Sink for File {
    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// A log that is written.
#[derive(Debug)]
pub struct AuditLog<S> {
    sink: S,
    chain: Option<Chain>,
    sessions: SessionKey,
    program: String,
    /// The record that has to come first.
    first: Option<First>,
    /// Records that were dropped since the last one.
    dropped: u64,
    end: End,
    /// The disk refused what the file was believed to have. The system forgets it then, and a later attempt succeeds without it.
    is_doubtful: bool,
    line: String,
}

/// How the file ends.
#[derive(Debug)]
struct End {
    /// The last record, or what stands in its place in a log without a chain, has no line break yet.
    is_unbroken: bool,
    /// Lines behind it that are no records.
    pieces: Pieces,
}

#[derive(Debug, Clone, Copy)]
enum First {
    Begin,
    Continue,
}

#[derive(Debug)]
struct Chain {
    file: KeyFile,
    /// Key of the record that comes next.
    key: Key,
    generation: u64,
    /// Number of that record in this run.
    index: u64,
    head: Head,
    /// Last record that the key file knows.
    noted: Head,
}

impl<S: Sink> AuditLog<S> {
    /// A log with a chain, at the end of a file of which `tail` was read. Moves the key on in the key file before anything else;
    /// `program` is named in the first record.
    ///
    /// # Errors
    ///
    /// The key file cannot be written.
    pub fn sealed(sink: S, tail: Tail, mut file: KeyFile, program: &str) -> io::Result<Self> {
        let sessions = file.sessions();
        let (key, generation) = file.begin()?;
        // The file may have been exchanged, or cut short, since the key file was written; and the key file may be behind.
        let known = file.head();
        let head = tail.head_after(known);
        let chain = Chain {
            file,
            key,
            generation,
            index: 0,
            head,
            noted: known,
        };
        let end = End {
            is_unbroken: tail.is_unbroken,
            pieces: tail.pieces,
        };
        Ok(Self::new(sink, Some(chain), sessions, end, program))
    }

    /// A log without a chain. `is_mid_line`: what the sink has ends within a line, which the first record ends.
    pub fn plain(sink: S, is_mid_line: bool, sessions: SessionKey, program: &str) -> Self {
        let end = End {
            is_unbroken: is_mid_line,
            pieces: Pieces::new(),
        };
        Self::new(sink, None, sessions, end, program)
    }

    fn new(sink: S, chain: Option<Chain>, sessions: SessionKey, end: End, program: &str) -> Self {
        Self {
            sink,
            chain,
            sessions,
            program: program.to_owned(),
            first: Some(First::Begin),
            dropped: 0,
            end,
            is_doubtful: false,
            line: String::new(),
        }
    }

    /// Where records go.
    pub(crate) fn sink(&self) -> &S {
        &self.sink
    }

    /// Writes the record of a command, after those that have to come before it.
    ///
    /// # Errors
    ///
    /// The sink takes no more; the record can be written again later.
    pub fn append(&mut self, command: &Command<'_>, now: SystemTime) -> io::Result<()> {
        self.catch_up(now)?;
        let sessions = &self.sessions;
        Self::put(
            &mut self.line,
            &mut self.sink,
            &mut self.chain,
            &mut self.end,
            &Record::Command(command, sessions),
            now,
        )
    }

    /// Counts records that will never be written; the next one that can be is preceded by one that says how many.
    pub fn drop_records(&mut self, records: u64) {
        self.dropped = self.dropped.saturating_add(records);
    }

    /// Writes what has to be written before the next command: that a run begins, that the log goes on in this file, that records were
    /// dropped.
    ///
    /// # Errors
    ///
    /// The sink takes no more.
    pub fn catch_up(&mut self, now: SystemTime) -> io::Result<()> {
        if let Some(first) = self.first {
            let opening = self.chain.as_ref().map(|chain| Opening {
                generation: chain.generation,
                index: chain.index,
                before: chain.head,
            });
            let torn = self.end.pieces.stated();
            let program = std::mem::take(&mut self.program);
            let record = match first {
                First::Begin => Record::Begin {
                    opening,
                    torn,
                    program: &program,
                },
                First::Continue => Record::Continue { opening, torn },
            };
            let written = self.write(&record, now);
            self.program = program;
            written?;
            self.first = None;
        }
        if self.dropped > 0 || !self.end.pieces.is_empty() {
            let gap = Gap {
                dropped: self.dropped,
                torn: self.end.pieces.stated(),
            };
            self.write(&Record::Gap(gap), now)?;
            self.dropped = 0;
        }
        Ok(())
    }

    /// Goes on in another file, which is at its end or empty. The caller passes the same file again at most after it was truncated.
    pub fn move_to(&mut self, sink: S, now: SystemTime) {
        // The old file is done with, whether or not it takes this.
        if self.first.is_none() && self.catch_up(now).is_ok() {
            let _ = self.write(&Record::Rotated, now);
        }
        let _ = self.sink.sync();
        self.is_doubtful = false;
        self.end.pieces.cut();
        self.end.is_unbroken = false;
        self.sink = sink;
        self.change_key();
        self.first = self.first.or(Some(First::Continue));
    }

    /// Begins the file with a key from the key file, so that it can be verified without a step for each record of files that are gone. Where
    /// the key file cannot be written, the key goes on.
    fn change_key(&mut self) {
        let _ = self.note();
        let Some(chain) = self.chain.as_mut().filter(|chain| chain.index > 0) else {
            return;
        };
        if let Ok((key, generation)) = chain.file.begin() {
            (chain.key, chain.generation, chain.index) = (key, generation, 0);
        }
    }

    /// Makes everything that was written durable. Returns the last record, for a second place; `None` without a chain.
    ///
    /// # Errors
    ///
    /// It is not durable, so that it must not be told of. Where the sink failed to make it so, nothing that it has is vouched for any
    /// more: see [`Self::is_doubtful`].
    pub fn anchor(&mut self) -> io::Result<Option<Head>> {
        if self.is_doubtful {
            return Err(io::Error::other(
                "an earlier part of this file may not have reached the disk",
            ));
        }
        self.sink.sync().inspect_err(|_| self.is_doubtful = true)?;
        self.note()?;
        let Some(chain) = &self.chain else { return Ok(None) };
        chain.file.sync()?;
        Ok(Some(chain.head))
    }

    /// Whether records may be lost that were written to this sink, until the log goes on in another one.
    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        self.is_doubtful
    }

    /// Tells the key file of the last record, as far as it does not know it. Cheap: nothing waits for the disk.
    ///
    /// # Errors
    ///
    /// The key file cannot be written.
    pub fn note(&mut self) -> io::Result<()> {
        match &mut self.chain {
            Some(chain) if chain.noted != chain.head => {
                chain.file.note(chain.head)?;
                chain.noted = chain.head;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Writes that the run ends. Returns the last record, as [`Self::anchor`] does.
    ///
    /// # Errors
    ///
    /// The sink takes no more.
    pub fn end(&mut self, now: SystemTime) -> io::Result<Option<Head>> {
        self.catch_up(now)?;
        self.write(&Record::End, now)?;
        self.anchor()
    }

    /// The last record.
    #[must_use]
    pub fn head(&self) -> Option<Head> {
        self.chain.as_ref().map(|chain| chain.head)
    }

    fn write(&mut self, record: &Record<'_>, now: SystemTime) -> io::Result<()> {
        Self::put(
            &mut self.line,
            &mut self.sink,
            &mut self.chain,
            &mut self.end,
            record,
            now,
        )
    }

    /// Writes one record and moves the chain on, or leaves the chain where it is.
    fn put(
        line: &mut String,
        sink: &mut S,
        chain: &mut Option<Chain>,
        end: &mut End,
        record: &Record<'_>,
        now: SystemTime,
    ) -> io::Result<()> {
        line.clear();
        if end.is_unbroken || end.pieces.is_open() {
            line.push('\n');
        }
        let start = line.len();
        let number = chain.as_ref().map(|chain| chain.head.count + 1);
        record.write(line, number, now);
        let mut sealed = None;
        match chain {
            Some(chain) => {
                let body = line.as_bytes().get(start..).unwrap_or_default();
                let seal = chain.key.seal(chain.head.tag, body);
                line.push_str(SEAL_FIELD);
                line.push_str(&seal.to_string());
                line.push_str(SEAL_END);
                sealed = Some(seal);
            }
            None => line.push('}'),
        }
        line.push('\n');
        let outcome = whole(sink, line.as_bytes());
        let is_whole = match outcome {
            Ok(()) => true,
            // Nothing is missing but the line break, which comes before the next record.
            Err((written, _)) if written + 1 == line.len() => false,
            Err((written, error)) => {
                let from = usize::from(end.is_unbroken).min(written);
                end.is_unbroken &= written == 0;
                end.pieces.add(line.as_bytes().get(from..written).unwrap_or_default());
                return Err(error);
            }
        };
        end.pieces = Pieces::new();
        end.is_unbroken = !is_whole;
        if let (Some(chain), Some(seal)) = (chain, sealed) {
            chain.key.next_record();
            chain.index += 1;
            chain.head = Head {
                count: chain.head.count + 1,
                tag: seal,
            };
        }
        Ok(())
    }
}

/// Writes all of it, in one call where the system takes it at once. An error comes with the number of bytes that were written.
fn whole(sink: &mut impl Write, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match sink.write(rest) {
            Ok(0) => return Err((written, io::ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((written, error)),
        }
    }
    Ok(())
}
