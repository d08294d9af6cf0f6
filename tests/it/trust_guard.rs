//! Trust anchors that another user may change are refused, both when they are first read and when they are read again.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use rustix::process::Signal;

use crate::support;
use crate::support::hostile::Hostile;
use crate::support::rotating::{REFUSED, Site};
use crate::support::wait::BOUND;
use crate::support::{Client, ClientBuilder, Doctor, McpServer, StdioServer, eventually, needs};

/// `nobody`.
const NOBODY: u32 = 65534;

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Reason why the client did not start.
#[track_caller]
fn refusal(builder: ClientBuilder) -> String {
    let mut client = builder.start();
    let status = client.wait_exit(BOUND);
    assert_eq!(status.code(), Some(1));
    // The pipes may be read a moment later than the process ends.
    client.await_log("start tunnel-client: ")
}

fn generation(client: &Client) -> f64 {
    client.metric("credentials_generation").unwrap()
}

/// A site with a stdio server, whose trust anchors are in a directory of their own.
fn served_by(command: String) -> (Site, ClientBuilder) {
    let site = Site::new();
    fs::create_dir(site.files.file("trust")).unwrap();
    mode(site.files.path(), 0o755);
    mode(&site.files.file("trust"), 0o755);
    site.write("trust/ca.pem", site.servers[0].pem());
    mode(&site.files.file("trust/ca.pem"), 0o644);
    let builder = ClientBuilder::new(&site.control)
        .command(command)
        .env("CA_BUNDLE", site.path("trust/ca.pem"))
        .env("CONTROL_PLANE_CLIENT_CERT", site.path("client.pem"))
        .env("CONTROL_PLANE_CLIENT_KEY", site.path("client.key"))
        .env("RELOAD_CHECK_INTERVAL", "1s");
    (site, builder)
}

#[test]
fn a_bundle_that_its_group_can_change_is_refused_at_start() {
    let (site, mcp) = (Site::new(), McpServer::echo());
    let proxies = site.files.write("proxies.pem", site.servers[0].pem());
    let store = site.files.write("store.pem", site.servers[0].pem());
    let bundle = site.files.file("ca.pem");
    for (path, change) in [
        (&bundle, None),
        (&proxies, Some(("PROXY_CA_BUNDLE", &proxies))),
        (&store, Some(("SSL_CERT_FILE", &store))),
    ] {
        for (bits, gist) in [
            (0o664, "its group can change it (mode 0664)"),
            (0o646, "other users can change it"),
        ] {
            mode(path, bits);
            let mut builder = site.builder(&mcp);
            if let Some((name, path)) = change {
                builder = builder.env(name, path.display().to_string());
                builder = builder.env("TUNNEL_CLIENT_TLS_TRUST", "bundle,system");
            }
            let said = refusal(builder);
            assert!(said.contains(gist) && said.contains("chmod 0644"), "{said}");
        }
        mode(path, 0o644);
    }
    // The check of doctor that it belongs to.
    mode(&bundle, 0o664);
    let examined = Doctor::healthy()
        .env("CA_BUNDLE", bundle.display().to_string())
        .examine();
    assert_eq!(examined.status("ca_bundle"), "FAIL");
    assert!(examined.said("ca_bundle").contains("its group can change it"));
}

#[test]
fn a_bundle_that_becomes_writable_is_refused_and_what_was_in_force_stays() {
    let (site, mcp) = (Site::new(), McpServer::echo());
    let client = site.builder(&mcp).start();
    client.await_ready();
    site.write("ca.pem", &[site.servers[0].pem(), site.servers[1].pem()].concat());
    mode(&site.files.file("ca.pem"), 0o660);
    client.signal(Signal::HUP);
    let line = client.await_log(REFUSED);
    assert!(line.contains("its group can change it"), "{line}");
    // A check of the file between both steps finds nothing wrong with it.
    let before = generation(&client);
    mode(&site.files.file("ca.pem"), 0o600);
    client.signal(Signal::HUP);
    eventually("a generation that is new", || {
        (generation(&client) > before).then_some(())
    });
}

#[test]
fn trust_anchors_that_the_user_of_servers_may_change_are_refused_at_start() {
    if !needs::root() {
        return;
    }
    for setting in ["TUNNEL_CLIENT_SERVER_USER", "TUNNEL_CLIENT_USER"] {
        // By the owner of the file, by that of its directory, by the group of the directory.
        for number in 0..3 {
            let (site, builder) = served_by(StdioServer::echo().command());
            let (file, directory) = (site.files.file("trust/ca.pem"), site.files.file("trust"));
            match number {
                0 => chown(&file, Some(NOBODY), None).unwrap(),
                1 => chown(&directory, Some(NOBODY), None).unwrap(),
                _ => {
                    chown(&directory, None, Some(NOBODY)).unwrap();
                    mode(&directory, 0o775);
                }
            }
            let said = refusal(builder.env(setting, format!("{NOBODY}:{NOBODY}")));
            let place = if number == 0 { &file } else { &directory };
            let by = if number == 2 { "group 65534" } else { "user 65534" };
            assert!(
                said.contains("ca-bundle") && said.contains(by) && said.contains(place.to_str().unwrap()),
                "{setting} {number}: {said}"
            );
        }
    }
}

#[test]
fn trust_anchors_that_the_user_of_servers_comes_to_own_are_refused_while_the_client_runs() {
    if !needs::root() {
        return;
    }
    // Its server need not start: the user may not enter where it lies.
    let (site, builder) = served_by("/bin/cat".to_owned());
    let client = builder
        .env("TUNNEL_CLIENT_SERVER_USER", format!("{NOBODY}:{NOBODY}"))
        .start();
    site.control.await_polls(1);
    chown(site.files.file("trust/ca.pem"), Some(NOBODY), None).unwrap();
    client.signal(Signal::HUP);
    let line = client.await_log(REFUSED);
    assert!(line.contains("user 65534"), "{line}");
    assert_eq!(generation(&client), 1.0);
}

#[test]
fn a_server_of_the_clients_own_user_cannot_add_an_authority_under_require_bundle_trust() {
    let base = support::Scratch::new();
    let bundle = base.file("ca.pem");
    let hostile = Hostile::at(std::slice::from_ref(&bundle));
    let (site, builder) = served_by(hostile.command());
    fs::copy(site.files.file("trust/ca.pem"), &bundle).unwrap();
    mode(&bundle, 0o644);
    let client = builder
        .env("CA_BUNDLE", bundle.display().to_string())
        .env("TUNNEL_CLIENT_TLS_TRUST", "bundle")
        .env("LOCKDOWN_REQUIRE_BUNDLE_TRUST", "true")
        .start();
    hostile.report().is_read_only(&bundle);
    client.await_ready();
    assert_eq!(generation(&client), 1.0);
}

#[test]
fn a_server_without_a_sandbox_that_may_change_trust_anchors_is_warned_about() {
    let site = Site::new();
    let child = StdioServer::echo();
    let command = child.command();
    let configuration = format!("mcp: {{commands: [{{channel: main, command: \"{command}\", sandbox: off}}]}}\n");
    let file = site.files.write("c.yaml", &configuration);
    let client = ClientBuilder::new(&site.control)
        .arg(&format!("--config={}", file.display()))
        .env("CA_BUNDLE", site.path("ca.pem"))
        .env("CONTROL_PLANE_CLIENT_CERT", site.path("client.pem"))
        .env("CONTROL_PLANE_CLIENT_KEY", site.path("client.key"))
        .start();
    let line = client.await_log("stdio MCP servers without a sandbox (main)");
    assert!(line.contains("\"level\":\"WARN\"") && line.contains("ca.pem"), "{line}");
    let examined = Doctor::healthy()
        .no_env("MCP_SERVER_URL")
        .env("CA_BUNDLE", site.path("ca.pem"))
        .arg(format!("--config={}", file.display()))
        .examine();
    assert_eq!(examined.status("ca_bundle"), "WARN");
    assert!(examined.said("ca_bundle").contains("without a sandbox (main)"));
    // With hardening off every server counts as one.
    let off = ClientBuilder::new(&site.control)
        .command(child.command())
        .env("HARDENING_MODE", "off")
        .env("CA_BUNDLE", site.path("ca.pem"))
        .env("CONTROL_PLANE_CLIENT_CERT", site.path("client.pem"))
        .env("CONTROL_PLANE_CLIENT_KEY", site.path("client.key"))
        .start();
    off.await_log("stdio MCP servers without a sandbox (main)");
}
