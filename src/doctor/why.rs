//! Why each step matters, for somebody who has not met it before.

/// One or two sentences for a check's id, without its channel.
pub(super) fn why(id: &str) -> Option<&'static str> {
    Some(match id {
        "config_source" => "Two files cannot both be the configuration; which one is read decides everything else.",
        "profile_load" => {
            "A file that cannot be read, or holds a key nobody knows, is refused as a whole, so that no setting is silently lost."
        }
        "tunnel_id" => "The tunnel id says which tunnel this client serves; it is made when the tunnel is created.",
        "control_plane_api_key" => {
            "The runtime key proves to the control plane that this client may serve the tunnel. It is kept out of files that others can read."
        }
        "control_plane_base_url" => "Every request for work goes to this address.",
        "config_validation" => "The daemon starts only with a configuration that is right as a whole.",
        "ca_bundle" => {
            "Behind a TLS-inspecting proxy, or with a private certificate authority, only this file makes certificates verifiable."
        }
        "client_certificate" => {
            "A control plane or MCP server that asks for a client certificate refuses connections without the right one."
        }
        "name_resolution" => {
            "The static binary asks DNS and /etc/hosts only. Names that another source of this host knows are unknown to it."
        }
        "control_plane_route" => {
            "The first hop: the name of the control plane, or of the proxy on the way to it, must have an address."
        }
        "control_plane_connect" => {
            "All work arrives over an outbound connection to this address; a firewall often stops it here."
        }
        "control_plane_proxy" => {
            "The proxy must agree to carry the connection before anything can be sent to the control plane."
        }
        "control_plane_tls" => {
            "TLS proves that the peer is the control plane, and keeps the key and all payloads from everybody in between."
        }
        "control_plane_auth" => {
            "The control plane must know the key and let it use this tunnel, or no work ever arrives."
        }
        "clock" => {
            "Certificates and tokens are only valid at certain times; a clock that is wrong makes good ones fail."
        }
        "mcp_target" => "The MCP server that this tunnel makes reachable.",
        "mcp_command_executable" => {
            "The daemon starts this program itself; a program that cannot be started answers no calls."
        }
        "mcp_server_reachable" => "Every call of the tunnel ends at the MCP server; it must answer an MCP initialize.",
        "oauth_metadata" => {
            "Connectors learn from this document where users log in. A server without a login need not have one."
        }
        "sandbox" => {
            "Once it has started, the daemon gives up everything that it does not need; a layer that the kernel lacks is one that does not hold an attacker back."
        }
        "program_file" => {
            "Until a process has run its first instructions, others of its user can open its memory, and keep it open, unless they cannot read its program."
        }
        "health_listener" => {
            "Without its health listener the daemon does not start; service managers and probes ask it."
        }
        "ui" => "Where to look at the daemon while it runs.",
        "log_file" => "A log that cannot be opened keeps the daemon from starting.",
        "audit_log" => {
            "Each command that ends is one record there; without its file, or the key that seals records, the daemon does not start."
        }
        "state_files" => "Others find the daemon by these files; one that cannot be written keeps it from starting.",
        _ => return None,
    })
}
