//! The files of an audit log as `doctor` finds them. Neither is changed.

use std::os::unix::fs::MetadataExt as _;

use audit_log::{Head, KeyFile, KeyFileError, Tail};

use super::open::{Error, FILE_MODE, open_key, place};
use crate::config::Config;

/// What is there.
#[derive(Debug, Default)]
pub(crate) struct Look {
    /// One line each.
    pub(crate) facts: Vec<String>,
    /// What is worth a word, one line each.
    pub(crate) worries: Vec<String>,
}

/// Looks at the files that the configuration names; `None` when there is no audit log.
///
/// # Errors
///
/// [`Error`], for which `run` would not start.
pub(crate) fn look(config: &Config) -> Result<Option<Look>, Error> {
    let Some(settings) = &config.audit else { return Ok(None) };
    let place = place(config, settings)?;
    let path = place.path().to_owned();
    let refused = |error| Error::File(path.clone(), error);
    let spot = place.spot().map_err(refused)?;
    let mut look = Look::default();
    spot.try_append(FILE_MODE, place.trusted).map_err(refused)?;
    let mut end = None;
    let mut is_busy = false;
    if spot.look().map_err(refused)?.is_some() {
        let file = spot.append(FILE_MODE, place.trusted).map_err(refused)?;
        let found = file.metadata().map_err(|error| refused(error.into()))?;
        if !found.is_file() {
            return Err(Error::Kind(path));
        }
        let mode = found.mode() & 0o7777;
        look.facts.push(format!(
            "{}: {} bytes, mode {mode:04o}, owner {}, group {}",
            path.display(),
            found.len(),
            found.uid(),
            found.gid()
        ));
        if mode & 0o007 != 0 {
            look.worries.push(format!(
                "audit.file: {} has mode {mode:04o}, so that every user of this host reaches it",
                path.display()
            ));
        }
        is_busy = matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock));
        let mut readable = spot.read_back(&file).map_err(refused)?;
        end = Some(Tail::read(&mut readable).map_err(|error| refused(error.into()))?);
    } else {
        look.facts.push(format!("{} does not exist yet", path.display()));
    }
    let Some(key_path) = &settings.key_file else {
        look.facts
            .push("audit.key_file is not set: records are not sealed".to_owned());
        return match is_busy {
            true => Ok(Some(look.written_now())),
            false => Ok(Some(look)),
        };
    };
    let tail = match end {
        // A running client may be in the middle of a line, of which it tells itself.
        Some(None) if !is_busy => return Err(Error::Foreign(path)),
        Some(tail) => tail.unwrap_or_else(Tail::empty),
        None => Tail::empty(),
    };
    match (open_key(key_path, place.trusted), is_busy) {
        (Ok(key), false) => look.compare(&key, tail.head()),
        (Err(Error::Key(_, KeyFileError::InUse)), true) => {
            look.last(tail.head());
            look = look.written_now();
        }
        // Not one client: it has both or none.
        (Ok(_), true) => return Err(Error::InUse(path)),
        (Err(error), _) => return Err(error),
    }
    Ok(Some(look))
}

impl Look {
    /// A client that runs with this configuration has the files.
    fn written_now(mut self) -> Self {
        self.facts
            .push("a process has it open for writing, as a running client does".to_owned());
        self
    }

    fn last(&mut self, head: Option<Head>) {
        self.facts.push(match head {
            Some(head) => format!("the last record is number {}", head.count),
            None => "no record yet".to_owned(),
        });
    }

    /// The last record against the one that the key file knows of. A host cannot verify more: its keys of earlier records are gone.
    fn compare(&mut self, key: &KeyFile, head: Option<Head>) {
        self.last(head);
        let (known, found) = (key.head(), head.unwrap_or(Head::NONE));
        if found == known {
            self.facts.push("it is the one that the key file knows".to_owned());
        } else if found.count > known.count {
            // After a kill; the next start goes on from there.
            self.facts.push(format!(
                "the key file knows record {} and does not know those after it",
                known.count
            ));
        } else {
            self.worries.push(format!(
                "audit.file: it ends with record {}, and the key file knows record {}{}",
                found.count,
                known.count,
                match found.count == known.count {
                    true => " with another seal",
                    false => "",
                }
            ));
        }
    }
}
