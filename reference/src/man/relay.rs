//! tunnel-relay(1).

use clap::Command;

use super::flags::{about, items, leaves, usage};
use super::roff::Page;
use crate::tree;

/// The page.
pub(crate) fn page(root: &Command) -> String {
    let mut page = Page::new("tunnel-relay", "1", "tunnel-relay manual");
    page.section("NAME")
        .text("tunnel-relay - self-hosted other end of a Secure MCP Tunnel");
    page.section("SYNOPSIS");
    let all = tree::all(root);
    let usages: Vec<String> = leaves(&all).map(|leaf| usage(root.get_name(), leaf)).collect();
    page.lines(usages.iter().map(String::as_str));
    page.section("DESCRIPTION").text(DESCRIPTION);
    page.section("COMMANDS");
    for leaf in leaves(&all) {
        page.subsection(&format!("{} {}", root.get_name(), leaf.words));
        page.text(&about(leaf.command));
        page.rendered(&items(tree::own_flags(leaf.command).cloned()));
    }
    page.section("KEYS").text(KEYS);
    for (scopes, text) in SCOPES {
        page.item(scopes, text);
    }
    page.section("LIMITS").text(LIMITS);
    page.section("EXIT STATUS")
        .item("`0`", "A clean end.")
        .item(
            "`1`",
            "A setting is wrong, or the command failed. The reason is on standard error.",
        )
        .item("`2`", "The command line is wrong.");
    page.section("ENVIRONMENT").text(ENVIRONMENT);
    page.section("EXAMPLES")
        .text("A relay with a key for the client, one for callers, and one to manage tunnels:")
        .literal(EXAMPLE)
        .text("A relay and an MCP server to try things with, on this machine only:")
        .literal(LOCAL);
    page.section("SEE ALSO").text("`tunnel-client`(1)");
    page.finish()
}

const DESCRIPTION: &str = "
`tunnel-relay serve` is a control plane for `tunnel-client`(1) and the endpoint for its callers. A client in a private network
polls it; a caller, which is any MCP client, speaks MCP Streamable HTTP to `/v1/mcp/`TUNNEL_ID, or to
`/v1/mcp/`TUNNEL_ID`/`CHANNEL; a manager creates and removes tunnels at `/v1/tunnels`.

The client needs nothing of it to be started with; each of the two works with any peer that speaks the same protocol.";

const KEYS: &str = "
A keys file holds one key a line: NAME SCOPES KEY. KEY is `sha256:` and the hash in hexadecimal, as `keygen` prints it, or the key
itself. Scopes are a list with commas, and may end in `@`TUNNEL_ID: then the key is good for that tunnel only.";

const SCOPES: [(&str, &str); 3] = [
    ("`read,use`", "For `tunnel-client`."),
    ("`connect`", "For callers."),
    ("`read,manage`", "To create, change and remove tunnels."),
];

const LIMITS: &str = "
Memory for bodies and answers, open calls, connections, waiting commands and polls are shared by keys and tunnels: a key may hold as
much as remains free, and on one tunnel as much as remains of the tunnel's part. Requests beyond that are refused with 429 or 503 and
`Retry-After`.

Peers must send requests and read answers at 512 bytes a second at least; a request body may fall behind for 20 s, an answer for 30 s.

A fifth of `--max-connections` is for connections that have not shown an accepted key. The limit `--max-anonymous-per-address` applies to
the address that a connection comes from: the PROXY protocol and `X-Forwarded-For` are not read. Behind a balancer that passes TCP
connections on, set it to 0 and limit connections in the balancer.";

const ENVIRONMENT: &str = "
Each option of `serve` has a variable `TUNNEL_RELAY_`NAME, for instance `TUNNEL_RELAY_CALL_TIMEOUT=60s`; those that repeat take a list
with commas there. A flag wins, and an empty variable counts as unset. `TUNNEL_RELAY_KEYS` holds lines of a keys file.

The service manager's socket is `NOTIFY_SOCKET`: `serve` tells it when it listens, when a reload and the end begin, and, in half of
`WATCHDOG_USEC` if `WATCHDOG_PID` is its own, that it lives (`sd_notify`(3)).";

const EXAMPLE: &str = r"
tunnel-relay keygen --name lab --scopes read,use      # the key, and its line
tunnel-relay keygen --name me --scopes connect
tunnel-relay keygen --name admin --scopes read,manage
tunnel-relay serve --listen 0.0.0.0:8443 --tls-cert relay.pem \
  --tls-key relay.key --keys-file keys --tunnels-file tunnels.json \
  --allow-host relay.example
";

const LOCAL: &str = r"
tunnel-relay mcp-stub --listen 127.0.0.1:3001 &
tunnel-relay serve --listen 127.0.0.1:8443 --keys-file keys \
  --tunnel tunnel_0123456789abcdef0123456789abcdef
";
