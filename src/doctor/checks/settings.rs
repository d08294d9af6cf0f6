//! What was written: which file is read, and every mistake under the check that it belongs to.

use crate::config::{Config, ConfigError, ConfigErrors, Selection};
use crate::doctor::report::Check;

const TUNNELS_URL: &str = "https://platform.openai.com/settings/organization/tunnels";
const RUNTIME_KEYS_URL: &str = "https://platform.openai.com/settings/organization/api-keys";
const ADMIN_KEYS_URL: &str = "https://platform.openai.com/settings/organization/admin-keys";
const CONNECTORS_URL: &str = "https://chatgpt.com/#settings/Connectors";

/// The checks that mistakes are sorted into, the causes of others first.
const IDS: [&str; 8] = [
    "profile_load",
    "tunnel_id",
    "control_plane_api_key",
    "control_plane_base_url",
    "mcp_target",
    "ca_bundle",
    "client_certificate",
    "config_validation",
];

/// The checks of a configuration that is right.
pub(in crate::doctor) fn accepted(config: &Config) -> Vec<Check> {
    let control = &config.control_plane;
    let key = match control.api_key_source.as_str() {
        "" => "configured",
        source => source,
    };
    let validation = match config.warnings.as_slice() {
        [] => Check::pass("config_validation", "every setting is in order"),
        [only] => Check::warn("config_validation", only),
        [first, rest @ ..] => Check::warn("config_validation", format!("{first} ({})", more(rest.len()))),
    };
    vec![
        Check::pass("tunnel_id", &control.tunnel_id),
        Check::pass("control_plane_api_key", key),
        validation.evidence(&config.warnings),
    ]
}

/// The checks of a configuration with mistakes: one for each part that has any.
pub(in crate::doctor) fn refused(errors: &ConfigErrors) -> Vec<Check> {
    let of = |id: &'static str| {
        let mistakes: Vec<&ConfigError> = errors.iter().filter(|error| check_of(error) == id).collect();
        let (first, rest) = mistakes.split_first()?;
        let summary = match rest.len() {
            0 => first.to_string(),
            count => format!("{first} ({})", more(count)),
        };
        Some(
            Check::fail(id, summary)
                .evidence(mistakes.iter().map(ToString::to_string))
                .next(next(id)),
        )
    };
    IDS.into_iter().filter_map(of).collect()
}

/// Where things are managed; they always pass (spec: cli, doctor).
pub(in crate::doctor) fn addresses() -> Vec<Check> {
    vec![
        Check::pass("tunnels_management_url", TUNNELS_URL),
        Check::pass("runtime_api_keys_url", RUNTIME_KEYS_URL),
        Check::pass("admin_api_keys_url", ADMIN_KEYS_URL),
        Check::pass("chatgpt_connector_settings_url", CONNECTORS_URL),
    ]
}

/// The file, as `profile_load` shows it.
pub(in crate::doctor) fn path(selection: &Selection) -> Option<String> {
    match selection {
        Selection::None => None,
        Selection::Config(path) | Selection::ProfileFile(path) | Selection::Profile { path, .. } => {
            Some(path.display().to_string())
        }
    }
}

fn more(count: usize) -> String {
    format!("and {count} more: --explain lists them")
}

/// The check that a mistake belongs to, by its setting.
fn check_of(error: &ConfigError) -> &'static str {
    match error.setting {
        "control-plane.tunnel-id" => "tunnel_id",
        "control-plane.api-key" => "control_plane_api_key",
        "control-plane.base-url" => "control_plane_base_url",
        "mcp.server-url" | "mcp.command" => "mcp_target",
        "ca-bundle" => "ca_bundle",
        "control-plane.client-cert" | "control-plane.client-key" | "mcp.client-cert" | "mcp.client-key" => {
            "client_certificate"
        }
        _ => "config_validation",
    }
}

/// What to do, beyond what each mistake says itself.
fn next(id: &str) -> Vec<String> {
    let step = match id {
        "tunnel_id" => {
            format!("copy the tunnel's id from {TUNNELS_URL}, or make one: tunnel-client admin tunnels create --help")
        }
        "control_plane_api_key" => format!(
            "make a runtime key at {RUNTIME_KEYS_URL} and set CONTROL_PLANE_API_KEY, or name a file with control_plane.api_key: \"file:/path\" that only this user may read"
        ),
        "mcp_target" => {
            "name the MCP server: --mcp.server-url http://127.0.0.1:3000/mcp, or --mcp.command \"program argument\""
                .to_owned()
        }
        "profile_load" => "correct the file; tunnel-client help quickstart shows how one is made".to_owned(),
        _ => "correct the setting; tunnel-client run --help lists all of them".to_owned(),
    };
    vec![step]
}
