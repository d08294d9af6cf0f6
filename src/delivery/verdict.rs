//! Judgement of the service's answer to a post (contract: wire, section 7).

use std::time::Duration;

use super::post::PostError;
use crate::wire::api_error::ErrorStatus;
use crate::wire::response::ResponseType;

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The service has it.
    Done,
    /// The service did not wait for it any more (404), which is as good.
    Late,
    /// The service has no stream for a message before the reply (404): it counts as delivered, and the reply is still wanted.
    NoStream,
    /// The caller went away (410): nobody waits for the call.
    Gone,
    /// The service refused this payload and keeps the command open (contract: wire, section 7).
    Refused,
    /// The service refused it for good.
    Rejected,
    /// It could not be delivered.
    Failed,
    /// The command's deadline passed first.
    Expired,
}

/// Whether another attempt may follow. The rule is a type, so that no status is looked at twice.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Late,
    NoStream,
    Gone,
    Refused,
    /// No other attempt; how the delivery ended.
    Final(Delivery),
    /// Another attempt, after this pause at least. If there are to be no more, how the delivery ended.
    Retry {
        at_least: Duration,
        otherwise: Delivery,
    },
}

/// Judges a failed attempt. `renewed`: another key has come in force since it began.
pub(super) fn verdict(error: &PostError, kind: ResponseType, renewed: bool) -> Verdict {
    let notify = kind == ResponseType::JsonRpcNotify;
    let (status, retry_after) = match error {
        // A notification that may have arrived is not sent twice.
        PostError::Unanswered { written: true, .. } if notify => return Verdict::Final(Delivery::Failed),
        PostError::Unanswered { .. } => {
            return Verdict::Retry {
                at_least: Duration::ZERO,
                otherwise: Delivery::Failed,
            };
        }
        PostError::Status(ErrorStatus {
            status, retry_after, ..
        }) => (*status, *retry_after),
    };
    let otherwise = match status {
        400 | 402 | 405..=499 => Delivery::Rejected,
        _ => Delivery::Failed,
    };
    let retry = |at_least| Verdict::Retry { at_least, otherwise };
    match status {
        401 | 403 | 407 if renewed => retry(Duration::ZERO),
        404 if notify => Verdict::NoStream,
        404 => Verdict::Late,
        410 => Verdict::Gone,
        400 if notify => Verdict::Refused,
        429 => retry(retry_after.unwrap_or_default()),
        408 | 502..=504 if !notify => retry(retry_after.unwrap_or_default()),
        _ => Verdict::Final(otherwise),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::api_error::ApiError;

    const WAIT: Duration = Duration::from_secs(3);

    fn of_status(status: u16, kind: ResponseType, renewed: bool) -> Verdict {
        let error = PostError::Status(ErrorStatus {
            status,
            error: ApiError::parse(b""),
            retry_after: Some(WAIT),
            request_id: None,
        });
        verdict(&error, kind, renewed)
    }

    #[test]
    fn each_status_has_one_verdict_for_replies_and_one_for_notifications() {
        use Delivery::{Failed, Rejected};
        let retry = |at_least, otherwise| Verdict::Retry { at_least, otherwise };
        for (status, reply, notification) in [
            (302, Verdict::Final(Failed), Verdict::Final(Failed)),
            (400, Verdict::Final(Rejected), Verdict::Refused),
            (401, Verdict::Final(Failed), Verdict::Final(Failed)),
            (404, Verdict::Late, Verdict::NoStream),
            (408, retry(WAIT, Rejected), Verdict::Final(Rejected)),
            (410, Verdict::Gone, Verdict::Gone),
            (413, Verdict::Final(Rejected), Verdict::Final(Rejected)),
            (429, retry(WAIT, Rejected), retry(WAIT, Rejected)),
            (500, Verdict::Final(Failed), Verdict::Final(Failed)),
            (503, retry(WAIT, Failed), Verdict::Final(Failed)),
        ] {
            assert_eq!(
                of_status(status, ResponseType::JsonRpcResponse, false),
                reply,
                "{status}"
            );
            let of_notification = of_status(status, ResponseType::JsonRpcNotify, false);
            assert_eq!(of_notification, notification, "{status}");
        }
        for status in [401, 403] {
            let renewed = of_status(status, ResponseType::JsonRpcResponse, true);
            assert_eq!(renewed, retry(Duration::ZERO, Failed), "{status}");
        }
    }

    #[test]
    fn a_notification_that_may_have_arrived_is_not_sent_twice() {
        let unanswered = |written| PostError::Unanswered {
            reason: "closed".to_owned(),
            hop: "transport_closed",
            written,
        };
        let again = Verdict::Retry {
            at_least: Duration::ZERO,
            otherwise: Delivery::Failed,
        };
        let judge = |written, kind| verdict(&unanswered(written), kind, false);
        assert_eq!(
            judge(true, ResponseType::JsonRpcNotify),
            Verdict::Final(Delivery::Failed)
        );
        assert_eq!(judge(false, ResponseType::JsonRpcNotify), again);
        assert_eq!(judge(true, ResponseType::JsonRpcResponse), again);
    }
}
