//! What a mapping of mcp.commands says of its server beside the command: variables and a sandbox.

use std::process::Command as Process;

use crate::support::client::{API_KEY, binary};
use crate::support::{Client, ClientBuilder, Command, ControlPlane, Scratch, StdioServer};

const TELL: &str = "def on(message): answer(message, dict(os.environ))";

const TOKEN: &str = "referenced-0123456789";

/// A client of two servers, whose entries go on with these lines.
fn start(control: &ControlPlane, children: &[StdioServer; 2], lines: [&str; 2], files: &Scratch) -> Client {
    let entries: Vec<String> = children
        .iter()
        .zip(["main", "second"])
        .zip(lines)
        .map(|((child, channel), lines)| {
            format!(
                "    - channel: {channel}\n      command: {:?}\n{lines}",
                child.command()
            )
        })
        .collect();
    let text = format!("mcp:\n  pass_env: [FOR_ALL]\n  commands:\n{}", entries.concat());
    let path = files.write("config.yaml", &text);
    let client = ClientBuilder::new(control)
        .arg("--config")
        .arg(path.to_str().unwrap())
        .env("FOR_ALL", "all")
        .env("FOR_ONE", "one")
        .env("FOR_TWO", "two")
        .env("MODE", "ours")
        .env("TOKEN_VARIABLE", TOKEN)
        .start();
    control.introduce();
    control.introduce_on("second");
    client
}

fn environment_of(control: &ControlPlane, channel: &str, id: &str) -> serde_json::Value {
    let call = Command::call(id, "tools/call", "{}").channel(channel);
    control.call(call, id).json()["result"].clone()
}

#[test]
fn each_server_receives_its_own_variables_and_no_others() {
    let (control, files) = (ControlPlane::http(), Scratch::new());
    let children = [StdioServer::with(TELL), StdioServer::with(TELL)];
    let secret = files.write("url", "file:///data\n");
    let one = format!(
        "      env: {{ DATABASE_URL: 'file:{}', MODE: ro, TOKEN: env:TOKEN_VARIABLE }}\n      pass_env: [FOR_ONE, 'CONTROL_*']\n",
        secret.display()
    );
    let client = start(&control, &children, [&one, "      pass_env: ['FOR_T*']\n"], &files);
    let main = environment_of(&control, "main", "r1");
    assert_eq!(main["DATABASE_URL"], "file:///data");
    assert_eq!(main["MODE"], "ro");
    assert_eq!(main["TOKEN"], TOKEN);
    assert_eq!((&main["FOR_ALL"], &main["FOR_ONE"]), (&"all".into(), &"one".into()));
    let second = environment_of(&control, "second", "r2");
    assert_eq!((&second["FOR_ALL"], &second["FOR_TWO"]), (&"all".into(), &"two".into()));
    for (environment, name) in [
        (&main, "FOR_TWO"),
        (&main, "CONTROL_PLANE_API_KEY"),
        (&second, "FOR_ONE"),
        (&second, "MODE"),
        (&second, "TOKEN"),
    ] {
        assert!(environment.get(name).is_none(), "{name} in {environment}");
    }
    assert!(!main.to_string().contains(API_KEY) && !second.to_string().contains(API_KEY));
    // Each is told what it does not receive.
    let line = |channel: &str| client.await_log(&format!("\"channels\":\"{channel}\""));
    assert!(
        line("main").contains("FOR_TWO") && !line("main").contains("FOR_ONE"),
        "{}",
        line("main")
    );
    assert!(
        line("second").contains("FOR_ONE,") && line("second").contains("MODE"),
        "{}",
        line("second")
    );
    assert!(client.log_with(TOKEN).is_empty(), "{:?}", client.log_with(TOKEN));
}

#[test]
fn a_restarted_server_receives_the_same_variables() {
    let (control, files) = (ControlPlane::http(), Scratch::new());
    let script =
        "def on(message):\n    if message['params'].get('die'): os._exit(1)\n    answer(message, dict(os.environ))";
    let children = [StdioServer::with(script), StdioServer::with(TELL)];
    let _client = start(
        &control,
        &children,
        ["      env: { TOKEN: env:TOKEN_VARIABLE }\n", ""],
        &files,
    );
    let first = environment_of(&control, "main", "r1");
    control.call(Command::call("r2", "tools/call", r#"{"die":true}"#), "r2");
    assert_eq!(environment_of(&control, "main", "r3"), first);
    assert_eq!(children[0].starts().len(), 2);
}

/// What `config show` or another command says about a configuration file, and its exit code.
fn say(command: &[&str], file: &str) -> (Option<i32>, String) {
    let home = Scratch::new();
    let path = home.write("c.yaml", file);
    home.write("key", API_KEY);
    let output = Process::new(binary())
        .args(command)
        .args(["--config", path.to_str().unwrap()])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        .env("KEY", API_KEY)
        .env("SITE_TOKEN", TOKEN)
        .current_dir(home.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code(), text.replace(path.to_str().unwrap(), "c.yaml"))
}

const BASE: &str = "\
control_plane:
  tunnel_id: tunnel_0123456789abcdef0123456789abcdef
  api_key: env:KEY
mcp:
  commands:
";

#[test]
fn every_mistake_is_told_at_once_with_its_line() {
    let entries = "    - command: 'srv \"'
      env: { 1X: a, A: env:NO_SUCH, B: env:KEY, C: file:key, D: 'env:a b', E: [x] }
      pass_env: [KEY, A*B]
      sandbox: tight
    - channel: b
      command: srv
      env: [x]
      pass_env: KEY
      sandbox: [strict]
    - channel: c
      command: srv
      sandbox: { read: [/srv], network: any }
    - channel: d
      command: srv
      sandbox: { level: strict, read: [srv, /a/../b], connect: [0, 65536, x, 443], network: lan }
    - channel: e
      command: srv
      sandbox: { level: strict, netwrok: any }
    - channel: f
      command: srv
      sandbox: { level: strict, network: none, connect: [443] }
    - channel: g
      command: srv
      sandbox: { level: strict, network: tcp }
    - channel: h
      command: srv
      sandbox: { level: off, devices: [/dev/ttyUSB0] }
    - channel: i
      command: srv
      sandbox: { level: default, devices: [/dev] }
    - channel: j
      command: srv
      sandbox: { level: strict, devices: [/dev/../etc/shadow] }
    - channel: k
      command: srv
      sandbox: { level: strict, allow_writable_program: perhaps }
";
    let (code, text) = say(&["run"], &format!("{BASE}{entries}"));
    assert_eq!(code, Some(1), "{text}");
    for (gist, place) in [
        ("command has an unterminated quoted string", "6:16"),
        ("env has an invalid name of a variable: \"1X\"", "7:14"),
        ("env: A refers to variable NO_SUCH, which is not set", "7:24"),
        (
            "env: B refers to variable named after env:, which holds a secret of tunnel-client itself",
            "7:40",
        ),
        (
            "env: C refers to file named after file:, which holds a secret of tunnel-client itself",
            "7:52",
        ),
        ("env: D is not a valid reference", "7:65"),
        (
            "a value of env in mcp.commands must be a single value, not a list",
            "7:79",
        ),
        (
            "pass_env names variable KEY, which holds a secret of tunnel-client itself",
            "8:18",
        ),
        ("pass_env has an invalid pattern: \"A*B\"", "8:23"),
        (
            "sandbox has an unknown level: \"tight\"; write default, strict or off",
            "9:16",
        ),
        ("env in mcp.commands must be a mapping of names to values", "12:12"),
        ("pass_env in mcp.commands must be a list", "13:17"),
        (
            "sandbox in mcp.commands must be a word or a mapping with the keys level, read, write, connect, network, \
             devices, allow_writable_program",
            "14:16",
        ),
        (
            "sandbox: read is for level: strict; write that too, or remove read",
            "17:25",
        ),
        ("sandbox: network is for level: strict", "17:41"),
        (
            "sandbox: read has a path that is not absolute, or has .. in it: \"srv\"",
            "20:40",
        ),
        (
            "sandbox: read has a path that is not absolute, or has .. in it: \"/a/../b\"",
            "20:45",
        ),
        ("sandbox: connect has an invalid port: \"0\"; write 1 to 65535", "20:65"),
        ("sandbox: connect has an invalid port: \"65536\"", "20:68"),
        ("sandbox: connect has an invalid port: \"x\"", "20:75"),
        (
            "sandbox has an unknown network: \"lan\"; write none, tcp or any",
            "20:93",
        ),
        (
            "field netwrok not found in sandbox in mcp.commands; did you mean network?",
            "23:33",
        ),
        ("sandbox: network: none leaves no port of connect to reach", "26:42"),
        ("sandbox: network: tcp needs connect", "29:42"),
        ("sandbox: devices is for level: default or strict", "32:40"),
        ("sandbox: devices has a path that is not below /dev: \"/dev\"", "35:44"),
        (
            "sandbox: devices has a path that is not absolute, or has .. in it: \"/dev/../etc/shadow\"",
            "38:43",
        ),
        (
            "sandbox: allow_writable_program is not a boolean: \"perhaps\"; write true or false",
            "41:57",
        ),
    ] {
        let line = text.lines().find(|line| line.contains(gist));
        let line = line.unwrap_or_else(|| panic!("{gist} is not in\n{text}"));
        assert!(line.ends_with(&format!("(mcp.commands from c.yaml:{place})")), "{line}");
    }
    assert!(!text.contains(API_KEY) && !text.contains(TOKEN), "{text}");
}

#[test]
fn config_show_tells_names_and_no_values() {
    let entries = "    - command: srv --token hidden-1
      env: { MODE: hidden-2, TOKEN: env:SITE_TOKEN }
      pass_env: [GITHUB_TOKEN, DB_*]
      sandbox: { level: strict, read: [/srv/data], connect: [5432, 443] }
    - channel: b
      command: srv
      sandbox: off
";
    let (code, text) = say(&["config", "show"], &format!("{BASE}{entries}"));
    assert_eq!(code, Some(0), "{text}");
    for part in [
        "command=srv,env=[MODE, TOKEN],pass-env=[GITHUB_TOKEN, DB_*],sandbox={level: strict, read: [/srv/data], connect: [5432, 443]}",
        "channel=b,command=srv,sandbox=off",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("hidden") && !text.contains(TOKEN), "{text}");
}

#[test]
fn doctor_looks_for_the_program_in_the_path_that_the_server_has_and_starts_it_with_its_variables() {
    let (files, child) = (Scratch::new(), StdioServer::with("assert os.environ['NEEDED'] == 'x'"));
    let entry = format!(
        "    - command: {:?}\n      env: {{ NEEDED: x }}\n    - channel: b\n      command: only-here\n      env: {{ PATH: {:?} }}\n",
        child.command(),
        files.path()
    );
    let program = files.write("only-here", "#!/bin/sh\nexit 3\n");
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let (_, text) = say(&["doctor", "--json", "--start-stdio"], &format!("{BASE}{entry}"));
    let report: serde_json::Value =
        serde_json::from_str(&text[text.find('{').unwrap()..=text.rfind('}').unwrap()]).unwrap();
    let status = |id: &str| {
        let checks = report["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["id"] == id);
        check.unwrap_or_else(|| panic!("no {id} in {report:#}"))["status"].clone()
    };
    assert_eq!(status("mcp_server_reachable"), "PASS", "{report:#}");
    assert_eq!(status("mcp_command_executable[b]"), "PASS", "{report:#}");
}
