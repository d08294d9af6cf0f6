//! A site whose secrets are files that rotate: an API key, a CA bundle, a client certificate.

use std::fs;
use std::time::Duration;

use super::client::ClientBuilder;
use super::control::ControlPlane;
use super::mcp::McpServer;
use super::scratch::Scratch;
use super::tls::{Authority, Rotating};
use super::wait::{BOUND, within};

/// What the log says of a generation that is not put in force.
pub const REFUSED: &str = "keys and certificates were read again and are refused";
/// And of one that is.
pub const IN_FORCE: &str = "keys and certificates were read again and are in force";
/// Files are looked at each second, and read when they were the same at the next look.
pub const SEEN_WITHIN: Duration = Duration::from_secs(60);
/// Those of the control plane.
pub const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

/// A site whose secrets are files: an API key, a CA bundle, a client certificate.
pub struct Site {
    pub files: Scratch,
    pub servers: Vec<Authority>,
    pub clients: Vec<Authority>,
    pub certificate: Rotating,
    pub control: ControlPlane,
}

impl Site {
    pub fn new() -> Self {
        let files = Scratch::new();
        let servers: Vec<_> = ["servers 1", "servers 2"].map(Authority::named).into();
        let clients: Vec<_> = ["clients 1", "clients 2"].map(Authority::named).into();
        let (tls, certificate) = servers[0].rotating_server(&NAMES, &[&clients[0], &clients[1]]);
        let site = Self {
            files,
            servers,
            clients,
            certificate,
            control: ControlPlane::https(tls),
        };
        site.write("key", "sk-first-key-0123456789");
        site.write("ca.pem", site.servers[0].pem());
        site.show_client(0);
        site
    }

    /// Writes a new file and renames it over the old one, as programs that take care do.
    pub fn write(&self, name: &str, text: &str) {
        let new = self.files.write(&format!("{name}.new"), text);
        fs::rename(new, self.files.file(name)).unwrap();
    }

    pub fn show_client(&self, authority: usize) {
        let (certificate, key) = self.clients[authority].client("ours");
        self.write("client.pem", &certificate);
        self.write("client.key", &key);
    }

    pub fn path(&self, name: &str) -> String {
        self.files.file(name).display().to_string()
    }

    pub fn builder(&self, mcp: &McpServer) -> ClientBuilder {
        ClientBuilder::new(&self.control)
            .server(mcp.url())
            .no_env("CONTROL_PLANE_API_KEY")
            .arg(&format!("--control-plane.api-key=file:{}", self.path("key")))
            .env("CA_BUNDLE", self.path("ca.pem"))
            .env("CONTROL_PLANE_CLIENT_CERT", self.path("client.pem"))
            .env("CONTROL_PLANE_CLIENT_KEY", self.path("client.key"))
            .env("RELOAD_CHECK_INTERVAL", "1s")
    }

    /// Waits for a poll with this key.
    #[track_caller]
    pub fn await_key(&self, key: &str) {
        let bearer = format!("Bearer {key}");
        within(SEEN_WITHIN + BOUND, "a poll with the new key", || {
            let polls = self.control.polls();
            polls
                .iter()
                .any(|poll| poll.header("authorization") == Some(&bearer))
                .then_some(())
        });
    }
}
