//! What is in a bundle, for people.

use std::fmt::Write as _;

use super::{DOCTOR, Entry, HEALTH, LOG, MANIFEST, METRICS, Outgoing, README, READYZ, RUNTIME, SANDBOX, Sources};
use crate::identity::{CLIENT_NAME, CLIENT_VERSION};
use crate::telemetry::utc::{ForPeople, Utc};

const ABOUT: [(&str, &str); 8] = [
    (MANIFEST, "this list, for programs"),
    (
        RUNTIME,
        "build, configuration with the source of each value, environment",
    ),
    (LOG, "lines of the log, oldest first, one JSON object a line"),
    (METRICS, "/metrics of the running process"),
    (HEALTH, "/health?details=true of the running process"),
    (READYZ, "/readyz?verbose of the running process"),
    (
        DOCTOR,
        "what tunnel-client doctor found: each step on the way, the first that failed is the cause",
    ),
    (
        SANDBOX,
        "the layers of the sandbox that this kernel applies to this configuration",
    ),
];

const SECRETS: &str = "\
Secrets are replaced: keys, tokens, passwords, cookies, Authorization headers, user information and secret parameters of URLs, JSON Web
Tokens, private keys, and every secret that the configuration holds or refers to, also where it is encoded. Payloads of calls are in no
log, and so in no bundle. Names of hosts, users, files and channels stay. Look through the files before you send them: only you know
what else your site keeps to itself.

Never in a bundle:
  arguments of the running process   the process hides them from everybody; the configuration with its sources says the same
  environment of the running process  the process hides it as well; one that is shown is that of the command that made the bundle
  contents of files that the configuration names, but for the log
";

/// `entries` without the manifest and this text.
pub(super) async fn readme(sources: &Sources, entries: &[Entry], left_out: &[(&str, String)]) -> Outgoing {
    let mut text = format!(
        "Support bundle of {CLIENT_NAME} {CLIENT_VERSION}, {}\n",
        ForPeople(Utc::of(sources.at))
    );
    // Writing to a String cannot fail.
    let _ = writeln!(text, "Made by: {}\n", sources.made_by);
    let names = [MANIFEST, README]
        .into_iter()
        .chain(entries.iter().map(|entry| entry.name));
    for name in names {
        let about = ABOUT
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, about)| about);
        let _ = writeln!(text, "{}", format!("  {name:<28} {about}").trim_end());
    }
    if let Ok(log) = &sources.log {
        let _ = writeln!(text, "\nThe log: {}", log.place);
    }
    if !left_out.is_empty() {
        text.push_str("\nLeft out:\n");
        for (name, why) in left_out {
            let _ = writeln!(text, "  {name:<28} {why}");
        }
    }
    let _ = write!(text, "\n{SECRETS}");
    Outgoing::of(&text).await
}
