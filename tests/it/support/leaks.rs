//! Made-up secrets, everywhere where a configuration can hold one, and the search for them in whatever was printed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tunnel_client::ops::unix_url;

use super::control::TUNNEL;
use super::scratch::Scratch;

/// None of them looks like a secret: only those who know it can take it out.
pub const KEY: &str = "plumquartz4711velvetharbor";
pub const PROXY_PASSWORD: &str = "copper-lantern+7715";
pub const HEADER: &str = "marbleorchid8826tundra";
pub const MCP_HEADER: &str = "cedarfalcon3394pebble";
pub const PROBE_HEADER: &str = "willowcomet6652basil";
pub const QUERY: &str = "saffronriver1129otter";
pub const ARGUMENT: &str = "juniperatlas5540mango";
pub const VARIABLE: &str = "onyxmeadow9983 \"quoted\" thistle";
pub const INHERITED: &str = "cobaltprairie2217heron";
pub const ADMIN_KEY: &str = "hazelglacier6018puffin";
pub const TARGET: &str = "ambercanyon4406lynx";
/// The body of a private key, which is in a file.
pub const PEM_BODY: &str = "TmVpdGhlcktleU5vclNlY3JldEJ1dEl0TG9va3NMaWtlT25lMTIzNDU2Nzg5MDEy";

/// What must be found nowhere.
pub const ALL: [&str; 12] = [
    KEY,
    PROXY_PASSWORD,
    HEADER,
    MCP_HEADER,
    PROBE_HEADER,
    QUERY,
    ARGUMENT,
    VARIABLE,
    INHERITED,
    ADMIN_KEY,
    TARGET,
    PEM_BODY,
];

/// Those that every client of [`Leaky`] knows, so that it finds them wherever a peer or a server repeats them. A password of a proxy is
/// in the configuration only with a proxy; targets have no effect yet; the private key is in no setting.
pub const KNOWN: [&str; 9] = [
    KEY,
    HEADER,
    MCP_HEADER,
    PROBE_HEADER,
    QUERY,
    ARGUMENT,
    VARIABLE,
    INHERITED,
    ADMIN_KEY,
];

/// A configuration full of secrets, in a directory of its own.
pub struct Leaky {
    pub files: Scratch,
    control: String,
    server: String,
    program: String,
    proxy: String,
}

impl Leaky {
    /// For a control plane and an MCP server at these addresses, and the command of a stdio server.
    pub fn new(control: &str, server: &str, program: &str) -> Self {
        let files = Scratch::new();
        files.write("key.pem", &pem());
        files.write("api-key", &format!("{KEY}\n"));
        Self {
            files,
            control: control.to_owned(),
            server: server.to_owned(),
            program: program.to_owned(),
            proxy: String::new(),
        }
    }

    /// Behind this proxy, `host:port`, with a password.
    pub fn behind(mut self, proxy: &str) -> Self {
        self.proxy = format!(
            "http_proxy: \"http://user:{}@{proxy}\"\n",
            PROXY_PASSWORD.replace('+', "%2B")
        );
        self
    }

    /// The file. `more` are lines at its end.
    pub fn yaml(&self, more: &str) -> String {
        let Self {
            control,
            server,
            program,
            proxy,
            ..
        } = self;
        let directory = self.files.path().display();
        format!(
            "\
# A comment with {KEY} in it.
{proxy}control_plane:
  base_url: {control}
  tunnel_id: {TUNNEL}
  api_key: file:{directory}/api-key
  poll_timeout: 2s
  poll_deadline_guardrail: 1s
  extra_headers: {{X-Api-Key: {HEADER}}}
mcp:
  server_urls:
    - {{channel: main, url: \"{server}?token={QUERY}\"}}
  commands:
    - channel: tools
      command: {program} --token {ARGUMENT}
      env: {{DB_PASSWORD: '{VARIABLE}'}}
      pass_env: [SERVICE_TOKEN]
  extra_headers: {{X-Auth-Token: {MCP_HEADER}}}
  discovery_extra_headers: {{X-Secret: {PROBE_HEADER}}}
harpoon:
  targets:
    - {{label: t, url: \"https://target.invalid/x?api_key={TARGET}\"}}
health:
  listen_addr: 127.0.0.1:0
  url_file: {directory}/health.url
{more}"
        )
    }

    /// Writes it.
    pub fn write(&self, name: &str, more: &str) -> PathBuf {
        self.files.write(name, &self.yaml(more))
    }

    /// Variables of whoever runs a command.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let home = self.files.path().display().to_string();
        vec![
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", home),
            ("SERVICE_TOKEN", INHERITED.to_owned()),
            ("OPENAI_ADMIN_KEY", ADMIN_KEY.to_owned()),
        ]
    }
}

/// A file with a private key.
pub fn pem() -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{PEM_BODY}\n{PEM_BODY}\n-----END PRIVATE KEY-----\n")
}

/// A secret as it may be spelled.
pub fn spellings(secret: &str) -> Vec<String> {
    let each = |write: &dyn Fn(u8) -> String| secret.bytes().map(write).collect::<String>();
    let json = serde_json::to_string(secret).unwrap();
    let mut all = vec![
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        each(&|byte| format!("%{byte:02X}")),
        each(&|byte| format!("%{byte:02x}")),
        each(&|byte| match byte.is_ascii_alphanumeric() {
            true => char::from(byte).into(),
            false => format!("%{byte:02X}"),
        }),
        each(&|byte| format!("\\u{byte:04x}")),
        each(&|byte| format!("{byte:02x}")),
    ];
    all.extend(["", "x", "xy"].map(|before| base64(before, secret)));
    all.extend(["", "x", "xy"].map(|before| base64(before, secret).replace('-', "+").replace('_', "/")));
    all.dedup();
    all
}

fn base64(before: &str, secret: &str) -> String {
    unix_url::encode(Path::new(&format!("{before}{secret}")))["http+unix://".len()..].to_owned()
}

/// What shows that a secret is there: of base64, whose first and last characters depend on what stands around, the middle.
fn traces(secret: &str) -> Vec<String> {
    let mut all = spellings(secret);
    for before in ["", "x", "xy"] {
        let whole = base64(before, secret);
        let middle = &whole[4..whole.len() - 4];
        all.push(middle.to_owned());
        all.push(middle.replace('-', "+").replace('_', "/"));
    }
    all
}

/// Nothing of what was printed has a secret in it.
#[track_caller]
pub fn assert_clean(what: &str, text: &str) {
    let mut found = String::new();
    for secret in ALL {
        for spelling in traces(secret) {
            if let Some(at) = text.find(&spelling) {
                let line = text[..at].rfind('\n').map_or(0, |line| line + 1);
                let line = text[line..].lines().next().unwrap_or_default();
                let _ = writeln!(found, "{secret} as {spelling}: {line}");
            }
        }
    }
    assert!(found.is_empty(), "{what} shows secrets:\n{found}");
}
