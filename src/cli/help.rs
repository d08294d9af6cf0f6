//! Help texts.

use std::fmt::Write as _;

use crate::config::Setting;
use crate::links;

pub(super) const ABOUT: &str = "Makes private MCP servers reachable through a tunnel, over outbound HTTPS only.";

pub(super) fn after_root() -> String {
    let mut links = String::new();
    for (name, url) in links::ALL {
        // Writing to a String cannot fail.
        let _ = writeln!(links, "  {name:<18}  {url}");
    }
    format!("{BEFORE_LINKS}{links}\nManual: tunnel-client(1), tunnel-client.yaml(5).")
}

const BEFORE_LINKS: &str = "\
To connect a local or private MCP server:
  tunnel-client help quickstart
  tunnel-client init --sample sample_mcp_stdio_local --profile local-stdio \\
    --tunnel-id tunnel_0123456789abcdef0123456789abcdef \\
    --mcp-command \"python /path/to/server.py\"
  tunnel-client doctor --profile local-stdio --explain
  tunnel-client run --profile local-stdio

Agent-first help topics:
  tunnel-client help quickstart       from nothing to a running tunnel
  tunnel-client help samples          profiles to begin with
  tunnel-client help doctor           what is wrong, hop by hop
  tunnel-client help oauth            MCP servers that callers log in to
  tunnel-client help troubleshooting  begin here at night
  tunnel-client help hardening        what holds, and what does not

A relay of your own: tunnel-relay(1). Where tunnels, keys and connectors of the
hosted service are managed:
";

pub(super) const AFTER_RUN: &str = "\
A flag wins over its environment variable, the variable over the configuration file, the file over the default; empty
means unset. Durations are written as 30s, 1m30s, 100ms.

For the first milliseconds every user of the host can read the arguments of a process, and its own user the
environment: keep secrets in files and write file:PATH or credential:NAME.

Next steps:
  tunnel-client doctor --explain      the same flags; checks every hop
  tunnel-client config show           the same flags; each setting and its source
  tunnel-client help troubleshooting  what the signs mean";

pub(super) const AFTER_DOCTOR: &str = "\
Takes the flags of run. Contacts the control plane with the API key and the MCP servers as run does; starts no
program unless asked to, and leaves nothing behind. The report is safe to show to others: it holds no key, no
header value, no argument of a command.
With --sandbox: contacts nobody; tries to get out of the sandbox, which is shut in processes of its own for that.
Exit code 0: no check failed. 2: at least one did; the first one is the cause.";

/// Help line of a flag, with its variables, default and values.
pub(super) fn of_setting(setting: &Setting) -> String {
    let mut text = setting.help.to_owned();
    // Writing to a String cannot fail.
    let _ = write!(text, " [env: {}]", setting.variables.join(", "));
    if let Some(default) = setting.default {
        let _ = write!(text, " [default: {default}]");
    }
    if !setting.values.is_empty() {
        let _ = write!(text, " [values: {}]", setting.values);
    }
    text
}
