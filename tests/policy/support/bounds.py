"""What each domain may do at most, whatever its booleans are. Types of Debian's policy."""

from __future__ import annotations

from dataclasses import dataclass

CLIENT, BROKER, SERVER, RELAY = "tunnel_client_t", "tunnel_client_broker_t", "tunnel_client_server_t", "tunnel_relay_t"

CREATE = ("create", "link", "rename", "unlink")
CHANGE = ("append", "relabelfrom", "relabelto", "setattr", "write", *CREATE)
CHANGE_DIRECTORY = ("add_name", "remove_name", "reparent", "rmdir", "create", "relabelfrom", "relabelto", "setattr")
# Code from memory that was written, and other processes' memory.
MEMORY = ("execheap", "execmem", "execstack", "ptrace", "setcurrent", "setsockcreate", "setfscreate", "dyntransition")
PROGRAMS = frozenset(
    {"bin_t", "shell_exec_t", "lib_t", "usr_t", "tunnel_client_exec_t", "tunnel_relay_exec_t", "tunnel_client_var_lib_t"}
)
# What every domain may read: the loader and libraries, and a few values of the kernel.
EVERYBODYS = frozenset({"cpu_online_t", "ld_so_cache_t", "ld_so_t", "lib_t", "sysctl_crypto_t", "textrel_shlib_t"})
# Sockets of every domain: label translation. With nscd: name services of the C library.
TRANSLATION = frozenset({"setrans_t"})
# Files of servers, and of doctor where it tries what a server can do.
TEMPORARY = frozenset({"tunnel_client_server_tmp_t", "tunnel_client_server_tmpfs_t", "tunnel_client_tmp_t"})
# A standard input that is written in the unit.
INHERITED = frozenset({"init_tmpfs_t"})


@dataclass(frozen=True)
class Bound:
    """On objects of a class, the domain has these permissions on these types at most."""

    domain: str
    object_class: str
    permissions: tuple[str, ...]
    types: frozenset[str]
    reason: str


def bound(
    domain: str, object_class: str, permissions: tuple[str, ...], types: set[str] | frozenset[str], reason: str
) -> Bound:
    return Bound(domain, object_class, permissions, frozenset(types), reason)


BOUNDS = (
    # The client.
    bound(CLIENT, "file", ("execute_no_trans",), {"tunnel_client_exec_t"}, "the client runs no program but itself"),
    bound(CLIENT, "process", ("transition",), {BROKER}, "the client starts nothing but the broker"),
    bound(CLIENT, "process", MEMORY, set(), "the client has no code in memory and looks into no process"),
    bound(
        CLIENT,
        "file",
        ("map",),
        EVERYBODYS | {"tunnel_client_exec_t"},
        "the client maps no file but its program and libraries",
    ),
    bound(
        CLIENT,
        "file",
        CHANGE,
        {CLIENT, "tunnel_client_runtime_t", "tunnel_client_log_t", "tunnel_client_tmp_t", "tunnel_client_audit_key_t"}
        | {"tunnel_client_position_t"}
        | INHERITED,
        "the client changes its runtime files, logs, the key and the position of the audit log and temporary files, not its configuration",
    ),
    bound(
        CLIENT,
        "file",
        ("unlink", "write"),
        {CLIENT, "tunnel_client_runtime_t", "tunnel_client_tmp_t", "tunnel_client_audit_key_t"}
        | {"tunnel_client_position_t"}
        | INHERITED,
        "the log is appended to, not changed",
    ),
    bound(
        CLIENT,
        "dir",
        CHANGE_DIRECTORY,
        {"tmp_t", "tunnel_client_runtime_t", "tunnel_client_log_t", "tunnel_client_tmp_t"},
        "the client makes files in its own directories",
    ),
    bound(
        CLIENT,
        "file",
        ("read",),
        EVERYBODYS
        | PROGRAMS
        | INHERITED
        | {CLIENT, "tunnel_client_conf_t", "tunnel_client_secret_t", "tunnel_client_runtime_t", "tunnel_client_tmp_t"}
        | {"etc_t", "cert_t", "net_conf_t", "systemd_resolved_runtime_t", "NetworkManager_runtime_t"}
        | {"tunnel_client_log_t", "tunnel_client_audit_key_t", "tunnel_client_position_t"}
        | {"ramfs_t", "tmpfs_t", "init_runtime_t", "sysctl_kernel_t"},
        "the client reads its configuration, certificates, names, credentials, logs, and the scripts that it has started",
    ),
    bound(CLIENT, "tcp_socket", ("name_bind",), {"http_cache_port_t"}, "the client listens on its health listener's port"),
    bound(CLIENT, "udp_socket", ("name_bind",), set(), "the client answers no datagram"),
    bound(
        CLIENT,
        "unix_stream_socket",
        ("connectto",),
        {CLIENT, "nscd_t", "systemd_socket_proxyd_t"} | TRANSLATION,
        "the client connects to no service of the host but name services",
    ),
    # The broker.
    bound(BROKER, "file", ("execute_no_trans",), set(), "everything that the broker runs is a server"),
    bound(BROKER, "process", ("transition",), {SERVER}, "the broker starts nothing but servers"),
    bound(BROKER, "process", MEMORY, set(), "the broker has no code in memory and looks into no process"),
    bound(BROKER, "file", CHANGE, {BROKER}, "the broker changes no file"),
    bound(BROKER, "dir", CHANGE_DIRECTORY, set(), "the broker changes no directory"),
    bound(
        BROKER,
        "file",
        ("read",),
        EVERYBODYS | PROGRAMS | {BROKER, SERVER},
        "the broker reads programs, and no file of the client",
    ),
    bound(BROKER, "tcp_socket", ("create", "name_connect", "name_bind"), set(), "the broker has no network over TCP"),
    bound(BROKER, "udp_socket", ("create", "name_bind"), set(), "the broker has no network over UDP"),
    bound(BROKER, "unix_stream_socket", ("connectto",), TRANSLATION, "the broker connects to no service"),
    bound(BROKER, "process", ("sigkill", "sigstop", "signal"), {BROKER, SERVER}, "the broker ends servers alone"),
    # Stdio servers.
    bound(SERVER, "process", ("transition",), set(), "a server and all that it starts stay in one domain"),
    bound(SERVER, "process", tuple(sorted({*MEMORY} - {"execmem"})), set(), "a server looks into no process"),
    bound(SERVER, "process", ("sigkill", "sigstop", "signal"), {SERVER}, "a server signals servers only"),
    bound(
        SERVER,
        "file",
        CHANGE,
        {SERVER, "tunnel_client_var_lib_t"} | TEMPORARY,
        "a server changes its state, temporary files and shared memory",
    ),
    bound(
        SERVER,
        "dir",
        CHANGE_DIRECTORY,
        {"tmp_t", "tmpfs_t", "tunnel_client_var_lib_t", "tunnel_client_server_tmp_t", "tunnel_client_tmp_t"},
        "a server makes files in its state directory, /tmp and /dev/shm",
    ),
    bound(
        SERVER,
        "file",
        ("execute",),
        (PROGRAMS | {"ld_so_t", "textrel_shlib_t"}),
        "a server runs programs of the system and of its state directory, and none from /tmp",
    ),
    bound(
        SERVER,
        "file",
        ("read",),
        EVERYBODYS
        | PROGRAMS
        | TEMPORARY
        | {SERVER}
        | {"public_content_t", "public_content_rw_t"}
        | {"etc_t", "cert_t", "locale_t", "net_conf_t", "cgroup_t"}
        | {"systemd_resolved_runtime_t", "systemd_machined_runtime_t", "NetworkManager_runtime_t"},
        "a server reads neither configuration nor secrets, no homes, no state of other services",
    ),
    bound(SERVER, "tcp_socket", ("name_bind",), set(), "a server chooses no TCP port"),
    bound(SERVER, "udp_socket", ("name_bind",), set(), "a server chooses no UDP port"),
    bound(
        SERVER,
        "unix_stream_socket",
        ("connectto",),
        {SERVER, "avahi_t", "nscd_t", "syslogd_t", "systemd_resolved_t"} | TRANSLATION,
        "a server connects to no service of the host but name services and the log",
    ),
    # The relay.
    bound(RELAY, "file", ("execute_no_trans",), set(), "the relay runs no program"),
    bound(RELAY, "process", ("transition",), set(), "the relay enters no other domain"),
    bound(RELAY, "process", MEMORY, set(), "the relay has no code in memory and looks into no process"),
    bound(
        RELAY,
        "file",
        CHANGE,
        {RELAY, "tunnel_relay_var_lib_t"} | INHERITED,
        "the relay changes its list of tunnels, not its keys",
    ),
    bound(RELAY, "tcp_socket", ("name_connect",), set(), "the relay connects to nothing"),
    bound(
        RELAY,
        "file",
        ("read",),
        EVERYBODYS
        | INHERITED
        | {RELAY, "tunnel_relay_conf_t", "tunnel_relay_secret_t", "tunnel_relay_exec_t", "tunnel_relay_var_lib_t"}
        | {"etc_t", "ramfs_t", "tmpfs_t", "init_runtime_t"},
        "the relay reads its own files and credentials",
    ),
)

# Capabilities: when root starts the client, the user is switched, and the broker ends servers of another user.
CAPABILITIES = {
    CLIENT: {"setgid", "setpcap", "setuid"},
    BROKER: {"kill", "setgid", "setpcap", "setuid"},
    SERVER: set(),
    # Ports below 1024.
    RELAY: {"net_bind_service"},
}

# Classes of sockets that a domain can create.
SOCKETS = {
    CLIENT: {"tcp_socket", "udp_socket", "unix_dgram_socket", "unix_stream_socket"},
    BROKER: {"unix_stream_socket"},
    # netlink_route_socket: the C library asks for addresses.
    SERVER: {"netlink_route_socket", "tcp_socket", "udp_socket", "unix_dgram_socket", "unix_stream_socket"},
    RELAY: {"tcp_socket", "unix_dgram_socket", "unix_stream_socket"},
}

# Who enters a domain. rc scripts and administrators of the reference policy start every daemon.
STARTERS = {"init_t", "initrc_t", "sysadm_t", "auditadm_t", "secadm_t"}
ENTRIES = {CLIENT: STARTERS, BROKER: {CLIENT}, SERVER: {BROKER}, RELAY: STARTERS}
# Also with no_new_privs, which otherwise keeps a process in its domain.
WITHOUT_NEW_PRIVILEGES = {CLIENT: {"init_t", "initrc_t"}, BROKER: {CLIENT}, SERVER: {BROKER}, RELAY: {"init_t"}}
# Without being asked: nobody enters the broker's.
AUTOMATIC = {CLIENT: STARTERS, BROKER: set(), SERVER: {BROKER}, RELAY: STARTERS}
