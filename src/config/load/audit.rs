//! The audit log.

use log::LevelFilter;

use super::log::Logging;
use super::reader::{Checked, Reader};
use super::syslog::{OwnSyslog, warn_if_open};
use crate::config::checked::{Audit, Forward, LogTarget, OnFailure};
use crate::config::settings::{Setting, table};
use crate::config::values::scalar::echo;
use crate::limits::{AUDIT_ANCHOR_MAX, AUDIT_BACKLOG_MAX};

/// The section `audit`. A setting that only means something with a file is refused without one: whoever wrote it expects records.
pub(super) fn audit(reader: &mut Reader<'_>, logging: Option<&Logging>) -> Checked<Option<Audit>> {
    let log = logging.map(|logging| &logging.log);
    let file = reader.path(&table::AUDIT_FILE);
    let key_file = reader.path(&table::AUDIT_KEY_FILE);
    let on_failure = reader.required(&table::AUDIT_ON_FAILURE, "audit.on_failure is missing", on_failure);
    let anchor_every = reader.count(&table::AUDIT_ANCHOR_EVERY, AUDIT_ANCHOR_MAX);
    let kind = reader.required(&table::AUDIT_FORWARD, "audit.forward is missing", forward_kind);
    let backlog = reader.count(&table::AUDIT_BACKLOG, AUDIT_BACKLOG_MAX);
    let own = OwnSyslog::read(reader);
    let (file, key_file, on_failure, anchor_every) = (file?, key_file?, on_failure?, anchor_every?);
    let (kind, backlog, own) = (kind?, backlog?, own?);
    let Some(file) = file else {
        let alone: Option<&'static Setting> = match on_failure {
            _ if key_file.is_some() => Some(&table::AUDIT_KEY_FILE),
            OnFailure::Block => Some(&table::AUDIT_ON_FAILURE),
            OnFailure::DropAndCount if kind != Kind::None => Some(&table::AUDIT_FORWARD),
            OnFailure::DropAndCount => own.first(),
        };
        return match alone {
            Some(setting) => Err(reader.refuse(setting, "no records are written without audit.file; set it as well")),
            None => Ok(None),
        };
    };
    if log.is_some_and(|log| log.file.as_ref() == Some(&file)) {
        return Err(reader.refuse(&table::AUDIT_FILE, "is the file of log.file; name another one"));
    }
    if key_file.as_ref() == Some(&file) {
        return Err(reader.refuse(&table::AUDIT_KEY_FILE, "is the file of audit.file; name another one"));
    }
    if key_file.is_some() && log.is_some_and(|log| log.level < LevelFilter::Info) {
        reader.warn(
            "audit.key_file without anchors: they are log lines of level info, and log.level is above it; records that are removed at the \
             end of the audit log will not show"
                .to_owned(),
        );
    }
    if kind != Kind::Syslog
        && let Some(setting) = own.first()
    {
        let problem = "has no effect without audit.forward syslog; set it as well";
        return Err(reader.refuse(setting, format!("{} {problem}", setting.flag)));
    }
    let (target, server) = match kind {
        Kind::None => (None, None),
        Kind::Journald => (Some(LogTarget::Journal), None),
        Kind::Syslog => match logging {
            Some(logging) => {
                let (target, server) = logging.syslog.clone().of_audit(own).target();
                (Some(target), server)
            }
            // Its mistakes are reported already.
            None => (None, None),
        },
    };
    if let Some(server) = &server {
        let setting = address_setting(reader);
        warn_if_open(reader, server, "records of the audit log", setting);
    }
    let backlog = u64::try_from(backlog).unwrap_or(u64::MAX);
    let forward = target.map(|target| Forward {
        target,
        server,
        backlog,
        position: Forward::position_of(&file),
    });
    Ok(Some(Audit {
        file,
        key_file,
        on_failure,
        anchor_every,
        forward,
    }))
}

/// The setting that names the syslog server of the audit log.
pub(super) fn address_setting(reader: &Reader<'_>) -> &'static Setting {
    match reader.sources.one(&table::AUDIT_SYSLOG_ADDRESS) {
        Some(_) => &table::AUDIT_SYSLOG_ADDRESS,
        None => &table::SYSLOG_ADDRESS,
    }
}

/// Warns of a client certificate that no syslog server is shown.
pub(super) fn warn_of_identity(reader: &mut Reader<'_>, logging: &Logging, audit: Option<&Audit>) {
    let is_shown = audit.and_then(Audit::server).is_some_and(|server| server.url.tls);
    if logging.syslog.hides_identity() && !is_shown {
        let problem = "log.syslog-client-cert has no effect without a log.syslog-address that begins with tls://";
        reader.warn(problem.to_owned());
    }
}

/// What `audit.forward` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Journald,
    Syslog,
}

fn forward_kind(text: &str) -> Result<Kind, String> {
    const NAMES: [(&str, Kind); 3] = [
        ("none", Kind::None),
        ("journald", Kind::Journald),
        ("syslog", Kind::Syslog),
    ];
    let known = NAMES.iter().find(|(name, _)| text.eq_ignore_ascii_case(name));
    known.map(|(_, kind)| *kind).ok_or_else(|| {
        format!(
            "audit.forward is unknown: {}; write none, journald or syslog",
            echo(text)
        )
    })
}

fn on_failure(text: &str) -> Result<OnFailure, String> {
    match text {
        "block" => Ok(OnFailure::Block),
        "drop-and-count" => Ok(OnFailure::DropAndCount),
        _ => Err(format!(
            "audit.on_failure is unknown: {}; write block or drop-and-count",
            echo(text)
        )),
    }
}
