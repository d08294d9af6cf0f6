//! Terminal answers that the client itself writes.

use log::warn;

use super::server::Ack;
use crate::wire::command::Route;
use crate::wire::failure::{own_error_json, reason};
use crate::wire::headers::ResponseHeaders;
use crate::wire::jsonrpc::{INTERNAL_ERROR, INVALID_REQUEST};
use crate::wire::response::{Response, ResponseType};

/// The answer to a command that is not performed.
pub(super) fn refused(route: &Route, status: u16, termination: bool, id: Option<&str>, why: &str) -> Response {
    warn!(
        request_id = &*route.request_id,
        caller_request_id = route.caller_request_id.as_deref(),
        channel = &*route.channel,
        reason = why;
        "a command was refused"
    );
    if termination {
        return ack_response(route, ResponseType::SessionTermination, Ack::of(status));
    }
    let code = if status == 400 { INVALID_REQUEST } else { INTERNAL_ERROR };
    json_response(
        status,
        own_error_json(id, code, &format!("{}: {why}", reason(status)), &route.request_id),
    )
}

/// A terminal answer in the client's own words.
pub(super) fn json_response(code: u16, payload: String) -> Response {
    let headers = ResponseHeaders::default().as_json();
    Response {
        kind: ResponseType::JsonRpcResponse,
        code,
        headers,
        payload: Some(payload.into()),
    }
}

/// The report on a message without an answer. One that was refused is reported by an error without an id; one that reached nobody
/// is acknowledged with a gateway status (contract: wire, section 8).
pub(super) fn ack_response(route: &Route, kind: ResponseType, ack: Ack) -> Response {
    let refused = ack.code >= 400 && ack.failure.as_ref().is_none_or(|failure| failure.received);
    if kind == ResponseType::NotifyAck && refused {
        let payload = match &ack.failure {
            Some(failure) => failure.to_json(None, &route.request_id),
            None => own_error_json(None, INTERNAL_ERROR, reason(ack.code), &route.request_id),
        };
        return Response {
            kind: ResponseType::JsonRpcResponse,
            code: ack.code,
            headers: ack.headers.as_json(),
            payload: Some(payload.into()),
        };
    }
    Response {
        kind,
        code: ack.code,
        headers: ack.headers,
        payload: None,
    }
}
