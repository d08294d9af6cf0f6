//! Files that the daemon writes: can it? Nothing is left behind.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::config::{Config, LogFormat};
use crate::doctor::report::Check;

/// The log.
pub(in crate::doctor) fn log_file(config: &Config) -> Check {
    let id = "log_file";
    let Some(path) = &config.log.file else {
        return Check::pass(
            id,
            match config.log.format {
                LogFormat::Plain => "logs go to standard error",
                LogFormat::StructText | LogFormat::Json => "logs go to standard output",
            },
        );
    };
    // Opening a pipe would wait for its reader.
    if std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo()) {
        return Check::warn(
            id,
            format!("{} is a pipe; run waits until somebody reads it", path.display()),
        )
        .next(["let the reader start first, or log to standard output and pipe that"]);
    }
    let appended = match OpenOptions::new().append(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => create_and_remove(path),
        opened => opened.map(drop),
    };
    match appended {
        Ok(()) => Check::pass(id, format!("{} can be appended to", path.display())),
        Err(error) => Check::fail(id, format!("log.file: {} cannot be written: {error}", path.display()))
            .evidence(["settings: log.file, LOG_FILE, --log.file"])
            .next([
                format!("let this user write it: ls -ld {}", parent(path).display()),
                "or unset log.file and let the service manager keep the log".to_owned(),
            ]),
    }
}

/// The health URL file and the PID file.
pub(in crate::doctor) fn state_files(config: &Config) -> Check {
    let id = "state_files";
    let named = [
        ("health.url_file", &config.health.url_file),
        ("process.pid_file", &config.pid_file),
    ];
    let named: Vec<(&str, &PathBuf)> = named
        .into_iter()
        .filter_map(|(setting, path)| Some((setting, path.as_ref()?)))
        .collect();
    if named.is_empty() {
        return Check::pass(id, "no URL file and no PID file are configured");
    }
    let broken: Vec<String> = named
        .iter()
        .filter_map(|(setting, path)| {
            let error = replaceable(path).err()?;
            Some(format!("{setting}: {} cannot be written: {error}", path.display()))
        })
        .collect();
    match broken.first() {
        None => {
            let shown: Vec<String> = named.iter().map(|(_, path)| path.display().to_string()).collect();
            Check::pass(id, format!("can be written: {}", shown.join(", ")))
        }
        Some(first) => Check::fail(id, first)
            .evidence(broken.iter().skip(1))
            .next(["choose a directory that this user may write, such as one made by RuntimeDirectory= of systemd"]),
    }
}

/// Whether a file can be put at `path`, as `run` does: directories are made, and a file replaces what is there.
pub(super) fn replaceable(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut directory = parent(path);
    // The last ones there are.
    while !directory.exists() && directory != Path::new(".") && directory != Path::new("/") {
        directory = parent(directory);
    }
    if !directory.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    create_and_remove(&directory.join(format!(".tunnel-client-doctor.{}", std::process::id())))
}

fn create_and_remove(path: &Path) -> io::Result<()> {
    let file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    drop(file);
    std::fs::remove_file(path)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => Path::new("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_of_a_path_is_never_empty() {
        for (path, directory) in [("a", "."), ("/a", "/"), ("/", "/"), ("x/y", "x")] {
            assert_eq!(parent(Path::new(path)), Path::new(directory), "{path}");
        }
    }
}
