//! Requests beside the traffic of callers: what `doctor` asks to explain what it saw, and OAuth discovery.

use bytes::Bytes;
use http::header::{ACCEPT, HeaderValue};
use http::{Method, Request, Uri};

use super::HttpServer;
use crate::net::{NetError, Reply, RequestBody, Reuse};
use crate::wire::command::Headers;

impl HttpServer {
    /// One request to the server's origin, with the configured headers and the given `Accept`. `path` is the endpoint's
    /// when there is none. Redirects are not followed.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: Option<Uri>,
        accept: &'static str,
        body: Option<Bytes>,
    ) -> Result<Reply, NetError> {
        let has_body = body.is_some();
        let mut request = Request::new(body.map_or_else(RequestBody::empty, RequestBody::full));
        *request.method_mut() = method;
        *request.uri_mut() = path.unwrap_or_else(|| self.0.uri.clone());
        *request.headers_mut() = self.request_headers(&Headers::default(), has_body, true);
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static(accept));
        let reply = self.0.pool.send(request, Reuse::Recent).await;
        Ok(reply.map_err(|error| error.error)?.unpacked())
    }
}
