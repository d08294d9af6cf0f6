//! Sends the requests, over the daemon's own connector: the same trust, proxies and client certificates.

use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::error::{Cause, Error, Refusal};
use super::request::Request;
use super::tunnel::{Tunnel, TunnelList};
use crate::config::Admin;
use crate::control::{identification, instance_id};
use crate::limits::{ADMIN_BODY_MAX, ADMIN_TIMEOUT};
use crate::net::blocking::{BlockingClient, BlockingError};
use crate::net::{Network, Via};
use crate::wire::api_error::ApiError;

/// The service that holds the tunnels.
#[derive(Debug)]
pub struct Client {
    http: BlockingClient,
    headers: HeaderMap,
    url_path: String,
}

impl Client {
    /// The service that the configuration names. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// TLS cannot be set up as configured, or the key cannot be sent in a header.
    pub fn new(config: &Admin) -> Result<Self, String> {
        let via = Via::new(None, config.proxy.as_ref());
        let host = via.resolved_host(&config.base_url).into_iter();
        let network = Network::new(config.ca_bundle.as_deref(), host).map_err(|error| error.to_string())?;
        let connector = network
            .connector(&config.base_url, via.clone(), config.identity.as_ref())
            .map_err(|error| error.to_string())?;
        Ok(Self {
            http: BlockingClient::new(&config.base_url, connector).map_err(|error| error.to_string())?,
            headers: identification(&config.key, &instance_id()).map_err(|error| error.to_string())?,
            url_path: config.url_path.clone(),
        })
    }

    /// Sends a request whose answer is one tunnel.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn one(&self, request: &Request) -> Result<Tunnel, Error> {
        let (status, body) = self.send(request)?;
        match (request, serde_json::from_slice(&body)) {
            (_, Ok(tunnel)) => Ok(tunnel),
            // A service may have nothing to say about what is gone.
            (Request::Delete(id), Err(_)) if body.is_empty() => Ok(Tunnel::deleted(id)),
            (_, Err(_)) => Err(Error::new(request, Cause::NoTunnel { status })),
        }
    }

    /// Sends a request whose answer is a list.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn list(&self, request: &Request) -> Result<TunnelList, Error> {
        let (status, body) = self.send(request)?;
        TunnelList::parse(&body).ok_or_else(|| Error::new(request, Cause::NoTunnel { status }))
    }

    fn send(&self, request: &Request) -> Result<(u16, Vec<u8>), Error> {
        let path = format!("{}{}{}", self.url_path, request.path(), request.query());
        let body = request.body();
        let mut headers = self.headers.clone();
        if body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let answer = self
            .http
            .send(
                &request.method(),
                &path,
                headers,
                body.as_deref(),
                ADMIN_BODY_MAX,
                ADMIN_TIMEOUT,
            )
            .map_err(|error| Error::new(request, cause(&error)))?;
        if (200..300).contains(&answer.status) {
            return Ok((answer.status, answer.body));
        }
        let refusal = Refusal {
            status: answer.status,
            error: ApiError::parse(&answer.body),
            request_id: answer.header("x-request-id").map(str::to_owned),
        };
        Err(Error::new(request, Cause::Refused(Box::new(refusal))))
    }
}

/// Only where the way to the service ended is it sure that nothing was sent.
fn cause(error: &BlockingError) -> Cause {
    match error {
        BlockingError::Net(_) => Cause::NoAnswer(error.to_string()),
        _ => Cause::Unreachable(error.to_string()),
    }
}
