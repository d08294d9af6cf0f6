//! The status page and its data: who may ask, and what everybody is answered with (contract: status, section 2).

mod files;
mod guard;

use std::sync::Arc;

use http::header::{HeaderName, HeaderValue};
use http::request::Parts;
use hyper::body::Incoming;

use super::Listener;
use super::answer::{Answer, last};
use super::api::{About, Api};
use super::health::Shown;
use super::hosts::Hosts;
use super::recent::Recent;
use crate::config::{Config, Page as Settings};
use crate::dispatch::audit;
use crate::telemetry::log::Kept;
use guard::{Allowed, Guard};

pub(super) use guard::Admitted;

/// What a browser is told with every answer: nothing is stored, guessed, shared or framed, and nothing but the page's own files runs.
const SECURITY: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    ),
];

/// The status page.
#[derive(Debug)]
pub(super) struct Page {
    guard: Guard,
    api: Api,
}

/// What the page is made of.
#[derive(Debug)]
pub struct Setup {
    settings: Settings,
    about: About,
    kept: Arc<Kept>,
    recent: Arc<Recent>,
}

impl Setup {
    /// Of a process with this configuration; `None` when it has no page. `kept`: the last lines of its log. `runtime`: the configuration
    /// as it was written ([`bundle::runtime`](crate::bundle::runtime)).
    pub(crate) fn of(config: &Config, kept: Option<Arc<Kept>>, runtime: &str) -> Option<Self> {
        Some(Self {
            settings: config.page.clone()?,
            about: About::of(config, runtime),
            kept: kept?,
            recent: Arc::default(),
        })
    }

    /// What remembers commands for it.
    pub(crate) fn recent(&self) -> Arc<dyn audit::Recent> {
        Arc::clone(&self.recent) as _
    }
}

/// Whether a path is one of the page.
pub(super) fn has(path: &str) -> bool {
    let is_below = |top: &str| {
        path.strip_prefix(top)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    path == "/" || is_below("/ui") || is_below("/api")
}

impl Page {
    pub(super) fn new(setup: Setup, shown: Arc<Shown>, hosts: Arc<Hosts>, listener: &Listener) -> Self {
        let Setup {
            settings,
            about,
            kept,
            recent,
        } = setup;
        let about = about.at(listener);
        let refusals = shown.monitor.metrics.status_page_refusals.clone();
        Self {
            guard: Guard::new(settings, hosts, listener.is_unix(), refusals),
            api: Api::new(about, shown, kept, recent),
        }
    }

    /// Answers a request for one of its paths.
    pub(super) async fn answer(&self, request: &Parts, body: Incoming, is_local: bool) -> Answer {
        let mut answer = match self.guard.check(request, is_local) {
            Ok(Allowed::File(path)) => files::answer_file(path, &request.method),
            Ok(Allowed::Api(admitted)) => self.api.answer(admitted, body).await,
            // Whoever is refused opens a connection for each attempt.
            Err(refused) => last(*refused),
        };
        for (name, value) in SECURITY {
            let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
            answer.headers_mut().insert(name, value);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_page_are_its_own_alone() {
        for path in ["/", "/ui", "/ui/", "/ui/x/y", "/api", "/api/", "/api/status"] {
            assert!(has(path), "{path}");
        }
        for path in ["", "/healthz", "/uix", "/apis", "/health", "//", "/%75i", "*"] {
            assert!(!has(path), "{path}");
        }
    }
}
