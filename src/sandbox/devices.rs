//! Devices that any program may use. The number of a device identifies it; its name does not.

use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{major, minor};

/// The directory of devices.
pub(super) const DIRECTORY: &str = "/dev";

/// Directories in it that hold no devices: memory and queues that processes share by name (shm_overview(7), mq_overview(7)).
const SHARED: [&str; 2] = ["/dev/shm", "/dev/mqueue"];

/// Devices without hardware behind them, for programs that are given their names.
pub(super) const HARMLESS: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Major number of memory devices, and those among them that show no process's memory: `null`, `zero`, `full`, `random`, `urandom`
/// (admin-guide/devices.txt of Linux).
const MEMORY: u32 = 1;
const OF_NOBODY: [u32; 5] = [3, 5, 7, 8, 9];

/// Whether a program may use the file in [`DIRECTORY`] at this path.
pub(super) fn is_everybodys(path: &Path, found: &Metadata) -> bool {
    is_harmless(found) || found.is_dir() && SHARED.iter().any(|shared| path == Path::new(shared))
}

/// Whether servers cannot open anything at this path, because it lies in a part of [`DIRECTORY`] that is not shared.
pub(super) fn is_closed(path: &Path) -> bool {
    path.starts_with(DIRECTORY) && !SHARED.iter().any(|shared| path.starts_with(shared))
}

/// Whether it is one of [`HARMLESS`].
pub(super) fn is_harmless(found: &Metadata) -> bool {
    let number = found.rdev();
    found.file_type().is_char_device() && major(number) == MEMORY && OF_NOBODY.contains(&minor(number))
}

/// Whether it is a device at all.
pub(super) fn is_device(found: &Metadata) -> bool {
    let kind = found.file_type();
    kind.is_char_device() || kind.is_block_device()
}

/// The listed paths that name devices: below the directory of devices, with links resolved. Listing that directory as a whole, or
/// one above it, names no device.
pub(super) fn among<'a>(listed: impl Iterator<Item = &'a PathBuf>) -> Vec<PathBuf> {
    let found = listed.filter_map(|path| path.canonicalize().ok());
    let is_named = |path: &PathBuf| path.starts_with(DIRECTORY) && path != Path::new(DIRECTORY);
    found.filter(is_named).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn devices_are_told_by_their_numbers() {
        for path in HARMLESS {
            let found = std::fs::metadata(path).unwrap();
            assert!(is_harmless(&found) && is_device(&found), "{path}");
        }
        for path in ["/dev", "/etc/passwd", "/proc/version"] {
            let found = std::fs::metadata(path).unwrap();
            assert!(!is_harmless(&found) && !is_device(&found), "{path}");
        }
        let terminal = std::fs::metadata("/dev/ptmx");
        assert!(terminal.is_ok_and(|found| !is_harmless(&found) && is_device(&found)));
    }

    #[test]
    fn who_lists_the_directory_of_devices_names_none() {
        let listed = ["/", "/dev", "/dev/", "/dev/null", "/dev/not-there", "/etc"].map(PathBuf::from);
        assert_eq!(among(listed.iter()), [Path::new("/dev/null")]);
    }
}
