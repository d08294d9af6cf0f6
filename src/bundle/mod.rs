//! The support bundle: what an operator may attach to a public ticket (contract: ops, section 11).
//!
//! [`Sources`] is what there is, from whoever has it: a command, or the running process. [`pack`] makes the archive of it, step by
//! step: the running process carries the tunnel between two steps, the command does nothing else ([`pack_at_once`]). Every byte that
//! gets into an archive is an [`Outgoing`] text.

#![forbid(unsafe_code)]

mod archive;
mod log;
mod manifest;
mod outgoing;
mod readme;
mod runtime;
mod windows;
mod yaml;

#[cfg(test)]
mod tests;

use std::mem;
use std::time::SystemTime;

use serde_json::Value;

pub use self::archive::name_of;
pub use self::log::tail;
pub use self::outgoing::Outgoing;
pub use self::runtime::{Written, environment, runtime};
use self::windows::{Pace, to_the_end};

/// A part of a bundle, or why it is left out: the end of a sentence.
pub type Part<T> = Result<T, String>;

/// Everything that goes into a bundle, not yet searched for secrets.
#[derive(Debug)]
pub struct Sources {
    /// When the bundle is made.
    pub at: SystemTime,
    /// The command line that makes such a bundle, or the path that was asked for.
    pub made_by: &'static str,
    /// Build, configuration and environment ([`runtime`]).
    pub runtime: Value,
    /// Lines of the log, oldest first.
    pub log: Part<Log>,
    /// `/metrics`.
    pub metrics: Part<String>,
    /// Further documents by name, in the order in which they are packed: [`ADMIN`], then the others.
    pub documents: Vec<(&'static str, Part<Document>)>,
}

/// Lines of the log.
#[derive(Debug, Default)]
pub struct Log {
    /// Where they come from, for people.
    pub place: String,
    /// Oldest first.
    pub lines: Vec<String>,
    /// Time span of the lines, where whoever has them knows it.
    pub window: Option<(SystemTime, SystemTime)>,
    /// Lines that the place holds at most, where there is such a bound.
    pub capacity: Option<usize>,
}

/// A document of a bundle.
#[derive(Debug)]
pub enum Document {
    /// JSON.
    Json(Value),
    /// Text.
    Text(String),
}

/// Names of the documents of the status page's API.
pub const ADMIN: [&str; 4] = [
    "admin/status.json",
    "admin/system.json",
    "admin/oauth.json",
    "admin/harpoon.json",
];
/// The answer of `/health?details=true`.
pub const HEALTH: &str = "health.json";
/// The answer of `/readyz?verbose`.
pub const READYZ: &str = "readyz.txt";
/// The report of `doctor`.
pub const DOCTOR: &str = "doctor.json";
/// The layers of the sandbox on this host.
pub const SANDBOX: &str = "sandbox.json";

const MANIFEST: &str = "manifest.json";
const README: &str = "README.txt";
const RUNTIME: &str = "tunnel-client.runtime.yaml";
const EFFECTIVE: &str = "effective_config";
const LOG: &str = "tunnel-client.logs.ndjson";
const METRICS: &str = "tunnel-client.metrics.prom";

/// One file of an archive.
#[derive(Debug)]
struct Entry {
    name: &'static str,
    text: Outgoing,
}

/// The archive, tar in gzip. The same sources give the same bytes. Lets other tasks run after each step.
pub async fn pack(sources: Sources) -> Vec<u8> {
    let at = sources.at;
    archive::archive(&entries(sources).await, at).await
}

/// The same without anybody else to wait for it.
#[must_use]
pub fn pack_at_once(sources: Sources) -> Vec<u8> {
    to_the_end(pack(sources))
}

/// The effective configuration holds no value that may not be shown ([`Effective`](crate::config::Effective)).
async fn clean_runtime(runtime: &Value) -> Value {
    let mut pace = Pace::default();
    let mut clean = outgoing::clean(runtime, &mut pace).await;
    if let (Some(clean), Some(effective)) = (clean.get_mut(EFFECTIVE), runtime.get(EFFECTIVE)) {
        *clean = outgoing::clean_settings(effective, &mut pace).await;
    }
    clean
}

/// The files in their order.
async fn entries(mut sources: Sources) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut left_out = Vec::new();
    let mut add = |name, text: Part<Outgoing>| match text {
        Ok(text) => found.push(Entry { name, text }),
        Err(why) => left_out.push((name, why)),
    };
    let runtime = yaml::render(&clean_runtime(&sources.runtime).await);
    add(RUNTIME, Ok(Outgoing::of(&runtime).await));
    let lines = match &mut sources.log {
        Ok(log) => Ok(mem::take(&mut log.lines)),
        Err(why) => Err(why.clone()),
    };
    let events = lines.as_ref().map_or(0, Vec::len);
    let log = match lines {
        Ok(lines) => Ok(log::ndjson(lines).await),
        Err(why) => Err(why),
    };
    add(LOG, log);
    let metrics = match &sources.metrics {
        Ok(text) => Ok(Outgoing::of(text).await),
        Err(why) => Err(why.clone()),
    };
    add(METRICS, metrics);
    for (name, document) in &sources.documents {
        let text = match document {
            Ok(Document::Json(value)) => Ok(Outgoing::json(value).await),
            Ok(Document::Text(text)) => Ok(Outgoing::of(text).await),
            Err(why) => Err(why.clone()),
        };
        add(name, text);
    }
    let readme = Entry {
        name: README,
        text: readme::readme(&sources, &found, &left_out).await,
    };
    found.insert(0, readme);
    let manifest = Entry {
        name: MANIFEST,
        text: manifest::manifest(&sources, events, &found, &left_out).await,
    };
    found.insert(0, manifest);
    found
}
