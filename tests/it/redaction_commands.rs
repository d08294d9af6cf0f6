//! No command prints a configured secret, whatever is asked of it and whatever goes wrong. The commands are those of the program's
//! own table, so that a new one joins by itself, or fails here until it is given the arguments that it needs.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Program, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tunnel_client::config::{ADMIN_SETTINGS, SELECTORS, SETTINGS};

use crate::support::client::binary;
use crate::support::leaks::{self, Leaky, assert_clean};
use crate::support::tls::Authority;
use crate::support::{Answer, ControlPlane, McpServer, StdioServer, pause, within};

/// The situation in which commands succeed.
const WELL: &str = "well";

const BOUND: Duration = Duration::from_secs(600);

/// A command, by the names that lead to it.
struct Leaf {
    path: Vec<String>,
    /// Its switches that are no settings: each makes a variant.
    switches: Vec<String>,
    /// Its flags that take a value and are no settings.
    options: Vec<String>,
    reads_configuration: bool,
    required: usize,
}

fn leaves() -> Vec<Leaf> {
    let mut found = Vec::new();
    collect(&tunnel_client::cli::command(), &mut Vec::new(), &mut found);
    assert!(found.len() > 25, "{}", found.len());
    found
}

fn collect(command: &clap::Command, path: &mut Vec<String>, found: &mut Vec<Leaf>) {
    let mut is_leaf = true;
    for below in command.get_subcommands() {
        is_leaf = false;
        path.push(below.get_name().to_owned());
        collect(below, path, found);
        path.pop();
    }
    if !is_leaf {
        return;
    }
    let is_setting = |name: &str| {
        let all = SELECTORS.iter().chain(SETTINGS).chain(ADMIN_SETTINGS);
        let mut flags = all.flat_map(|setting| setting.hidden_flag.into_iter().chain([setting.flag]));
        flags.any(|flag| flag == name)
    };
    let own = || {
        command
            .get_arguments()
            .filter(|arg| arg.get_long().is_some_and(|name| !is_setting(name)))
    };
    let name = |arg: &clap::Arg| arg.get_long().unwrap().to_owned();
    // A switch takes its value after `=` only. The hidden ones are for processes that the program starts itself.
    let is_switch = |arg: &&clap::Arg| arg.is_require_equals_set();
    found.push(Leaf {
        path: path.clone(),
        switches: own()
            .filter(is_switch)
            .filter(|arg| !arg.is_hide_set())
            .map(name)
            .collect(),
        options: own().filter(|arg| !is_switch(arg)).map(name).collect(),
        reads_configuration: command.get_arguments().any(|arg| arg.get_long() == Some("config")),
        required: command.get_arguments().filter(|arg| arg.is_required_set()).count(),
    });
}

/// What a command needs to do its work; `None` for one that is not known and needs something.
fn needed(leaf: &Leaf, files: &Path) -> Option<Vec<String>> {
    let file = |name: &str| files.join(name).display().to_string();
    let words = match leaf.path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["logs", "explain"] => vec!["ticket-7".to_owned(), "--log".to_owned(), file("old.log")],
        ["audit", "init"] => vec![file("audit.key")],
        ["audit", "verify"] => vec![file("old.log"), "--key".to_owned(), file("audit.key")],
        ["init"] => vec![
            "--sample".into(),
            "sample_mcp_stdio_local".into(),
            "--profile".into(),
            "new".into(),
        ],
        ["profiles", "add" | "edit", ..] => {
            vec!["other".to_owned(), "--sample".into(), "sample_mcp_stdio_local".into()]
        }
        ["health"] => vec!["--url-file".into(), file("health.url")],
        ["help"] => vec!["quickstart".to_owned()],
        ["admin", "tunnels", ..] => Vec::new(),
        ["support", "export"] => vec!["--output".into(), file("bundle.tar.gz")],
        _ if leaf.required == 0 => Vec::new(),
        _ => return None,
    };
    Some(words)
}

/// What is done to a command.
struct Situation {
    name: &'static str,
    config: PathBuf,
    /// Each switch as well.
    with_switches: bool,
    /// Further arguments.
    more: Vec<String>,
    variables: Vec<(&'static str, String)>,
}

fn outcome(leaf: &Leaf, situation: &Situation, switch: Option<&str>, files: &Path) -> String {
    let _ = std::fs::remove_file(files.join("bundle.tar.gz"));
    let needed = needed(leaf, files);
    let needed = needed.unwrap_or_else(|| panic!("{:?}: say in this test what the command needs", leaf.path));
    let mut command = Program::new(binary());
    command.args(&leaf.path).args(needed);
    if leaf.reads_configuration {
        command.arg("--config").arg(&situation.config);
    }
    if let Some(switch) = switch {
        command.arg(format!("--{switch}"));
    }
    let child = command
        .args(&situation.more)
        .env_clear()
        .envs(situation.variables.iter().map(|(name, value)| (name, value)))
        .current_dir(files)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut text = to_the_end(child, &leaf.path);
    let unpacked = Program::new("gzip")
        .arg("-dc")
        .arg(files.join("bundle.tar.gz"))
        .output();
    text.push_str(&String::from_utf8_lossy(&unpacked.unwrap().stdout));
    text
}

/// What it printed. A daemon is stopped once it has had a moment with its peers.
fn to_the_end(mut child: Child, path: &[String]) -> String {
    let mut streams: Vec<Box<dyn std::io::Read + Send>> = vec![
        Box::new(child.stdout.take().unwrap()),
        Box::new(child.stderr.take().unwrap()),
    ];
    let readers: Vec<_> = streams
        .drain(..)
        .map(|mut stream| {
            thread::spawn(move || {
                let mut bytes = Vec::new();
                let _ = stream.read_to_end(&mut bytes);
                bytes
            })
        })
        .collect();
    if path == ["run"] {
        // The moment only gives more a chance to be printed.
        pause("a moment with the peers", Duration::from_secs(2));
        let _ = kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::TERM);
    }
    within(BOUND, &format!("the end of {path:?}"), || child.try_wait().unwrap());
    let bytes: Vec<u8> = readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn check(situation: &Situation, files: &Path) {
    for leaf in leaves() {
        let none = [None];
        let switches: Vec<Option<&str>> = match situation.with_switches {
            true => none
                .into_iter()
                .chain(leaf.switches.iter().map(|name| Some(name.as_str())))
                .collect(),
            false => none.into(),
        };
        for switch in switches {
            let text = outcome(&leaf, situation, switch, files);
            assert_clean(&format!("{}: {:?} {switch:?}", situation.name, leaf.path), &text);
            // Commands that refuse to work would show nothing of what they do.
            if situation.name == WELL && switch.is_none() {
                match leaf.path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                    ["run"] => assert!(text.contains("tunnel-client started"), "{text}"),
                    ["config", "check"] => assert!(text.starts_with("OK "), "{text}"),
                    ["doctor"] => assert!(text.contains("RESULT") || text.contains("PASS"), "{text}"),
                    ["support", "export"] => assert!(text.contains("manifest.json"), "{text}"),
                    _ => {}
                }
            }
        }
    }
}

/// Peers that repeat what they are sent.
struct Peers {
    control: ControlPlane,
    server: McpServer,
    stdio: StdioServer,
}

impl Peers {
    fn honest() -> Self {
        Self {
            control: ControlPlane::http(),
            server: McpServer::echo(),
            stdio: StdioServer::with("import os, sys\nprint(sys.argv, dict(os.environ), file=sys.stderr, flush=True)"),
        }
    }

    fn echoing() -> Self {
        let peers = Self::honest();
        let all = leaks::KNOWN.map(|secret| leaks::spellings(secret).join(" ")).join(" ");
        let body =
            serde_json::json!({"error": {"message": format!("bad key {}: {all}", leaks::KEY), "code": leaks::KEY}});
        peers.control.on_every_poll(Some(Answer::json(401, body.to_string())));
        let server = McpServer::http(move |_, _| Answer::new(401, &[("WWW-Authenticate", leaks::KEY)], &all));
        Self { server, ..peers }
    }

    fn leaky(&self) -> Leaky {
        Leaky::new(&self.control.url(), &self.server.url(), &self.stdio.command())
    }
}

fn situation(name: &'static str, leaky: &Leaky, config: PathBuf) -> Situation {
    leaky.files.write("old.log", "2026/01/01 00:00:00 INFO an old line\n");
    Situation {
        name,
        config,
        with_switches: false,
        more: Vec::new(),
        variables: leaky.variables(),
    }
}

#[test]
fn commands_print_no_secret_when_all_is_well() {
    let peers = Peers::honest();
    let leaky = peers.leaky();
    let config = leaky.write("config.yaml", "log:\n  level: debug\n  format: json\n");
    let situation = Situation {
        with_switches: true,
        ..situation(WELL, &leaky, config)
    };
    check(&situation, leaky.files.path());
}

#[test]
fn commands_print_no_secret_when_peers_repeat_it() {
    let peers = Peers::echoing();
    let leaky = peers.leaky();
    let config = leaky.write("config.yaml", "log:\n  level: debug\n  format: json\n");
    check(&situation("peers that repeat", &leaky, config), leaky.files.path());
}

#[test]
fn commands_print_no_secret_when_the_way_is_broken() {
    let peers = Peers::honest();
    // Nobody listens there; and nobody trusts that certificate.
    let leaky = peers.leaky().behind("127.0.0.1:9");
    let config = leaky.write("config.yaml", "log:\n  level: debug\n  format: struct-text\n");
    check(&situation("a proxy that is gone", &leaky, config), leaky.files.path());
    let tls = ControlPlane::https(Authority::new().server(&["127.0.0.1"]));
    let leaky = Leaky::new(&tls.url(), &peers.server.url(), &peers.stdio.command());
    let config = leaky.write("config.yaml", "log:\n  level: debug\n  format: json\n");
    check(
        &situation("a certificate of nobody", &leaky, config),
        leaky.files.path(),
    );
}

#[test]
fn commands_print_no_secret_when_the_configuration_is_broken() {
    let peers = Peers::honest();
    let leaky = peers.leaky();
    let yaml = leaky.yaml("");
    let inline = leaks::pem().replace('\n', "\n    ");
    for (name, text) in [
        (
            "a tab",
            yaml.replace("  extra_headers: {X-Api-Key", "\textra_headers: {X-Api-Key"),
        ),
        ("a quote", yaml.replace("X-Api-Key: ", "X-Api-Key: \"")),
        (
            "a list",
            yaml.replace("extra_headers: {X-Auth-Token: ", "extra_headers: [X-Auth-Token, ")
                .replace("pebble}", "pebble]"),
        ),
        ("a key as a name", format!("{yaml}{}: 1\n", leaks::KEY)),
        (
            "a secret as a number",
            format!("{yaml}log:\n  level: {}\n", leaks::HEADER),
        ),
        ("a reference to nothing", yaml.replace("/api-key\n", "/missing\n")),
        (
            "a key in the file",
            yaml.replace("api_key: file:", &format!("api_key: {} ", leaks::KEY)),
        ),
        (
            "a key of PEM",
            format!("{yaml}log:\n  syslog_client_key: |\n    {inline}\n"),
        ),
        (
            "a proxy that is none",
            format!("http_proxy: socks5://user:{}@h\n{yaml}", leaks::PROXY_PASSWORD),
        ),
    ] {
        let config = leaky.files.write("config.yaml", &text);
        check(&situation(name, &leaky, config), leaky.files.path());
    }
}

#[test]
fn commands_print_no_secret_that_is_typed_in_the_wrong_place() {
    let peers = Peers::honest();
    let leaky = peers.leaky();
    let config = leaky.write("config.yaml", "log:\n  format: json\n");
    let variables = [
        ("CONTROL_PLANE_API_KEY", leaks::KEY.to_owned()),
        ("MCP_EXTRA_HEADERS", format!("X-Auth-Token: {}", leaks::MCP_HEADER)),
    ];
    let typed: [&[String]; 5] = [
        &[format!("--no-such-flag={}", leaks::KEY)],
        &[
            "--control-plane.api-key".to_owned(),
            leaks::KEY.to_owned(),
            "--no-such-flag".to_owned(),
        ],
        &[leaks::KEY.to_owned()],
        &[format!("--{}", leaks::KEY)],
        &[format!("--log.level={}", leaks::KEY)],
    ];
    for more in typed {
        let mut situation = Situation {
            more: more.to_vec(),
            ..situation("typed in the wrong place", &leaky, config.clone())
        };
        situation.variables.extend(variables.clone());
        check(&situation, leaky.files.path());
    }
    // The value of each flag with a value that a command has of its own.
    for leaf in leaves() {
        for option in &leaf.options {
            let mut situation = Situation {
                more: vec![format!("--{option}={}", leaks::KEY)],
                ..situation("a secret as a value", &leaky, config.clone())
            };
            situation.variables.extend(variables.clone());
            let text = outcome(&leaf, &situation, None, leaky.files.path());
            assert_clean(&format!("{:?} --{option}", leaf.path), &text);
        }
    }
}
