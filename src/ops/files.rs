//! The files that tell others where the process is: the health URL and the process id (contract: ops, section 3).

use std::fmt;
use std::path::{Path, PathBuf};

use log::{info, warn};

use super::Listener;
use super::embedded::BoundStub;
use super::janitor::{self, Custody, Janitor, LogSocket};
use super::own_file::OwnFile;
use crate::config::{Config, EmbeddedPlace, Listen};
use crate::files::{self, Missing, Rule, Spot};
use crate::sandbox::JanitorCage;

/// Mode of directories that are created on the way, before the process's mask.
const DIRECTORY_MODE: u32 = 0o777;

/// The files that were written. Dropped, they are removed.
#[derive(Debug, Default)]
pub struct Files(Vec<OwnFile>);

/// A file cannot be written.
#[derive(Debug)]
pub struct Error {
    setting: &'static str,
    path: PathBuf,
    error: files::Error,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({}) cannot be written: {}",
            self.path.display(),
            self.setting,
            self.error
        )
    }
}

impl std::error::Error for Error {}

impl Files {
    /// Writes the files that the configuration names. The health listener is bound already.
    ///
    /// # Errors
    /// When one of them cannot be written; then none is left.
    pub fn write(config: &Config, listener: &Listener) -> Result<Self, Error> {
        let mut files = Self::default();
        let url = listener.url();
        if let Some(path) = &config.health.url_file {
            files.put("health.url_file, HEALTH_URL_FILE", path, url, 0o600)?;
            info!(url, path:% = path.display(); "🩺 HEALTH URL: {url} (written to {})", path.display());
        }
        info!(addr = listener.addr(), health_url = url; "health server listening");
        if let Some(path) = &config.pid_file {
            files.put(
                "process.pid_file, PID_FILE",
                path,
                &format!("{}\n", std::process::id()),
                0o644,
            )?;
            info!(path:% = path.display(); "pid file written");
        }
        Ok(files)
    }

    /// Whether the configuration names such a file, or a unix socket.
    #[must_use]
    pub fn are_configured(config: &Config) -> bool {
        let is_socket = matches!(config.health.listen, Listen::Unix(_));
        let stub = config.embedded.as_ref().map(|embedded| &embedded.place);
        is_socket
            || matches!(stub, Some(EmbeddedPlace::Unix(_)))
            || config.health.url_file.is_some()
            || config.pid_file.is_some()
    }

    /// Adds the socket of the embedded MCP stub, if it has one.
    pub fn add_stub(&mut self, stub: &mut BoundStub) {
        self.0.extend(stub.take_file());
    }

    /// Entrusts a janitor with the removal of these files and of the listener's socket. Without a janitor they remain.
    ///
    /// # Errors
    /// The janitor did not get ready.
    pub fn entrust(
        self,
        listener: &mut Listener,
        janitor: Option<Janitor>,
        cage: JanitorCage,
        sockets: &[LogSocket],
    ) -> Result<Option<Custody>, janitor::Error> {
        let files: Vec<OwnFile> = self.0.into_iter().chain(listener.take_file()).collect();
        match janitor {
            Some(janitor) => janitor.take(cage, files, sockets).map(Some),
            None => {
                for (path, _) in files.into_iter().map(OwnFile::let_go) {
                    warn!(path:% = path.display(); "file of tunnel-client will not be removed at the end");
                }
                Ok(None)
            }
        }
    }

    fn put(&mut self, setting: &'static str, path: &Path, content: &str, mode: u32) -> Result<(), Error> {
        let own = write(path, content, mode).map_err(|error| Error {
            setting,
            path: path.to_owned(),
            error,
        })?;
        self.0.push(own);
        Ok(())
    }
}

/// Writes the file; readers see either the old content or the new one.
fn write(path: &Path, content: &str, mode: u32) -> Result<OwnFile, files::Error> {
    let spot = Spot::of(path, Rule::creating(), Missing::Make(DIRECTORY_MODE))?;
    let file = spot.replace(content.as_bytes(), mode)?;
    Ok(OwnFile::new(spot, file)?)
}

/// Tests whether [`Files::write`] could put a file there; leaves no trace, not even directories that it would create.
///
/// # Errors
/// The error of the write.
pub(crate) fn try_write(path: &Path) -> Result<(), files::Error> {
    Spot::of(path, Rule::creating(), Missing::Stop)?.try_replace()
}

/// Tests the same as far as it shows without creating anything.
///
/// # Errors
/// The error of the write.
pub(crate) fn could_write(path: &Path) -> Result<(), files::Error> {
    Spot::of(path, Rule::creating(), Missing::Stop)?.could_replace()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::fs;

    use super::*;

    /// A directory of this test's own, empty.
    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("tunnel-client-files-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        path
    }

    #[test]
    fn what_a_killed_process_left_is_no_obstacle() {
        let directory = directory("leftover");
        let path = directory.join("url");
        for name in ["url", &format!("url.{}.tmp", std::process::id())] {
            fs::write(directory.join(name), "old and long").unwrap();
        }
        let own = write(&path, "new", 0o600).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        drop(own);
        assert!(!path.exists());
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn the_file_of_a_successor_is_left_alone() {
        let directory = directory("successor");
        let (ours, theirs) = (directory.join("ours"), directory.join("theirs"));
        let mut files = Files::default();
        for path in [&ours, &theirs] {
            files.put("test", path, "1", 0o600).unwrap();
        }
        let successor = write(&theirs, "2", 0o600).unwrap();
        drop(files);
        assert!(!ours.exists());
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "2");
        drop(successor);
        fs::remove_dir_all(directory).unwrap();
    }
}
