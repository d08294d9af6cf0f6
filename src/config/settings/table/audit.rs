//! The audit log.

use super::{NUMBER, PATH, Setting, TEXT};

pub(in crate::config) static AUDIT_FILE: Setting = Setting {
    key: "audit.file",
    flag: "audit.file",
    variables: &["AUDIT_FILE"],
    help: "File that one record for each command is appended to; unset: no audit log",
    details: "One line of JSON a command, without arguments and results. Created with mode 0600. Opened again on SIGHUP and SIGUSR1, as \
              after logrotate has renamed it. A device, a named pipe, a symbolic link and a file of another user are refused.",
    ..PATH
};

pub(in crate::config) static AUDIT_KEY_FILE: Setting = Setting {
    key: "audit.key_file",
    flag: "audit.key-file",
    variables: &["AUDIT_KEY_FILE"],
    help: "Key file that seals the records of the audit log into a chain; made by tunnel-client audit init",
    details: "The client writes it at each start and as records are written, so that it must be of the client's user, with mode 0600. \
              tunnel-client audit verify needs the initial key, which audit init prints and which is kept elsewhere.",
    ..PATH
};

pub(in crate::config) static AUDIT_ON_FAILURE: Setting = Setting {
    key: "audit.on_failure",
    flag: "audit.on-failure",
    variables: &["AUDIT_ON_FAILURE"],
    default: Some("drop-and-count"),
    placeholder: "block|drop-and-count",
    help: "What happens to commands while their records cannot be written",
    details: "block refuses them with an error and keeps the records of those that run; drop-and-count performs them and counts the \
              records that are lost, in /metrics and in the next record that can be written.",
    ..TEXT
};

pub(in crate::config) static AUDIT_ANCHOR_EVERY: Setting = Setting {
    key: "audit.anchor_every",
    flag: "audit.anchor-every",
    variables: &["AUDIT_ANCHOR_EVERY"],
    default: Some("1000"),
    help: "Records after which number and seal of the last one are written to the log",
    values: "1 to 1000000",
    details: "Written after a minute, too, if there are new records, and at start, rotation and end. An anchor is worth something where \
              the log is kept on another host.",
    ..NUMBER
};

pub(in crate::config) static AUDIT_FORWARD: Setting = Setting {
    key: "audit.forward",
    flag: "audit.forward",
    variables: &["AUDIT_FORWARD"],
    default: Some("none"),
    placeholder: "none|journald|syslog",
    help: "Where the records of audit.file are sent as well: journald, or a syslog server",
    details: "Each record is sent once the file has it, as it is. The file is the queue: what was not sent yet is sent after a restart, \
              from the position that FILE.forwarded keeps. Some records are sent twice after a kill or a broken connection. A syslog server is that of \
              log.syslog_address, with log.syslog_facility and log.syslog_client_cert, unless audit.syslog_address or \
              audit.syslog_facility name another.",
    ..TEXT
};

pub(in crate::config) static AUDIT_BACKLOG: Setting = Setting {
    key: "audit.forward_backlog",
    flag: "audit.forward-backlog",
    variables: &["AUDIT_FORWARD_BACKLOG"],
    default: Some("67108864"),
    help: "Bytes of records that may wait to be forwarded; of more, the oldest stay in audit.file alone",
    values: "1 to 1073741824",
    details: "Records that are left out are counted in audit_records_unforwarded_total and told in the log.",
    ..NUMBER
};

pub(in crate::config) static AUDIT_SYSLOG_ADDRESS: Setting = Setting {
    key: "audit.syslog_address",
    flag: "audit.syslog-address",
    variables: &["AUDIT_SYSLOG_ADDRESS"],
    placeholder: "SOCKET|tcp://HOST:PORT|tls://HOST:PORT",
    help: "Syslog server for audit.forward syslog; unset: that of log.syslog_address",
    values: "as log.syslog_address",
    ..TEXT
};

pub(in crate::config) static AUDIT_SYSLOG_FACILITY: Setting = Setting {
    key: "audit.syslog_facility",
    flag: "audit.syslog-facility",
    variables: &["AUDIT_SYSLOG_FACILITY"],
    placeholder: "NAME",
    help: "Facility of the records of the audit log; unset: log.syslog_facility",
    values: "user, daemon, auth, syslog, authpriv or local0 to local7",
    ..TEXT
};

/// Settings of the section `audit`, in the order of help texts.
pub(super) const AUDIT: &[&Setting] = &[
    &AUDIT_FILE,
    &AUDIT_KEY_FILE,
    &AUDIT_ON_FAILURE,
    &AUDIT_ANCHOR_EVERY,
    &AUDIT_FORWARD,
    &AUDIT_BACKLOG,
    &AUDIT_SYSLOG_ADDRESS,
    &AUDIT_SYSLOG_FACILITY,
];
