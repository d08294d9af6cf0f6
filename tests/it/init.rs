//! `init` with the real binary: three commands from an empty home directory start here.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::home::Home;
use crate::support::init::{ID, URL, command, home, init};
use crate::support::tls::Authority;

fn profile(home: &Home, name: &str) -> PathBuf {
    home.file(&format!(".tunnel-client/{name}.yaml"))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_first_command_of_a_newcomer_writes_a_private_profile_and_says_what_comes_next() {
    let home = home();
    let server = command(&home, "server.py");
    let output = init(
        &home,
        &[
            "--sample",
            "sample_mcp_stdio_local",
            "--profile",
            "local-stdio",
            "--mcp-command",
            &server,
        ],
    )
    .success();
    let path = profile(&home, "local-stdio");
    let expected = format!(
        "\
Created profile local-stdio at {path}
Sample: sample_mcp_stdio_local
Still needed:
  export CONTROL_PLANE_API_KEY=...    # not set in this environment
Next:
  tunnel-client doctor --profile local-stdio
  tunnel-client run --profile local-stdio
Canonical setup URLs:
  Tunnels: https://platform.openai.com/settings/organization/tunnels
  Runtime API keys: https://platform.openai.com/settings/organization/api-keys
  Admin API keys: https://platform.openai.com/settings/organization/admin-keys
  ChatGPT connectors: https://chatgpt.com/#settings/Connectors
Connector runtime note:
  Create or verify the connector only while `tunnel-client run --profile local-stdio` is running, and keep that daemon up.
",
        path = path.display()
    );
    assert_eq!(output, expected);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    let sample = include_str!("../data/samples/sample_mcp_stdio_local.yaml");
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        sample.replace("python /path/to/server.py", &server)
    );
}

#[test]
fn what_is_set_already_is_not_asked_for() {
    let home = home();
    let arguments = ["init", "--tunnel-id", ID, "--mcp-server-url", URL];
    let output = home
        .run(&arguments, &[("CONTROL_PLANE_API_KEY", "sk-test_0123456789")])
        .success();
    assert!(
        !output.contains("Still needed") && !output.contains("0123456789\n"),
        "{output}"
    );
    let arguments = [
        &arguments[..],
        &["--force", "--control-plane-api-key-ref", "file:/absent/key"],
    ]
    .concat();
    let output = home.run(&arguments, &[]).success();
    assert!(
        output.contains("Still needed:\n") && output.contains("/absent/key"),
        "{output}"
    );
}

#[test]
fn a_profile_of_another_directory_is_found_again_by_the_next_commands() {
    let home = home();
    let directory = home.file("my profiles");
    let directory = directory.to_str().unwrap();
    let output = init(
        &home,
        &["--profile", "p", "--mcp-server-url", URL, "--profile-dir", directory],
    )
    .success();
    for command in ["doctor", "run"] {
        let next = format!("  tunnel-client {command} --profile p --profile-dir '{directory}'\n");
        assert!(output.contains(&next), "{output}");
    }
    assert!(home.file("my profiles/p.yaml").exists());
    let variable = home.file("other");
    let output = home.run(
        &["init", "--tunnel-id", ID, "--mcp-server-url", URL],
        &[("TUNNEL_CLIENT_PROFILE_DIR", variable.to_str().unwrap())],
    );
    assert!(!output.success().contains("--profile-dir"));
    assert!(home.file("other/sample_mcp_with_dcr.yaml").exists());
}

#[test]
fn the_sample_follows_from_the_server_when_none_is_named() {
    let home = home();
    let server = command(&home, "server.py");
    let output = init(&home, &["--profile", "a", "--mcp-command", &server]).success();
    assert!(output.contains("Sample: sample_mcp_stdio_local\n"), "{output}");
    let output = init(&home, &["--mcp-server-url", URL]).success();
    assert!(
        output.starts_with("Created profile sample_mcp_with_dcr at ")
            && output.contains("Sample: sample_mcp_with_dcr\n"),
        "{output}"
    );
}

#[test]
fn a_script_that_is_found_only_from_here_is_pointed_out() {
    let home = home();
    let output = init(&home, &["--profile", "a", "--mcp-command", "python server.py --mode x"]).success();
    assert!(
        output.contains("Relative path:\n  \"server.py\" is looked for where tunnel-client is started;"),
        "{output}"
    );
    let output = init(&home, &["--profile", "b", "--mcp-command", "bin/python -V"]).success();
    assert!(output.contains("  \"bin/python\" is looked for"), "{output}");
    let absolute = command(&home, "server.py");
    let output = init(&home, &["--profile", "c", "--mcp-command", &absolute]).success();
    assert!(!output.contains("Relative path"), "{output}");
}

#[test]
fn every_flag_reaches_the_profile() {
    let home = home();
    init(
        &home,
        &[
            "--sample",
            "sample_mcp_enterprise_proxy",
            "--mcp-server-url",
            "https://mcp.example.com/x",
            "--control-plane-base-url",
            "https://relay.example.com",
            "--control-plane-url-path",
            "/prefix",
            "--control-plane-api-key-ref",
            "file:/run/key",
            "--health-listen-addr",
            "127.0.0.1:0",
            "--open-web-ui",
        ],
    )
    .success();
    let text = fs::read_to_string(profile(&home, "sample_mcp_with_dcr")).unwrap();
    for line in [
        "config_version: 1\nca_bundle: \"env:ENTERPRISE_CA_BUNDLE\"\nhttp_proxy: \"env:HTTPS_PROXY\"\n",
        "  base_url: \"https://relay.example.com\"\n  url_path: \"/prefix\"\n  tunnel_id: \"tunnel_",
        "  api_key: \"file:/run/key\"\n",
        "  listen_addr: \"127.0.0.1:0\"\n",
        "  open_browser: true\n",
        "    - channel: main\n      url: \"https://mcp.example.com/x\"\n",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
}

#[test]
fn an_existing_profile_is_replaced_only_by_force() {
    let home = home();
    init(&home, &["--profile", "p", "--mcp-server-url", URL]).success();
    let path = profile(&home, "p");
    let first = fs::read(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let again = ["--profile", "p", "--mcp-server-url", "http://127.0.0.1:1/other"];
    let message = init(&home, &again).failure();
    assert_eq!(message, "profile \"p\" already exists; pass --force to replace it\n");
    assert_eq!(fs::read(&path).unwrap(), first);
    init(&home, &[&again[..], &["--force"]].concat()).success();
    assert!(fs::read_to_string(&path).unwrap().contains("127.0.0.1:1/other"));
    assert_eq!(mode(&path), 0o600);
    // The same again gives the same, and no draft stays behind.
    let second = fs::read(&path).unwrap();
    init(&home, &[&again[..], &["--force"]].concat()).success();
    assert_eq!(fs::read(&path).unwrap(), second);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn nothing_is_written_through_a_symbolic_link() {
    let home = home();
    let target = home.write("precious", "keep\n");
    let path = profile(&home, "p");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&target, &path).unwrap();
    let arguments = ["--profile", "p", "--mcp-server-url", URL];
    assert!(init(&home, &arguments).failure().contains("already exists"));
    init(&home, &[&arguments[..], &["--force"]].concat()).success();
    assert_eq!(fs::read_to_string(&target).unwrap(), "keep\n");
    assert!(fs::symlink_metadata(&path).unwrap().is_file());
    // Nor one that leads nowhere.
    let dangling = profile(&home, "q");
    std::os::unix::fs::symlink(home.file("absent"), &dangling).unwrap();
    let message = init(&home, &["--profile", "q", "--mcp-server-url", URL]).failure();
    assert!(
        message.contains("already exists") && !home.file("absent").exists(),
        "{message}"
    );
}

#[test]
fn a_relay_of_ones_own_is_written_with_its_authority_and_without_pages_of_the_hosted_service() {
    let home = home();
    home.write("ca.pem", Authority::new().pem());
    let relay = [
        "--control-plane-base-url",
        "https://relay.example:8443",
        "--mcp-server-url",
        URL,
    ];
    let output = init(
        &home,
        &[&relay[..], &["--profile", "own", "--ca-bundle", "ca.pem"]].concat(),
    )
    .success();
    assert!(
        !output.contains("openai.com") && !output.contains("chatgpt.com"),
        "{output}"
    );
    for part in [
        "tunnel-client admin tunnels list --control-plane.base-url https://relay.example:8443",
        "tunnel-relay keygen",
        "https://relay.example:8443/v1/mcp/TUNNEL_ID",
    ] {
        assert!(output.contains(part), "{part} in {output}");
    }
    let text = fs::read_to_string(profile(&home, "own")).unwrap();
    let bundle = format!("ca_bundle: \"{}\"\n", home.file("ca.pem").display());
    assert!(text.contains(&bundle), "{bundle} in {text}");
    // A sample with a bundle of its own takes the given one in its place; references stay as they are.
    let sample = [
        "--profile",
        "proxy",
        "--sample",
        "sample_mcp_enterprise_proxy",
        "--ca-bundle",
        "env:MY_CA",
    ];
    init(&home, &[&relay[..], &sample].concat()).success();
    let text = fs::read_to_string(profile(&home, "proxy")).unwrap();
    assert!(
        text.contains("ca_bundle: \"env:MY_CA\"\n") && !text.contains("env:ENTERPRISE_CA_BUNDLE"),
        "{text}"
    );
    let missing = init(
        &home,
        &[&relay[..], &["--profile", "none", "--ca-bundle", "/absent/ca.pem"]].concat(),
    )
    .failure();
    assert!(
        missing.starts_with("--ca-bundle: ") && !profile(&home, "none").exists(),
        "{missing}"
    );
    // What run would refuse: no certificate, half of one, another kind of text.
    for (name, contents) in [
        ("empty", ""),
        ("half", "-----BEGIN CERTIFICATE-----\nMIIB\n"),
        ("key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        ("words", "the bundle\n"),
    ] {
        home.write("bad.pem", contents);
        let refused = init(
            &home,
            &[&relay[..], &["--profile", name, "--ca-bundle", "bad.pem"]].concat(),
        )
        .failure();
        assert!(
            refused.contains("--ca-bundle: ") && refused.contains("bad.pem") && !profile(&home, name).exists(),
            "{name}: {refused}"
        );
    }
    // Without an id the way to one leads to the same service.
    let asked = home
        .run(&["init", "--control-plane-base-url", "https://relay.example:8443"], &[])
        .failure();
    assert!(
        asked.contains("admin tunnels create --control-plane.base-url https://relay.example:8443")
            && !asked.contains("openai.com"),
        "{asked}"
    );
}
