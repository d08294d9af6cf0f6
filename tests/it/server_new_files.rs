//! Files that stdio servers create: where the client's files keep them from it, and what says so.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Client, ClientBuilder, Command, ControlPlane, Doctor, Scratch, StdioServer};

/// The line at start.
const WARNING: &str = "stdio MCP servers cannot create files directly in some directories";

/// Creates a file in each directory of a call.
const CREATES: &str = r#"
def on(message):
    if message.get("method") == "tools/call":
        answer(message, {at: create(at) for at in message["params"]["directories"]})

def create(at):
    file = os.path.join(at, "new")
    try:
        open(file, "x").close()
        os.remove(file)
        return True
    except OSError:
        return False
"#;

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

/// A home with a profile at this place in it, and a client that runs the profile with a server.
fn start(control: &ControlPlane, server: &StdioServer, home: &Path, profile: &str, sandbox: &str) -> Client {
    let text = format!(
        "mcp:\n  commands:\n    - channel: main\n      command: \"{}\"\n      sandbox: {sandbox}\n",
        server.command()
    );
    write(&home.join(profile), &text);
    let client = ClientBuilder::new(control)
        .env("HOME", home.display().to_string())
        .arg("--profile=x")
        .start();
    client.await_ready();
    control.introduce();
    client
}

fn created(control: &ControlPlane, directories: &[PathBuf]) -> Value {
    let params = json!({ "directories": directories }).to_string();
    control.call(Command::call("r1", "tools/call", &params), "r1").json()["result"].clone()
}

/// A profile there would be read instead of the chosen one at the next start.
#[test]
fn with_a_profile_in_its_earlier_place_servers_cannot_write_where_profiles_are_looked_for_first() {
    let (control, server, home) = (ControlPlane::http(), StdioServer::with(CREATES), Scratch::new());
    let first = home.file(".tunnel-client");
    fs::create_dir(&first).unwrap();
    let _client = start(
        &control,
        &server,
        home.path(),
        ".config/tunnel-client/x.yaml",
        "default",
    );
    let made = created(&control, std::slice::from_ref(&first));
    assert_eq!(made[first.to_str().unwrap()], false, "{made}");
}

#[test]
fn with_a_profile_in_its_new_place_servers_can_create_settings_and_the_log_names_what_stays_closed() {
    for (profile, settings) in [(".tunnel-client/x.yaml", true), (".config/tunnel-client/x.yaml", false)] {
        let (control, server, home) = (ControlPlane::http(), StdioServer::with(CREATES), Scratch::new());
        let client = start(&control, &server, home.path(), profile, "default");
        let directories =
            [home.file(""), home.file(".config"), home.file(".cache")].map(|path| path.canonicalize().unwrap());
        let [home_itself, config, cache] = &directories;
        let created = created(&control, &directories);
        let of = |path: &Path| created[path.to_str().unwrap()].as_bool().unwrap();
        assert!(!of(home_itself) && of(cache), "{created}");
        assert_eq!(of(config), settings, "{profile}: {created}");
        let lines = client.log_with(WARNING);
        assert_eq!(lines.len(), 1, "{lines:#?}");
        let closed = format!("{}, ", home_itself.display());
        assert!(
            lines[0].contains(&closed) || lines[0].contains(&format!("{}\"", home_itself.display())),
            "{lines:#?}"
        );
        assert_eq!(
            lines[0].contains(&format!("{}/.config,", home_itself.display())),
            !settings,
            "{lines:#?}"
        );
        assert!(lines[0].contains("/etc/tunnel-client"), "{lines:#?}");
    }
}

#[test]
fn without_a_sandbox_nothing_is_closed_and_nothing_is_said() {
    let (control, server, home) = (ControlPlane::http(), StdioServer::with(CREATES), Scratch::new());
    let client = start(&control, &server, home.path(), ".tunnel-client/x.yaml", "off");
    let itself = home.path().canonicalize().unwrap();
    assert_eq!(
        created(&control, std::slice::from_ref(&itself))[itself.to_str().unwrap()],
        true
    );
    assert_eq!(client.log_with(WARNING), [] as [String; 0]);
}

#[test]
fn a_strict_server_is_warned_about_where_it_may_write_and_cannot() {
    let (control, server, home) = (ControlPlane::http(), StdioServer::with(CREATES), Scratch::new());
    let itself = home.path().canonicalize().unwrap();
    let own = server.file("");
    let sandbox = |written: &str| format!("{{ level: strict, read: [/], write: [{}, {written}] }}", own.display());
    let client = start(
        &control,
        &server,
        home.path(),
        ".tunnel-client/x.yaml",
        &sandbox(itself.to_str().unwrap()),
    );
    assert_eq!(
        created(&control, std::slice::from_ref(&itself))[itself.to_str().unwrap()],
        false
    );
    let line = client.await_log(WARNING);
    assert!(line.contains(itself.to_str().unwrap()), "{line}");
    drop(client);
    let data = home.file("data");
    fs::create_dir(&data).unwrap();
    let client = start(
        &control,
        &server,
        home.path(),
        ".tunnel-client/x.yaml",
        &sandbox(data.to_str().unwrap()),
    );
    assert_eq!(client.log_with(WARNING), [] as [String; 0]);
}

/// A configuration at this path, with a server that ends at once.
fn doctor(doctor: Doctor, configuration: &Path) -> Doctor {
    write(
        configuration,
        "mcp:\n  commands:\n    - { channel: main, command: /bin/true }\n",
    );
    doctor
        .no_env("MCP_SERVER_URL")
        .arg(format!("--config={}", configuration.display()))
}

#[test]
fn doctor_names_the_closed_directories_and_start_stdio_tries_them() {
    let (ours, elsewhere) = (Scratch::new(), Scratch::new());
    let home = ours.path().canonicalize().unwrap();
    let set_up = || Doctor::healthy().env("HOME", home.display().to_string());
    let examined = doctor(set_up(), &home.join("ours/config.yaml")).examine();
    assert_eq!(examined.status("mcp_command_new_files"), "WARN");
    let said = examined.said("mcp_command_new_files");
    let expected = format!(
        "{} (its working directory or home; because of {})",
        home.display(),
        home.join("ours").display()
    );
    assert!(said.contains(&expected), "{said}");
    let report = examined.report.to_string();
    assert!(!report.contains("tried: "), "{report}");

    let examined = doctor(set_up(), &home.join("ours/config.yaml"))
        .arg("--start-stdio")
        .examine();
    let report = examined.report.to_string();
    let expected = format!(
        "tried: the server cannot create a file in {}: Permission denied",
        home.display()
    );
    assert!(report.contains(&expected), "{report}");

    let examined = doctor(set_up(), &elsewhere.file("ours/config.yaml"))
        .arg("--start-stdio")
        .examine();
    let report = examined.report.to_string();
    let expected = format!("tried: the server can create a file in {}", home.display());
    assert!(report.contains(&expected), "{report}");
    assert!(
        !examined
            .said("mcp_command_new_files")
            .contains("its working directory or home"),
        "{report}"
    );
    let left: Vec<_> = fs::read_dir(&home)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        !left.iter().any(|name| name.to_string_lossy().contains("doctor")),
        "{left:?}"
    );
}
