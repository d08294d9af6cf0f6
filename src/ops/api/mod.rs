//! The data of the status page (contract: status, section 3): what is asked for, and one form for every
//! answer.

mod about;
mod export;
mod json;
mod level;
mod logs;
mod status;
mod stream;
mod system;

use std::sync::Arc;

use http::{Method, StatusCode};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::{Answer, Refused, allow, last};
use super::health::Shown;
use super::page::Admitted;
use super::recent::Recent;
use crate::limits::{
    API_ANSWERS, API_CALLS, API_EXPORTS, API_LINES, API_LINES_MAX, API_QUERY_MAX, API_STREAMS, EXPORT_MINUTES,
    EXPORT_MINUTES_MAX, RECENT_CALLS,
};
use crate::telemetry::log::Kept;

pub(super) use about::About;
use export::Export;
pub(super) use export::Packing;
pub(super) use json::error;
pub(super) use stream::LogStream;

/// Where the data comes from.
#[derive(Debug)]
pub(super) struct Api {
    about: Arc<About>,
    shown: Arc<Shown>,
    kept: Arc<Kept>,
    recent: Arc<Recent>,
    /// Places of answers that are in flight.
    answers: Arc<Semaphore>,
    /// Places of streams among them.
    streams: Arc<Semaphore>,
    /// Places of support bundles among them.
    exports: Arc<Semaphore>,
}

/// What a path stands for.
#[derive(Debug, Clone, Copy)]
enum Route {
    Status,
    System,
    Calls,
    Logs,
    LogStream,
    Export,
    LogLevel,
    /// A part that there is not yet.
    Absent(fn() -> Value),
}

const ROUTES: [(&str, Route); 11] = [
    ("/api/status", Route::Status),
    ("/api/system", Route::System),
    ("/api/calls", Route::Calls),
    ("/api/logs", Route::Logs),
    ("/api/logs/stream", Route::LogStream),
    ("/api/logs/export", Route::Export),
    ("/api/log-level", Route::LogLevel),
    ("/api/oauth", Route::Absent(oauth)),
    ("/api/harpoon/status", Route::Absent(harpoon)),
    ("/api/harpoon/targets", Route::Absent(|| json!({"targets": []}))),
    ("/api/harpoon/calls", Route::Absent(|| json!({"calls": []}))),
];

fn oauth() -> Value {
    json!({"pending": false, "error": "", "discovery_urls": [], "supported": false})
}

fn harpoon() -> Value {
    json!({"enabled": false, "reason": "not part of this version"})
}

impl Api {
    pub(super) fn new(about: About, shown: Arc<Shown>, kept: Arc<Kept>, recent: Arc<Recent>) -> Self {
        Self {
            about: Arc::new(about),
            shown,
            kept,
            recent,
            answers: Arc::new(Semaphore::new(API_ANSWERS)),
            streams: Arc::new(Semaphore::new(API_STREAMS)),
            exports: Arc::new(Semaphore::new(API_EXPORTS)),
        }
    }

    /// Answers a request that the guard has let through.
    pub(super) async fn answer(&self, admitted: Admitted<'_>, body: Incoming) -> Answer {
        self.respond(&admitted, body).await.unwrap_or_else(|refused| *refused)
    }

    async fn respond(&self, admitted: &Admitted<'_>, body: Incoming) -> Result<Answer, Refused> {
        let request = admitted.request();
        let route = ROUTES.iter().find(|(path, _)| *path == request.uri.path());
        let Some((_, route)) = route else {
            return Err(last(error(StatusCode::NOT_FOUND, "not_found")).into());
        };
        let methods = match route {
            Route::LogLevel => "GET, PUT",
            _ => "GET",
        };
        if !methods.split(", ").any(|method| method == request.method.as_str()) {
            let refused = error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed");
            return Err(last(allow(methods, refused)).into());
        }
        let query = request.uri.query();
        let limit = match route {
            Route::Calls => limit(query, "limit", API_CALLS, RECENT_CALLS)?,
            Route::Logs => limit(query, "limit", API_LINES, API_LINES_MAX)?,
            Route::Export => limit(query, "minutes", EXPORT_MINUTES, EXPORT_MINUTES_MAX)?,
            _ if query.is_some() => return Err(invalid_query()),
            _ => 0,
        };
        let place = take(&self.answers)?;
        let answer = match route {
            Route::Status => json::answer(status::status(&self.about, &self.shown)),
            Route::System => json::answer(system::system(&self.about, &self.shown)),
            Route::Calls => json::answer(json!({"calls": self.recent.newest(limit), "capacity": RECENT_CALLS})),
            Route::Logs => logs::answer(&self.kept, limit),
            Route::LogStream => {
                let places = vec![place, take(&self.streams)?];
                return Ok(stream::answer(&self.kept, &request.headers, places));
            }
            Route::Export => {
                let places = vec![place, take(&self.exports)?];
                let export = Export {
                    about: Arc::clone(&self.about),
                    shown: Arc::clone(&self.shown),
                    kept: Arc::clone(&self.kept),
                    minutes: limit,
                };
                return Ok(export.answer(places));
            }
            Route::LogLevel if request.method == Method::PUT => json::answer(level::change(request, body).await?),
            Route::LogLevel => json::answer(level::level()),
            Route::Absent(content) => json::answer(content()),
        };
        Ok(answer.map(|body| body.holding(place)))
    }
}

/// A place of an answer, or the answer where there is none.
fn take(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Refused> {
    Arc::clone(places)
        .try_acquire_owned()
        .map_err(|_| Box::new(json::busy()))
}

/// The number that a query gives this name, from 1 to `most`; `otherwise` without a query.
fn limit(query: Option<&str>, name: &str, otherwise: usize, most: usize) -> Result<usize, Refused> {
    let Some(query) = query else { return Ok(otherwise) };
    let digits = query.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
    let digits = digits.filter(|_| query.len() <= API_QUERY_MAX);
    let is_number = |digits: &&str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.filter(is_number).and_then(|digits| digits.parse().ok());
    number
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(invalid_query)
}

fn invalid_query() -> Refused {
    Box::new(last(error(StatusCode::BAD_REQUEST, "invalid_query")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_only_query() {
        let read = |query| limit(query, "limit", 50, 100).ok();
        assert_eq!(read(None), Some(50));
        assert_eq!((read(Some("limit=1")), read(Some("limit=100"))), (Some(1), Some(100)));
        for query in [
            "",
            "limit",
            "limit=",
            "limit=0",
            "limit=101",
            "limit=+1",
            "limit=1&limit=2",
            "x=1",
            "minutes=1",
            "limit=99999999999999999999999",
        ] {
            assert_eq!(read(Some(query)), None, "{query}");
        }
    }
}
