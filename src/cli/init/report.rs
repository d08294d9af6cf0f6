//! What `init` prints.

use std::fmt::Write as _;
use std::path::Path;

use super::{next, profiles};
use crate::cli::profiles::{Place, Verdict};
use crate::config::ProfileName;
use crate::samples::Sample;

/// Where tunnels, keys and connectors are managed (spec: cli, section 1).
const SETUP_URLS: [(&str, &str); 4] = [
    ("Tunnels", "https://platform.openai.com/settings/organization/tunnels"),
    (
        "Runtime API keys",
        "https://platform.openai.com/settings/organization/api-keys",
    ),
    (
        "Admin API keys",
        "https://platform.openai.com/settings/organization/admin-keys",
    ),
    ("ChatGPT connectors", "https://chatgpt.com/#settings/Connectors"),
];

/// What was done, and what comes next.
pub(super) fn text(sample: &Sample, name: &ProfileName, path: &Path, place: &Place, verdict: &Verdict) -> String {
    let run = next("run", name, place);
    format!(
        "\
Created profile {name} at {path}
Sample: {sample}
{needed}Next:
  {doctor}
  {run}
Canonical setup URLs:
{urls}Connector runtime note:
  Create or verify the connector only while `{run}` is running, and keep that daemon up.
",
        path = profiles::show(path),
        sample = sample.name,
        needed = still_needed(verdict),
        doctor = next("doctor", name, place),
        urls = setup_urls(),
    )
}

/// What the profile refers to and is not there yet.
fn still_needed(verdict: &Verdict) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for variable in &verdict.unset {
        let _ = writeln!(text, "  export {variable}=...    (not set in this environment)");
    }
    for error in &verdict.missing {
        // Its variable is in the list above.
        if !verdict
            .unset
            .iter()
            .any(|variable| error.problem.contains(variable.as_str()))
        {
            let _ = writeln!(text, "  {}", error.problem);
        }
    }
    match text.as_str() {
        "" => text,
        needed => format!("Still needed:\n{needed}"),
    }
}

fn setup_urls() -> String {
    SETUP_URLS
        .iter()
        .map(|(name, url)| format!("  {name}: {url}\n"))
        .collect()
}

/// The message without a tunnel id.
pub(super) fn tunnel_id_required() -> String {
    format!(
        "\
tunnel ID is required; pass --tunnel-id tunnel_<32 lowercase letters or digits>
Create a tunnel:  tunnel-client admin tunnels create --help
First steps:      tunnel-client help quickstart
{urls}",
        urls = setup_urls().trim_end()
    )
}
