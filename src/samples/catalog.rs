//! The four samples.

use super::{Accepts, Example, Sample};

pub(super) const STDIO: &str = "sample_mcp_stdio_local";
pub(super) const DCR: &str = "sample_mcp_with_dcr";

const ONE_SERVER: &[&str] = &["--tunnel-id", "exactly one of --mcp-server-url or --mcp-command"];

/// By name.
pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "sample_mcp_enterprise_proxy",
        summary: "MCP server of a network whose traffic leaves through a proxy with a certificate authority of its own",
        use_when: "outbound HTTPS must go through a corporate proxy that is trusted by a company CA bundle",
        required: ONE_SERVER,
        notes: &[
            "HTTPS_PROXY holds the URL of the proxy, ENTERPRISE_CA_BUNDLE the path of a PEM file",
            "the CA bundle is added to the built-in roots and does not replace them",
            "keep secrets out of the file: it refers to variables, files or systemd credentials",
        ],
        example: Example::Url("https://mcp.internal.example.com/mcp"),
        accepts: Accepts::Either,
        header: "\
# Set these in the environment of tunnel-client before it starts:
#   export CONTROL_PLANE_API_KEY=...    the runtime key of the tunnel
#   export HTTPS_PROXY=http://proxy.example.com:3128
#   export ENTERPRISE_CA_BUNDLE=/etc/ssl/certs/enterprise-ca.pem
# Only for `tunnel-client admin`, never for the daemon:
#   export OPENAI_ADMIN_KEY=...
",
        ca_bundle: "env:ENTERPRISE_CA_BUNDLE",
        top_level: "http_proxy: \"env:HTTPS_PROXY\"\n",
    },
    Sample {
        name: "sample_mcp_remote_no_auth",
        summary: "MCP server over HTTP that needs no authorization",
        use_when: "the MCP server has a URL and answers without OAuth",
        required: &["--tunnel-id", "--mcp-server-url"],
        notes: &[
            "when every address of the OAuth metadata answers 404, the server may still be ready",
            "a 5xx answer or malformed metadata is a failure, not a missing feature",
        ],
        example: Example::Url("https://mcp.example.com/mcp"),
        accepts: Accepts::Url,
        header: "",
        ca_bundle: "",
        top_level: "",
    },
    Sample {
        name: STDIO,
        summary: "MCP server on this host that speaks on its standard input and output",
        use_when: "the MCP server is a program that tunnel-client starts",
        required: &["--tunnel-id", "--mcp-command"],
        notes: &[
            "there is no OAuth discovery for stdio servers",
            "the command is split into words without a shell: no variables, no wildcards, no pipes",
            "the program sees a short list of environment variables; mcp.pass_env lets more through",
        ],
        example: Example::Command("python /path/to/server.py"),
        accepts: Accepts::Command,
        header: "",
        ca_bundle: "",
        top_level: "",
    },
    Sample {
        name: DCR,
        summary: "MCP server with OAuth and dynamic client registration",
        use_when: "the MCP server advertises OAuth metadata, or it is not known yet what it does",
        required: ONE_SERVER,
        notes: &["keep secrets out of the file: write env:NAME, file:PATH or credential:NAME, never the value"],
        example: Example::Url("http://127.0.0.1:3001/mcp"),
        accepts: Accepts::Either,
        header: "",
        ca_bundle: "",
        top_level: "",
    },
];
