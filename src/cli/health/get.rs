//! One GET over a connection of its own: no proxy, no redirect, no header that identifies anybody but a token that is asked for.

use std::time::Duration;

use http::Method;
use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use super::locator::Base;
use crate::config::{Lockdown, Timeouts, Trust};
use crate::limits::HEALTH_ANSWER_MAX;
use crate::net::blocking::{Answer, BlockingClient};
use crate::net::{Network, Owners, Peer, Via, Way};

/// Asks for a path below the base URL, with a bound on all of it.
pub(in crate::cli) fn get(base: &Base, path: &str, within: Duration) -> Result<Answer, String> {
    get_as(base, path, None, within)
}

/// The same with a token, if the listener belongs to one of these users.
pub(in crate::cli) fn get_as(
    base: &Base,
    path: &str,
    token: Option<(&SecretString, &Owners)>,
    within: Duration,
) -> Result<Answer, String> {
    ask(base, path, token, within).map_err(|error| error.to_string())
}

fn ask(
    base: &Base,
    path: &str,
    token: Option<(&SecretString, &Owners)>,
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
    let client = BlockingClient::to(&base.url, connector, token.map(|(_, owners)| owners.clone()))?;
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_str(&base.url.authority())?);
    if let Some((token, _)) = token {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(client.send(&Method::GET, &base.path(path), headers, None, HEALTH_ANSWER_MAX, within)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use rustix::process::geteuid;

    use super::*;
    use crate::cli::health::locator::Locator;

    #[test]
    fn a_token_is_sent_to_the_listener_of_its_owners_and_nothing_to_others() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = Locator::Port(listener.local_addr().unwrap().port()).resolve().unwrap();
        let server = thread::spawn(move || {
            let take = || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut asked = [0; 1024];
                let length = stream.read(&mut asked).unwrap();
                // Whoever asked for nothing does not read it.
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
                String::from_utf8_lossy(&asked[..length]).into_owned()
            };
            [take(), take()]
        });
        let (token, own) = (SecretString::from("page-token-0123456789"), geteuid().as_raw());
        let ask = |owners: &Owners| get_as(&base, "/api/calls", Some((&token, owners)), Duration::from_secs(10));
        let refused = ask(&Owners::only(own + 1)).unwrap_err();
        assert!(refused.contains("no token sent"), "{refused}");
        assert_eq!(ask(&Owners::root_and([own])).unwrap().status, 200);
        let [stranger, ours] = server.join().unwrap();
        assert_eq!(stranger, "");
        assert!(
            ours.to_lowercase()
                .contains("authorization: bearer page-token-0123456789"),
            "{ours}"
        );
    }
}
