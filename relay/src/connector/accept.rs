//! Which forms of an answer a caller takes.

use http::HeaderMap;
use http::header::ACCEPT;

use crate::error::{Code, Refusal};

/// Which forms of an answer a caller takes; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepts {
    /// One JSON document.
    Json,
    /// An event stream.
    Events,
    /// Either: a lone reply is JSON, as the relay chooses.
    Both,
    /// Either, the event stream named first: what is wanted most (RFC 9110 gives the order no meaning, callers do).
    BothEventsFirst,
}

impl Accepts {
    /// Reads `Accept`; a caller that sends none takes anything.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut values = headers.get_all(ACCEPT).iter().peekable();
        if values.peek().is_none() {
            return Ok(Self::Both);
        }
        let (mut json, mut events, mut events_first) = (false, false, false);
        for range in values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
        {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default().to_ascii_lowercase();
            let refused = parts.any(|part| {
                part.split_once('=')
                    .is_some_and(|(name, weight)| name.eq_ignore_ascii_case("q") && weight.parse() == Ok(0.0))
            });
            if refused {
                continue;
            }
            json |= matches!(media.as_str(), "application/json" | "application/*" | "*/*");
            events |= matches!(media.as_str(), "text/event-stream" | "text/*" | "*/*");
            events_first |= events && !json;
        }
        match (json, events) {
            (true, true) if events_first => Ok(Self::BothEventsFirst),
            (true, true) => Ok(Self::Both),
            (true, false) => Ok(Self::Json),
            (false, true) => Ok(Self::Events),
            (false, false) => Err(Refusal::new(
                Code::NotAcceptable,
                "accept application/json, text/event-stream, or better both",
            )
            .at("Accept")),
        }
    }

    /// Whether even a lone reply is sent as an event stream.
    pub(crate) fn prefers_events(self) -> bool {
        matches!(self, Self::Events | Self::BothEventsFirst)
    }

    /// Whether an event stream is welcome.
    pub(crate) fn events(self) -> bool {
        self != Self::Json
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(values: &[&str]) -> Option<Accepts> {
        let headers = values.iter().map(|value| (ACCEPT, value.parse().unwrap())).collect();
        Accepts::read(&headers).ok()
    }

    #[test]
    fn ranges_weights_and_several_headers_are_understood() {
        assert_eq!(read(&[]), Some(Accepts::Both));
        assert_eq!(read(&["*/*"]), Some(Accepts::Both));
        assert_eq!(read(&["application/json, text/event-stream"]), Some(Accepts::Both));
        assert_eq!(
            read(&["text/event-stream, application/json"]),
            Some(Accepts::BothEventsFirst)
        );
        assert_eq!(
            read(&["application/json", "text/event-stream;q=0.5"]),
            Some(Accepts::Both)
        );
        assert_eq!(read(&["Application/JSON; charset=utf-8"]), Some(Accepts::Json));
        assert_eq!(
            read(&["text/event-stream, application/json;q=0"]),
            Some(Accepts::Events)
        );
        assert_eq!(read(&["text/html"]), None);
        assert_eq!(read(&["application/json;q=0.0"]), None);
    }
}
