//! The audit log: can it be written, is its key there, and does it end where the key file says?

use crate::audit::{self, Look};
use crate::config::Config;
use crate::doctor::report::{Check, shell_word};

/// The audit log, when there is one.
pub(in crate::doctor) fn audit_log(config: &Config) -> Option<Check> {
    let id = "audit_log";
    let settings = config.audit.as_ref()?;
    let file = settings.file.display().to_string();
    let file = shell_word(&file);
    Some(match audit::look(config) {
        Ok(None) => return None,
        Ok(Some(Look { facts, worries })) => match worries.first() {
            None => Check::pass(id, facts.join("; ")),
            Some(worry) => Check::warn(id, worry).evidence(worries.iter().skip(1)).evidence(facts).next([
                format!("look at the file: ls -l {file}; chmod 0600 {file} keeps others out"),
                "if records are missing, tunnel-client audit verify says which, with the initial key and the last anchor of the log"
                    .to_owned(),
            ]),
        },
        Err(error) => Check::fail(id, error.to_string())
            .evidence(["settings: audit.file (AUDIT_FILE), audit.key_file (AUDIT_KEY_FILE)"])
            .next([
                format!("let the client's user, who has to own both files, write them: ls -l {file}"),
                "run doctor as the user of the service: runuser -u tunnel-client -- tunnel-client doctor".to_owned(),
            ]),
    })
}
