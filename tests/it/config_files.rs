//! Configuration files and profiles: which one is read, how its values mix with the other sources, what is said about
//! mistakes, and what `config show` tells.

use std::path::Path;
use std::process::{Command, Output};

use crate::support;
use crate::support::client::API_KEY;
use crate::support::{ClientBuilder, ControlPlane, McpServer, Scratch};

const ID: &str = "tunnel_0123456789abcdef0123456789abcdef";

/// A call of the binary that ends by itself, in an environment of its own.
struct Call {
    home: Scratch,
    variables: Vec<(String, String)>,
}

impl Call {
    fn new() -> Self {
        Self {
            home: Scratch::new(),
            variables: Vec::new(),
        }
    }

    /// Writes a profile into the default directory.
    fn profile(&self, name: &str, text: &str) -> String {
        std::fs::create_dir_all(self.home.file(".config/tunnel-client")).unwrap();
        let path = self.home.write(&format!(".config/tunnel-client/{name}.yaml"), text);
        path.display().to_string()
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn output(&self, arguments: &[&str]) -> Output {
        let other = std::env::var_os("TUNNEL_CLIENT_TEST_BINARY");
        let binary = other.unwrap_or_else(|| env!("CARGO_BIN_EXE_tunnel-client").into());
        Command::new(binary)
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .envs(self.variables.iter().cloned())
            .current_dir(self.home.path())
            .output()
            .unwrap()
    }

    /// Standard error of a call that fails as configurations do.
    #[track_caller]
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        error
    }

    /// Standard output and error of `config show`.
    fn show(&self, arguments: &[&str]) -> (String, String) {
        let output = self.output(&[&["config", "show"], arguments].concat());
        (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }
}

/// A value and its source, out of `config show --json`.
#[track_caller]
fn shown(json: &str, key: &str) -> Vec<(String, String)> {
    let report: serde_json::Value = serde_json::from_str(json).unwrap();
    let settings = report["settings"].as_array().unwrap();
    let setting = settings.iter().find(|one| one["key"] == key);
    let values = setting.map_or(&[][..], |one| one["values"].as_array().unwrap());
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    values
        .iter()
        .map(|one| (text(&one["value"]), text(&one["source"])))
        .collect()
}

/// A configuration in YAML that a client of `control` and `mcp` starts with.
fn complete(control: &ControlPlane, mcp: &McpServer) -> String {
    format!(
        "config_version: 1\ncontrol_plane:\n  base_url: \"{}\"\n  tunnel_id: \"{}\"\n  api_key: \"env:MY_KEY\"\n\
         health: {{listen_addr: \"127.0.0.1:0\", url_file: \"health.url\"}}\nlog: {{level: info, format: json}}\n\
         mcp:\n  server_urls:\n    - channel: main\n      url: \"{}\"\n",
        control.url(),
        support::control::TUNNEL,
        mcp.url()
    )
}

/// A client that has its settings from a file; only the key is in the environment.
fn bare(control: &ControlPlane) -> ClientBuilder {
    let mut client = ClientBuilder::new(control);
    for name in [
        "CONTROL_PLANE_BASE_URL",
        "CONTROL_PLANE_TUNNEL_ID",
        "CONTROL_PLANE_API_KEY",
        "CONTROL_PLANE_POLL_TIMEOUT",
        "CONTROL_PLANE_POLL_DEADLINE_GUARDRAIL",
        "LOG_LEVEL",
        "LOG_FORMAT",
        "HEALTH_LISTEN_ADDR",
        "HEALTH_URL_FILE",
    ] {
        client = client.no_env(name);
    }
    client.env("MY_KEY", API_KEY)
}

fn private(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn a_profile_a_config_file_and_a_profile_file_start_the_client() {
    for selector in [
        &["--profile", "local"][..],
        &["--config=~/.config/tunnel-client/local.yaml"],
        &["--profile-file", ".config/tunnel-client/local.yaml"],
        &["--profile-dir", ".config/tunnel-client", "--profile", "local"],
    ] {
        let (control, mcp) = (ControlPlane::http(), McpServer::echo());
        let mut client = bare(&control);
        private(
            &client.directory().file(".config/tunnel-client/local.yaml"),
            &complete(&control, &mcp),
        );
        for argument in selector {
            client = client.arg(argument);
        }
        let client = client.start();
        client.await_ready();
        assert_eq!(
            control
                .call(support::Command::call("r1", "tools/list", "{}"), "r1")
                .resp_code,
            200
        );
    }
}

#[test]
fn a_json_file_that_the_environment_names_starts_the_client() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = bare(&control).env("TUNNEL_CLIENT_CONFIG", "c.json");
    let text = format!(
        "{{\n\t\"control_plane\": {{\"base_url\": \"{}\", \"tunnel_id\": \"{}\", \"api_key\": \"env:MY_KEY\"}},\n\
         \t\"health\": {{\n\t\t\"listen_addr\": \"127.0.0.1:0\",\n\t\t\"url_file\": \"health.url\"\n\t}},\n\
         \t\"mcp\": {{\"server_urls\": [{{\"channel\": \"main\", \"url\": \"{}\"}}]}}\n}}\n",
        control.url(),
        support::control::TUNNEL,
        mcp.url()
    );
    private(&client.directory().file("c.json"), &text);
    client.start().await_ready();
}

#[test]
fn a_flag_wins_over_the_environment_the_environment_over_the_file_the_file_over_the_default() {
    let call = Call::new()
        .env("MCP_CONNECTION_MAX_TTL", "2m")
        .env("MCP_STARTUP_WAIT_TIMEOUT", "2s");
    call.profile(
        "p",
        "mcp: {connection_max_ttl: 1m, startup_wait_timeout: 1s, max_concurrent_requests: 1}\n\
         control_plane: {poll_channels: [a, b]}\n",
    );
    let (json, _) = call.show(&["--json", "--profile", "p", "--mcp.connection-max-ttl", "3m"]);
    for (key, value, source) in [
        ("mcp.connection_max_ttl", "3m", "flag"),
        ("mcp.startup_wait_timeout", "2s", "variable"),
        ("mcp.max_concurrent_requests", "1", "file"),
        ("control_plane.poll_timeout", "30s", "default"),
    ] {
        assert_eq!(shown(&json, key), [(value.to_owned(), source.to_owned())], "{json}");
    }
    let channels = shown(&json, "control_plane.poll_channels");
    assert_eq!(
        channels.iter().map(|(value, _)| value.as_str()).collect::<Vec<_>>(),
        ["a", "b"]
    );
    // A list is taken whole from the first source that has it.
    let (json, _) = call.show(&["--json", "--profile", "p", "--control-plane.poll-channel", "c"]);
    assert_eq!(
        shown(&json, "control_plane.poll_channels"),
        [("c".to_owned(), "flag".to_owned())]
    );
}

#[test]
fn an_empty_variable_does_not_hide_the_value_of_the_file() {
    let call = Call::new()
        .env("CONTROL_PLANE_TUNNEL_ID", "")
        .env("MCP_SERVER_URL", " \n")
        .env("LOG_FORMAT", "")
        .env("CONTROL_PLANE_POLL_CHANNELS", " , ");
    call.profile(
        "p",
        &format!(
            "control_plane: {{tunnel_id: {ID}, poll_channels: [main]}}\nmcp: {{server_urls: [{{url: 'http://h/x'}}]}}\nlog: {{format: json}}\n"
        ),
    );
    let (json, _) = call.show(&["--json", "--profile", "p", "--log.format="]);
    for (key, value) in [
        ("control_plane.tunnel_id", ID),
        ("mcp.server_urls", "url=http://h"),
        ("log.format", "json"),
        ("control_plane.poll_channels", "main"),
    ] {
        assert_eq!(shown(&json, key), [(value.to_owned(), "file".to_owned())], "{json}");
    }
}

#[test]
fn mistakes_in_form_and_in_values_are_reported_together_with_their_places() {
    let call = Call::new().env("CONTROL_PLANE_MAX_INFLIGHT_REQUESTS", "0");
    let path = call.profile(
        "broken",
        "control_plane:\n  tunnelid: x\n  poll_timeout: 10\n  poll_timeout: 20s\nlog: {level: loud}\nmcp: {commands: srv}\n",
    );
    let error = call.refused(&["run", "--profile", "broken", "--mcp.connection-max-ttl", "0s"]);
    let gists = [
        format!(
            "field tunnelid not found in control_plane; did you mean tunnel_id? (control-plane.tunnel-id from {path}:2:3)"
        ),
        format!("key poll_timeout is already set in line 3; keep one of them (from {path}:4:3)"),
        format!(
            "mcp.commands must be a list of mappings with the keys channel, command, env, pass_env, sandbox (mcp.commands from {path}:6:17)"
        ),
        "control-plane.max-inflight from variable CONTROL_PLANE_MAX_INFLIGHT_REQUESTS)".to_owned(),
        format!("control-plane.poll-timeout from {path}:3:17)"),
        format!("log.level is unknown: \"loud\"; write debug, info, warn or error (log.level from {path}:5:14)"),
        "mcp.connection-max-ttl from flag --mcp.connection-max-ttl)".to_owned(),
    ];
    for gist in &gists {
        assert!(error.contains(gist.as_str()), "{gist}\n{error}");
    }
    assert!(
        error
            .lines()
            .take(gists.len())
            .all(|line| line.starts_with("configure tunnel-client: ")),
        "{error}"
    );
    // What is missing only because of those is not complained about a second time.
    assert!(
        !error.contains("tunnel ID is required") && !error.contains("main channel is required"),
        "{error}"
    );
}

#[test]
fn an_unreadable_file_is_the_only_complaint_about_what_it_may_hold() {
    let call = Call::new();
    let path = call.profile("p", "control_plane: [\n");
    let error = call.refused(&["run", "--profile", "p", "--log.level", "loud"]);
    assert!(
        error.contains(&format!("is never closed; add the ] (from {path}:1:16)")),
        "{error}"
    );
    assert!(error.contains("log.level is unknown"), "{error}");
    assert_eq!(error.lines().count(), 2, "{error}");
    for (arguments, gist) in [
        (&["--config", "none.yaml"][..], "the file does not exist"),
        (
            &["--config", "/"],
            "the file is refused: neither a regular file nor a pipe",
        ),
        (
            &["--profile", "q"],
            "profile q does not exist; profiles in this directory: p",
        ),
        (&["--profile", "../p"], "a profile name has 1 to 128 letters"),
        (&["--profile-file", "p.yml"], "--profile-file must end in NAME.yaml"),
        (
            &["--profile", "p", "--config", "c"],
            "--config and --profile are mutually exclusive",
        ),
    ] {
        let error = call.refused(&[&["run"], arguments].concat());
        assert!(
            error.starts_with("configure tunnel-client: ") && error.contains(gist),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let none = Call::new().refused(&["run", "--profile", "q"]);
    assert!(none.contains("write one with tunnel-client init"), "{none}");
}

#[test]
fn a_file_that_others_can_change_is_refused_with_what_mends_it() {
    use std::os::unix::fs::PermissionsExt;
    let call = Call::new();
    let path = call.profile("p", "log: {level: loud}\n");
    for (mode, is_refused) in [(0o600, false), (0o644, false), (0o666, true), (0o602, true)] {
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        let error = call.refused(&["run", "--profile", "p"]);
        assert_eq!(error.contains("chmod"), is_refused, "{mode:o}: {error}");
        assert_eq!(error.contains("log.level is unknown"), !is_refused, "{mode:o}: {error}");
    }
}

#[test]
fn the_first_time_the_first_steps_are_shown() {
    let call = Call::new();
    let error = call.refused(&["run"]);
    for gist in [
        "tunnel ID is required",
        "help quickstart",
        "tunnel-client init",
        "admin tunnels create --help",
        "run --embedded-mcp-stub",
    ] {
        assert!(error.contains(gist), "{error}");
    }
    let other = call
        .env("CONTROL_PLANE_TUNNEL_ID", ID)
        .env("CONTROL_PLANE_API_KEY", API_KEY)
        .env("MCP_SERVER_URL", "http://127.0.0.1:1/mcp")
        .refused(&["run", "--log.level", "loud"]);
    assert!(!other.contains("First steps"), "{other}");
}

#[test]
fn config_show_tells_values_and_sources_and_no_secret() {
    let call = Call::new()
        .env("CONTROL_PLANE_API_KEY", "sk-sekret-0123456789")
        .env("MCP_SERVER_URL", "https://mcp.example.com/sekret?key=sekret");
    let path = call.profile(
        "p",
        &format!("# mine\ncontrol_plane:\n  tunnel_id: {ID}\n  extra_headers: {{X-Team: sekret}}\n"),
    );
    let (text, error) = call.show(&["--profile", "p"]);
    assert!(error.is_empty(), "{error}");
    assert!(
        text.starts_with(&format!("profile: p ({path})\n\ncontrol_plane\n")),
        "{text}"
    );
    let line = |name: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("tunnel_id"), format!("tunnel_id {ID} line 3"));
    assert_eq!(
        line("api_key"),
        "api_key env:CONTROL_PLANE_API_KEY variable CONTROL_PLANE_API_KEY"
    );
    assert_eq!(line("extra_headers"), "extra_headers X-Team line 4");
    assert_eq!(
        line("server_urls"),
        "server_urls url=https://mcp.example.com variable MCP_SERVER_URL, entry 1"
    );
    assert_eq!(line("poll_timeout"), "poll_timeout 30s default");
    assert!(!text.contains("organization_id") && !text.contains('\u{1b}'), "{text}");
    let (all, _) = call.show(&["--profile", "p", "--all"]);
    assert!(all.contains("organization_id") && all.contains("not set"), "{all}");
    let (json, _) = call.show(&["--profile", "p", "--json", "--all"]);
    for output in [&text, &all, &json] {
        assert!(!output.contains("sekret"), "{output}");
    }
}

#[test]
fn config_show_shows_what_can_be_read_before_it_fails() {
    let call = Call::new();
    call.profile("p", "log: {level: loud}\nunknown: 1\n");
    let output = call.output(&["config", "show", "--profile", "p"]);
    let (text, error) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("loud"), "{text}");
    assert!(
        error.contains("log.level is unknown") && error.contains("field unknown not found"),
        "{error}"
    );
}

#[test]
fn a_mistake_in_a_header_is_said_in_full_though_its_name_sounds_secret() {
    let call = Call::new();
    let path = call.profile("p", "mcp: {extra_headers: {Authorization: env:NOT_SET}}\n");
    let error = call.refused(&["run", "--profile", "p"]);
    let gist = format!(
        "invalid HTTP header value of Authorization; it refers to variable NOT_SET, which is not set; set it (mcp.extra-headers from {path}:1:38)"
    );
    assert!(error.contains(&gist), "{gist}\n{error}");
}
