//! What the running process says of itself.

use std::time::Duration;

use serde_json::Value;

use crate::bundle::{ADMIN, Document, Part};
use crate::cli::health::get::get_as;
use crate::cli::health::{Base, Locator};
use crate::cli::page_token::PageToken;
use crate::config::{Config, Listen};
use crate::limits::HEALTH_METRICS_TIMEOUT;
use crate::ops::unix_url;

/// Paths of the status page's API, in the order of [`ADMIN`].
const API: [&str; ADMIN.len()] = ["/api/status", "/api/system", "/api/oauth", "/api/harpoon/status"];

/// The answers of the running process, each or why there is none.
pub(super) struct Live {
    pub(super) metrics: Part<String>,
    pub(super) health: Part<Document>,
    pub(super) readyz: Part<Document>,
    pub(super) admin: Vec<Part<Document>>,
}

/// Asks the one that is named, or the one that the configuration names.
pub(super) fn ask(locator: Option<&Locator>, config: Option<&Config>) -> Live {
    let base = match (locator, config) {
        (Some(locator), _) => locator.resolve(),
        (None, Some(config)) => of_config(config),
        (None, None) => Err("name the running process with --url, --url-file or --port".to_owned()),
    };
    let base = match base.and_then(|base| reachable(&base).map(|()| base)) {
        Ok(base) => base,
        Err(why) => {
            let why = format!("the running process cannot be asked: {why}");
            return Live {
                metrics: Err(why.clone()),
                health: Err(why.clone()),
                readyz: Err(why.clone()),
                admin: API.iter().map(|_| Err(why.clone())).collect(),
            };
        }
    };
    // Only the status page asks for it.
    let token = config.and_then(|config| PageToken::of(config, &base));
    let token = token.as_ref();
    Live {
        metrics: text(&base, "/metrics", &[200]),
        health: json(&base, "/health?details=true", None, &[200, 503]),
        readyz: text(&base, "/readyz?verbose", &[200, 503]).map(Document::Text),
        admin: API.iter().map(|path| json(&base, path, token, &[200])).collect(),
    }
}

fn of_config(config: &Config) -> Result<Base, String> {
    if let Some(path) = &config.health.url_file {
        return Locator::UrlFile(path.clone()).resolve();
    }
    let url = match &config.health.listen {
        Listen::Unix(path) => unix_url::encode(path),
        Listen::Tcp { addr, .. } if addr.port() == 0 => return Err(no_port()),
        Listen::Named { port: 0, .. } => return Err(no_port()),
        Listen::Tcp { addr, .. } if addr.ip().is_unspecified() => format!("http://localhost:{}", addr.port()),
        Listen::Tcp { addr, .. } => format!("http://{addr}"),
        Listen::Named { host, port, .. } => format!("http://{host}:{port}"),
    };
    Locator::Url(url).resolve()
}

fn no_port() -> String {
    "health.listen_addr leaves the port to the system; set health.url_file, or name the process with --url or --port"
        .to_owned()
}

/// Anything but this would only be waited for several times.
fn reachable(base: &Base) -> Result<(), String> {
    answer(base, "/healthz", None, &[200]).map(drop)
}

fn text(base: &Base, path: &str, expected: &[u16]) -> Part<String> {
    let body = answer(base, path, None, expected)?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}

fn json(base: &Base, path: &str, token: Option<&PageToken>, expected: &[u16]) -> Part<Document> {
    let body = answer(base, path, token, expected)?;
    match serde_json::from_slice::<Value>(&body) {
        Ok(value) => Ok(Document::Json(value)),
        Err(_) => Err(format!(
            "the running process answered {path} with something that is no JSON"
        )),
    }
}

fn answer(base: &Base, path: &str, token: Option<&PageToken>, expected: &[u16]) -> Result<Vec<u8>, String> {
    let within: Duration = HEALTH_METRICS_TIMEOUT;
    let answer = get_as(base, path, token.map(PageToken::shown), within)?;
    match (expected.contains(&answer.status), answer.status) {
        (true, _) => Ok(answer.body),
        (false, 401) => Err(format!(
            "the running process wants the token of admin_ui.token for {path}; give the configuration of the process, and run this as \
             root or as the user of the process"
        )),
        (false, 404) if path.starts_with("/api/") => {
            Err("the running process has no status page: admin_ui.enabled is false".to_owned())
        }
        (false, _) => Err(format!(
            "the running process answered {path} with status {}",
            answer.status
        )),
    }
}
