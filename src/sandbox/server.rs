//! The cage of a stdio server. The client describes it, the broker makes it, and it is shut between fork and exec.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use landlock::{Access as _, AccessFs};
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};

use super::cage::Error;
pub use super::hidden::ClosedDirectory;
use super::hidden::Hidden;
use super::identity::Identities;
use super::rules::{self, Ready, Rules, TARGET};
use super::seccomp::{Filters, Sockets};
use super::{devices, homes, names, streams};
use crate::config::{Level, Mode, ServerNetwork, ServerSandbox};
use crate::files::Account;

/// What a server may not, or may.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerCage {
    sandbox: ServerSandbox,
    /// The client's files, by paths without links.
    hidden: Vec<PathBuf>,
    /// Names of these files and of the links on the way to them, in directories without links: these names do not change.
    names: Vec<PathBuf>,
    /// Files of trust anchors, their directories and the links on the way to them, in directories without links: readable, not
    /// changeable.
    read_only: Vec<PathBuf>,
    /// It starts although the kernel cannot hide them.
    lenient: bool,
}

/// The client's files, by their class.
#[derive(Debug)]
pub struct Protected<Own, Trust> {
    /// Secrets, configuration, log: hidden.
    pub own: Own,
    /// Trust anchors: readable, not changeable.
    pub trust: Trust,
}

/// A cage that is ready, for any number of starts.
#[derive(Debug, Default)]
pub struct Prepared {
    /// An earlier one that still holds, the first of its kind: the kernel limits the number of layers.
    earlier: Option<Arc<Self>>,
    /// Each takes something away.
    ready: Vec<Ready>,
    filters: Option<Filters>,
    /// Files that it hides.
    identities: Identities,
}

/// Files that programs of any kind read: the programs themselves, libraries, certificates, users, names, languages. Directories
/// that contain private keys, passwords or settings of other programs are listed in parts.
const SYSTEM: [&str; 59] = [
    "/bin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/sbin",
    "/usr/bin",
    "/usr/include",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/libx32",
    "/usr/sbin",
    "/usr/share",
    "/usr/local/bin",
    "/usr/local/include",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/local/libexec",
    "/usr/local/sbin",
    "/usr/local/share",
    // Defaults of a distribution, in place of /etc (openSUSE).
    "/usr/etc/host.conf",
    "/usr/etc/nsswitch.conf",
    "/usr/etc/protocols",
    "/usr/etc/services",
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/gai.conf",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/timezone",
    // Certificates of authorities. Keys are in other directories: /etc/ssl/private, /etc/pki/tls/private, /etc/pki/entitlement.
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/pki/ca-trust",
    "/etc/pki/java/cacerts",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/ct_log_list.cnf",
    "/etc/pki/tls/fips_local.cnf",
    "/etc/pki/tls/openssl.cnf",
    "/etc/pki/tls/openssl.d",
    "/var/lib/ca-certificates",
    "/proc",
    "/sys/devices/system/cpu",
];

impl ServerCage {
    /// Cage of a server with this command. The client's files are those of `protected`, and the targets of its standard streams;
    /// `homes` are directories that the server calls its own.
    #[must_use]
    pub fn new<'a>(
        sandbox: &ServerSandbox,
        mode: Mode,
        argv: &[String],
        protected: Protected<impl Iterator<Item = &'a Path>, impl Iterator<Item = &'a Path>>,
        homes: impl Iterator<Item = PathBuf>,
    ) -> Self {
        let used = names::used_by(argv, homes);
        let mut sandbox = sandbox.clone();
        if mode == Mode::Off {
            sandbox.level = Level::Off;
        }
        let Protected { own, trust } = protected;
        let (mut hidden, mut names, mut read_only) = (Vec::new(), Vec::new(), Vec::new());
        if sandbox.level != Level::Off {
            for file in own {
                hidden.extend(names::around(file, &used));
                names.extend(names::on_the_way(file));
            }
            // Only the files: their directory was chosen for another purpose.
            hidden.extend(streams::files());
            for file in trust {
                read_only.extend(names::around(file, &used));
                read_only.extend(names::on_the_way(file));
            }
        }
        names.sort();
        names.dedup();
        Self {
            sandbox,
            hidden,
            names,
            read_only,
            lenient: mode != Mode::Enforce,
        }
    }

    /// Whether the server sees all but the client's files, and this one is among those.
    #[must_use]
    pub fn hides(&self, path: &Path) -> bool {
        self.sandbox.level == Level::Default && self.hidden.iter().any(|hidden| path.starts_with(hidden))
    }

    /// Directories in which a server cannot make files although its user could and, under `strict`, `write` lists them: they lead to
    /// the client's files, and landlock can only allow what lies next to the way. Empty where mounts cannot be read.
    #[must_use]
    pub fn closed_to_new_files(&self, account: &Account) -> Vec<ClosedDirectory> {
        let paths = self.hidden.iter().chain(&self.names);
        let is_listed = |directory: &Path| self.sandbox.write.iter().any(|path| directory.starts_with(path));
        let hidden = match self.sandbox.level {
            Level::Off => return Vec::new(),
            Level::Default | Level::Strict => Hidden::of(paths, &self.read_only, account.is_root()),
        };
        let mut closed = hidden.map_or_else(|_| Vec::new(), |hidden| hidden.closed_to_new_files(account));
        closed.retain(|closed| self.sandbox.level == Level::Default || is_listed(&closed.directory));
        closed
    }

    /// Whether all is in reach but whole directories: then no file comes into reach that takes another's name.
    fn hides_directories_alone(&self) -> bool {
        self.sandbox.level == Level::Default && self.hidden.iter().all(|path| path.is_dir())
    }

    /// Whether this kernel can apply what is asked for by name, for a server with this command.
    ///
    /// # Errors
    /// It cannot, and why.
    pub fn check(&self, argv: &[String]) -> Result<(), Error> {
        match self.sandbox.level {
            Level::Strict => Strict(&self.sandbox).prepare(argv).map(drop).map_err(Error::Strict),
            Level::Off | Level::Default => Ok(()),
        }
    }

    /// Makes it, in the broker, as the user that servers run as, for a server with this command and this home.
    ///
    /// # Errors
    /// The kernel cannot apply it. Strict cages have no lenient form: what was asked for by name is not left out in silence.
    pub fn prepare(&self, argv: &[String], home: Option<&Path>) -> io::Result<Prepared> {
        match self.sandbox.level {
            Level::Off => Ok(Prepared::default()),
            Level::Default => match (self.hide(home, &Identities::default()), self.lenient) {
                (Err(_), true) => Ok(Prepared::default()),
                (prepared, _) => prepared,
            },
            Level::Strict => {
                let mut prepared = Strict(&self.sandbox).prepare(argv).map_err(io::Error::other)?;
                // What is listed may lie above the client's files.
                let hidden = self.hide(None, &Identities::default())?;
                prepared.ready.extend(hidden.ready);
                prepared.identities = hidden.identities;
                Ok(prepared)
            }
        }
    }

    /// Makes it again for the next start of the same server, with the mounts and files that are there now.
    ///
    /// Where single files are hidden, the first cage holds as well, so the new one can only narrow it. Where directories are hidden
    /// whole, the new cage replaces it, so that entries that the host has replaced since are in reach. Files that an earlier one has
    /// hidden stay hidden while they lie directly in a directory on the way to hidden ones.
    ///
    /// # Errors
    /// As for [`Self::prepare`].
    pub fn prepare_again(&self, earlier: &Arc<Prepared>, home: Option<&Path>) -> io::Result<Arc<Prepared>> {
        if self.sandbox.level == Level::Off {
            return Ok(Arc::clone(earlier));
        }
        let mut again = match (self.hide(home, &earlier.identities), self.lenient) {
            (Ok(again), _) => again,
            (Err(_), true) => return Ok(Arc::clone(earlier)),
            (Err(error), false) => return Err(error),
        };
        if !self.hides_directories_alone() {
            again.earlier = Some(Arc::clone(earlier.earlier.as_ref().unwrap_or(earlier)));
        }
        Ok(Arc::new(again))
    }

    /// Rules about the client's files alone.
    fn hide(&self, home: Option<&Path>, earlier: &Identities) -> io::Result<Prepared> {
        let paths = self.hidden.iter().chain(&self.names);
        let listed = self.sandbox.read.iter().chain(&self.sandbox.write);
        let hidden = Hidden::of(paths, &self.read_only, geteuid().is_root())?
            .with_devices(devices::among(listed))
            .with_earlier(earlier);
        // Files made there later are out of reach.
        if let Some(home) = home.filter(|home| hidden.has_way_through(home)) {
            homes::complete(home);
        }
        Ok(Prepared {
            ready: vec![hidden.rules()?.prepare().map_err(io::Error::other)?],
            identities: hidden.identities().clone(),
            ..Prepared::default()
        })
    }
}

/// A server that may do what is listed.
struct Strict<'a>(&'a ServerSandbox);

impl Strict<'_> {
    fn prepare(&self, argv: &[String]) -> Result<Prepared, StrictError> {
        let ready = self.rules(argv).prepare().map_err(StrictError::Landlock)?;
        if !ready.enforced().limits_ports() && matches!(self.0.network, ServerNetwork::Tcp(_)) {
            return Err(StrictError::Ports(ready.enforced().abi()));
        }
        let filters =
            Filters::of_strict_server(self.sockets(), !self.0.write.is_empty()).map_err(StrictError::Seccomp)?;
        Ok(Prepared {
            ready: vec![ready],
            filters: Some(filters),
            ..Prepared::default()
        })
    }

    fn sockets(&self) -> Sockets {
        Sockets {
            // Behind a socket with a path anything may be: a terminal multiplexer, a service manager, a container runtime.
            unix: false,
            internet: self.0.network != ServerNetwork::None,
            datagrams: self.0.network == ServerNetwork::Any,
            routes: self.0.network != ServerNetwork::None,
        }
    }

    fn rules(&self, argv: &[String]) -> Rules {
        let (read, all) = (AccessFs::from_read(TARGET), AccessFs::from_all(TARGET));
        let mut rules = Rules::new();
        SYSTEM.iter().for_each(|path| rules.allow(path, read));
        devices::HARMLESS
            .iter()
            .for_each(|path| rules.allow(path, AccessFs::ReadFile | AccessFs::WriteFile));
        // Its program, and files that its command names.
        for path in names::used_by(argv, std::iter::empty()) {
            if path.is_file() {
                rules.allow(path, read);
            }
        }
        self.0.read.iter().for_each(|path| rules.allow(path, read));
        let written = self.0.write.iter().chain(&self.0.devices);
        written.for_each(|path| rules.allow(path, all));
        match &self.0.network {
            ServerNetwork::None => rules.limit_ports([]),
            ServerNetwork::Tcp(ports) => rules.limit_ports(ports.iter().copied()),
            ServerNetwork::Any => {}
        }
        rules
    }
}

impl Prepared {
    /// Shuts it around the process that calls, between fork and exec: a handful of system calls, and no memory is taken but on the
    /// way to an error.
    ///
    /// # Errors
    /// The kernel refuses what it had taken.
    pub fn enter(&self) -> io::Result<()> {
        // Filters come last: they refuse the calls that apply rules.
        let layers = || self.earlier.as_deref().into_iter().chain([self]);
        for ready in layers().flat_map(|layer| &layer.ready) {
            ready.try_clone()?.restrict().map_err(io::Error::other)?;
        }
        for filters in layers().filter_map(|layer| layer.filters.as_ref()) {
            filters.apply().map_err(io::Error::other)?;
        }
        Ok(())
    }
}

/// A strict cage that this kernel cannot apply.
#[derive(Debug)]
pub enum StrictError {
    /// It has no landlock.
    Landlock(rules::Error),
    /// Its landlock, of this version, does not know ports.
    Ports(u8),
    /// It does not filter calls.
    Seccomp(super::seccomp::Error),
}

impl std::fmt::Display for StrictError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("sandbox: strict is not possible: ")?;
        match self {
            Self::Landlock(error) => error.fmt(f),
            Self::Ports(abi) => write!(
                f,
                "connect needs rules about TCP ports (Linux 6.7), and landlock has version {abi} here; leave connect out and \
                 network at none, or write sandbox: default"
            ),
            Self::Seccomp(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StrictError {}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod trees;
