//! The audit log.

use log::LevelFilter;

use super::reader::{Checked, Reader};
use crate::config::checked::{Audit, Log, OnFailure};
use crate::config::settings::{Setting, table};
use crate::config::values::scalar::echo;
use crate::limits::AUDIT_ANCHOR_MAX;

/// The section `audit`. A setting that only means something with a file is refused without one: whoever wrote it expects records.
pub(super) fn audit(reader: &mut Reader<'_>, log: Option<&Log>) -> Checked<Option<Audit>> {
    let file = reader.path(&table::AUDIT_FILE);
    let key_file = reader.path(&table::AUDIT_KEY_FILE);
    let on_failure = reader.required(&table::AUDIT_ON_FAILURE, "audit.on_failure is missing", on_failure);
    let anchor_every = reader.count(&table::AUDIT_ANCHOR_EVERY, AUDIT_ANCHOR_MAX);
    let (file, key_file, on_failure, anchor_every) = (file?, key_file?, on_failure?, anchor_every?);
    let Some(file) = file else {
        let alone: Option<&'static Setting> = match on_failure {
            _ if key_file.is_some() => Some(&table::AUDIT_KEY_FILE),
            OnFailure::Block => Some(&table::AUDIT_ON_FAILURE),
            OnFailure::DropAndCount => None,
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
    Ok(Some(Audit {
        file,
        key_file,
        on_failure,
        anchor_every,
    }))
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
