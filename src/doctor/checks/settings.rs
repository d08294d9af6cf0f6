//! What was written: which file is read, and every mistake under the check that it belongs to.

use crate::config::{Config, ConfigError, ConfigErrors, HttpUrl, Selection};
use crate::doctor::report::Check;
use crate::links;

const PROFILE_LOAD: &str = "profile_load";

/// The checks that mistakes are sorted into, the causes of others first.
const IDS: [&str; 8] = [
    PROFILE_LOAD,
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
    let secluded = config.secluded.iter().map(ToString::to_string);
    let warnings: Vec<String> = config.warnings.iter().cloned().chain(secluded).collect();
    let validation = match warnings.as_slice() {
        [] => Check::pass("config_validation", "every setting is in order"),
        [only] => Check::warn("config_validation", only),
        [first, rest @ ..] => Check::warn("config_validation", format!("{first} ({})", more(rest.len()))),
    };
    vec![
        Check::pass("tunnel_id", &control.tunnel_id),
        Check::pass("control_plane_api_key", key),
        validation.evidence(&warnings),
    ]
}

/// It is not clear which file to read.
pub(in crate::doctor) fn no_source(errors: &ConfigErrors) -> Check {
    let first = errors.iter().next().map(ToString::to_string).unwrap_or_default();
    Check::fail("config_source", first)
        .evidence(errors.iter().skip(1).map(ToString::to_string))
        .next(["give one of --config, --profile and --profile-file; the variables are TUNNEL_CLIENT_CONFIG, TUNNEL_CLIENT_PROFILE and TUNNEL_CLIENT_PROFILE_FILE"])
}

/// The checks of a configuration with mistakes: one for each part that has any. `in_file` are those in the form of the
/// file.
pub(in crate::doctor) fn refused(
    errors: &ConfigErrors,
    in_file: &[ConfigError],
    selection: &Selection,
    base_url: Option<&HttpUrl>,
) -> Vec<Check> {
    let id_of = |error: &ConfigError| match in_file.iter().any(|known| is_same(known, error)) {
        true => PROFILE_LOAD,
        false => check_of(error),
    };
    let check = |id: &'static str| {
        let mistakes: Vec<&ConfigError> = errors.iter().filter(|error| id_of(error) == id).collect();
        let Some((first, rest)) = mistakes.split_first() else {
            let read = || {
                selection
                    .path()
                    .map_or_else(|| selection.to_string(), |path| path.display().to_string())
            };
            return (id == PROFILE_LOAD).then(|| Check::pass(id, read()));
        };
        let summary = match rest.len() {
            0 => first.to_string(),
            count => format!("{first} ({})", more(count)),
        };
        Some(
            Check::fail(id, summary)
                .evidence(mistakes.iter().map(ToString::to_string))
                .next(next(id, base_url)),
        )
    };
    IDS.into_iter().filter_map(check).collect()
}

fn is_same(one: &ConfigError, other: &ConfigError) -> bool {
    (one.setting, &one.origin, &one.problem) == (other.setting, &other.origin, &other.problem)
}

/// Where things are managed; they always pass (contract: cli, section 7). The pages of the hosted service are of no use for another one.
pub(in crate::doctor) fn addresses(base_url: Option<&HttpUrl>) -> Vec<Check> {
    let places = match base_url.filter(|url| !links::is_hosted(url)) {
        None => [
            links::TUNNELS,
            links::RUNTIME_KEYS,
            links::ADMIN_KEYS,
            links::CONNECTORS,
        ]
        .map(str::to_owned),
        Some(url) => {
            let origin = url.origin();
            [
                format!("tunnel-client admin tunnels list --control-plane.base-url {origin}"),
                format!("ask the operator of {origin}; on a relay of your own: tunnel-relay keygen --scopes read,use"),
                format!(
                    "ask the operator of {origin}; on a relay of your own: tunnel-relay keygen --scopes read,manage"
                ),
                format!("ask the operator of {origin}; callers of a relay of your own use {origin}/v1/mcp/TUNNEL_ID"),
            ]
        }
    };
    let ids = [
        "tunnels_management_url",
        "runtime_api_keys_url",
        "admin_api_keys_url",
        "chatgpt_connector_settings_url",
    ];
    ids.into_iter()
        .zip(places)
        .map(|(id, place)| Check::pass(id, place))
        .collect()
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
        "ca-bundle" | "proxy.ca-bundle" | "tls.trust" => "ca_bundle",
        "control-plane.client-cert"
        | "control-plane.client-key"
        | "mcp.client-cert"
        | "mcp.client-key"
        | "proxy.client-cert"
        | "proxy.client-key" => "client_certificate",
        _ => "config_validation",
    }
}

/// What to do, beyond what each mistake says itself.
fn next(id: &str, base_url: Option<&HttpUrl>) -> Vec<String> {
    let own = base_url.filter(|url| !links::is_hosted(url)).map(HttpUrl::origin);
    let step = match id {
        "tunnel_id" => {
            let tunnels = own.map_or_else(
                || format!("from {}", links::TUNNELS),
                |origin| format!("from who runs {origin}"),
            );
            format!("copy the tunnel's id {tunnels}, or make one: tunnel-client admin tunnels create --help")
        }
        "control_plane_api_key" => {
            let key = own.map_or_else(
                || format!("make a runtime key at {}", links::RUNTIME_KEYS),
                |origin| format!("get a key from who runs {origin} (a relay of your own: tunnel-relay keygen)"),
            );
            format!(
                "{key} and set CONTROL_PLANE_API_KEY, or point control_plane.api_key to a file that only this user may read, as file:/path"
            )
        }
        "mcp_target" => {
            "name the MCP server: --mcp.server-url http://127.0.0.1:3000/mcp, or --mcp.command \"program argument\""
                .to_owned()
        }
        PROFILE_LOAD => "correct the file; tunnel-client help quickstart shows how one is made".to_owned(),
        _ => "correct the setting; tunnel-client run --help lists all of them".to_owned(),
    };
    vec![step]
}
