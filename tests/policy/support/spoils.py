"""Bad rules, for the proof that the cases can fail."""

from __future__ import annotations

from workspace import Spoil

CLIENT, RELAY = "tunnel_client", "tunnel_relay"

SPOILS = {
    "syntax": Spoil(CLIENT, "allow tunnel_client_t;", "the modules compile", is_alone=True),
    "debian-only": Spoil(CLIENT, "init_unit_file(tunnel_client_conf_t)", "names of Fedora", is_alone=True),
    "style": Spoil(CLIENT, "allow tunnel_client_t self:process { signull setrlimit };", "selint"),
    "server-reads-secrets": Spoil(
        CLIENT, "allow tunnel_client_server_t tunnel_client_secret_t:file read;", "neverallow", is_alone=True
    ),
    "broker-reads-configuration": Spoil(
        CLIENT, "allow tunnel_client_broker_t tunnel_client_conf_t:file read;", "neverallow", is_alone=True
    ),
    "client-runs-shell": Spoil(CLIENT, "corecmd_exec_shell(tunnel_client_t)", "runs no program but itself"),
    "client-writes-configuration": Spoil(
        CLIENT, "allow tunnel_client_t tunnel_client_conf_t:file write;", "neverallow", is_alone=True
    ),
    "client-writes-everything": Spoil(CLIENT, "allow tunnel_client_t etc_t:file write;", "not its configuration"),
    "client-reads-more": Spoil(CLIENT, "allow tunnel_client_t var_t:file read;", "the client reads"),
    "client-listens-anywhere": Spoil(CLIENT, "corenet_tcp_bind_all_ports(tunnel_client_t)", "health listener's port"),
    "client-traces": Spoil(
        CLIENT, "allow tunnel_client_t tunnel_client_broker_t:process ptrace;", "looks into no process"
    ),
    "client-becomes-broker": Spoil(
        CLIENT,
        "type_transition tunnel_client_t tunnel_client_exec_t:process tunnel_client_broker_t;",
        "broker_t: nobody else enters it",
    ),
    "restricted-starter": Spoil(
        RELAY, "allow initrc_t tunnel_relay_t:process2 nnp_transition;", "relay_t: nobody else enters it"
    ),
    "client-any-port": Spoil(
        CLIENT,
        "tunable_policy(`tunnel_client_http_servers',`corenet_tcp_connect_ssh_port(tunnel_client_t)')",
        "no port of another service",
    ),
    "server-returns": Spoil(
        CLIENT, "allow tunnel_client_server_t tunnel_client_t:process transition;", "neverallow", is_alone=True
    ),
    "server-binds": Spoil(CLIENT, "corenet_tcp_bind_http_port(tunnel_client_server_t)", "chooses no TCP port"),
    "server-runs-tmp": Spoil(CLIENT, "can_exec(tunnel_client_server_t, tunnel_client_server_tmp_t)", "none from /tmp"),
    "server-reads-homes": Spoil(CLIENT, "userdom_read_user_home_content_files(tunnel_client_server_t)", "no homes"),
    "broker-network": Spoil(CLIENT, "sysnet_dns_name_resolve(tunnel_client_broker_t)", "no network over TCP"),
    "capability": Spoil(CLIENT, "allow tunnel_client_broker_t self:capability dac_override;", "no capability"),
    "socket": Spoil(CLIENT, "allow tunnel_client_server_t self:packet_socket create;", "no kind of socket"),
    "servers-always": Spoil(
        CLIENT, "allow tunnel_client_t tunnel_client_broker_t:process transition;", "cannot start the broker"
    ),
    "relay-connects": Spoil(RELAY, "corenet_tcp_connect_http_port(tunnel_relay_t)", "connects to nothing"),
    "relay-changes-keys": Spoil(RELAY, "allow tunnel_relay_t tunnel_relay_secret_t:file write;", "not its keys"),
}
