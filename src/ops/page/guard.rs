//! Who may ask for the page and its data (contract: status, section 2).
//!
//! The first rule that objects answers. Only [`Guard::check`] makes an [`Admitted`], and nothing below `/api` is answered without one.

use std::hint::black_box;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue, ORIGIN, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use log::warn;
use prometheus_client::metrics::counter::Counter;
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::Page as Settings;
use crate::limits::REFUSALS_LINE_INTERVAL;
use crate::ops::answer::{Answer, Refused, TEXT, answer};
use crate::ops::api;
use crate::ops::hosts::Hosts;

/// The answer to peers on other hosts, and to what somebody forwarded for them.
const LOCAL_ONLY: &str = "status page is restricted to loopback and the unix socket";
/// The answer to other web pages.
const CROSS_ORIGIN: &str = "cross-origin request refused";
/// Headers that say that a request was forwarded for a peer elsewhere.
const FORWARDED: [&str; 5] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/// The rules.
#[derive(Debug)]
pub(super) struct Guard {
    token: Option<SecretString>,
    allow_remote: bool,
    hosts: Arc<Hosts>,
    /// Connections are those of a unix socket, whose mode guards it.
    is_unix: bool,
    untold: Mutex<Refusals>,
    /// All refusals since the start.
    refusals: Counter,
}

/// What a request may do.
#[derive(Debug)]
pub(super) enum Allowed<'a> {
    /// It asks for a file of the page, by this path.
    File(&'a str),
    /// It may ask for data.
    Api(Admitted<'a>),
}

/// A request that may ask for data.
#[derive(Debug)]
pub(in crate::ops) struct Admitted<'a>(&'a Parts);

impl<'a> Admitted<'a> {
    /// The request.
    pub(in crate::ops) fn request(&self) -> &'a Parts {
        self.0
    }
}

/// Requests with a token that is not valid, since the last log line about them.
#[derive(Debug, Default)]
struct Refusals {
    count: u64,
    told: Option<Instant>,
}

impl Guard {
    /// `refusals` counts requests whose token is not accepted.
    pub(super) fn new(settings: Settings, hosts: Arc<Hosts>, is_unix: bool, refusals: Counter) -> Self {
        Self {
            token: settings.token,
            allow_remote: settings.allow_remote,
            hosts,
            is_unix,
            untold: Mutex::default(),
            refusals,
        }
    }

    /// What a request for a path of the page may do, or the answer of the rule that objects.
    pub(super) fn check<'a>(&self, request: &'a Parts, is_local: bool) -> Result<Allowed<'a>, Refused> {
        let forbidden = |text: &'static str| Err(Box::new(answer(StatusCode::FORBIDDEN, TEXT, text)));
        let is_forwarded = FORWARDED.iter().any(|name| request.headers.contains_key(*name));
        if !self.allow_remote && (!is_local || is_forwarded) {
            return forbidden(LOCAL_ONLY);
        }
        if let Err((status, text)) = self.hosts.check(request) {
            return Err(answer(status, TEXT, text).into());
        }
        let path = request.uri.path();
        if path != "/api" && !path.starts_with("/api/") {
            return Ok(Allowed::File(path));
        }
        if !is_of_this_page(request) {
            return forbidden(CROSS_ORIGIN);
        }
        if !self.is_known(&request.headers) {
            // A page without a token asks once to learn that it needs one.
            if request.headers.contains_key(AUTHORIZATION) {
                self.refused();
            }
            return Err(unauthorized().into());
        }
        Ok(Allowed::Api(Admitted(request)))
    }

    /// Whether the request carries the token, where one is needed. Over TCP no request is known without one.
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else {
            return self.is_unix;
        };
        let shown = only(headers, AUTHORIZATION).and_then(|value| bearer(value.as_bytes()));
        shown.is_some_and(|shown| is_same(shown, token.expose_secret().as_bytes()))
    }

    /// Counts a refusal, and tells of all of them now and then: anybody on this host can provoke them.
    fn refused(&self) {
        self.refusals.inc();
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        untold.count = untold.count.saturating_add(1);
        if untold.told.is_some_and(|told| told.elapsed() < REFUSALS_LINE_INTERVAL) {
            return;
        }
        let count = std::mem::take(&mut untold.count);
        untold.told = Some(Instant::now());
        drop(untold);
        warn!(refused = count; "status page: requests without a valid token were refused");
    }
}

/// Whether a request is no other web page's: browsers say where it comes from, and other programs do not.
fn is_of_this_page(request: &Parts) -> bool {
    let headers = &request.headers;
    let site = HeaderName::from_static("sec-fetch-site");
    let is_same_site = match only(headers, &site).map(HeaderValue::as_bytes) {
        Some(b"same-origin") => true,
        // Somebody typed the address.
        Some(b"none") => request.method == Method::GET,
        Some(_) => false,
        None => !headers.contains_key(site),
    };
    let origin = only(headers, ORIGIN).map(HeaderValue::as_bytes);
    let is_same_origin = match origin.and_then(|origin| origin.strip_prefix(b"http://")) {
        Some(origin) => only(headers, HOST).is_some_and(|host| origin.eq_ignore_ascii_case(host.as_bytes())),
        None => !headers.contains_key(ORIGIN),
    };
    is_same_site && is_same_origin
}

/// The value of a header that stands there once.
fn only(headers: &HeaderMap, name: impl http::header::AsHeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// What stands after the scheme (RFC 6750, section 2.1); its name is written in any case.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

/// Compares in a time that depends on the length of what was shown alone.
fn is_same(shown: &[u8], token: &[u8]) -> bool {
    let pairs = shown.iter().zip(token.iter().chain(std::iter::repeat(&0)));
    let differences = pairs.fold(0, |all, (one, other)| black_box(all | (one ^ other)));
    differences == 0 && shown.len() == token.len()
}

fn unauthorized() -> Answer {
    let mut refused = api::error(StatusCode::UNAUTHORIZED, "unauthorized");
    let headers = refused.headers_mut();
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    refused
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use http::Request;

    use super::*;

    const TOKEN: &str = "page-token-0123456789";

    #[test]
    fn a_token_that_is_not_accepted_is_counted_each_time_and_none_is_not() {
        let refusals = Counter::default();
        let settings = Settings {
            token: Some(TOKEN.to_owned().into()),
            allow_remote: false,
            log_lines: 1,
        };
        let guard = Guard::new(settings, Arc::default(), false, refusals.clone());
        for (shown, status, count) in [
            (None, Some(StatusCode::UNAUTHORIZED), 0),
            (Some("Bearer wrong"), Some(StatusCode::UNAUTHORIZED), 1),
            (Some(""), Some(StatusCode::UNAUTHORIZED), 2),
            (Some("Bearer page-token-0123456789"), None, 2),
            (Some("Basic page-token-0123456789"), Some(StatusCode::UNAUTHORIZED), 3),
        ] {
            let mut request = Request::get("/api/status").header(HOST, "localhost");
            if let Some(shown) = shown {
                request = request.header(AUTHORIZATION, shown);
            }
            let (request, ()) = request.body(()).unwrap().into_parts();
            let refused = guard.check(&request, true).err().map(|answer| answer.status());
            assert_eq!((refused, refusals.get()), (status, count), "{shown:?}");
        }
    }
}
