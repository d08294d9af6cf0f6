//! The files that tell others where the process is: the health URL and the process id (spec: ops, section 1).

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use log::info;

use super::Listener;
use crate::config::Config;

/// The files that were written. Dropped, they are removed.
#[derive(Debug, Default)]
pub struct Files(Vec<PathBuf>);

/// A file cannot be written.
#[derive(Debug)]
pub struct Error {
    setting: &'static str,
    path: PathBuf,
    error: io::Error,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} cannot be written: {}",
            self.setting,
            self.path.display(),
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
            files.put("health.url_file", path, url, 0o600)?;
            info!(url, path:% = path.display(); "🩺 HEALTH URL: {url} (written to {})", path.display());
        }
        info!(addr = listener.addr(), health_url = url; "health server listening");
        if let Some(path) = &config.pid_file {
            files.put("process.pid_file", path, &format!("{}\n", std::process::id()), 0o644)?;
            info!(path:% = path.display(); "pid file written");
        }
        Ok(files)
    }

    fn put(&mut self, setting: &'static str, path: &Path, content: &str, mode: u32) -> Result<(), Error> {
        write_atomically(path, content, mode).map_err(|error| Error {
            setting,
            path: path.to_owned(),
            error,
        })?;
        self.0.push(path.to_owned());
        Ok(())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for path in &self.0 {
            // One that is gone already is as good.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Readers see the old content or the new; a symlink in the place is replaced, not followed.
fn write_atomically(path: &Path, content: &str, mode: u32) -> io::Result<()> {
    if let Some(directory) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
        std::fs::create_dir_all(directory)?;
    }
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let result = (|| {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&temporary)?;
        file.write_all(content.as_bytes())?;
        std::fs::rename(&temporary, path)
    })();
    if result.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    result
}
