//! What the client still has to reach once it has started: files, ports, sockets.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::DirEntry;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use landlock::AccessFs;

use super::rules::Rules;
use crate::config::{Config, HttpUrl, Proxy, Target};
use crate::limits::{LOG_DIRECTORY_MAX, SYMLINKS_MAX};

/// DNS over TCP, when an answer does not fit into a datagram (RFC 7766).
const DNS: u16 = 53;

/// Where name resolution is configured (resolv.conf(5), hosts(5), nsswitch.conf(5)). Its files are exchanged whole.
const CONFIGURATION: &str = "/etc";
const NAME_SERVERS: &str = "/etc/resolv.conf";

/// Where resolv.conf may come to lead when a service takes it over: systemd-resolved(8), NetworkManager.conf(5), resolvconf(8),
/// netconfig(8), connman.conf(5).
const NAME_SERVICES: [&str; 6] = [
    "/run/systemd/resolve",
    "/run/NetworkManager",
    "/run/resolvconf",
    "/run/netconfig",
    "/run/connman",
    "/usr/lib/systemd/resolv.conf",
];

/// Logs of the system (hier(7)).
const LOGS: &str = "/var/log";

/// Directories of this depth belong to everybody, as `/etc` and `/tmp` do: of them only the file itself is allowed.
const DEPTH_OF_SHARED: usize = 1;

/// What the main thread reaches.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    pub(super) reads: Vec<PathBuf>,
    /// Where the log file is, which is opened again after it was renamed.
    pub(super) log: Option<PathBuf>,
    /// Where the audit log is, likewise.
    pub(super) audit: Option<PathBuf>,
    /// The audit log is forwarded: a new file of it is opened to be read, too.
    pub(super) reads_audit: bool,
    pub(super) ports: BTreeSet<u16>,
    /// A server is behind a unix socket.
    pub(super) unix: bool,
}

impl Reach {
    /// That of a configuration; `files` are those that are read again.
    pub(super) fn of<'a>(config: &Config, files: impl Iterator<Item = &'a Path>) -> Self {
        let mut reach = Self::default();
        let credentials = config.credentials.as_ref().and_then(|path| path.canonicalize().ok());
        for file in files {
            reach.reads.extend(places(file, credentials.as_deref()));
        }
        reach.reads.sort();
        reach.reads.dedup();
        reach.log = config.log.file.as_deref().and_then(place_of_log);
        reach.audit = config.audit.as_ref().and_then(|audit| place_of_log(&audit.file));
        reach.reads_audit = config.audit.as_ref().is_some_and(|audit| audit.forward.is_some());
        let control = &config.control_plane;
        reach.connect(&control.base_url, control.proxy.as_ref());
        for server in config.log_servers() {
            reach.connect(&server.url, None);
        }
        for binding in config.served() {
            match &binding.target {
                Target::Http {
                    unix_socket: Some(_), ..
                } => reach.unix = true,
                Target::Http { url, proxy, .. } => reach.connect(url, proxy.as_deref()),
                Target::Stdio { .. } => {}
            }
        }
        if !config.lockdown.require_proxy {
            reach.ports.extend(&config.hardening.discovery_ports);
        }
        reach
    }

    fn connect(&mut self, url: &HttpUrl, proxy: Option<&Proxy>) {
        self.ports.insert(proxy.map_or(url.port, |proxy| proxy.port));
    }

    /// As rules.
    pub(super) fn rules(&self) -> Rules {
        let mut rules = Rules::new();
        for path in &self.reads {
            rules.allow(path, AccessFs::ReadFile);
        }
        for place in self.log.iter().chain(&self.audit) {
            rules.allow(place, AccessFs::WriteFile | AccessFs::MakeReg);
        }
        for place in self.audit.iter().filter(|_| self.reads_audit) {
            rules.allow(place, AccessFs::ReadFile);
        }
        rules.limit_ports(self.ports.iter().copied());
        rules
    }

    /// Whether files are opened again for appending.
    pub(super) fn appends(&self) -> bool {
        self.log.is_some() || self.audit.is_some()
    }

    /// The TCP ports, for people.
    pub(super) fn shown_ports(&self) -> String {
        let ports: Vec<String> = self.ports.iter().map(u16::to_string).collect();
        ports.join(", ")
    }
}

/// What the thread that writes the audit log reaches: nothing but the files that are open.
pub(super) fn of_audit() -> Rules {
    let mut rules = Rules::new();
    rules.limit_ports([]);
    rules
}

/// What a thread that resolves names reaches.
pub(super) fn of_resolver() -> Rules {
    let mut rules = Rules::new();
    rules.allow(CONFIGURATION, AccessFs::ReadFile);
    for place in places(Path::new(NAME_SERVERS), None) {
        rules.allow(place, AccessFs::ReadFile);
    }
    for service in NAME_SERVICES {
        rules.allow(service, AccessFs::ReadFile);
    }
    rules.limit_ports([DNS]);
    rules
}

/// Where a file may be that takes this one's place: its directory, and those that links on the way lead to. Where everybody
/// keeps files, and in the directory whose files are `fixed`, only what is there now.
pub(super) fn places(path: &Path, fixed: Option<&Path>) -> Vec<PathBuf> {
    let mut places = Vec::new();
    let Ok(mut path) = std::path::absolute(path) else {
        return places;
    };
    for _ in 0..SYMLINKS_MAX {
        places.extend(exchanged_above(&path));
        let Some((directory, name)) = path.parent().zip(path.file_name()) else {
            break;
        };
        let Ok(directory) = directory.canonicalize() else { break };
        let file = directory.join(name);
        places.push(match is_shared(&directory) || Some(&*directory) == fixed {
            true => file.clone(),
            false => directory.clone(),
        });
        match std::fs::read_link(&file) {
            Ok(target) => path = directory.join(target),
            Err(_) => break,
        }
    }
    places.sort();
    places.dedup();
    places
}

/// The directory of the log file, where only its owner can write and nothing but logs lies; otherwise the file itself, which can be
/// opened again and not made anew. Devices and the standard streams need neither.
fn place_of_log(path: &Path) -> Option<PathBuf> {
    const OTHERS_WRITE: u32 = 0o002;
    let directory = std::path::absolute(path).ok()?.parent()?.canonicalize().ok()?;
    let name = path.file_name()?;
    let file = directory.join(name);
    if !file.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let mode = directory.metadata().ok()?.permissions().mode();
    let is_for_logs = mode & OTHERS_WRITE == 0 && (directory.starts_with(LOGS) || holds_logs_alone(&directory, name));
    Some(if is_for_logs { directory } else { file })
}

/// Whether all entries of a directory are files whose names are those of logs. What landlock allows in a directory it allows below it,
/// too: in a home that would be the files that shells and servers of sshd(8) read.
fn holds_logs_alone(directory: &Path, log: &OsStr) -> bool {
    let is_log = |entry: std::io::Result<DirEntry>| {
        let entry = entry.ok()?;
        let (name, found) = (entry.file_name(), entry.metadata().ok()?);
        let name = name.as_encoded_bytes();
        let mut words = name.split(|byte| !byte.is_ascii_alphabetic());
        let rest = name.strip_prefix(log.as_encoded_bytes());
        let is_own = rest.is_some_and(|rest| rest.first().is_none_or(|next| !next.is_ascii_alphanumeric()));
        let is_named = is_own || words.any(|word| word == b"log");
        let is_plain = found.is_file() && found.permissions().mode() & 0o111 == 0;
        Some(is_plain && is_named && !name.starts_with(b"."))
    };
    let Ok(entries) = std::fs::read_dir(directory) else {
        return false;
    };
    let mut entries = entries.take(LOG_DIRECTORY_MAX + 1).enumerate();
    entries.all(|(count, entry)| count < LOG_DIRECTORY_MAX && is_log(entry) == Some(true))
}

/// Directories on the way that are links may come to lead elsewhere, usually to a sibling of where they lead now.
fn exchanged_above(path: &Path) -> Vec<PathBuf> {
    let links = path.ancestors().skip(1).filter(|above| above.is_symlink());
    links
        .filter_map(|link| parent(&link.canonicalize().ok()?))
        .filter(|directory| !is_shared(directory))
        .collect()
}

fn is_shared(directory: &Path) -> bool {
    let names = directory
        .components()
        .filter(|part| matches!(part, Component::Normal(_)));
    names.count() <= DEPTH_OF_SHARED
}

fn parent(path: &Path) -> Option<PathBuf> {
    std::path::absolute(path).ok()?.parent().map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn where_everybody_keeps_files_only_the_file_itself_is_reached() {
        assert_eq!(places(Path::new("/etc/passwd"), None), [Path::new("/etc/passwd")]);
        assert_eq!(places(Path::new("/etc/ssl/x.pem"), None), [Path::new("/etc/ssl")]);
        let fixed = Some(Path::new("/etc/ssl"));
        assert_eq!(
            places(Path::new("/etc/ssl/x.pem"), fixed),
            [Path::new("/etc/ssl/x.pem")]
        );
        assert_eq!(places(Path::new("/not/there/at/all"), None), [] as [&Path; 0]);
    }

    #[test]
    fn only_a_directory_that_holds_logs_alone_is_reached_for_new_logs() {
        let base = std::env::temp_dir().canonicalize().unwrap();
        let base = base.join(format!("tunnel-client-reach-log-{}", std::process::id()));
        fs::create_dir_all(&base).unwrap();
        fs::set_permissions(&base, fs::Permissions::from_mode(0o755)).unwrap();
        let log = base.join("client.log");
        assert_eq!(place_of_log(&log), None);
        for name in ["client.log", "client.log.2.gz", "client-20261130.log", "other.log"] {
            fs::write(base.join(name), "").unwrap();
        }
        assert_eq!(place_of_log(&log), Some(base.clone()));
        for name in [".bashrc", "config.yaml", "catalog", "login.sh"] {
            fs::write(base.join(name), "").unwrap();
            assert_eq!(place_of_log(&log), Some(log.clone()), "{name}");
            fs::remove_file(base.join(name)).unwrap();
        }
        fs::create_dir(base.join("old.log")).unwrap();
        assert_eq!(place_of_log(&log), Some(log.clone()));
        fs::remove_dir(base.join("old.log")).unwrap();
        fs::set_permissions(base.join("other.log"), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(place_of_log(&log), Some(log.clone()));
        fs::remove_file(base.join("other.log")).unwrap();
        fs::set_permissions(&base, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(place_of_log(&log), Some(log.clone()));
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn links_on_the_way_are_followed_and_their_siblings_are_reached() {
        let base = std::env::temp_dir().canonicalize().unwrap();
        let base = base.join(format!("tunnel-client-reach-{}", std::process::id()));
        for directory in ["releases/5", "volume/..2026"] {
            fs::create_dir_all(base.join(directory)).unwrap();
        }
        fs::write(base.join("releases/5/key"), "k").unwrap();
        fs::write(base.join("volume/..2026/key"), "k").unwrap();
        symlink("releases/5", base.join("current")).unwrap();
        symlink("..2026", base.join("volume/..data")).unwrap();
        symlink("..data/key", base.join("volume/key")).unwrap();
        let found = places(&base.join("current/key"), None);
        assert!(
            found.contains(&base.join("releases")) && found.contains(&base.join("releases/5")),
            "{found:?}"
        );
        let found = places(&base.join("volume/key"), None);
        assert!(found.contains(&base.join("volume")), "{found:?}");
        assert!(!found.contains(&base), "{found:?}");
        fs::remove_dir_all(base).unwrap();
    }
}
