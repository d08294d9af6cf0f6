//! Messages that precede the answer to a call, as servers hand them over.

use bytes::Bytes;

use crate::wire::headers::ResponseHeaders;

/// Takes the messages of a server that precede the answer to a call.
pub trait Events: Send {
    /// Passes on a message; true when the service has it, or has no stream for it.
    fn send(&mut self, payload: Bytes, headers: &ResponseHeaders) -> impl Future<Output = bool> + Send;

    /// Passes on a server's request, with its id as JSON text; true when the service has it, and an answer will come as a command
    /// of its own.
    fn send_request(
        &mut self,
        payload: Bytes,
        id: &str,
        headers: &ResponseHeaders,
    ) -> impl Future<Output = bool> + Send;

    /// Counts a message that is no part of the call. `odd`: its kind.
    fn skipped(&self, odd: &'static str);
}
