//! The control plane and how it is polled.

use std::time::Duration;

use super::api_key::api_key;
use super::headers::{Peer, headers};
use super::identity::identity;
use super::proxies::to_control_plane;
use super::reader::{Checked, Reader};
use crate::config::checked::{ControlPlane, Identity, Proxies, Proxy};
use crate::config::settings::table;
use crate::config::values::HttpUrl;
use crate::limits::{GUARDRAIL_LIMIT, INFLIGHT_MAX, ORGANIZATION_ID_MAX, POLL_TOTAL_MAX, TIME_MIN};

/// Where the service takes client certificates, and the host it is instead of (contract: config, section 2).
const MTLS_HOST: (&str, &str) = ("api.openai.com", "mtls.api.openai.com");

/// The length of a tunnel id after `tunnel_`.
const TUNNEL_ID_TAIL: usize = 32;

/// The section `control_plane`, but for the channels that are polled.
pub(super) fn control_plane(reader: &mut Reader<'_>, proxies: &Proxies) -> Checked<ControlPlane> {
    let base_url = base_url(reader);
    let url_path = url_path(reader);
    let tunnel_id = reader.required(
        &table::TUNNEL_ID,
        "tunnel ID is required; set --control-plane.tunnel-id or CONTROL_PLANE_TUNNEL_ID to the id of your tunnel",
        tunnel_id,
    );
    let organization_id = reader.optional(&table::ORGANIZATION_ID, organization_id);
    let api_key = api_key(reader);
    let identity = identity(reader, &table::CONTROL_CERT, &table::CONTROL_KEY);
    let max_inflight = reader.count(&table::MAX_INFLIGHT, INFLIGHT_MAX);
    let poll = poll_times(reader);
    let initial_poll_timeout = reader.time(&table::INITIAL_POLL_TIMEOUT, TIME_MIN);
    let extra_headers = headers(reader, &table::CONTROL_HEADERS, Peer::ControlPlane);
    let ((poll_timeout, poll_guardrail), api_key) = (poll?, api_key?);
    let identity = identity?.map(|(identity, _)| identity);
    let base_url = for_identity(base_url?, identity.as_ref());
    let proxy = to_control_plane(reader, proxies, &base_url)?;
    warn_about_base_url(reader, &base_url, proxy.as_ref());
    Ok(ControlPlane {
        proxy,
        base_url,
        url_path: url_path?,
        tunnel_id: tunnel_id?,
        organization_id: organization_id?,
        api_key: api_key.key,
        api_key_source: api_key.source,
        api_key_file: api_key.file,
        identity,
        poll_channels: Vec::new(),
        extra_headers: extra_headers?,
        max_inflight: max_inflight?,
        poll_timeout,
        initial_poll_timeout: initial_poll_timeout?,
        poll_guardrail,
    })
}

/// The service looks at client certificates on a host of its own; any other base URL is kept.
pub(super) fn for_identity(base_url: HttpUrl, identity: Option<&Identity>) -> HttpUrl {
    let (public, mtls) = MTLS_HOST;
    let is_public = base_url.tls && base_url.host == public && !base_url.explicit_port;
    if identity.is_some() && is_public && base_url.path_and_query == "/" {
        return HttpUrl {
            host: mtls.to_owned(),
            ..base_url
        };
    }
    base_url
}

/// What is worth a word at start and no reason to refuse.
pub(super) fn warn_about_base_url(reader: &mut Reader<'_>, base_url: &HttpUrl, proxy: Option<&Proxy>) {
    if base_url.leaves_in_clear(proxy) {
        let reader_on_the_way = proxy.map_or_else(String::new, |proxy| {
            format!(", and the proxy of {} reads them", proxy.source)
        });
        reader.warn(format!(
            "control-plane.base-url is not https: the API key and all payloads travel unencrypted{reader_on_the_way}"
        ));
    }
    if base_url.path_and_query != "/" {
        reader.warn("the path in control-plane.base-url is not used; set control-plane.url-path instead".to_owned());
    }
}

/// Scheme, host and port.
pub(super) fn base_url(reader: &mut Reader<'_>) -> Checked<HttpUrl> {
    reader.required(
        &table::BASE_URL,
        "invalid control-plane.base-url: it is missing",
        |text| HttpUrl::parse(text).map_err(|error| format!("invalid control-plane.base-url: it {error}")),
    )
}

/// The prefix of every path, empty when there is none.
pub(super) fn url_path(reader: &mut Reader<'_>) -> Checked<String> {
    let path = reader.optional(&table::URL_PATH, path_prefix)?;
    Ok(path.unwrap_or_default())
}

/// The poll timeout and its guardrail, which are bounded together.
fn poll_times(reader: &mut Reader<'_>) -> Checked<(Duration, Duration)> {
    let timeout = reader.time(&table::POLL_TIMEOUT, TIME_MIN);
    let guardrail = reader.time(&table::POLL_GUARDRAIL, TIME_MIN);
    let (timeout, guardrail) = (timeout?, guardrail?);
    if guardrail >= GUARDRAIL_LIMIT {
        let problem = "control-plane.poll-deadline-guardrail must be less than 1m0s";
        return Err(reader.refuse(&table::POLL_GUARDRAIL, problem));
    }
    if timeout.saturating_add(guardrail) > POLL_TOTAL_MAX {
        let problem = "control-plane.poll-timeout plus control-plane.poll-deadline-guardrail \
                       must be less than or equal to 10m0s";
        return Err(reader.refuse(&table::POLL_TIMEOUT, problem));
    }
    Ok((timeout, guardrail))
}

/// `tunnel_` and 32 lower-case letters or digits: nothing that could change a path. The value is not echoed: in its place
/// may stand a key by mistake.
///
/// # Errors
///
/// A message that names what is wrong with it.
pub fn tunnel_id(text: &str) -> Result<String, String> {
    let problem = match text.strip_prefix("tunnel_") {
        _ if text.contains(['/', '?', '#', '%', '\\']) || text.contains("..") => {
            "it is not safe as a path parameter".to_owned()
        }
        None => "it does not begin with \"tunnel_\"".to_owned(),
        Some(tail) if tail.bytes().any(|byte| !matches!(byte, b'a'..=b'z' | b'0'..=b'9')) => {
            "it has other characters".to_owned()
        }
        Some(tail) if tail.len() != TUNNEL_ID_TAIL => {
            format!("it has {} characters after \"tunnel_\"", tail.len())
        }
        Some(_) => return Ok(text.to_owned()),
    };
    Err(format!(
        "invalid tunnel ID: must match tunnel_<{TUNNEL_ID_TAIL} lowercase letters or digits>, but {problem}"
    ))
}

/// A header value.
fn organization_id(text: &str) -> Result<String, String> {
    if text.contains(['\r', '\n']) {
        return Err("control-plane.organization-id cannot contain header line breaks; remove them".to_owned());
    }
    if text.len() > ORGANIZATION_ID_MAX || !text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
        return Err(format!(
            "control-plane.organization-id must be at most {ORGANIZATION_ID_MAX} printable ASCII characters; correct it"
        ));
    }
    Ok(text.to_owned())
}

/// Nothing, or a path that begins with `/`; without the slashes at its end.
fn path_prefix(text: &str) -> Result<String, String> {
    let problem = if !text.starts_with('/') {
        "must start with /"
    } else if text.starts_with("//") {
        "must start with a single /"
    } else if text.contains(['?', '#']) {
        "must not have a query or a fragment"
    } else if text.split('/').any(|segment| matches!(segment, "." | "..")) {
        "must not have . or .. segments"
    } else if !is_path(text) {
        "has a character that must be percent-encoded"
    } else {
        return Ok(text.trim_end_matches('/').to_owned());
    };
    Err(format!(
        "invalid control-plane.url-path: {problem}; write a path such as /tunnels"
    ))
}

fn is_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(index, byte)| match byte {
        b'%' => bytes
            .get(index + 1..index + 3)
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)),
        b'/' | b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';'
        | b'=' | b':' | b'@' => true,
        _ => byte.is_ascii_alphanumeric(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn tunnel_ids_are_32_lower_case_letters_or_digits_and_never_echoed() {
        let id = format!("tunnel_{}", "0a".repeat(16));
        assert_eq!(tunnel_id(&id).unwrap(), id);
        for (text, gist) in [
            ("sk-secretsecretsecret", "does not begin"),
            ("tunnel_abc", "3 characters"),
            ("tunnel_0123456789ABCDEF0123456789abcdef", "other characters"),
            ("tunnel_../../x", "path parameter"),
            ("tunnel_%2e", "path parameter"),
            ("tunnel_0123456789abcdef0123456789abcdeä", "other characters"),
        ] {
            let error = tunnel_id(text).unwrap_err();
            assert!(
                error.contains("invalid tunnel ID") && error.contains(gist) && !error.contains(text),
                "{error}"
            );
        }
    }

    #[test]
    fn url_paths_lose_their_last_slash_and_nothing_else() {
        for (text, path) in [("/", ""), ("/a", "/a"), ("/a/b//", "/a/b"), ("/%2f~x@y", "/%2f~x@y")] {
            assert_eq!(path_prefix(text).unwrap(), path);
        }
        for text in [
            "a",
            "//host/a",
            "/a?b",
            "/a#b",
            "https://h/a",
            "/a/../b",
            "/a b",
            "/\u{e4}",
            "/%2",
            "/a\\b",
        ] {
            assert!(
                path_prefix(text)
                    .unwrap_err()
                    .contains("invalid control-plane.url-path"),
                "{text}"
            );
        }
    }

    #[test]
    fn organization_ids_are_header_values() {
        assert_eq!(organization_id("org-1 x").unwrap(), "org-1 x");
        assert!(
            organization_id("a\r\nb")
                .unwrap_err()
                .contains("cannot contain header line breaks")
        );
        assert!(organization_id("a\0b").is_err() && organization_id(&"x".repeat(257)).is_err());
    }
}
