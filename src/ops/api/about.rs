//! What does not change while the process runs.

use serde_json::{Value, json};

use crate::config::{Binding, Config, HttpUrl, Proxy, Target};
use crate::limits::API_WARNINGS_MAX;
use crate::ops::Listener;
use crate::wire::command::MAIN_CHANNEL;

/// What the configuration says, as the page shows it. Of URLs there is the origin, of commands the program.
#[derive(Debug, Default)]
pub(in crate::ops) struct About {
    pub(super) listen_addr: String,
    pub(super) base_url: String,
    pub(super) tunnel_id: String,
    pub(super) max_inflight: usize,
    pub(super) poll_timeout: String,
    pub(super) poll_guardrail: String,
    /// Origin of the server of channel `main`, if it is behind a URL.
    pub(super) server_url: String,
    pub(super) channels: Vec<Channel>,
    pub(super) control_route: Value,
    pub(super) server_routes: Vec<Value>,
    pub(super) warnings: Vec<String>,
    /// Whether the process shuts itself in.
    pub(super) mode: &'static str,
    /// The configuration as it was written, as a bundle shows it: JSON, because a tree of it takes many times the memory.
    pub(super) runtime: Box<str>,
}

/// A channel and the server behind it.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) name: String,
    /// The service is asked for its commands.
    pub(super) is_polled: bool,
    pub(super) transport: &'static str,
    /// What leads to it: origin, or program.
    pub(super) address: String,
}

impl About {
    /// Of a process with this configuration. `runtime`: what [`bundle::runtime`](crate::bundle::runtime) has of it.
    pub(in crate::ops) fn of(config: &Config, runtime: &str) -> Self {
        let control = &config.control_plane;
        let bindings = &config.mcp.bindings;
        let main = bindings.iter().find(|binding| binding.channel == MAIN_CHANNEL);
        let server_url = main.and_then(|main| match &main.target {
            Target::Http { url, .. } => Some(url.origin()),
            Target::Stdio { .. } => None,
        });
        let routes = bindings.iter().filter_map(|binding| match &binding.target {
            Target::Http { url, proxy, .. } => Some(route("mcp_channel", &binding.channel, url, proxy.as_deref())),
            Target::Stdio { .. } => None,
        });
        Self {
            listen_addr: String::new(),
            base_url: control.base_url.origin(),
            tunnel_id: control.tunnel_id.clone(),
            max_inflight: control.max_inflight,
            poll_timeout: format!("{:?}", control.poll_timeout),
            poll_guardrail: format!("{:?}", control.poll_guardrail),
            server_url: server_url.unwrap_or_default(),
            channels: bindings
                .iter()
                .map(|binding| Channel::of(binding, control.is_polled(&binding.channel)))
                .collect(),
            control_route: route(
                "control_plane",
                "control-plane",
                &control.base_url,
                control.proxy.as_ref(),
            ),
            server_routes: routes.collect(),
            warnings: config.warnings.iter().take(API_WARNINGS_MAX).cloned().collect(),
            mode: config.hardening.mode.as_str(),
            runtime: runtime.into(),
        }
    }

    /// The same with the place of the listener.
    pub(in crate::ops) fn at(self, listener: &Listener) -> Self {
        let scheme = if listener.is_unix() { "unix:" } else { "" };
        Self {
            listen_addr: format!("{scheme}{}", listener.addr()),
            ..self
        }
    }
}

impl Channel {
    fn of(binding: &Binding, is_polled: bool) -> Self {
        let (transport, address) = match &binding.target {
            Target::Http { url, unix_socket, .. } => {
                let socket = unix_socket.as_ref().map(|path| format!("unix:{}", path.display()));
                ("http-streamable", socket.unwrap_or_else(|| url.origin()))
            }
            Target::Stdio { argv, .. } => ("stdio", argv.first().cloned().unwrap_or_default()),
        };
        Self {
            name: binding.channel.clone(),
            is_polled,
            transport,
            address,
        }
    }
}

fn route(kind: &str, name: &str, url: &HttpUrl, proxy: Option<&Proxy>) -> Value {
    let host = match url.host.contains(':') {
        true => format!("[{}]", url.host),
        false => url.host.clone(),
    };
    json!({
        "kind": kind,
        "name": name,
        "target": format!("{host}:{}", url.port),
        "route_mode": if proxy.is_some() { "proxy" } else { "direct" },
        "proxy_source": proxy.map_or("", |proxy| &proxy.source),
        "proxy_url": proxy.map(Proxy::origin).unwrap_or_default(),
        "proxy_id": "",
    })
}
