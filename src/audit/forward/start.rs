//! Where forwarding begins: the files are opened while the process may, and the position of the last run is compared with them.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use audit_log::{Fit, Position, PositionFile, Stored};
use log::warn;

use super::Feeder;
use super::backlog::{Backlog, Segment};
use crate::audit::open::FILE_MODE;
use crate::config::Forward;
use crate::files::{self, Missing, Rule, Spot, Trusted};
use crate::monitor::Forwarding;

/// What forwarding reads and writes.
#[derive(Debug)]
pub(in crate::audit) struct Source {
    backlog: Backlog,
    position: PositionFile,
}

impl Source {
    /// Opens the position of `path`, whose file is `file`, opened for reading.
    ///
    /// # Errors
    /// The position file cannot be opened.
    pub(in crate::audit) fn open(
        settings: &Forward,
        path: &Path,
        file: File,
        trusted: Trusted,
    ) -> Result<Self, files::Error> {
        let (position, stored) = PositionFile::open(open_position(&settings.position, trusted)?)?;
        let (old, done) = match stored {
            Stored::Nothing => (None, 0),
            Stored::Unreadable => {
                warn!(
                    file:% = settings.position.display(), action = "forwarding begins at the oldest record of the audit file";
                    "position of the forwarded audit log cannot be read"
                );
                (None, 0)
            }
            Stored::Known(position) => begin(&position, path, &file, trusted)?,
        };
        let current = Segment::new(file, done, false);
        Ok(Self {
            backlog: Backlog::new(old, current, settings.backlog),
            position,
        })
    }

    /// The thread's side of it.
    pub(in crate::audit) fn feeder(self, facts: Arc<Forwarding>) -> Feeder {
        Feeder::new(self.backlog, self.position, facts)
    }
}

/// The file before this one, where the position is in that, and the place in this one.
fn begin(position: &Position, path: &Path, file: &File, trusted: Trusted) -> io::Result<(Option<Segment>, u64)> {
    match position.fit(file)? {
        Fit::Here => return Ok((None, position.offset())),
        Fit::Shorter => {
            let length = file.metadata()?.len();
            warn!(
                missing_bytes = position.offset() - length, action = "forwarding goes on at its end";
                "audit file ends before the position of its forwarding"
            );
            return Ok((None, length));
        }
        Fit::Elsewhere => {}
    }
    let rotated = Forward::rotated(path);
    // Whoever rotates files may have given it to somebody else.
    if let Ok(old) = open_rotated(&rotated, trusted)
        && position.fit(&old)? == Fit::Here
    {
        return Ok((Some(Segment::new(old, position.offset(), true)), 0));
    }
    warn!(
        rotated:% = rotated.display(),
        action = "forwarding begins at the oldest record of the audit file; records of older files may not have been forwarded";
        "position of the forwarded audit log is in neither the audit file nor the one before it"
    );
    Ok((None, 0))
}

fn open_position(path: &Path, trusted: Trusted) -> Result<File, files::Error> {
    let spot = Spot::of(path, Rule::creating(), Missing::Fail)?;
    if spot.look()?.is_none() {
        spot.create(FILE_MODE)?;
    }
    spot.update(trusted)
}

fn open_rotated(path: &Path, trusted: Trusted) -> Result<File, files::Error> {
    let spot = Spot::of(path, Rule::reading(true), Missing::Fail)?;
    let judged = spot.update(trusted)?;
    spot.read_back(&judged)
}
