//! A sample as YAML, key by key, in the order of the contract.

use super::{Sample, SampleError, Server, Values, yaml};

const HEALTH_COMMENT: &str = concat!(
    "  # Health, readiness and metrics of the daemon, for this host only.\n",
    "  # A fixed port is easy to remember and collides when two profiles run at once;\n",
    "  # with 127.0.0.1:0 the system picks a free one, and url_file says which.\n",
    "  # `tunnel-client health --url-file PATH` reads it.\n",
);

pub(super) fn render(sample: &Sample, values: &Values<'_>) -> Result<String, SampleError> {
    let quoted = |key, text: &str| yaml::quoted(text).ok_or(SampleError::ControlCharacter(key));
    let base_url = quoted("control_plane.base_url", values.base_url)?;
    let url_path = match values.url_path {
        "" => String::new(),
        path => format!("  url_path: {}\n", quoted("control_plane.url_path", path)?),
    };
    let ca_bundle = match (values.ca_bundle, sample.ca_bundle) {
        ("", "") => String::new(),
        ("", path) | (path, _) => format!("ca_bundle: {}\n", quoted("ca_bundle", path)?),
    };
    let tunnel_id = quoted("control_plane.tunnel_id", values.tunnel_id)?;
    let api_key = quoted("control_plane.api_key", values.api_key)?;
    let listen_addr = quoted("health.listen_addr", values.listen_addr)?;
    let open_browser = values.open_web_ui;
    let server = match values.server {
        Server::Command(command) => {
            let command = quoted("mcp.commands", command)?;
            format!("  commands:\n    - channel: main\n      command: {command}\n")
        }
        Server::Url(url) => {
            let url = quoted("mcp.server_urls", url)?;
            format!("  server_urls:\n    - channel: main\n      url: {url}\n")
        }
    };
    let Sample { header, top_level, .. } = sample;
    Ok(format!(
        "\
{header}config_version: 1
{ca_bundle}{top_level}
control_plane:
  base_url: {base_url}
{url_path}  tunnel_id: {tunnel_id}
  api_key: {api_key}

health:
{HEALTH_COMMENT}  listen_addr: {listen_addr}
  # url_file: \"/tmp/tunnel-client-health.url\"

admin_ui:
  open_browser: {open_browser}

log:
  level: info
  format: json

mcp:
{server}"
    ))
}
