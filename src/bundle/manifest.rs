//! What is in a bundle, for programs.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::{Entry, MANIFEST, METRICS, Outgoing, Sources};
use crate::identity::{CLIENT_NAME, CLIENT_VERSION};
use crate::telemetry::utc::Utc;

/// `events`: lines of the log. `entries` without the manifest itself.
pub(super) async fn manifest(
    sources: &Sources,
    events: usize,
    entries: &[Entry],
    left_out: &[(&str, String)],
) -> Outgoing {
    let log = sources.log.as_ref().ok();
    let window = log.and_then(|log| log.window);
    let moment = |at: SystemTime| Utc::of(at).to_string();
    let length = window.and_then(|(start, end)| end.duration_since(start).ok());
    let metrics = entries.iter().find(|entry| entry.name == METRICS);
    let files: Vec<&str> = [MANIFEST]
        .into_iter()
        .chain(entries.iter().map(|entry| entry.name))
        .collect();
    let left_out = left_out.iter().map(|(name, why)| ((*name).to_owned(), json!(why)));
    let manifest = json!({
        "generated_at": moment(sources.at),
        "made_by": sources.made_by,
        "window_start": window.map(|(start, _)| moment(start)),
        "window_end": window.map(|(_, end)| moment(end)),
        "window": length.map(|length| format!("{}m{}s", length.as_secs() / 60, length.as_secs() % 60)),
        "event_count": events,
        "log_buffer_capacity": log.and_then(|log| log.capacity),
        "metrics_bytes": metrics.map_or(0, |entry| entry.text.as_str().len()),
        "redacted": true,
        "files": files,
        "left_out": Value::Object(left_out.collect::<Map<_, _>>()),
        "runtime": { "client_name": CLIENT_NAME, "version": CLIENT_VERSION },
    });
    Outgoing::json(&manifest).await
}
