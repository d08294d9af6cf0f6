//! `docs/configuration.md`.

use std::fmt::Write as _;

use tunnel_client::config::{SELECTORS, Setting};

use crate::{example, settings};

/// The page.
pub(crate) fn configuration() -> String {
    let mut page = String::from(HEAD);
    page += "\n## Which file is read\n\n| flag | variable | |\n|---|---|---|\n";
    for selector in SELECTORS {
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "| `--{} {}` | {} | {} |",
            selector.flag,
            cell(selector.placeholder),
            variables(selector),
            cell(&sentences(selector))
        );
    }
    page += SELECTION;
    for (section, members) in settings::sections() {
        let title = if section.is_empty() { "Top level" } else { section };
        let _ = write!(
            page,
            "\n## {title}\n\n{}\n\n| key | variable, flag | value | default | meaning |\n|---|---|---|---|---|\n",
            settings::about(section)
        );
        if section.is_empty() {
            page += "| `config_version` | | number, 1 | 1 | Version of the format |\n";
        }
        for setting in members {
            let _ = writeln!(
                page,
                "| `{}` | {}<br>`--{}` | {} | {} | {} |",
                settings::name(setting),
                variables(setting),
                setting.flag,
                cell(&value(setting)),
                setting
                    .default
                    .map(|default| format!("`{default}`"))
                    .unwrap_or_default(),
                cell(&sentences(setting))
            );
        }
    }
    let _ = write!(
        page,
        "{ENTRIES}\n## An example with nearly everything\n\n```yaml\n{}```\n",
        example::YAML
    );
    page
}

fn variables(setting: &Setting) -> String {
    setting
        .variables
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", then ")
}

/// Kind, values and references of a setting.
fn value(setting: &Setting) -> String {
    let mut text = settings::kind(setting);
    if !setting.values.is_empty() {
        text += &format!("; {}", setting.values);
    }
    if let Some(references) = settings::references(setting) {
        text += &format!("; {references}");
    }
    text
}

/// The line of help and what the manual adds.
pub(crate) fn sentences(setting: &Setting) -> String {
    let mut text = setting.help.to_owned();
    if !setting.details.is_empty() {
        text += &format!(". {}", setting.details);
    }
    if let Some(why) = setting.without_effect {
        text += if text.ends_with('.') { "" } else { "." };
        text += &format!(" Checked, but without effect in this version: {why}.");
    }
    text
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('*', "\\*")
}

const HEAD: &str = "\
<!-- Made by `cargo run -p reference -- --write` from the table of settings; do not edit. -->

# Configuration

Every setting of `tunnel-client run`, `doctor`, `config show` and `config check`. The manual page `tunnel-client.yaml(5)` says the same.

A value comes from its flag, else from its environment variable, else from the configuration file, else it is the default. Empty
means unset, in each of them. Unknown keys are mistakes; all mistakes are reported together, each with where it was written.
`tunnel-client config show` prints what the settings come to and where each comes from, without secrets.
";

const SELECTION: &str = "
The first three exclude each other; a flag wins over all three variables. Without any, no file is read. `~` at the start of these
paths is the home directory. A file is YAML or JSON, at most 1 MiB, and must not be writable by others.

## Values

- A *duration* is written as `30s`, `1m30s`, `1.5h` or `100ms`.
- *true* and *false* may also be written `1`, `t`, `T`, `TRUE`, `True`, `0`, `f`, `F`, `FALSE`, `False`. A flag alone means true; a
  value follows an equals sign: `--open-web-ui=false`.
- A *reference* says where a value is kept: `env:NAME` is a variable, `file:PATH` the content of a file,
  `credential:NAME` a file in `$CREDENTIALS_DIRECTORY` (`LoadCredential=` of systemd). A file that holds a secret is refused when others
  can reach and read it, or when others can write to its directory.
- Secrets are given by reference, never in the file itself.
";

const ENTRIES: &str = "
## MCP servers in flags and variables

    --mcp.server-url http://127.0.0.1:3000/mcp                             # for channel main
    --mcp.server-url channel=docs,url=http://localhost/mcp,unix-socket=/run/docs.sock
    --mcp.server-url channel=lab,url=https://lab.example/mcp,http-proxy=http://proxy.example:3128
    --mcp.server-url channel=ops,url=https://ops.example/mcp,client-cert=/etc/ops.pem,client-key=/etc/ops.key
    --mcp.command 'python3 /path/to/server.py --verbose'                   # for channel main
    --mcp.command 'channel=files,command=python3 /path/to/files.py a,b'
    --harpoon.target label=wiki,url=https://wiki.example/api,desc=Wiki

The same texts go into `MCP_SERVER_URL` and `MCP_COMMAND`, one a line. A URL that contains a comma can only be given alone, or in a
file.
";
