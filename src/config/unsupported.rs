//! Documented variables that this build does not act on yet.
//!
//! A proxy or a header list that is silently ignored would send traffic where nobody expects it, so a variable that is
//! set and would change anything stops the start.

use std::ffi::OsStr;
use std::time::Duration;

use super::duration;
use super::scalar::boolean;
use crate::secrets::Environment;

/// Which values of a variable mean the same as leaving it unset.
#[derive(Clone, Copy)]
enum Harmless {
    /// None.
    Never,
    /// Every way to write the default of a switch.
    Switch(bool),
    /// The number that is the default.
    Number(u64),
    /// The duration that is the default.
    Time(Duration),
}

impl Harmless {
    fn holds(self, value: &OsStr) -> bool {
        let Some(text) = value.to_str().map(str::trim) else {
            return false;
        };
        match self {
            Self::Never => text.is_empty(),
            Self::Switch(default) => text.is_empty() || boolean(text) == Some(default),
            Self::Number(default) => text.is_empty() || text.parse() == Ok(default),
            Self::Time(default) => text.is_empty() || duration::parse(text) == Ok(default),
        }
    }
}

/// The profile directory is not listed: without a profile it has no effect anywhere.
const VARIABLES: &[(&str, Harmless)] = &[
    ("TUNNEL_CLIENT_CONFIG", Harmless::Never),
    ("TUNNEL_CLIENT_PROFILE", Harmless::Never),
    ("TUNNEL_CLIENT_PROFILE_FILE", Harmless::Never),
    ("TUNNEL_CLIENT_HTTP_PROXY", Harmless::Never),
    ("CONTROL_PLANE_HTTP_PROXY", Harmless::Never),
    ("CONTROL_PLANE_CLIENT_CERT", Harmless::Never),
    ("CONTROL_PLANE_CLIENT_KEY", Harmless::Never),
    ("CONTROL_PLANE_POLL_CHANNELS", Harmless::Never),
    ("CONTROL_PLANE_EXTRA_HEADERS", Harmless::Never),
    ("TUNNEL_INTEGRATION_TUNNEL_SERVICE_SOCKET_PATH", Harmless::Never),
    ("LOG_HTTP_RAW_UNSAFE", Harmless::Switch(false)),
    ("HEALTH_UNIX_SOCKET", Harmless::Never),
    ("ALLOW_REMOTE_UI", Harmless::Switch(false)),
    ("OPEN_WEB_UI", Harmless::Switch(false)),
    ("ADMIN_UI_LOG_BUFFER_EVENTS", Harmless::Number(2000)),
    ("CLOUDFLARED_TUNNEL_TOKEN", Harmless::Never),
    ("CLOUDFLARED_MANAGED", Harmless::Switch(false)),
    ("CLOUDFLARED_PATH", Harmless::Never),
    ("CLOUDFLARED_READY_TIMEOUT", Harmless::Time(Duration::from_secs(30))),
    ("MCP_HTTP_PROXY", Harmless::Never),
    ("MCP_CLIENT_CERT", Harmless::Never),
    ("MCP_CLIENT_KEY", Harmless::Never),
    ("MCP_EXTRA_HEADERS", Harmless::Never),
    ("MCP_DISCOVERY_EXTRA_HEADERS", Harmless::Never),
    ("HARPOON_TARGETS", Harmless::Never),
    ("HARPOON_ALLOW_PLAINTEXT_HTTP", Harmless::Switch(false)),
    ("HARPOON_MAX_RESPONSE_BYTES", Harmless::Number(102_400)),
    ("HARPOON_MAX_REDIRECTS", Harmless::Number(5)),
    ("HARPOON_HTTP_PROXY", Harmless::Never),
    ("HARPOON_ADDITIONAL_TRANSPORTS", Harmless::Never),
    ("HARPOON_CAPTURE_PAYLOADS", Harmless::Switch(false)),
    ("HARPOON_HOSTS_INCLUDE_SUFFIX", Harmless::Never),
    ("HARPOON_HOSTS_INCLUDE_REGEX", Harmless::Never),
    ("HARPOON_HOSTS_INCLUDE_LOOPBACK", Harmless::Switch(true)),
    ("HARPOON_HOSTS_INCLUDE_PRIVATE", Harmless::Switch(true)),
    ("PROXY_CHECK_INTERVAL", Harmless::Time(Duration::from_secs(60))),
];

/// Variables of other programs that name a proxy: worth a word, not a refusal, because many images set them.
const PROXIES: &[&str] = &["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"];

/// The variables that are set to something this build cannot do.
pub(super) fn refused(environment: &Environment) -> impl Iterator<Item = &'static str> {
    let set = |name: &str, harmless: Harmless| environment.value(name).is_some_and(|value| !harmless.holds(value));
    VARIABLES
        .iter()
        .filter(move |(name, harmless)| set(name, *harmless))
        .map(|(name, _)| *name)
}

/// The proxy variables that are set.
pub(super) fn proxies(environment: &Environment) -> impl Iterator<Item = &'static str> {
    PROXIES.iter().copied().filter(|name| environment.value(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused_in(variables: &[(&str, &str)]) -> Vec<&'static str> {
        refused(&variables.iter().copied().collect()).collect()
    }

    #[test]
    fn a_variable_that_would_change_anything_is_refused() {
        let set = [
            ("MCP_HTTP_PROXY", "http://p"),
            ("OPEN_WEB_UI", "true"),
            ("HARPOON_MAX_REDIRECTS", "0"),
        ];
        assert_eq!(
            refused_in(&set),
            ["OPEN_WEB_UI", "MCP_HTTP_PROXY", "HARPOON_MAX_REDIRECTS"]
        );
    }

    #[test]
    fn values_that_mean_the_default_are_not() {
        for (name, value) in [
            ("MCP_HTTP_PROXY", ""),
            ("OPEN_WEB_UI", "F"),
            ("ADMIN_UI_LOG_BUFFER_EVENTS", "2000"),
            ("PROXY_CHECK_INTERVAL", "1m0s"),
            ("PROXY_CHECK_INTERVAL", " 60s"),
            ("TUNNEL_CLIENT_PROFILE_DIR", "/x"),
        ] {
            assert!(refused_in(&[(name, value)]).is_empty(), "{name}={value}");
        }
    }
}
