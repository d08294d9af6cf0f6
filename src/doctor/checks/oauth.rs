//! OAuth protected-resource metadata: where connectors look for it (contract: oauth-and-harpoon, section 1).
//!
//! Every request goes to the MCP server's own origin, over the connector of its endpoint. Other places that an answer names are
//! shown and not requested.

use http::{Method, Uri};
use serde::Deserialize;
use tokio::time::timeout;

use super::challenge::resource_metadata;
use crate::config::HttpUrl;
use crate::doctor::report::Check;
use crate::limits::{DOCTOR_CHALLENGE_TIMEOUT, DOCTOR_OAUTH_BODY_MAX, DOCTOR_OAUTH_TIMEOUT, REDIRECTS_MAX};
use crate::mcp::http::HttpServer;
use crate::net::{NetError, Reply};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
const JSON: &str = "application/json";

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Discovery {
    /// A document.
    Found {
        /// With this status.
        status: u16,
        /// Which candidate had it.
        from: String,
        /// The origins of its authorization servers.
        servers: Vec<String>,
    },
    /// Every candidate says that there is none, with these statuses.
    NotAdvertised(Vec<u16>),
    /// The server has none at its own origin and names this place at another, which is not requested.
    Elsewhere(String),
    /// Something else: what is wrong, and at which candidate.
    Bad(String),
}

impl Discovery {
    /// As a check.
    pub(super) fn check(&self, id: &str) -> Check {
        match self {
            Self::Found { status, from, servers } => Check::pass(id, format!("HTTP {status} from {from}"))
                .evidence(servers.iter().map(|server| format!("authorization server: {server}"))),
            Self::NotAdvertised(statuses) => {
                let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
                Check::pass(
                    id,
                    format!(
                        "OAuth metadata not advertised; all candidates returned HTTP {}",
                        statuses.join(", ")
                    ),
                )
            }
            Self::Elsewhere(place) => Check::warn(
                id,
                format!("the server names its metadata at another origin, {place}, which was not requested"),
            )
            .next([
                "if the place is right, check it by hand: it must answer with a JSON object that names the resource (RFC 9728)",
                "doctor sends requests to the MCP server's own origin only: a server must not choose what this host requests",
            ]),
            Self::Bad(problem) => Check::fail(id, problem).next([
                "a server without logins must answer 404 at /.well-known/oauth-protected-resource",
                "a server with logins must answer there with a JSON object that names its resource (RFC 9728)",
            ]),
        }
    }
}

/// A place at the MCP server's own origin where the document may be.
struct Candidate {
    name: String,
    path: Uri,
}

/// Place that a challenge names.
enum Named {
    /// A path at the server's own origin.
    Here(Uri),
    /// Another origin, as shown: without query. It is not requested: otherwise a hostile server would choose the host's requests
    /// inside the operator's network.
    Elsewhere(String),
}

/// Tries the candidates in order.
pub(super) async fn look(server: &HttpServer, url: &HttpUrl) -> Discovery {
    match timeout(DOCTOR_OAUTH_TIMEOUT, search(server, url)).await {
        Ok(found) => found,
        Err(_) => Discovery::Bad(format!(
            "oauth discovery: no answer within {} s",
            DOCTOR_OAUTH_TIMEOUT.as_secs()
        )),
    }
}

async fn search(server: &HttpServer, url: &HttpUrl) -> Discovery {
    let named = challenged(server, url).await;
    let (here, elsewhere) = match named {
        Some(Named::Here(path)) => (Some(path), None),
        Some(Named::Elsewhere(place)) => (None, Some(place)),
        None => (None, None),
    };
    let discovery = ask(server, url, &candidates(here, url)).await;
    match (discovery, elsewhere) {
        (found @ Discovery::Found { .. }, _) | (found, None) => found,
        (_, Some(place)) => Discovery::Elsewhere(place),
    }
}

async fn ask(server: &HttpServer, url: &HttpUrl, candidates: &[Candidate]) -> Discovery {
    let last = candidates.len().saturating_sub(1);
    let mut absent = Vec::new();
    let mut trouble = None;
    for (number, candidate) in candidates.iter().enumerate() {
        let name = &candidate.name;
        match fetch(server, url, candidate).await {
            Err(error) => trouble = Some(format!("oauth discovery: {name}: {error}")),
            Ok((status, body)) => match (document(&body), status) {
                (Ok(servers), status) if number == last || !is_passed_over(status) => {
                    return Discovery::Found {
                        status,
                        from: name.clone(),
                        servers,
                    };
                }
                (_, 404 | 405 | 501) => absent.push(status),
                (_, 500..) => trouble = Some(format!("oauth discovery: HTTP {status} from {name}")),
                (Err(problem), status) => {
                    return Discovery::Bad(format!("invalid metadata from {name} (HTTP {status}): {problem}"));
                }
                (Ok(_), _) => {}
            },
        }
    }
    absent.dedup();
    trouble.map_or(Discovery::NotAdvertised(absent), Discovery::Bad)
}

/// Statuses after which the next candidate is tried.
fn is_passed_over(status: u16) -> bool {
    matches!(status, 404 | 405 | 500..)
}

fn candidates(named: Option<Uri>, url: &HttpUrl) -> Vec<Candidate> {
    let named = named.map(|path| Candidate {
        name: format!("the place that WWW-Authenticate names at {}", url.origin()),
        path,
    });
    let mut candidates: Vec<Candidate> = named.into_iter().collect();
    for (kind, path) in [
        ("below the path", well_known(&url.path_and_query)),
        ("at the root", WELL_KNOWN.to_owned()),
    ] {
        let Ok(path) = path.parse::<Uri>() else { continue };
        if !candidates.iter().any(|known| known.path == path) {
            candidates.push(Candidate {
                name: format!("the well-known place {kind} of {}", url.origin()),
                path,
            });
        }
    }
    candidates
}

/// The well-known path for an endpoint's path (RFC 9728, section 3.1).
fn well_known(endpoint: &str) -> String {
    let path = endpoint
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .trim_end_matches('/');
    match path.starts_with(WELL_KNOWN) {
        true => path.to_owned(),
        false => format!("{WELL_KNOWN}{path}"),
    }
}

/// Place that the endpoint itself names in answer to a request without a message, with the discovery headers only.
async fn challenged(server: &HttpServer, url: &HttpUrl) -> Option<Named> {
    let asked = async {
        for method in [Method::POST, Method::GET] {
            let Ok(reply) = server.ask(method, None, JSON, None).await else {
                continue;
            };
            let challenges = reply.headers.get_all(http::header::WWW_AUTHENTICATE).iter();
            let named = challenges
                .filter_map(|value| resource_metadata(value.to_str().ok()?))
                .next();
            if let (401, Some(named)) = (reply.status, named) {
                return Some(named);
            }
        }
        None
    };
    let named = HttpUrl::parse(&timeout(DOCTOR_CHALLENGE_TIMEOUT, asked).await.ok()??).ok()?;
    if named.origin() == url.origin() {
        return named.path_and_query.parse().ok().map(Named::Here);
    }
    let path = named.path_and_query.split('?').next().unwrap_or_default();
    Some(Named::Elsewhere(format!("{}{path}", named.origin())))
}

/// Redirects are followed within the server's origin.
async fn fetch(server: &HttpServer, url: &HttpUrl, candidate: &Candidate) -> Result<(u16, Vec<u8>), NetError> {
    let mut path = candidate.path.clone();
    for _ in 0..=REDIRECTS_MAX {
        let mut reply = server.ask(Method::GET, Some(path.clone()), JSON, None).await?;
        match redirect(url, &path, &reply) {
            Some(next) => path = next,
            None => {
                // A body that cannot be read is none; its status still says something.
                let body = reply.collect(DOCTOR_OAUTH_BODY_MAX).await.unwrap_or_default();
                return Ok((reply.status, body.to_vec()));
            }
        }
    }
    Err(NetError::Redirects)
}

fn redirect(url: &HttpUrl, from: &Uri, reply: &Reply) -> Option<Uri> {
    if !matches!(reply.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    url.same_origin_location(from, reply.header("location")?).ok()
}

/// The origins of the authorization servers of a valid document.
fn document(body: &[u8]) -> Result<Vec<String>, &'static str> {
    #[derive(Deserialize)]
    struct Document {
        #[serde(default)]
        resource: String,
        #[serde(default)]
        authorization_servers: Vec<String>,
    }
    let document: Document = serde_json::from_slice(body).map_err(|_| "it is no such JSON object")?;
    if document.resource.is_empty() {
        return Err("it names no resource");
    }
    let mut origins = Vec::new();
    for (server, number) in document.authorization_servers.iter().zip(1..) {
        match HttpUrl::parse(server) {
            Ok(url) => origins.push(url.origin()),
            Err(_) if number == 1 => return Err("its first authorization server is no URL"),
            Err(_) => {}
        }
    }
    Ok(origins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_paths_go_before_the_endpoints_path() {
        for (path, expected) in [
            ("/mcp", "/.well-known/oauth-protected-resource/mcp"),
            ("/a/mcp/?k=v", "/.well-known/oauth-protected-resource/a/mcp"),
            ("/", "/.well-known/oauth-protected-resource"),
            (
                "/.well-known/oauth-protected-resource/x",
                "/.well-known/oauth-protected-resource/x",
            ),
        ] {
            assert_eq!(well_known(path), expected);
        }
    }

    #[test]
    fn a_document_names_its_resource_and_its_servers_are_urls() {
        assert_eq!(
            document(br#"{"resource":"https://h/mcp","authorization_servers":["https://as/x"]}"#),
            Ok(vec!["https://as".to_owned()])
        );
        for bad in [
            "",
            "<html>",
            "[]",
            "{}",
            r#"{"resource":""}"#,
            r#"{"resource":"r","authorization_servers":["x"]}"#,
        ] {
            assert!(document(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
