//! tunnel-client.yaml(5).

use tunnel_client::config::Setting;

use super::flags::sentence;
use super::roff::Page;
use crate::markdown::sentences;
use crate::{example, settings};

/// The page.
pub(crate) fn page() -> String {
    let mut page = Page::new("tunnel-client.yaml", "5", "tunnel-client manual");
    page.section("NAME")
        .text("tunnel-client.yaml - configuration file of tunnel-client");
    page.section("SYNOPSIS").lines(SYNOPSIS.into_iter());
    page.section("DESCRIPTION").text(DESCRIPTION);
    page.section("VALUES");
    for (term, text) in VALUES {
        page.item(term, text);
    }
    for (section, members) in settings::sections() {
        if section.is_empty() {
            page.section("TOP LEVEL")
                .item("`config_version` (number, 1)", "Version of the format. Optional.");
        } else {
            page.section(&format!("SECTION {}", section.to_uppercase()))
                .text(&format!("`{section}:` {}", settings::about(section)));
        }
        for setting in members {
            key(&mut page, setting);
        }
    }
    page.section("EXAMPLES")
        .text("An MCP server that is a program:")
        .literal(STDIO)
        .text("An MCP server behind a URL:")
        .literal(HTTP)
        .text("Nearly everything:")
        .literal(example::YAML);
    page.section("SEE ALSO").text("`tunnel-client`(1)");
    page.finish()
}

fn key(page: &mut Page, setting: &Setting) {
    let default = setting
        .default
        .map(|default| format!(", default {default}"))
        .unwrap_or_default();
    page.item(
        &format!("`{}` ({}{default})", settings::name(setting), settings::kind(setting)),
        &sentence(&sentences(setting)),
    );
    if !setting.values.is_empty() {
        page.more(&sentence(&format!("Values: {}", setting.values)));
    }
    if let Some(references) = settings::references(setting) {
        page.more(&sentence(&format!("References: {references}")));
    }
    let variables: Vec<String> = setting.variables.iter().map(|name| format!("`{name}`")).collect();
    page.more(&format!(
        "Variable {}, flag `--{}`.",
        variables.join(", then "),
        setting.flag
    ));
}

const SYNOPSIS: [&str; 3] = [
    "`tunnel-client run --config` PATH",
    "`tunnel-client run --profile` NAME",
    "`tunnel-client run --profile-file` PATH",
];

const DESCRIPTION: &str = "
A configuration file is YAML or JSON in UTF-8, at most 1 MiB, that must not be writable by others. It holds one document: a
leading `---` is accepted, text or another document behind the first is a mistake. Anchors, aliases and merge keys work. An unknown
key is a mistake, and so is a key that stands twice. All mistakes are reported together, each with line and column.

A profile is such a file in the directory of profiles, `$XDG_CONFIG_HOME/tunnel-client` or `~/.tunnel-client`: NAME`.yaml`. Profiles in
`~/.config/tunnel-client`, where earlier versions wrote them, are still read. The name has letters, digits, dots, underscores and dashes, 128 at most, and begins with a letter or digit.

A flag and an environment variable win over the file, setting by setting; a list is taken whole from one of them. A key
without a value is as good as left out. `tunnel-client config show` prints what the settings come to, and where each comes from.

A file never holds a secret itself: it says where the secret is. It is read once, at the start.";

const VALUES: [(&str, &str); 5] = [
    ("duration", "Numbers with units: 30s, 1m30s, 1.5h, 100ms."),
    (
        "true or false",
        "Also the other ways that YAML knows, such as yes, no, on and off. Texts that look like numbers or times need no quotes.",
    ),
    (
        "`env:`NAME",
        "A reference: the value is in this environment variable, which must be set and not empty.",
    ),
    (
        "`file:`PATH",
        "A reference: the value is the content of this file. A file that holds a secret is refused when others can reach and read it, or when \
         others can write to its directory (unless it has the sticky bit).",
    ),
    (
        "`credential:`NAME",
        "A reference: the value is the content of the file of this name in `$CREDENTIALS_DIRECTORY`, where systemd puts what \
         LoadCredential= names.",
    ),
];

const STDIO: &str = r"
config_version: 1
control_plane:
  tunnel_id: tunnel_0123456789abcdef0123456789abcdef
  api_key: credential:tunnel-api-key
mcp:
  commands:
    - channel: main
      command: python3 /opt/mcp/server.py --verbose
";

const HTTP: &str = r"
config_version: 1
control_plane:
  tunnel_id: tunnel_0123456789abcdef0123456789abcdef
  api_key: file:/etc/tunnel-client/api-key
mcp:
  server_urls:
    - url: http://127.0.0.1:3001/mcp
";
