//! Where tunnels, keys and connectors of the hosted service are managed (contract: cli, section 11). For a control plane of
//! somebody else these pages are of no use.

use crate::config::HttpUrl;

/// Domain of the hosted service.
const HOSTED: &str = ".openai.com";

/// Whether a control plane is the hosted service.
pub(crate) fn is_hosted(base_url: &HttpUrl) -> bool {
    base_url.host.ends_with(HOSTED)
}

/// Tunnels, and who may use them.
pub(crate) const TUNNELS: &str = "https://platform.openai.com/settings/organization/tunnels";
/// The keys that a daemon uses.
pub(crate) const RUNTIME_KEYS: &str = "https://platform.openai.com/settings/organization/api-keys";
/// The keys that create, change and delete tunnels.
pub(crate) const ADMIN_KEYS: &str = "https://platform.openai.com/settings/organization/admin-keys";
/// The connectors of ChatGPT.
pub(crate) const CONNECTORS: &str = "https://chatgpt.com/#settings/Connectors";

/// All of them with their names, in the order of every list.
pub(crate) const ALL: [(&str, &str); 4] = [
    ("Tunnels", TUNNELS),
    ("Runtime API keys", RUNTIME_KEYS),
    ("Admin API keys", ADMIN_KEYS),
    ("ChatGPT connectors", CONNECTORS),
];
