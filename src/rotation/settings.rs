//! Settings that were changed in the configuration file while the client runs: the level of the log is taken, the others are named.
//!
//! The cage lets the client open no further file in the directory of its configuration, where other things may lie. So the file is opened
//! before the cage is shut, which is enough while it is edited where it stands. One that takes its place can be read only if it lies
//! among files that rotate.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use log::{LevelFilter, info, warn};
use rustix::fs::OFlags;

use crate::config::{self, ConfigFile};
use crate::files::Identity;
use crate::limits::CONFIG_FILE_MAX;
use crate::telemetry::log as sink;

/// The setting that is taken from the file again.
const LEVEL: &str = "log.level";

/// The configuration file, as it was when the client started.
#[derive(Debug)]
pub struct SettingsFile {
    known: ConfigFile,
    open: Option<(File, Identity)>,
}

impl SettingsFile {
    /// Opens it. To be done before the cage is shut.
    #[must_use]
    pub fn open(known: ConfigFile) -> Self {
        let open = regular(&known.path).ok().and_then(|file| {
            let identity = Identity::from(&file.metadata().ok()?);
            Some((file, identity))
        });
        Self { known, open }
    }

    /// Takes what can be taken, and names the settings that need a restart, in one line.
    pub(super) fn look(&self) {
        let path = &self.known.path;
        let text = match self.read() {
            Ok(text) => text,
            Err(error) => {
                warn!(
                    file:% = path.display(), error:% = error, action = "restart to apply it";
                    "configuration file was replaced and cannot be read; settings stay as they are"
                );
                return;
            }
        };
        let file = config::File::from_bytes(path, &text);
        if let Some(mistake) = file.mistakes.first() {
            warn!(
                file:% = path.display(), error:% = mistake, action = "correct it; a restart would fail";
                "configuration file has mistakes; settings stay as they are"
            );
            return;
        }
        let mut changed = self.known.fingerprint.changed(&file);
        changed.retain(|setting| !self.known.overridden.contains(setting));
        if !self.known.overridden.contains(&LEVEL) {
            match config::log_level_of(&file) {
                Ok(level) => self.take(level, &mut changed),
                // It stays among those that changed.
                Err(problem) => warn!(
                    file:% = path.display(), error = problem, action = "correct it; a restart would fail";
                    "configuration file has mistakes; settings stay as they are"
                ),
            }
        }
        if !changed.is_empty() {
            warn!(
                file:% = path.display(), settings = changed.join(", "), action = "restart to apply them";
                "settings were changed in the configuration file and need a restart"
            );
        }
    }

    /// The level that the file has now, if it is another one than before: SIGUSR2 may have changed it since.
    fn take(&self, level: LevelFilter, changed: &mut Vec<&'static str>) {
        changed.retain(|setting| *setting != LEVEL);
        if sink::configured_level() != level {
            sink::set_configured_level(level);
            info!(setting = LEVEL; "setting of the configuration file applied");
        }
    }

    /// The content of the file of this name: of the one that is open, if it still has the name.
    fn read(&self) -> io::Result<Vec<u8>> {
        let path = &self.known.path;
        let now = fs::metadata(path).map(|metadata| Identity::from(&metadata));
        let same = self
            .open
            .as_ref()
            .filter(|(_, identity)| now.as_ref().is_ok_and(|now| now == identity));
        let mut text = Vec::new();
        match same {
            Some((file, _)) => {
                let mut chunk = [0; 4096];
                while text.len() <= CONFIG_FILE_MAX {
                    let offset = u64::try_from(text.len()).map_err(io::Error::other)?;
                    match file.read_at(&mut chunk, offset)? {
                        0 => break,
                        read => text.extend_from_slice(chunk.get(..read).unwrap_or_default()),
                    }
                }
            }
            None => {
                let file = regular(path)?;
                let bound = u64::try_from(CONFIG_FILE_MAX).map_err(io::Error::other)?;
                file.take(bound.saturating_add(1)).read_to_end(&mut text)?;
            }
        }
        Ok(text)
    }
}

/// Opens a regular file. A pipe that takes its place is not waited for.
fn regular(path: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is no regular file")),
    }
}
