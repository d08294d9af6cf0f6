//! The body of `POST /v1/tunnels/{id}/response` (contract: wire, section 7).

use bytes::Bytes;

use super::headers::{ResponseHeaders, write_string};

/// `resp_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseType {
    /// The terminal reply to a call, errors included.
    JsonRpcResponse,
    /// A message of the server before the terminal reply.
    JsonRpcNotify,
    /// A notification or a caller's answer was taken.
    NotifyAck,
    /// A session was ended.
    SessionTermination,
}

impl ResponseType {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JsonRpcResponse => "jsonrpc_response",
            Self::JsonRpcNotify => "jsonrpc_notify",
            Self::NotifyAck => "notify_ack",
            Self::SessionTermination => "session_termination_response",
        }
    }
}

/// One response to post: what is said, not yet to which command.
#[derive(Debug, Clone)]
pub struct Response {
    /// `resp_type`.
    pub kind: ResponseType,
    /// `resp_code`.
    pub code: u16,
    /// `resp_headers`.
    pub headers: ResponseHeaders,
    /// `resp_json`: one JSON object as it came from the MCP server; left out when `None`.
    pub payload: Option<Bytes>,
}

/// The body in parts, so that a large payload is not copied. Their order is the order on the wire.
pub type Parts = [Bytes; 3];

impl Response {
    /// The request body.
    pub fn body(&self, request_id: &str, channel: &str) -> Parts {
        let mut head = Vec::with_capacity(256);
        head.extend_from_slice(br#"{"request_id":"#);
        write_string(&mut head, request_id);
        head.extend_from_slice(br#","channel":"#);
        write_string(&mut head, channel);
        if !self.headers.is_empty() {
            head.extend_from_slice(br#","resp_headers":"#);
            self.headers.write_json(&mut head);
        }
        head.extend_from_slice(br#","resp_code":"#);
        head.extend_from_slice(self.code.to_string().as_bytes());
        head.extend_from_slice(br#","resp_type":""#);
        head.extend_from_slice(self.kind.as_str().as_bytes());
        head.push(b'"');
        match &self.payload {
            Some(payload) => {
                head.extend_from_slice(br#","resp_json":"#);
                [head.into(), payload.clone(), Bytes::from_static(b"}")]
            }
            None => [head.into(), Bytes::new(), Bytes::from_static(b"}")],
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_payload_stands_in_the_body_as_it_came() {
        let payload = Bytes::from_static(br#"{"b":1.50,"a":9007199254740993}"#);
        let response = Response {
            kind: ResponseType::JsonRpcResponse,
            code: 200,
            headers: ResponseHeaders::default().as_json(),
            payload: Some(payload),
        };
        let body = response.body("r\"1", "main").concat();
        assert_eq!(
            String::from_utf8(body).unwrap(),
            r#"{"request_id":"r\"1","channel":"main","resp_headers":{"Content-Type":["application/json"]},"resp_code":200,"resp_type":"jsonrpc_response","resp_json":{"b":1.50,"a":9007199254740993}}"#
        );
    }

    #[test]
    fn an_acknowledgement_has_no_payload() {
        let ack = Response {
            kind: ResponseType::NotifyAck,
            code: 202,
            headers: ResponseHeaders::default(),
            payload: None,
        };
        assert_eq!(
            ack.body("r", "main").concat(),
            br#"{"request_id":"r","channel":"main","resp_code":202,"resp_type":"notify_ack"}"#
        );
    }
}
