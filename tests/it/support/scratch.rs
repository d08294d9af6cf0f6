//! A directory that goes away with its owner.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{FileType, Mode};

/// A fresh directory under the system's temporary one; paths stay short enough for unix sockets.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tct-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.file(name);
        std::fs::write(&path, content).unwrap();
        // Any of them may hold a secret, and secrets that others can read are refused.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// A named pipe (fifo(7)) that only its owner may use.
    pub fn pipe(&self, name: &str) -> PathBuf {
        let path = self.file(name);
        rustix::fs::mknodat(rustix::fs::CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove_all(&self.0);
    }
}

/// Removes a directory with all that is in it, unless something is mounted there: what would be removed then lies elsewhere.
pub fn remove_all(directory: &Path) {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    // The fifth field is where it is mounted (proc_pid_mountinfo(5)).
    let mut points = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    let real = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    match points.find(|point| Path::new(point).starts_with(&real)) {
        Some(point) => eprintln!("{} stays, because {point} is mounted", directory.display()),
        None => drop(std::fs::remove_dir_all(directory)),
    }
}
