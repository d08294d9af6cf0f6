//! One GET over a connection of its own: no proxy, no redirect, no header that identifies anybody but a token that is asked for.

use std::time::Duration;

use http::Method;
use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use super::locator::Base;
use crate::config::{Lockdown, Timeouts, Trust};
use crate::limits::HEALTH_ANSWER_MAX;
use crate::net::blocking::{Answer, BlockingClient};
use crate::net::{Network, Peer, Via, Way};

/// Asks for a path below the base URL, with a bound on all of it.
pub(in crate::cli) fn get(base: &Base, path: &str, within: Duration) -> Result<Answer, String> {
    get_as(base, path, None, within)
}

/// The same with a token.
pub(in crate::cli) fn get_as(
    base: &Base,
    path: &str,
    token: Option<&SecretString>,
    within: Duration,
) -> Result<Answer, String> {
    ask(base, path, token, within).map_err(|error| error.to_string())
}

fn ask(
    base: &Base,
    path: &str,
    token: Option<&SecretString>,
    within: Duration,
) -> Result<Answer, Box<dyn std::error::Error>> {
    let way = Way {
        url: &base.url,
        via: Via::new(base.socket.as_deref(), None),
        identity: None,
        peer: Peer::Own,
    };
    let trust = Trust {
        webpki: true,
        ..Trust::default()
    };
    let network = Network::of_way(&trust, &Lockdown::default(), Timeouts::default(), &way)?;
    let connector = network.connector(&way)?;
    let client = BlockingClient::new(&base.url, connector)?;
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_str(&base.url.authority())?);
    if let Some(token) = token {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(client.send(&Method::GET, &base.path(path), headers, None, HEALTH_ANSWER_MAX, within)?)
}
