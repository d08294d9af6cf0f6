//! Sends the requests, over the daemon's own connector: the same trust, proxies and client certificates.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::ExposeSecret as _;

use super::error::{Cause, Error, Refusal};
use super::request::Request;
use super::tunnel::{Tunnel, TunnelList};
use crate::config::{Admin, Timeouts};
use crate::control::{bearer, identification};
use crate::identity::instance_id;
use crate::limits::{ADMIN_BODY_MAX, ADMIN_TIMEOUT};
use crate::links;
use crate::net::blocking::{BlockingClient, BlockingError};
use crate::net::{Network, Peer, Via, Way};
use crate::wire::api_error::ApiError;

/// The service that holds the tunnels.
#[derive(Debug)]
pub struct Client {
    http: BlockingClient,
    headers: HeaderMap,
    url_path: String,
    is_hosted: bool,
}

impl Client {
    /// The service that the configuration names. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// TLS cannot be set up as configured, or the key cannot be sent in a header.
    pub fn new(config: &Admin) -> Result<Self, String> {
        let way = Way {
            url: &config.base_url,
            via: Via::new(None, config.proxy.as_ref()),
            identity: config.identity.as_ref(),
            peer: Peer::ControlPlane,
        };
        let network = Network::of_way(&config.trust, &config.lockdown, Timeouts::default(), &way)
            .map_err(|error| error.to_string())?;
        let connector = network.connector(&way).map_err(|error| error.to_string())?;
        let mut headers = identification(&instance_id()).map_err(|error| error.to_string())?;
        let key = bearer(config.key.expose_secret()).map_err(|error| error.to_string())?;
        headers.insert(AUTHORIZATION, key);
        Ok(Self {
            http: BlockingClient::new(&config.base_url, connector).map_err(|error| error.to_string())?,
            headers,
            url_path: config.url_path.clone(),
            is_hosted: links::is_hosted(&config.base_url),
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
            (_, Err(_)) => Err(self.error(request, Cause::NoTunnel { status })),
        }
    }

    /// Sends a request whose answer is a list.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn list(&self, request: &Request) -> Result<TunnelList, Error> {
        let (status, body) = self.send(request)?;
        TunnelList::parse(&body).ok_or_else(|| self.error(request, Cause::NoTunnel { status }))
    }

    fn error(&self, request: &Request, cause: Cause) -> Error {
        Error::new(request, cause, self.is_hosted)
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
            .map_err(|error| self.error(request, cause(&error)))?;
        if (200..300).contains(&answer.status) {
            return Ok((answer.status, answer.body));
        }
        let refusal = Refusal {
            status: answer.status,
            error: ApiError::parse(&answer.body),
            request_id: answer.header("x-request-id").map(str::to_owned),
        };
        Err(self.error(request, Cause::Refused(Box::new(refusal))))
    }
}

/// Only where the way to the service ended is it sure that nothing was sent.
fn cause(error: &BlockingError) -> Cause {
    match error {
        BlockingError::Net(_) => Cause::NoAnswer(error.to_string()),
        _ => Cause::Unreachable(error.to_string()),
    }
}
