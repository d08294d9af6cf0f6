//! Lines of the log in a bundle.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use serde_json::{Value, json};
use tokio::task::yield_now;

use super::Outgoing;
use super::outgoing::clean;
use super::windows::{Pace, scrubbed};
use crate::limits::{BUNDLE_LINES_MAX, BUNDLE_LOG_MAX};

/// The last lines of a log file, oldest first, within the bounds of a bundle.
///
/// # Errors
///
/// The file cannot be read.
pub fn tail(file: &mut File) -> io::Result<Vec<String>> {
    let length = file.seek(SeekFrom::End(0))?;
    let most = u64::try_from(BUNDLE_LOG_MAX).unwrap_or(u64::MAX);
    let start = length.saturating_sub(most);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // The first line may have lost its beginning, and with it the name of a secret.
    let whole = match start {
        0 => &*text,
        _ => text.split_once('\n').map_or("", |(_, whole)| whole),
    };
    let mut lines: Vec<String> = whole.lines().rev().take(BUNDLE_LINES_MAX).map(str::to_owned).collect();
    lines.reverse();
    Ok(lines)
}

/// One JSON object a line. A line in another format is the member `line`. Secrets of several lines are taken out before.
pub(super) async fn ndjson(lines: Vec<String>) -> Outgoing {
    let all = lines.join("\n");
    yield_now().await;
    drop(lines);
    yield_now().await;
    let clean_lines = scrubbed(&all).await;
    drop(all);
    let mut text = String::new();
    let mut pace = Pace::default();
    for line in clean_lines.lines() {
        let event = match serde_json::from_str(line) {
            Ok(event @ Value::Object(_)) => event,
            _ => json!({ "line": line }),
        };
        text.push_str(&clean(&event, &mut pace).await.to_string());
        text.push('\n');
    }
    drop(clean_lines);
    Outgoing::of(&text).await
}
