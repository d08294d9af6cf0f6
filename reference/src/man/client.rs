//! tunnel-client(1).

use clap::{Arg, Command};
use tunnel_client::config::{SELECTORS, SETTINGS, Setting};

use super::flags::{about, items, leaves, sentence, usage};
use super::roff::Page;
use crate::markdown::sentences;
use crate::settings;
use crate::tree::{self, Entry};

/// The page.
pub(crate) fn page(root: &Command) -> String {
    let mut page = Page::new("tunnel-client", "1", "tunnel-client manual");
    page.section("NAME")
        .text("tunnel-client - makes private MCP servers reachable through a tunnel");
    page.section("SYNOPSIS");
    let all = tree::all(root);
    let usages: Vec<String> = leaves(&all).map(|leaf| usage(root.get_name(), leaf)).collect();
    let usages = usages.iter().map(String::as_str);
    page.lines(usages.chain(["`tunnel-client` `--version` | `--help`"]));
    page.section("DESCRIPTION").text(DESCRIPTION);
    commands(&mut page, root, &all);
    if let Some(run) = root.find_subcommand("run") {
        options(&mut page, run);
    }
    page.section("EXIT STATUS")
        .item(
            "`0`",
            "A clean end: of `run` after SIGTERM or SIGINT, of any other command when it did what was asked.",
        )
        .item(
            "`1`",
            "The arguments or the configuration are wrong, or the command failed. The reason is on standard error; that of `admin` \
             with `--json` is on standard output.",
        )
        .item(
            "`2`",
            "`doctor` or `health` found something wrong; the report says what.",
        );
    page.section("SIGNALS").text(SIGNALS);
    environment(&mut page);
    page.section("FILES")
        .item(
            "`$XDG_CONFIG_HOME/tunnel-client/`NAME`.yaml`, `~/.tunnel-client/`NAME`.yaml`, `~/.config/tunnel-client/`NAME`.yaml`",
            "Profiles; see `tunnel-client.yaml`(5). They are written to the first or the second, the third is only read. The directory is made with mode 0700, a profile with 0600.",
        )
        .item(
            "`$CREDENTIALS_DIRECTORY`",
            "Where `credential:NAME` is read from; systemd.exec(5) sets it.",
        );
    page.section("EXAMPLES")
        .text("From nothing to a running tunnel, for an MCP server that is a program:")
        .literal(FIRST)
        .text("Without a profile, the key in a file:")
        .literal(PLAIN)
        .text("Wait until a daemon that chose a free health port is ready, in a script:")
        .literal(SCRIPT);
    page.section("SEE ALSO")
        .text("`tunnel-client.yaml`(5), `tunnel-relay`(1), `systemd.exec`(5), `systemd.service`(5)");
    page.finish()
}

/// Whether a flag stands under OPTIONS, once for all commands that have it.
fn is_setting(flag: &Arg) -> bool {
    let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
    SELECTORS
        .iter()
        .chain(SETTINGS)
        .any(|setting| flag.get_long() == Some(setting.flag) && setting.help == help)
}

fn commands(page: &mut Page, root: &Command, all: &[Entry]) {
    page.section("COMMANDS");
    for entry in all.iter().skip(1) {
        let flags = tree::own_flags(entry.command);
        let (settings, mut flags): (Vec<&Arg>, Vec<&Arg>) = flags.partition(|flag| is_setting(flag));
        if entry.command.has_subcommands() && flags.is_empty() {
            continue;
        }
        page.item(&usage(root.get_name(), entry), &about(entry.command));
        if let Some(more) = more(&entry.words) {
            page.more(more);
        }
        if settings.len() == SELECTORS.len() + SETTINGS.len() {
            page.more("Takes every flag under OPTIONS.");
        } else {
            flags = tree::own_flags(entry.command).collect();
        }
        if !flags.is_empty() {
            page.indented(&items(flags.into_iter().cloned()));
        }
    }
}

/// `run`: the command that has all of them.
fn options(page: &mut Page, run: &Command) {
    page.section("OPTIONS").text(OPTIONS);
    page.subsection("Which configuration file is read");
    page.rendered(&settings_items(run, SELECTORS.iter().copied()));
    for (section, members) in settings::sections() {
        page.subsection(if section.is_empty() {
            "Every connection"
        } else {
            settings::about(section).trim_end_matches('.')
        });
        page.rendered(&settings_items(run, members.into_iter()));
    }
}

fn settings_items(run: &Command, settings: impl Iterator<Item = &'static Setting>) -> String {
    items(settings.filter_map(|setting| {
        let flag = run.get_arguments().find(|flag| flag.get_long() == Some(setting.flag))?;
        let mut text = sentence(&sentences(setting));
        if let Some(default) = setting.default {
            text += &format!(" Default: {default}.");
        }
        if !setting.values.is_empty() {
            text += &format!(" Values: {}.", setting.values);
        }
        Some(flag.clone().help(text))
    }))
}

fn environment(page: &mut Page) {
    page.section("ENVIRONMENT")
        .text("Each flag under OPTIONS has a variable. A variable that is empty counts as unset.");
    for setting in SELECTORS.iter().chain(SETTINGS) {
        for variable in setting.variables {
            page.close_item(&format!("`{variable}`"), &format!("`--{}`", setting.flag));
        }
    }
    for (name, text) in VARIABLES {
        page.item(&format!("`{name}`"), text);
    }
}

/// What the help line of a command leaves out.
fn more(words: &str) -> Option<&'static str> {
    Some(match words {
        "run" => {
            "Takes work until SIGTERM or SIGINT, in the foreground; logs go to standard error unless told otherwise."
        }
        "init" => "Writes nothing when the profile would not work, and replaces no profile unless told to.",
        "doctor" => {
            "Goes the way of `run` hop by hop; the first check that fails is the cause. The report holds no secret and can be \
             pasted into a ticket. Changes nothing."
        }
        "health" => {
            "Says which listener with exactly one of `--url`, `--url-file`, `--port`. With `--require-control-plane-poll` a poll \
             must have been answered; on a quiet tunnel that takes up to `control_plane.poll_timeout` after the start."
        }
        "config show" => "Secrets are shown as the reference they come from, URLs without path and query.",
        "config check" => {
            "Reads what `run` reads before it connects: the configuration, keys, certificates, references, users, programs of stdio \
             servers, places of files. Contacts nobody, creates nothing. Exit code 0 with one line, or 1 with every mistake."
        }
        "help" => {
            "Topics: `quickstart`, `samples`, `doctor`, `oauth`, `troubleshooting`, `hardening`. Without an argument: the commands."
        }
        _ => return None,
    })
}

const DESCRIPTION: &str = "
`tunnel-client` runs next to MCP servers in a private network. It polls a control plane over outbound HTTPS, forwards the MCP
messages that come back to the servers (Streamable HTTP, unix socket, or a program on its standard input and output), and posts
their answers. Nothing connects to it; the one listener is for health and metrics, on loopback unless told otherwise.

A tunnel has an id and a runtime API key. The control plane is the hosted one, or `tunnel-relay`(1). A tunnel carries one or more
channels; each leads to one MCP server, and the first is called main.

Settings come from flags, environment variables and a configuration file (a profile). `tunnel-client help quickstart` is the
way from nothing to a running tunnel.";

const OPTIONS: &str = "
The flags of `run`, `doctor`, `config show` and `config check`, one for each setting. A flag wins over its variable, the variable over the
configuration file, the file over the default. A flag that takes true or false means true alone; a value follows an equals
sign. Durations are written as 30s, 1m30s, 100ms. `tunnel-client.yaml`(5) has the keys of the configuration file.";

const SIGNALS: &str = "
SIGTERM and SIGINT end `run`: it takes no more work, finishes what it has within 25 seconds, and answers the rest with an error.
A second one ends it at once. SIGHUP has keys, certificates and proxies in files read again; settings are not. Under `Type=notify` or
`Type=notify-reload` of systemd, `systemctl start` returns when the health listener answers and polling has begun, and
`systemctl status` shows the text of `/readyz`.";

const VARIABLES: [(&str, &str); 9] = [
    (
        "HTTPS_PROXY, HTTP_PROXY, NO_PROXY",
        "Proxies for connections that no setting names one for, by the usual rules; also in lower case. Loopback is never proxied.",
    ),
    (
        "OPENAI_ADMIN_KEY",
        "The key of `admin`; never given to a child process.",
    ),
    ("XDG_CONFIG_HOME, HOME", "Where profiles are, and what ~ means."),
    ("CREDENTIALS_DIRECTORY", "Where `credential:NAME` is read from."),
    (
        "NOTIFY_SOCKET",
        "Socket of the service manager, a path or, after an @, an abstract name: `run` tells it when the start is complete, which peer \
         fails, and when a reload and the end begin (`sd_notify`(3)). Never given to a child process.",
    ),
    (
        "WATCHDOG_USEC, WATCHDOG_PID",
        "After how many microseconds of silence the service manager takes the process with this id for hung; `run` sends a message \
         in half of that time while its poll loop turns, whether or not the control plane answers.",
    ),
    ("VISUAL, EDITOR", "The editor of `profiles edit`."),
    (
        "NO_COLOR",
        "When set and not empty, nothing is coloured. Colour is for terminals only anyway.",
    ),
    ("PATH", "Where programs of `--mcp.command` are looked for."),
];

const FIRST: &str = r#"
export CONTROL_PLANE_API_KEY=...
tunnel-client init --sample sample_mcp_stdio_local --profile local-stdio \
  --tunnel-id tunnel_0123456789abcdef0123456789abcdef \
  --mcp-command "python /path/to/server.py"
tunnel-client doctor --profile local-stdio --explain
tunnel-client run --profile local-stdio
"#;

const PLAIN: &str = r"
tunnel-client run --control-plane.tunnel-id tunnel_0123456789abcdef0123456789abcdef \
  --control-plane.api-key file:/etc/tunnel-client/api-key \
  --mcp.server-url http://127.0.0.1:3001/mcp
";

const SCRIPT: &str = r"
tunnel-client run --profile lab --health.listen-addr 127.0.0.1:0 \
  --health.url-file /run/lab/health.url &
until tunnel-client health --url-file /run/lab/health.url >/dev/null
do sleep 1; done
";
