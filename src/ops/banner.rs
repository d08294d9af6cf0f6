//! What the log says about the whole process once it has started (contract: cli, section 3).

use log::info;

use super::Listener;
use crate::config::{Binding, Config, Proxy, Selection, Target};
use crate::wire::command::MAIN_CHANNEL;

/// What the start-up summary says. Nothing in it is secret: of URLs there is the origin, of commands the program.
#[derive(Debug, Clone)]
pub struct Summary {
    health_url: String,
    health_url_file: Option<String>,
    config_source: String,
    profile_name: Option<String>,
    profile_path: Option<String>,
    tunnel_id: String,
    /// Without its credentials, and the setting that names it.
    control_plane_proxy: Option<String>,
    trust: String,
    lockdown: String,
    mcp_target_kind: &'static str,
    mcp_target_value: String,
}

impl Summary {
    /// Of this process.
    pub fn new(config: &Config, listener: &Listener) -> Self {
        let (profile_name, profile_path) = profile(config.selection());
        let main = config.served().find(|binding| binding.channel == MAIN_CHANNEL);
        let (mcp_target_kind, mcp_target_value) = main
            .or_else(|| config.served().next())
            .map_or(("none", String::new()), target);
        Self {
            health_url: listener.url().to_owned(),
            health_url_file: config.health.url_file.as_ref().map(|path| path.display().to_string()),
            config_source: config_source(config.selection()),
            profile_name,
            profile_path,
            tunnel_id: config.control_plane.tunnel_id.clone(),
            control_plane_proxy: config.control_plane.proxy.as_ref().map(Proxy::name),
            trust: trust(config),
            lockdown: lockdown(config),
            mcp_target_kind,
            mcp_target_value,
        }
    }

    /// Writes it. `first_failing_dependency`: what keeps the process from being ready, if that is known already.
    pub fn log(&self, first_failing_dependency: Option<&str>) {
        info!(
            health_url = &*self.health_url,
            health_url_file = self.health_url_file.as_deref(),
            metrics_url:% = format_args!("{}/metrics", self.health_url),
            config_source = &*self.config_source,
            profile_name = self.profile_name.as_deref(),
            profile_path = self.profile_path.as_deref(),
            tunnel_id = &*self.tunnel_id,
            control_plane_proxy = self.control_plane_proxy.as_deref(),
            trust = &*self.trust,
            lockdown = &*self.lockdown,
            mcp_target_kind = self.mcp_target_kind,
            mcp_target_value = &*self.mcp_target_value,
            first_failing_dependency = first_failing_dependency;
            "tunnel-client startup summary"
        );
    }
}

/// The sets that are trusted.
fn trust(config: &Config) -> String {
    let trust = &config.trust;
    let sets = [
        ("webpki", trust.webpki),
        ("system", trust.system.is_some()),
        ("bundle", trust.bundle.is_some()),
    ];
    let sets = sets.into_iter().filter_map(|(name, trusted)| trusted.then_some(name));
    sets.collect::<Vec<_>>().join(", ")
}

/// The rules that are in force.
fn lockdown(config: &Config) -> String {
    let rules = &config.lockdown;
    let rules = [
        ("require_proxy", rules.require_proxy),
        ("require_bundle_trust", rules.require_bundle_trust),
        ("require_client_cert", rules.require_client_cert),
        ("allowed_networks", !rules.allowed_networks.is_empty()),
        ("allowed_hosts", !rules.allowed_hosts.is_empty()),
    ];
    let names: Vec<_> = rules
        .into_iter()
        .filter_map(|(name, set)| set.then_some(name))
        .collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}

/// Where the status page is (`admin_ui.open_browser`). A program to show it is never started: the process may not start any.
pub fn announce_page(listener: &Listener) {
    match listener.is_unix() {
        true => info!(
            socket = listener.addr();
            "status page: forward a port to the socket, as with ssh -L 8080:SOCKET HOST, and open http://127.0.0.1:8080/ui/"
        ),
        false => info!(url:% = format_args!("{}/ui/", listener.url()); "status page"),
    }
}

/// In the words of `doctor`: where the configuration came from.
pub fn config_source(selection: &Selection) -> String {
    match selection {
        Selection::None => "flags/environment only".to_owned(),
        Selection::Config(path) => format!("config file: {}", path.display()),
        Selection::Profile { name, .. } => format!("profile: {name}"),
        Selection::ProfileFile(path) => format!("profile file: {}", path.display()),
    }
}

/// The profile's name and path.
fn profile(selection: &Selection) -> (Option<String>, Option<String>) {
    match selection {
        Selection::None | Selection::Config(_) => (None, None),
        Selection::Profile { name, path } => (Some(name.clone()), Some(path.display().to_string())),
        Selection::ProfileFile(path) => {
            let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
            (name, Some(path.display().to_string()))
        }
    }
}

/// The kind of a binding's transport, and where it leads.
fn target(binding: &Binding) -> (&'static str, String) {
    match &binding.target {
        Target::Http { url, .. } => ("http-streamable", url.origin()),
        Target::Stdio { argv, .. } => ("stdio", argv.first().cloned().unwrap_or_default()),
    }
}
