//! The transports of all bindings, and what keeps them alive.

use std::fmt;
use std::io;
use std::sync::Arc;

use log::info;
use tokio::task::JoinSet;

use super::Transport;
use super::http::{FixedHeaders, HttpServer, Prober, patience};
use super::stdio::{StdioServer, Supervisor};
use crate::broker::Broker;
use crate::config::{Config, Target, echo};
use crate::monitor::Monitor;
use crate::net::{BadHeader, Network, Way};
use crate::shutdown::Signal;
use crate::tls;
use crate::wire::command::MAIN_CHANNEL;

/// Every MCP server of the configuration.
#[derive(Debug, Default)]
pub struct Servers {
    /// By channel, in the order of the bindings.
    pub transports: Vec<(Box<str>, Transport)>,
    /// Those behind URLs.
    pub http: Vec<HttpServer>,
    /// Looks after the main one, if it is behind a URL.
    pub prober: Option<Prober>,
    /// Keep the children running; they end after the signal that was given to [`Servers::start`].
    pub supervisors: JoinSet<()>,
}

/// Why a binding cannot be served.
#[derive(Debug)]
pub enum Error {
    /// A configured header cannot be sent.
    Header(BadHeader),
    /// The URL of a channel cannot be sent.
    Url(Box<str>),
    /// The client certificate of a channel cannot be used.
    Tls(Box<str>, Arc<tls::Error>),
    /// The program of a channel cannot be started.
    Command {
        /// The channel.
        channel: Box<str>,
        /// The program, without its arguments, which can be secrets.
        program: Box<str>,
        /// Why.
        error: io::Error,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(error) => error.fmt(f),
            Self::Url(channel) => write!(
                f,
                "mcp.server_urls (MCP_SERVER_URL) of channel {channel}: the URL cannot be sent in a request"
            ),
            Self::Tls(channel, error) => write!(f, "MCP channel {channel}: {error}"),
            Self::Command {
                channel,
                program,
                error,
            } => write!(
                f,
                "mcp.commands (MCP_COMMAND) of channel {channel}: {} cannot be started: {error}; tunnel-client doctor says more",
                echo(program)
            ),
        }
    }
}

impl std::error::Error for Error {}

impl Servers {
    /// Makes the transports and has `broker` start the children, for the channels that are polled. `stop` ends the children.
    ///
    /// # Errors
    /// When a binding cannot be served at all; a server that is not there yet is no error.
    pub async fn start(
        config: &Config,
        network: &Network,
        broker: Option<&Broker>,
        monitor: &Arc<Monitor>,
        stop: &Signal,
    ) -> Result<Self, Error> {
        let mut servers = Self::default();
        tell_withheld(config);
        let fixed = FixedHeaders::of_traffic(&config.mcp).map_err(Error::Header)?;
        for binding in config.disabled() {
            info!(channel = &*binding.channel;
                "this channel is not among control_plane.poll_channels: its MCP server is neither started nor probed");
        }
        for binding in config.served() {
            let channel = binding.channel.as_str();
            let transport = match &binding.target {
                Target::Http { url, .. } => {
                    let Some(way) = Way::to_server(&binding.target) else {
                        continue;
                    };
                    let connector = network.connector(&way).map_err(|e| Error::Tls(channel.into(), e))?;
                    let patience = patience(&config.mcp);
                    let server = HttpServer::new(channel, url, connector, patience, fixed.clone())
                        .ok_or_else(|| Error::Url(channel.into()))?;
                    servers.http.push(server.clone());
                    if channel == MAIN_CHANNEL {
                        let probed = server.with_headers(fixed.with_discovery(&config.mcp).map_err(Error::Header)?);
                        servers.prober = Some(Prober::new(probed, Arc::clone(monitor)));
                    }
                    Transport::Http(server)
                }
                Target::Stdio { argv, .. } => {
                    let Some(broker) = broker else { continue };
                    let server = StdioServer::new(channel, config.mcp.stdio_send_initialized_notification);
                    let supervisor =
                        Supervisor::start(server.clone(), broker.clone(), Arc::clone(monitor), stop.clone())
                            .await
                            .map_err(|error| Error::Command {
                                channel: channel.into(),
                                program: argv.first().map(String::as_str).unwrap_or_default().into(),
                                error,
                            })?;
                    servers.supervisors.spawn(supervisor.run());
                    if channel == MAIN_CHANNEL {
                        info!("oauth discovery server URL is not configured");
                    }
                    Transport::Stdio(server)
                }
            };
            servers.transports.push((channel.into(), transport));
        }
        Ok(servers)
    }
}

/// Names the variables that stdio servers do not receive, once for those that lack the same.
fn tell_withheld(config: &Config) {
    let mut told: Vec<(Vec<String>, Vec<&str>)> = Vec::new();
    for binding in config.served().filter(|binding| binding.is_stdio()) {
        let withheld = config.child_environment(&binding.target).withheld;
        match told.iter_mut().find(|(names, _)| *names == withheld) {
            Some((_, channels)) => channels.push(&binding.channel),
            None => told.push((withheld, vec![&binding.channel])),
        }
    }
    for (names, channels) in told.iter().filter(|(names, _)| !names.is_empty()) {
        info!(names = names.join(","), channels = channels.join(",");
            "stdio MCP servers do not receive these variables; mcp.pass_env and pass_env of a channel let more through");
    }
}
