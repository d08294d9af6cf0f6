//! A secret that no input can contain, and files and variables that hold it.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::io;
use std::path::Path;

use tunnel_client::secrets::{Environment, Files};
use zeroize::Zeroizing;

/// Id of the tunnel of every configuration.
pub const TUNNEL: &str = "tunnel_0123456789abcdef0123456789abcdef";

/// A secret that is made from the input: an input that held its own hash would have to be found first.
pub struct Secret(String);

impl Secret {
    /// The secret of an input. It resembles no kind of key, so that only care keeps it out of texts.
    pub fn of(data: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        data.hash(&mut hasher);
        Self(format!("q{:016x}z", hasher.finish()))
    }

    /// The secret.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Fails when a text shows the secret.
    #[track_caller]
    pub fn assert_absent(&self, text: &str) {
        assert!(!text.contains(&self.0), "a secret is shown: {text:?}");
    }

    /// Variables that hold the secret and what else a configuration needs, and some that refer to nothing of use.
    pub fn environment(&self) -> Environment {
        let secret = &self.0;
        self.variables()
            .into_iter()
            .chain([
                ("CONTROL_PLANE_TUNNEL_ID", TUNNEL.to_owned()),
                ("CONTROL_PLANE_API_KEY", secret.clone()),
                ("MCP_SERVER_URL", "http://127.0.0.1:3000/mcp".to_owned()),
            ])
            .collect()
    }

    /// Variables that no setting reads by itself.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let secret = &self.0;
        vec![
            ("A_KEY", secret.clone()),
            ("A_URL", format!("https://h.example/{secret}?x={secret}")),
            ("A_PROXY", format!("http://u:{secret}@proxy:3128")),
            ("A_COMMAND", format!("server --token {secret} 'open")),
            ("BLANK", " ".to_owned()),
            ("HOME", "/h".to_owned()),
            ("CREDENTIALS_DIRECTORY", "/run/credentials/unit".to_owned()),
        ]
    }

    /// Files that hold the secret, and one configuration file.
    pub fn files<'a>(&'a self, configuration: &'a [u8]) -> InMemory<'a> {
        InMemory {
            secret: self,
            configuration,
        }
    }
}

/// Path of the configuration file.
pub const CONFIGURATION: &str = "/c/p.yaml";

/// A file system of a few files.
pub struct InMemory<'a> {
    secret: &'a Secret,
    configuration: &'a [u8],
}

impl InMemory<'_> {
    fn contents(&self, path: &Path) -> io::Result<Vec<u8>> {
        let secret = &self.secret.0;
        Ok(match path.to_str() {
            Some(CONFIGURATION) => self.configuration.to_vec(),
            Some("/run/key" | "/run/credentials/unit/key") => format!(" {secret}\n").into_bytes(),
            Some("/run/url") => format!("https://h.example/{secret}").into_bytes(),
            Some("/run/proxy") => format!("http://u:{secret}@proxy:3128").into_bytes(),
            Some("/run/binary") => b"\xff\xfe\0".to_vec(),
            Some("/run/empty") => Vec::new(),
            _ => return Err(io::ErrorKind::NotFound.into()),
        })
    }
}

impl Files for InMemory<'_> {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        let contents = self.contents(path)?;
        match contents.len() <= limit {
            true => Ok(Zeroizing::new(contents)),
            false => Err(io::Error::other("too large")),
        }
    }

    fn read_secret(&self, path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        self.read(path, limit)
    }

    fn is_there(&self, path: &Path) -> bool {
        path == Path::new("/run/credentials/unit") || self.contents(path).is_ok()
    }
}
