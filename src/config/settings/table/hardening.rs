//! What the process gives up once it has started.

use super::{COMMAS, Setting, TEXT};

pub(in crate::config) static HARDENING_MODE: Setting = Setting {
    key: "hardening.mode",
    flag: "hardening.mode",
    variables: &["HARDENING_MODE"],
    reference: true,
    default: Some("enforce"),
    placeholder: "enforce|best-effort|off",
    help: "What happens when the kernel cannot apply a layer of the sandbox",
    details: "enforce: nothing starts without landlock (Linux 5.13) and seccomp. best-effort: it starts with what there is, warns, and reports what is missing. off: no sandbox at all, for tests. Which layers are in force is in the log, in /readyz?verbose, in the metrics and in tunnel-client doctor.",
    ..TEXT
};

pub(in crate::config) static DISCOVERY_PORTS: Setting = Setting {
    key: "hardening.discovery_ports",
    flag: "hardening.discovery-port",
    variables: &["HARDENING_DISCOVERY_PORTS"],
    needs_entry: true,
    placeholder: "PORT",
    help: "TCP ports of servers whose addresses are learnt at run time; repeatable or with commas",
    values: "1 to 65535, or none",
    details: "The kernel lets the client connect to the ports that the configuration names and to these. Unset: 443. Under lockdown.require_proxy they are not opened.",
    ..COMMAS
};

pub(in crate::config) static PROCESS_USER: Setting = Setting {
    key: "process.user",
    flag: "process.user",
    variables: &["TUNNEL_CLIENT_USER"],
    placeholder: "USER",
    help: "User that the client becomes after it has started as root",
    values: "a name of /etc/passwd, or UID:GID",
    details: "Secrets are read before, so they may be root's; those that are to be rotated must be readable for this user. Unset: it stays who started it, without capabilities.",
    ..TEXT
};

pub(in crate::config) static SERVER_USER: Setting = Setting {
    key: "process.server_user",
    flag: "process.server-user",
    variables: &["TUNNEL_CLIENT_SERVER_USER"],
    placeholder: "USER",
    help: "User that stdio MCP servers run as when the client was started as root",
    values: "a name of /etc/passwd, or UID:GID",
    details: "Unset: that of the client. Another user cannot read the client's files, look into its memory or send it signals, whatever the kernel knows of landlock.",
    ..TEXT
};

/// Settings of this page, in the order of help texts.
pub(super) const HARDENING: &[&Setting] = &[&PROCESS_USER, &SERVER_USER, &HARDENING_MODE, &DISCOVERY_PORTS];
