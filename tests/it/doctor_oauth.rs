//! Logins at MCP servers: where `doctor` searches for their metadata, and where it does not.

use crate::support::{Answer, Doctor};

#[test]
fn a_server_that_wants_logins_and_says_where_is_healthy() {
    for by_challenge in [true, false] {
        let doctor = Doctor::healthy().mcp_with(move |request| match request.path() {
            "/mcp" => {
                let host = request.header("host").unwrap();
                let challenge = format!("Bearer error=\"invalid_token\", resource_metadata=\"http://{host}/meta\"");
                let named = [("WWW-Authenticate", challenge.as_str())];
                Answer::new(401, if by_challenge { &named } else { &[] }, "")
            }
            "/meta" | "/.well-known/oauth-protected-resource" => Answer::json(
                200,
                r#"{"resource":"http://h/mcp","authorization_servers":["https://login.example/x"]}"#,
            ),
            _ => Answer::empty(404),
        });
        let examined = doctor.examine();
        assert_eq!(examined.code, 0, "{:#}", examined.report);
        assert!(examined.summary("mcp_server_reachable").contains("log in"));
        let place = if by_challenge {
            "WWW-Authenticate"
        } else {
            "at the root"
        };
        assert!(
            examined.summary("oauth_metadata").contains(place),
            "{:#}",
            examined.report
        );
        assert!(examined.said("oauth_metadata").contains("https://login.example"));
    }
}

#[test]
fn doctor_asks_no_place_that_a_server_names_at_another_origin() {
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let port = elsewhere.local_addr().unwrap().port();
    for (number, (challenge, location, servers)) in [
        (Some(format!("http://127.0.0.1:{port}/meta?secret=1")), None, None),
        (
            Some(format!("http://localhost:{port}/.well-known/oauth-protected-resource")),
            None,
            None,
        ),
        (None, Some(format!("http://127.0.0.1:{port}/meta")), None),
        (None, None, Some(format!("http://127.0.0.1:{port}/as"))),
    ]
    .into_iter()
    .enumerate()
    {
        let doctor = Doctor::healthy().mcp_with(move |request| match request.path() {
            "/mcp" => match &challenge {
                Some(place) => {
                    let challenge = format!("Bearer resource_metadata=\"{place}\"");
                    Answer::new(401, &[("WWW-Authenticate", challenge.as_str())], "")
                }
                None => Answer::empty(401),
            },
            path if path.starts_with("/.well-known/") => match (&location, &servers) {
                (Some(location), _) => Answer::new(302, &[("Location", location.as_str())], ""),
                (_, Some(server)) => Answer::json(
                    200,
                    format!(r#"{{"resource":"http://h/mcp","authorization_servers":["{server}"]}}"#),
                ),
                _ => Answer::empty(404),
            },
            _ => Answer::empty(404),
        });
        let examined = doctor.examine();
        let nobody = elsewhere.accept().map(|_| ()).unwrap_err();
        assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock, "case {number}");
        if number < 2 {
            assert_eq!(examined.status("oauth_metadata"), "WARN", "{:#}", examined.report);
            let said = examined.said("oauth_metadata");
            assert!(
                said.contains(&format!(":{port}/")) && !said.contains("secret"),
                "{said}"
            );
        }
    }
}
