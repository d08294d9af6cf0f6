//! Mounts of processes.

use std::path::{Path, PathBuf};

use super::{Inside, Mounts};

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Its number and that of its parent.
    pub ids: (u64, u64),
    /// Major and minor number.
    pub device: Vec<u8>,
    /// What it shows.
    pub root: PathBuf,
    /// Where it is.
    pub point: PathBuf,
    /// Its file system has devices, is the kernel's, is an overlay, is one of hosts.
    pub kinds: [bool; 4],
    /// It has an upper layer.
    pub has_upper: bool,
    /// It hides processes.
    pub hides_processes: bool,
}

/// What a list of mounts says.
#[derive(Debug, PartialEq, Eq)]
pub struct Facts {
    /// Number of the mount of the root directory.
    pub root: Option<u64>,
    /// The root directory is a container's.
    pub are_of_container: bool,
    /// `/proc` hides processes.
    pub hide_processes: bool,
    /// They share a namespace with themselves.
    pub share_namespace: bool,
}

/// Reads a list of mounts.
#[must_use]
pub fn read(text: &[u8]) -> Vec<Read> {
    let mounts = Mounts::parse(text).0.into_iter();
    let read = mounts.map(|mount| Read {
        ids: (mount.id, mount.parent),
        device: mount.device,
        root: mount.root,
        point: mount.point,
        kinds: [
            mount.is_of_devices,
            mount.is_of_kernel,
            mount.is_overlay,
            mount.is_of_hosts,
        ],
        has_upper: mount.has_upper,
        hides_processes: mount.hides_processes,
    });
    read.collect()
}

/// What a list of mounts says.
#[must_use]
pub fn facts(text: &[u8]) -> Facts {
    let mounts = Mounts::parse(text);
    Facts {
        root: mounts.root(),
        are_of_container: mounts.are_of_container(),
        hide_processes: mounts.hide_processes(),
        share_namespace: mounts.share_namespace(&mounts.numbers()),
    }
}

/// Other names of a path, which lies on the mount with this number.
#[must_use]
pub fn names(text: &[u8], path: &Path, id: Option<u64>) -> Vec<PathBuf> {
    Mounts::parse(text).names_in(path, id)
}

/// Whether these mounts show a file, by its place in its file system.
#[must_use]
pub fn show(text: &[u8], device: &[u8], path: &Path) -> bool {
    Mounts::parse(text).show(&Inside {
        device: device.to_owned(),
        path: path.to_owned(),
    })
}
