//! Files that the daemon writes: can it? Nothing is left behind.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;

use crate::config::{Config, LogFormat};
use crate::doctor::report::{Check, shell_word};
use crate::files;
use crate::ops::files::try_write;
use crate::sandbox;
use crate::telemetry::log::{try_file, try_socket};

/// The log, unless it goes to a server.
pub(in crate::doctor) fn log_file(config: &Config) -> Check {
    let id = "log_file";
    match try_socket(&config.log) {
        Ok(Some(name)) => return Check::pass(id, format!("{name} receives the log")),
        Ok(None) => {}
        Err(error) => {
            return Check::fail(id, error.to_string())
                .evidence(["settings: log.target, LOG_TARGET, --log.target"])
                .next(["start the service that listens there: systemctl status systemd-journald.socket".to_owned()]);
        }
    }
    let Some(path) = &config.log.file else {
        return Check::pass(
            id,
            match config.log.format {
                LogFormat::Plain => "logs go to standard error",
                LogFormat::StructText | LogFormat::Json => "logs go to standard output",
            },
        );
    };
    match try_file(path, sandbox::log_owners(config)) {
        Ok(()) => match lack_at(path) {
            None => Check::pass(id, format!("{} can be appended to", path.display())),
            Some(lack) => Check::warn(
                id,
                format!(
                    "{}: no {lack} left on its file system; lines are lost until there is room",
                    path.display()
                ),
            )
            .next([make_room(path)]),
        },
        Err(ref error @ files::Error::Io(ref system)) if is_full(system.kind()) => {
            Check::fail(id, format!("log.file: {} cannot be written: {error}", path.display()))
                .evidence(["settings: log.file, LOG_FILE, --log.file"])
                .next([make_room(path)])
        }
        Err(error) => Check::fail(id, format!("log.file: {} cannot be written: {error}", path.display()))
            .evidence(["settings: log.file, LOG_FILE, --log.file"])
            .next([
                format!("let this user write it: ls -ld {}", parent(path).display()),
                "or unset log.file and let the service manager keep the log".to_owned(),
            ]),
    }
}

fn is_full(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

fn make_room(path: &Path) -> String {
    let directory = parent(path).display().to_string();
    let directory = shell_word(&directory);
    format!("make room: df -h {directory}; df -i {directory}")
}

/// What the file system of a log has no more of. A file that exists needs no other.
fn lack_at(path: &Path) -> Option<&'static str> {
    if let Ok(found) = statvfs(path) {
        return lack((found.f_blocks, found.f_bavail), (0, 0));
    }
    let found = statvfs(parent(path)).ok()?;
    lack((found.f_blocks, found.f_bavail), (found.f_files, found.f_favail))
}

/// The same of its number of blocks and of files, each with what is left; file systems that do not count give none at all.
fn lack(blocks: (u64, u64), files: (u64, u64)) -> Option<&'static str> {
    match (blocks, files) {
        ((1.., 0), _) => Some("space"),
        (_, (1.., 0)) => Some("inodes"),
        _ => None,
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
            let error = try_write(path).err()?;
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
