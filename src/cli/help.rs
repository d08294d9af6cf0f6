//! Help texts.

use std::fmt::Write as _;

use crate::config::Setting;

pub(super) const ABOUT: &str = "Makes private MCP servers reachable through a tunnel, over outbound HTTPS only.";

pub(super) const AFTER_ROOT: &str = "\
A first tunnel:
  CONTROL_PLANE_TUNNEL_ID=tunnel_... CONTROL_PLANE_API_KEY=... \\
    tunnel-client run --mcp.server-url http://127.0.0.1:3000/mcp

Where tunnels, keys and connectors are managed:
  Tunnels             https://platform.openai.com/settings/organization/tunnels
  Runtime API keys    https://platform.openai.com/settings/organization/api-keys
  Admin API keys      https://platform.openai.com/settings/organization/admin-keys
  ChatGPT connectors  https://chatgpt.com/#settings/Connectors";

pub(super) const AFTER_RUN: &str = "\
A flag wins over its environment variable, the variable over the default; empty means unset.
Durations are written as 30s, 1m30s, 100ms.";

/// Help line of a flag, with its variables, default and values.
pub(super) fn of_setting(setting: &Setting) -> String {
    let mut text = setting.help.to_owned();
    // Writing to a String cannot fail.
    let _ = write!(text, " [env: {}]", setting.variables.join(", "));
    if let Some(default) = setting.default {
        let _ = write!(text, " [default: {default}]");
    }
    if !setting.values.is_empty() {
        let _ = write!(text, " [values: {}]", setting.values);
    }
    text
}
