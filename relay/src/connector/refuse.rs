//! Refusals as callers read them: JSON-RPC errors with the stable code in `data.code`, and in `data.request_id` the id under which the
//! log has the request.

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, Response};

use crate::error::{Code, Refusal};
use crate::ids::RequestId;
use crate::json::rpc_error;
use crate::server::{Body, json, refusal_headers};

/// The message; `id` is JSON text.
pub(super) fn message(id: Option<&str>, request: RequestId, refusal: &Refusal) -> bytes::Bytes {
    rpc_error(id, refusal.rpc, &refusal.message, refusal.code.as_str(), request)
}

/// The answer.
pub(super) fn response(id: Option<&str>, request: RequestId, refusal: &Refusal) -> Response<Body> {
    let mut response = json(refusal.status, message(id, request, refusal));
    refusal_headers(refusal, &mut response);
    if refusal.code == Code::InvalidApiKey {
        response.headers_mut().insert(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"tunnel-relay\""),
        );
    }
    response
}
