//! `/api/logs/export` (contract: status, section 10): the support bundle of the running process, from what it knows without reading a
//! file.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::yield_now;

use super::about::About;
use super::logs::event;
use super::{harpoon, oauth, status, system};
use crate::bundle::{self, ADMIN, DOCTOR, Document, HEALTH, Log, READYZ, SANDBOX, Sources};
use crate::ops::answer::{Answer, Body};
use crate::ops::health::Shown;
use crate::telemetry::log::Kept;
use crate::telemetry::utc::Utc;

const MADE_BY: &str = "GET /api/logs/export";

/// Why there is no report of `doctor`.
const NO_DOCTOR: &str = "the running process does not make it: doctor connects to every hop anew, and reads files; run: tunnel-client \
                         support export";

/// An archive that is made while its reader waits. Whoever drops it stops that.
pub(in crate::ops) struct Packing(Pin<Box<dyn Future<Output = Vec<u8>> + Send>>);

impl fmt::Debug for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Packing")
    }
}

impl Packing {
    /// The archive. Not to be polled after that.
    pub(in crate::ops) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        self.0.as_mut().poll(cx).map(Bytes::from)
    }
}

/// Where an archive comes from.
#[derive(Debug)]
pub(super) struct Export {
    pub(super) about: Arc<About>,
    pub(super) shown: Arc<Shown>,
    pub(super) kept: Arc<Kept>,
    /// Lines of the log that are older are left out.
    pub(super) minutes: usize,
}

impl Export {
    /// The archive of now, which holds these places until it is taken.
    pub(super) fn answer(self, places: Vec<OwnedSemaphorePermit>) -> Answer {
        let at = SystemTime::now();
        let packing = async move { bundle::pack(self.sources(at).await).await };
        let mut answer = Response::new(Body::packing(Packing(Box::pin(packing)), places));
        *answer.status_mut() = StatusCode::OK;
        let headers = answer.headers_mut();
        for (name, value) in [
            (CONTENT_TYPE, "application/gzip"),
            (CACHE_CONTROL, "no-store"),
            (CONNECTION, "close"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let disposition = format!("attachment; filename=\"{}\"", bundle::name_of(at));
        // Letters, digits and hyphens.
        if let Ok(disposition) = HeaderValue::try_from(disposition) {
            headers.insert(CONTENT_DISPOSITION, disposition);
        }
        answer
    }

    /// What there is, part by part: others may run in between.
    async fn sources(&self, at: SystemTime) -> Sources {
        let Self { about, shown, .. } = self;
        let log = self.log(at);
        yield_now().await;
        let metrics = shown.metrics_text();
        yield_now().await;
        let runtime = serde_json::from_str(&about.runtime).unwrap_or_default();
        yield_now().await;
        let parts: [fn(&Self) -> Value; 4] = [
            |this| status::status(&this.about, &this.shown),
            |this| system::system(&this.about, &this.shown),
            |_| oauth(),
            |_| harpoon(),
        ];
        let mut documents = Vec::new();
        for (name, part) in ADMIN.into_iter().zip(parts) {
            documents.push((name, Ok(Document::Json(part(self)))));
            yield_now().await;
        }
        let sandbox = json!({
            "mode": about.mode,
            "landlock": shown.sandbox.landlock(),
            "layers": shown.sandbox.findings(),
        });
        documents.extend([
            (HEALTH, Ok(Document::Json(status::report(shown)))),
            (READYZ, Ok(Document::Text(shown.readiness_text()))),
            (DOCTOR, Err(NO_DOCTOR.to_owned())),
            (SANDBOX, Ok(Document::Json(sandbox))),
        ]);
        Sources {
            at,
            made_by: MADE_BY,
            runtime,
            log: Ok(log),
            metrics: Ok(metrics),
            documents,
        }
    }

    /// The kept lines of the last minutes.
    fn log(&self, at: SystemTime) -> Log {
        let minutes = u64::try_from(self.minutes).unwrap_or(u64::MAX);
        let start = at
            .checked_sub(Duration::from_secs(60 * minutes))
            .unwrap_or(SystemTime::UNIX_EPOCH);
        let capacity = self.kept.capacity();
        let batch = self.kept.last(capacity, usize::MAX);
        // Every line begins like this, and times of one length sort like their texts.
        let first = format!("\"time\":\"{}\"", Utc::of(start));
        let lines = batch.lines.iter().filter(|(_, members)| **members >= *first);
        Log {
            place: format!(
                "the last {capacity} lines that the process keeps, of {} min at most",
                self.minutes
            ),
            lines: lines.map(|(number, members)| event(*number, members)).collect(),
            window: Some((start, at)),
            capacity: Some(capacity),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;

    use super::*;

    fn export(kept: Kept, minutes: usize) -> Export {
        Export {
            about: Arc::default(),
            shown: Arc::new(Shown::without_servers()),
            kept: Arc::new(kept),
            minutes,
        }
    }

    #[test]
    fn lines_are_those_of_the_last_minutes() {
        let now = SystemTime::now();
        let ago = |minutes: u64| Utc::of(now - Duration::from_secs(60 * minutes));
        let kept = Kept::default();
        for minutes in [100, 40, 29, 0] {
            kept.push(&format!("\"time\":\"{}\",\"message\":\"{minutes}\"}}", ago(minutes)));
        }
        let export = export(kept, 30);
        let log = export.log(now);
        assert_eq!(log.lines.len(), 2, "{log:?}");
        assert!(log.lines[0].starts_with("{\"seq\":3,\"time\":"), "{log:?}");
        assert_eq!(log.window, Some((now - Duration::from_secs(1800), now)));
        assert_eq!(log.capacity, Some(100));
    }

    #[test]
    fn a_reader_that_leaves_ends_the_packing() {
        let kept = Kept::default();
        kept.push(&format!("\"time\":\"{}\",\"message\":\"one\"}}", Utc::now()));
        let export = export(kept, 30);
        let kept = Arc::downgrade(&export.kept);
        let mut body = export.answer(Vec::new()).into_body();
        let mut context = Context::from_waker(std::task::Waker::noop());
        for _ in 0..5 {
            assert!(Pin::new(&mut body).poll_frame(&mut context).is_pending());
        }
        assert_eq!(kept.strong_count(), 1);
        drop(body);
        assert_eq!(kept.strong_count(), 0);
    }

    #[tokio::test]
    async fn others_run_while_an_archive_is_made() {
        let kept = Kept::default();
        for number in 0..100 {
            kept.push(&format!(
                "\"time\":\"{}\",\"message\":\"{} {number}\"}}",
                Utc::now(),
                "word ".repeat(200)
            ));
        }
        let export = export(kept, 30);
        let packing = tokio::spawn(async move { bundle::pack(export.sources(SystemTime::now()).await).await });
        let mut turns = 0;
        while !packing.is_finished() {
            turns += 1;
            yield_now().await;
        }
        // 100 kB in steps of some kB, several times.
        assert!(turns > 50, "{turns}");
    }
}
