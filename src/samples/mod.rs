//! Samples: profiles that are complete but for a tunnel id and an MCP server (contract: cli, section 4).

#![forbid(unsafe_code)]

mod catalog;
mod error;
mod render;
mod yaml;

pub use error::SampleError;

/// A tunnel id of the right form that belongs to nobody.
pub const EXAMPLE_TUNNEL_ID: &str = "tunnel_0123456789abcdef0123456789abcdef";
/// The control plane that tunnels have when nothing else is said.
pub const DEFAULT_BASE_URL: &str = "https://api.openai.com";
/// Where the runtime key is looked for when nothing else is said.
pub const DEFAULT_API_KEY_REFERENCE: &str = "env:CONTROL_PLANE_API_KEY";
/// Where the health listener is when nothing else is said.
pub const DEFAULT_LISTEN_ADDR: &str = "127.0.0.1:8080";

/// One sample.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// What `--sample` takes.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// When it is the right one.
    pub use_when: &'static str,
    /// The flags that must be given.
    pub required: &'static [&'static str],
    /// What is good to know.
    pub notes: &'static [&'static str],
    /// The MCP server that `profiles samples show` uses.
    example: Example,
    accepts: Accepts,
    /// Comments before everything else.
    header: &'static str,
    /// The bundle of authorities, when none is given; empty for none.
    ca_bundle: &'static str,
    /// Further keys at the top level, in YAML.
    top_level: &'static str,
}

/// The flags that every sample takes.
pub const OPTIONAL: [&str; 6] = [
    "--control-plane-base-url",
    "--control-plane-url-path",
    "--control-plane-api-key-ref",
    "--ca-bundle",
    "--health-listen-addr",
    "--open-web-ui",
];

/// Which MCP servers a sample is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accepts {
    Command,
    Url,
    Either,
}

#[derive(Debug, Clone, Copy)]
enum Example {
    Command(&'static str),
    Url(&'static str),
}

/// The MCP server behind the tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server<'a> {
    /// A command that speaks MCP on its standard input and output.
    Command(&'a str),
    /// The URL of a Streamable HTTP endpoint.
    Url(&'a str),
}

/// What a sample is filled with.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// Scheme, host and port of the control plane.
    pub base_url: &'a str,
    /// Prefix of the control plane's paths; empty for none.
    pub url_path: &'a str,
    /// Which tunnel.
    pub tunnel_id: &'a str,
    /// Reference to the runtime key.
    pub api_key: &'a str,
    /// PEM file of further certificate authorities, or a reference to it; empty for what the sample has.
    pub ca_bundle: &'a str,
    /// Where the health listener listens.
    pub listen_addr: &'a str,
    /// Whether the address of the web page is told at start.
    pub open_web_ui: bool,
    /// The MCP server.
    pub server: Server<'a>,
}

impl<'a> Values<'a> {
    /// A tunnel and a server, and for everything else what it is when nothing is said.
    #[must_use]
    pub fn new(tunnel_id: &'a str, server: Server<'a>) -> Self {
        Self {
            base_url: DEFAULT_BASE_URL,
            url_path: "",
            tunnel_id,
            api_key: DEFAULT_API_KEY_REFERENCE,
            ca_bundle: "",
            listen_addr: DEFAULT_LISTEN_ADDR,
            open_web_ui: false,
            server,
        }
    }
}

impl Sample {
    /// Every sample, by name.
    #[must_use]
    pub fn all() -> &'static [Self] {
        catalog::SAMPLES
    }

    /// The sample with this name.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn find(name: &str) -> Result<&'static Self, SampleError> {
        let known = Self::all().iter().find(|sample| sample.name == name);
        known.ok_or_else(|| SampleError::unknown(name))
    }

    /// The sample to take when none is named.
    #[must_use]
    pub fn default_for(mcp_server_url: Option<&str>, mcp_command: Option<&str>) -> &'static str {
        match (mcp_server_url, mcp_command) {
            (None, Some(_)) => catalog::STDIO,
            _ => catalog::DCR,
        }
    }

    /// The MCP server that the two flags name, if this sample can have it.
    ///
    /// # Errors
    ///
    /// None or both are given, or the wrong one.
    pub fn server<'a>(&self, url: Option<&'a str>, command: Option<&'a str>) -> Result<Server<'a>, SampleError> {
        match (self.accepts, url, command) {
            (Accepts::Command | Accepts::Either, None, Some(command)) => Ok(Server::Command(command)),
            (Accepts::Url | Accepts::Either, Some(url), None) => Ok(Server::Url(url)),
            (Accepts::Command, ..) => Err(SampleError::NeedsCommand(self.name)),
            (Accepts::Url, ..) => Err(SampleError::NeedsUrl(self.name)),
            (Accepts::Either, ..) => Err(SampleError::NeedsOne(self.name)),
        }
    }

    /// The sample as a YAML document that gives exactly `values`.
    ///
    /// # Errors
    ///
    /// A value cannot stand on one line of YAML.
    pub fn render(&self, values: &Values<'_>) -> Result<String, SampleError> {
        render::render(self, values)
    }

    /// The sample with example values.
    ///
    /// # Errors
    ///
    /// None: the examples can be rendered.
    pub fn example(&self) -> Result<String, SampleError> {
        let server = match self.example {
            Example::Command(command) => Server::Command(command),
            Example::Url(url) => Server::Url(url),
        };
        self.render(&Values::new(EXAMPLE_TUNNEL_ID, server))
    }
}
