//! Files that the daemon writes: can it? Nothing is left behind.

use std::path::{Path, PathBuf};

use crate::config::{Config, LogFormat};
use crate::doctor::report::Check;
use crate::ops::files::try_write;
use crate::sandbox;
use crate::telemetry::log::try_file;

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
    match try_file(path, sandbox::log_owners(config)) {
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
