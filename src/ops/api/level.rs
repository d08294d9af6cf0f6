//! `/api/log-level` (contract: status, section 8).

use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use log::LevelFilter;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::json::error;
use crate::limits::{API_REQUEST_MAX, API_REQUEST_TIMEOUT};
use crate::ops::answer::{Refused, last};
use crate::telemetry::log::{current, set_level};
use crate::wire::headers::is_media_type;

/// Levels that can be set, by their names.
const LEVELS: [(&str, LevelFilter); 4] = [
    ("error", LevelFilter::Error),
    ("warn", LevelFilter::Warn),
    ("info", LevelFilter::Info),
    ("debug", LevelFilter::Debug),
];

/// The body of a request that changes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted<'a> {
    level: &'a str,
}

/// The level in force.
pub(super) fn level() -> Value {
    json!({"level": current(), "supported_levels": LEVELS.map(|(name, _)| name)})
}

/// Changes it.
pub(super) async fn change(request: &Parts, body: Incoming) -> Result<Value, Refused> {
    let refused = |status, code| Err(Box::new(last(error(status, code))));
    let media_type = request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !media_type.is_some_and(|media_type| is_media_type(media_type, "application/json")) {
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type");
    }
    // What is announced as too large is not waited for.
    if usize::try_from(body.size_hint().lower()).map_or(true, |announced| announced > API_REQUEST_MAX) {
        return refused(StatusCode::PAYLOAD_TOO_LARGE, "too_large");
    }
    let read = timeout(API_REQUEST_TIMEOUT, Limited::new(body, API_REQUEST_MAX).collect());
    let read = match read.await {
        Err(_) => return refused(StatusCode::REQUEST_TIMEOUT, "timeout"),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return refused(StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        Ok(Err(_)) => return refused(StatusCode::BAD_REQUEST, "invalid_body"),
        Ok(Ok(read)) => read.to_bytes(),
    };
    let wanted = serde_json::from_slice::<Wanted<'_>>(&read).ok();
    let found = wanted.and_then(|wanted| LEVELS.into_iter().find(|(name, _)| *name == wanted.level));
    let Some((_, level)) = found else {
        return refused(StatusCode::BAD_REQUEST, "invalid_body");
    };
    set_level(level);
    Ok(self::level())
}
