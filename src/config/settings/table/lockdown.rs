//! Rules that the configuration itself must keep, or nothing starts.

use super::{COMMAS, SWITCH, Setting};

pub(in crate::config) static REQUIRE_PROXY: Setting = Setting {
    key: "lockdown.require_proxy",
    flag: "lockdown.require-proxy",
    variables: &["LOCKDOWN_REQUIRE_PROXY"],
    help: "Nothing leaves this host but through a proxy",
    details: "The control plane needs a proxy. An MCP server may be reached directly only on this host (a loopback address or a unix socket), or, when lockdown.allowed_networks is set, in these networks. Nothing starts while the configuration says otherwise, and a connection that would go elsewhere is refused before its first packet. Programs of stdio servers make connections of their own: the rule is not about them.",
    ..SWITCH
};

pub(in crate::config) static REQUIRE_BUNDLE_TRUST: Setting = Setting {
    key: "lockdown.require_bundle_trust",
    flag: "lockdown.require-bundle-trust",
    variables: &["LOCKDOWN_REQUIRE_BUNDLE_TRUST"],
    help: "Only the authorities of ca_bundle are trusted, and the control plane is spoken to over TLS",
    details: "Needs tls.trust to be bundle, ca_bundle, and https in control_plane.base_url.",
    ..SWITCH
};

pub(in crate::config) static REQUIRE_CLIENT_CERT: Setting = Setting {
    key: "lockdown.require_client_cert",
    flag: "lockdown.require-client-cert",
    variables: &["LOCKDOWN_REQUIRE_CLIENT_CERT"],
    help: "The control plane is shown a client certificate",
    details: "Needs control_plane.client_cert and control_plane.client_key, and https in control_plane.base_url.",
    ..SWITCH
};

pub(in crate::config) static ALLOWED_NETWORKS: Setting = Setting {
    key: "lockdown.allowed_networks",
    flag: "lockdown.allowed-network",
    variables: &["LOCKDOWN_ALLOWED_NETWORKS"],
    needs_entry: true,
    placeholder: "CIDR",
    help: "Networks in which MCP servers may be; repeatable or with commas",
    values: "an address, or an address and the length of its prefix, such as 10.20.0.0/16 or fd00::/8",
    details: "The address that a connection really goes to is looked at, after its name was resolved, each time. Loopback addresses count like any other. A server behind a proxy, whose address is not known here, must be in lockdown.allowed_hosts instead. Unset: any network.",
    ..COMMAS
};

pub(in crate::config) static ALLOWED_HOSTS: Setting = Setting {
    key: "lockdown.allowed_hosts",
    flag: "lockdown.allowed-host",
    variables: &["LOCKDOWN_ALLOWED_HOSTS"],
    needs_entry: true,
    placeholder: "HOST",
    help: "Exact names of the MCP servers that may be behind a proxy; repeatable or with commas",
    values: "host names or IP addresses, without a port",
    details: "Unset: any, unless lockdown.allowed_networks is set.",
    ..COMMAS
};

/// Settings of this page, in the order of help texts.
pub(super) const LOCKDOWN: &[&Setting] = &[
    &REQUIRE_PROXY,
    &REQUIRE_BUNDLE_TRUST,
    &REQUIRE_CLIENT_CERT,
    &ALLOWED_NETWORKS,
    &ALLOWED_HOSTS,
];
