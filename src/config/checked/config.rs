//! The checked types.

use std::fmt;
use std::mem;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::{Audit, Hardening, Inheritance, Lockdown, LogServer, Page, Proxies, ServerSandbox, Timeouts, Trust};
use crate::config::file::Selection;
use crate::config::settings::{Embedded, EmbeddedPlace, Fingerprint};
use crate::config::values::HttpUrl;
use crate::config::values::channel::MAIN;
use crate::secrets::{ApiKey, SecludedFile, SeenFile};
pub use crate::telemetry::{Log, LogFormat, LogTarget};

/// The checked configuration of `tunnel-client run`. Only the loader makes one. Its fields are those of [`Settings`], to read; what
/// changes afterwards is what these methods hand over, and the port of the embedded MCP stub.
#[derive(Debug)]
pub struct Config(Settings);

impl Deref for Config {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        &self.0
    }
}

/// A configuration file that was read.
#[derive(Debug)]
pub struct ConfigFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it set.
    pub fingerprint: Fingerprint,
    /// Settings that a flag or a variable sets, whatever the file has.
    pub overridden: Vec<&'static str>,
}

/// The fields of a [`Config`].
#[derive(Debug)]
pub struct Settings {
    /// The control plane and how it is polled.
    pub control_plane: ControlPlane,
    /// What is trusted, and which TLS is spoken.
    pub trust: Trust,
    /// Rules that connections keep.
    pub lockdown: Lockdown,
    /// How long the steps of a connection may take.
    pub timeouts: Timeouts,
    /// Time between looks at the files of keys and certificates; `None`: they are read again on SIGHUP only.
    pub reload_interval: Option<Duration>,
    /// Which proxy leads to which URL.
    pub proxies: Proxies,
    /// The private MCP servers.
    pub mcp: Mcp,
    /// The MCP server in this process that serves `main`; `None`: there is none.
    pub embedded: Option<Embedded>,
    /// Where and how log lines are written.
    pub log: Log,
    /// Where the records of commands go; `None`: nowhere.
    pub audit: Option<Audit>,
    /// The syslog server that they go to, when a connection leads to it.
    pub log_server: Option<LogServer>,
    /// The health listener.
    pub health: Health,
    /// The status page at that listener; `None`: there is none, and nothing is kept for it.
    pub page: Option<Page>,
    /// Where to write the process id.
    pub pid_file: Option<PathBuf>,
    /// Tell where the status page is when the daemon starts.
    pub announce_ui: bool,
    /// What the process gives up once it has started.
    pub hardening: Hardening,
    /// Configuration file that was chosen.
    pub(in crate::config) selection: Selection,
    /// What it had.
    pub file: Option<ConfigFile>,
    /// The files that were read: the configuration itself, secrets and values that it refers to.
    pub(in crate::config) files_read: Vec<PathBuf>,
    /// Directory of the credentials that the service manager handed over: its files stay as they are while the service runs.
    pub credentials: Option<PathBuf>,
    /// Names of environment variables that hold secrets: never for a child process, to be wiped from our own block.
    pub secret_variables: Vec<String>,
    /// What stdio servers may receive of the environment.
    pub inheritance: Inheritance,
    /// Secrets that were read although their mode lets others read them.
    pub secluded: Vec<SecludedFile>,
    /// One line each, for the log: what is allowed and probably not meant.
    pub warnings: Vec<String>,
}

impl Config {
    pub(in crate::config) fn new(settings: Settings) -> Self {
        Self(settings)
    }

    /// Hands over what is known of the configuration file.
    pub fn take_file(&mut self) -> Option<ConfigFile> {
        self.0.file.take()
    }

    /// Sets the port that the embedded MCP stub was given, in the binding that leads to it.
    pub fn stub_is_bound(&mut self, port: u16) {
        let Some(EmbeddedPlace::Tcp(addr)) = self.0.embedded.as_mut().map(|embedded| &mut embedded.place) else {
            return;
        };
        addr.set_port(port);
        for binding in &mut self.0.mcp.bindings {
            if let (MAIN, Target::Http { url, .. }) = (binding.channel.as_str(), &mut binding.target) {
                url.port = port;
                url.explicit_port = port != 80;
            }
        }
    }

    /// Hands over the runtime key. None is left here, so that it is gone after a rotation.
    pub fn take_api_key(&mut self) -> ApiKey {
        mem::take(&mut self.0.control_plane.api_key)
    }
}

impl Settings {
    /// The bindings that are served: those whose channel is polled. The others are kept, and disabled
    /// (contract: config, section 5): nothing is started, probed or announced for them.
    pub fn served(&self) -> impl Iterator<Item = &Binding> {
        self.mcp.served(&self.control_plane)
    }

    /// Configuration file that was chosen.
    #[must_use]
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The syslog servers that a connection leads to: of the log, and of the audit log.
    pub fn log_servers(&self) -> impl Iterator<Item = &LogServer> {
        let of_audit = self.audit.as_ref().and_then(Audit::server);
        self.log_server.iter().chain(of_audit)
    }

    /// The bindings that are not served.
    pub fn disabled(&self) -> impl Iterator<Item = &Binding> {
        let is_polled = |binding: &&Binding| !self.control_plane.is_polled(&binding.channel);
        self.mcp.bindings.iter().filter(is_polled)
    }
}

/// The control plane and how it is polled.
#[derive(Debug)]
pub struct ControlPlane {
    /// Scheme, host and port of the base URL; a path in it is not used (contract: wire, section 1).
    pub base_url: HttpUrl,
    /// Prefix of every path: empty, or starting with `/` and not ending with it.
    pub url_path: String,
    /// `tunnel_` and 32 lower-case letters or digits.
    pub tunnel_id: String,
    /// Sent as `OpenAI-Organization`.
    pub organization_id: Option<String>,
    /// The runtime key, sent as a bearer token; none after [`Config::take_api_key`].
    pub api_key: ApiKey,
    /// Where the key came from, without its value: `env:NAME`, `file:PATH`, `credential:NAME`.
    pub api_key_source: String,
    /// The file that holds the key, if one does: what is in it may change while the client runs.
    pub api_key_file: Option<SeenFile>,
    /// The client certificate shown to the control plane.
    pub identity: Option<Identity>,
    /// The proxy on the way.
    pub proxy: Option<Proxy>,
    /// The channels that are polled, sorted; empty: the service chooses (contract: config, section 5).
    pub poll_channels: Vec<String>,
    /// Headers of every request, none of them reserved.
    pub extra_headers: Vec<Header>,
    /// Commands that may wait in the local queue: 1 to 10,000.
    pub max_inflight: usize,
    /// How long the service may hold one poll open.
    pub poll_timeout: Duration,
    /// How long it may hold the first one, if that is less.
    pub initial_poll_timeout: Duration,
    /// Added to `poll_timeout` for the client-side bound of one request.
    pub poll_guardrail: Duration,
}

impl ControlPlane {
    /// Whether the control plane is asked for commands of this channel.
    #[must_use]
    pub fn is_polled(&self, channel: &str) -> bool {
        self.poll_channels.is_empty() || self.poll_channels.iter().any(|polled| polled == channel)
    }
}

/// The private MCP servers.
#[derive(Debug)]
pub struct Mcp {
    /// One per channel, URLs first, then commands, each in the order given; names unique. Empty only when `main` is not
    /// polled.
    pub bindings: Vec<Binding>,
    /// Headers of every request to a server behind a URL.
    pub extra_headers: Vec<Header>,
    /// Headers of every OAuth discovery request.
    pub discovery_extra_headers: Vec<Header>,
    /// Commands that may run at once, over all channels: at least 1.
    pub max_concurrent_requests: usize,
    /// The most time one command may take on the MCP side.
    pub connection_max_ttl: Duration,
    /// How long a server behind a URL may take to begin its answer; `None`: as long as the command may take.
    pub first_byte_timeout: Option<Duration>,
    /// How long it may be silent inside an answer; `None`: as long as the command may take.
    pub idle_timeout: Option<Duration>,
    /// How long polling waits for the main MCP server to come up at start; zero: not at all.
    pub startup_wait_timeout: Duration,
    /// Patterns of further environment variables that stdio servers receive (`*` at the end matches any rest).
    pub pass_env: Vec<String>,
    /// Write `notifications/initialized` to stdio servers after a successful `initialize` (contract: mcp, section 8).
    pub stdio_send_initialized_notification: bool,
    /// Repeat to callers what a server behind a URL says in an error that cannot be passed on as it is.
    pub pass_error_text: bool,
}

impl Mcp {
    /// Patterns of variables that some stdio server may receive.
    pub(in crate::config) fn passed_patterns(&self) -> impl Iterator<Item = &String> + Clone {
        let of_servers = self.bindings.iter().filter_map(|binding| match &binding.target {
            Target::Stdio { pass_env, .. } => Some(pass_env),
            Target::Http { .. } => None,
        });
        self.pass_env.iter().chain(of_servers.flatten())
    }

    /// The bindings whose channel the control plane is polled for.
    pub(in crate::config) fn served<'a>(
        &'a self,
        control_plane: &'a ControlPlane,
    ) -> impl Iterator<Item = &'a Binding> {
        let is_polled = |binding: &&Binding| control_plane.is_polled(&binding.channel);
        self.bindings.iter().filter(is_polled)
    }
}

/// One channel and the MCP server behind it.
#[derive(Debug, Clone)]
pub struct Binding {
    /// Canonical channel name: `^[a-z0-9_-]{1,64}$`.
    pub channel: String,
    /// How the server is reached.
    pub target: Target,
}

impl Binding {
    /// Whether the server is a child process.
    #[must_use]
    pub fn is_stdio(&self) -> bool {
        matches!(self.target, Target::Stdio { .. })
    }
}

/// How an MCP server is reached.
#[derive(Clone)]
pub enum Target {
    /// Streamable HTTP.
    Http {
        /// The MCP endpoint.
        url: HttpUrl,
        /// Connect to this unix socket; the URL still decides scheme, Host and path. Excludes a proxy.
        unix_socket: Option<PathBuf>,
        /// The proxy on the way.
        proxy: Option<Box<Proxy>>,
        /// The client certificate shown to the server.
        identity: Option<Identity>,
    },
    /// A child process that speaks newline-delimited JSON-RPC; never empty.
    Stdio {
        /// Program and arguments, no shell.
        argv: Vec<String>,
        /// Variables that are set for it.
        env: Vec<Variable>,
        /// Patterns of environment variables that it receives beside those of [`Mcp::pass_env`].
        pass_env: Vec<String>,
        /// What it may do.
        sandbox: ServerSandbox,
    },
}

impl fmt::Debug for Target {
    /// Without a URL's path and a command's arguments, which can hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http {
                url,
                unix_socket,
                proxy,
                identity,
            } => f
                .debug_struct("Http")
                .field("url", url)
                .field("unix_socket", unix_socket)
                .field("proxy", proxy)
                .field("identity", identity)
                .finish(),
            Self::Stdio {
                argv,
                env,
                pass_env,
                sandbox,
            } => {
                let names: Vec<&str> = env.iter().map(|variable| variable.name.as_str()).collect();
                f.debug_struct("Stdio")
                    .field("program", &argv.first())
                    .field("env", &names)
                    .field("pass_env", pass_env)
                    .field("sandbox", sandbox)
                    .finish_non_exhaustive()
            }
        }
    }
}

/// An environment variable of a stdio server.
#[derive(Debug, Clone)]
pub struct Variable {
    /// A letter or `_`, then letters, digits and `_`.
    pub name: String,
    /// Without NUL; may be a secret.
    pub value: SecretString,
    /// It was written as a reference, so its value is a secret whatever its name says.
    pub referenced: bool,
}

/// A client certificate and its key, as files; what is in them is checked when TLS is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// PEM chain, the certificate first.
    pub certificate: PathBuf,
    /// PEM private key: PKCS#8, SEC1 or PKCS#1.
    pub key: PathBuf,
    /// The setting that names the certificate, for messages.
    pub setting: &'static str,
}

/// An HTTP header of the configuration.
#[derive(Debug, Clone)]
pub struct Header {
    /// A token (RFC 9110, section 5.6.2), as written; none of those that frame a message or belong to one connection.
    pub name: String,
    /// No control character but TAB; may be a secret.
    pub value: SecretString,
    /// It was written as a reference, so its value is a secret whatever its name says.
    pub referenced: bool,
}

/// An HTTP proxy.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Spoken to over TLS.
    pub tls: bool,
    /// Host name, or IP literal without brackets; lower case.
    pub host: String,
    /// Port, the scheme's default when none was written.
    pub port: u16,
    /// `user:password` of the URL, percent-decoded.
    pub credentials: Option<SecretString>,
    /// The setting that named it: `http-proxy`, `mcp.http-proxy`, `env:HTTPS_PROXY` and so on (contract: config, section 7).
    pub source: String,
    /// The secret file that holds its URL, if one does: user and password in it may change while the client runs.
    pub file: Option<Box<SeenFile>>,
}

/// The health listener.
#[derive(Debug, Clone)]
pub struct Health {
    /// Where to listen.
    pub listen: Listen,
    /// Where to write the base URL once the listener is bound.
    pub url_file: Option<PathBuf>,
    /// Additional host names that requests to the TCP listener may use.
    pub allowed_hosts: Vec<String>,
    /// Show every component at `/health` unless the request says otherwise.
    pub show_details: bool,
}

/// Where the health listener is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// TCP.
    Tcp {
        /// The host as written, without brackets; kept for the URL file.
        host: String,
        /// Where to listen; port 0 lets the kernel choose.
        addr: SocketAddr,
    },
    /// TCP, at what a host name resolves to when the listener is bound.
    Named {
        /// The name.
        host: String,
        /// Where to listen; port 0 lets the kernel choose.
        port: u16,
        /// Addresses that other hosts reach are taken, too: the operator asked for that. Without it every address of the name has to
        /// be a loopback one, because what a resolver answers must not decide who can reach the listener.
        is_wide: bool,
    },
    /// A unix socket.
    Unix(PathBuf),
}
