//! The headers of every control-plane request (contract: wire, section 2).

use http::header::{ACCEPT, AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use secrecy::zeroize::Zeroizing;

use crate::config::{Config, EmbeddedMode};
use crate::identity;
use crate::net::{BadHeader, configured};
use crate::wire::command::MAIN_CHANNEL;

/// The part of the service that a request is for: of responses the command's, of polls that of the last correction.
pub(super) const SHARD_TOKEN: HeaderName = HeaderName::from_static("x-tunnel-shard-token");
/// The service's name for the request that brought a command.
pub(super) const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-client-request-id");

/// The additive contract that is understood (contract: wire, section 2).
const WIRE_VERSION: HeaderValue = HeaderValue::from_static("2026-08-25");
/// What the client can do if the service wants it.
const CAPABILITIES: HeaderValue = HeaderValue::from_static("wrong-cluster-v1");

/// The headers of every request, but for the key, which may change. Configured ones come first, so that the client's own always replace them: what the
/// configuration should have refused cannot take the place of the key, and `organization_id` wins over an
/// `OpenAI-Organization` among them (contract: config, section 4).
pub(super) fn headers(config: &Config, instance_id: &str) -> Result<HeaderMap, BadHeader> {
    let c = &config.control_plane;
    // The key's place is before all others (`net/sealed.rs`).
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_static(""));
    let mut extra = configured("control_plane.extra_headers", &c.extra_headers)?;
    extra.remove(AUTHORIZATION);
    extra.remove(SHARD_TOKEN);
    headers.extend(extra);
    headers.insert(HOST, text("control_plane.base_url", &c.base_url.authority())?);
    headers.extend(identification(instance_id)?);
    let mut insert = |name, value| headers.insert(HeaderName::from_static(name), value);
    insert("x-tunnel-client-wire-protocol-version", WIRE_VERSION);
    insert("x-tunnel-client-capabilities", CAPABILITIES);
    insert("x-tunnel-mcp-server-info", text("mcp bindings", &server_info(config))?);
    if let Some(organization) = &c.organization_id {
        insert(
            "openai-organization",
            text("control_plane.organization_id", organization)?,
        );
    }
    Ok(headers)
}

/// The key, as every request to the service carries it in `Authorization`.
pub(crate) fn bearer(key: &str) -> Result<HeaderValue, BadHeader> {
    let mut bearer = text("the API key", &Zeroizing::new(format!("Bearer {key}")))?;
    bearer.set_sensitive(true);
    Ok(bearer)
}

/// Who asks: in every request to the service, whatever it is for.
pub(crate) fn identification(instance_id: &str) -> Result<HeaderMap, BadHeader> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(identity::USER_AGENT));
    let mut insert = |name, value| headers.insert(HeaderName::from_static(name), value);
    insert("x-tunnel-client-name", HeaderValue::from_static(identity::CLIENT_NAME));
    insert(
        "x-tunnel-client-version",
        HeaderValue::from_static(identity::CLIENT_VERSION),
    );
    insert("x-tunnel-client-instance-id", text("instance id", instance_id)?);
    Ok(headers)
}

fn text(what: &'static str, value: &str) -> Result<HeaderValue, BadHeader> {
    HeaderValue::from_str(value).map_err(|_| BadHeader(what))
}

/// `X-Tunnel-MCP-Server-Info`: which channels are served, which take requests that stand alone (MCP 2026-07-28), and which stay with this
/// process. Of HTTP servers only the stub that has no sessions is known to take such requests; version 2 has the place to say so.
fn server_info(config: &Config) -> String {
    let embedded = config.embedded.as_ref().map(|embedded| embedded.mode);
    let has_stateless = embedded == Some(EmbeddedMode::Stateless);
    let channels: Vec<String> = config
        .served()
        .map(|binding| {
            let stateless = match has_stateless && binding.channel == MAIN_CHANNEL {
                true => r#","stateless":true"#,
                false => "",
            };
            let affinity = match binding.is_stdio() {
                true => r#","proc_affinity":true"#,
                false => "",
            };
            // Channel names are checked: no character needs an escape.
            format!(r#"{{"name":"{}"{stateless}{affinity}}}"#, binding.channel)
        })
        .collect();
    let version = if has_stateless { 2 } else { 1 };
    format!(r#"{{"version":{version},"channels":[{}]}}"#, channels.join(","))
}
