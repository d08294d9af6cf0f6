//! What attempts have to work with: what the configuration gives them, and what is set up to be attacked.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::process::getppid;
use serde::{Deserialize, Serialize};

use super::probe::{Failure, Target as Attacked};
use crate::config::{Config, Level, ServerSandbox, Target};
use crate::mcp::stdio::specifications;
use crate::sandbox::{Cage, Privileges, Status};

/// What a configuration makes of the cage, told by a process that is in it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Facts {
    /// The layers.
    pub status: Status,
    /// The TCP ports that stay open.
    pub ports: Vec<u16>,
    /// The files and directories that stay readable.
    pub reads: Vec<PathBuf>,
    /// A server is behind a unix socket.
    pub unix: bool,
    /// The client's own files.
    pub files: Files,
    /// The directory of the first key is hidden whole: no server lives in it.
    pub hides_directory: bool,
    /// Directory where programs keep temporary files.
    pub temporary: PathBuf,
    /// The files of trust anchors.
    pub trust: Vec<PathBuf>,
    /// Who the client becomes.
    pub privileges: Privileges,
    /// The client stays root.
    pub root: bool,
    /// There is a stdio server with `sandbox: default`.
    pub server: bool,
    /// What the first stdio server with `sandbox: strict` may.
    pub strict: Option<ServerSandbox>,
}

/// The client's own files, as far as there are any.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Files {
    /// The configuration.
    pub configuration: Option<PathBuf>,
    /// The API key, the keys of client certificates.
    pub secrets: Vec<PathBuf>,
    /// The log.
    pub log: Option<PathBuf>,
    /// The audit log, if there is a file yet.
    pub audit: Option<PathBuf>,
    /// Its key.
    pub audit_key: Option<PathBuf>,
    /// All that is nobody else's business.
    pub own: Vec<PathBuf>,
}

/// What an attempt is given.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Scene {
    /// Where what is there to be attacked lies; removed at the end.
    pub directory: PathBuf,
    /// A process of the same user.
    pub victim: u32,
    /// Listens on a port that is not configured.
    pub tcp: Option<SocketAddr>,
    /// The same for IPv6, where there is any.
    pub tcp6: Option<SocketAddr>,
    /// Abstract name of a unix socket (unix(7)).
    pub name: String,
    /// The client that started the server which attempts.
    pub client: Option<u32>,
    /// What the configuration gives.
    pub facts: Facts,
}

impl Facts {
    /// Those of a configuration; the layers come later.
    pub(super) fn of(config: &Config, cage: &Cage) -> Self {
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let control = &config.control_plane;
        let audit = config.audit.as_ref();
        let key = control.api_key_file.as_ref().map(|file| &file.path);
        let identity = control.identity.as_ref().map(|identity| &identity.key);
        let directory = key
            .or(identity)
            .and_then(|path| absolute(path).parent()?.canonicalize().ok());
        Self {
            status: Status::default(),
            ports: cage.ports(),
            reads: reads(config, cage),
            unix: cage.reaches_unix_sockets(),
            files: Files {
                configuration: config.selection().path().map(|path| absolute(&path.to_owned())),
                secrets: key.into_iter().chain(identity).map(absolute).collect(),
                log: config.log.file.as_ref().map(absolute),
                audit: audit.map(|audit| absolute(&audit.file)).filter(|file| file.exists()),
                audit_key: audit.and_then(|audit| audit.key_file.as_ref()).map(absolute),
                own: config
                    .own_files()
                    .filter(|path| path.is_file())
                    .map(|path| absolute(&path.to_owned()))
                    .collect(),
            },
            hides_directory: directory.is_some_and(|directory| {
                let servers = specifications(config);
                servers.iter().any(|server| server.cage.hides(&directory))
            }),
            temporary: PathBuf::new(),
            trust: config
                .trust_files()
                .map(|file| absolute(&file.path.to_owned()))
                .collect(),
            privileges: cage.privileges().clone(),
            root: false,
            server: sandboxes(config).any(|sandbox| sandbox.level == Level::Default),
            strict: sandboxes(config)
                .find(|sandbox| sandbox.level == Level::Strict)
                .cloned(),
        }
    }

    /// Whether a file is readable because of what lies beside it.
    pub(super) fn reaches(&self, path: &Path) -> bool {
        self.reads.iter().any(|place| path.starts_with(place))
    }
}

/// Files and directories that stay readable, also by the names in the settings: those may lead through links.
fn reads(config: &Config, cage: &Cage) -> Vec<PathBuf> {
    let mut reads = cage.reads();
    let is_read = |path: &Path| {
        path.canonicalize()
            .is_ok_and(|path| reads.iter().any(|place| path.starts_with(place)))
    };
    let named: Vec<_> = config
        .own_files()
        .filter(|path| is_read(path))
        .filter_map(|path| std::path::absolute(path).ok())
        .collect();
    reads.extend(named);
    reads
}

/// Those of the servers that are started.
fn sandboxes(config: &Config) -> impl Iterator<Item = &ServerSandbox> {
    config.served().filter_map(|binding| match &binding.target {
        Target::Stdio { sandbox, .. } => Some(sandbox),
        Target::Http { .. } => None,
    })
}

impl Scene {
    /// The number of a process.
    pub(super) fn process(&self, target: Attacked) -> Result<u32, Failure> {
        match target {
            Attacked::Other => Ok(self.victim),
            Attacked::Client => self.client.ok_or(Failure::NotHere),
            // It started the server, and goes when the server's parent goes.
            Attacked::Broker => getppid()
                .map(|pid| pid.as_raw_nonzero().get().unsigned_abs())
                .ok_or(Failure::NotHere),
        }
    }

    /// A file there.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}
