//! Keys, certificates and proxies' credentials are exchanged while the client runs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support;
use crate::support::rotating::{IN_FORCE, REFUSED, SEEN_WITHIN, Site};
use crate::support::tls::Authority;
use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, Manner, McpServer, Proxy, Scratch, eventually,
};

fn generation(client: &Client) -> f64 {
    client.metric("credentials_generation").unwrap()
}

#[track_caller]
fn await_generation(client: &Client, number: u32) {
    support::wait::within(SEEN_WITHIN, &format!("generation {number}"), || {
        (generation(client) >= f64::from(number)).then_some(())
    });
}

/// Has the files read again, which is refused for the time after `earlier` ones; gives the line.
#[track_caller]
fn reload_refused(client: &Client, earlier: usize) -> String {
    client.signal(Signal::HUP);
    eventually("a refusal", || client.log_with(REFUSED).get(earlier).cloned())
}

#[test]
fn a_key_that_changes_in_its_file_is_used_without_a_restart_and_never_shown() {
    let (site, mcp) = (Site::new(), McpServer::echo());
    let client = site.builder(&mcp).start();
    client.await_ready();
    site.write("key", "sk-second-key-9876543210\n");
    site.await_key("sk-second-key-9876543210");
    let line = client.await_log(IN_FORCE);
    assert!(line.contains("\"changed\":\"control-plane.api-key\""), "{line}");
    assert_eq!(client.log_with("second-key"), [""; 0]);
    assert_eq!(generation(&client), 2.0);
}

#[test]
fn sighup_reads_again_at_once_even_where_files_are_not_looked_at() {
    let (site, mcp) = (Site::new(), McpServer::echo());
    let client = site.builder(&mcp).env("RELOAD_CHECK_INTERVAL", "0").start();
    client.await_ready();
    site.write("key", "sk-second-key-9876543210");
    client.signal(Signal::HUP);
    client.await_log(IN_FORCE);
    site.await_key("sk-second-key-9876543210");
}

/// The kubelet writes a new directory and exchanges the link that leads to it.
#[test]
fn a_link_that_is_exchanged_above_the_files_is_noticed() {
    let (site, mcp) = (Site::new(), McpServer::echo());
    let volume = site.files.file("volume");
    let fill = |name: &str, key: &str| {
        let folder = volume.join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("key"), key).unwrap();
        let mode = fs::Permissions::from_mode(0o600);
        fs::set_permissions(folder.join("key"), mode).unwrap();
    };
    let point = |name: &str| {
        symlink(name, volume.join("..tmp")).unwrap();
        fs::rename(volume.join("..tmp"), volume.join("..data")).unwrap();
    };
    fill("..2026_1", "sk-first-key-0123456789");
    // The mode of a secret volume with `fsGroup`.
    fs::set_permissions(&volume, fs::Permissions::from_mode(0o3777)).unwrap();
    point("..2026_1");
    symlink("..data/key", volume.join("key")).unwrap();
    let mut builder = site.builder(&mcp);
    builder = builder.arg(&format!(
        "--control-plane.api-key=file:{}",
        volume.join("key").display()
    ));
    let client = builder.start();
    client.await_ready();
    fill("..2026_2", "sk-second-key-9876543210");
    point("..2026_2");
    fs::remove_dir_all(volume.join("..2026_1")).unwrap();
    site.await_key("sk-second-key-9876543210");
    assert_eq!(client.log_with(REFUSED), [""; 0]);
}

#[test]
fn what_is_broken_is_refused_as_a_whole_with_its_reason_and_what_was_in_force_stays() {
    let (site, mcp) = (Site::new(), McpServer::echo());
    let client = site.builder(&mcp).start();
    client.await_ready();
    let (certificate, _) = site.clients[1].client("ours");
    let damaged = "-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n";
    let broken = [
        ("client.pem", Some(&*certificate), "private key does not match"),
        ("client.key", Some("no key"), "no private key found"),
        ("ca.pem", Some(damaged), "certificate 1"),
        ("key", Some("sk with spaces"), "control plane API key is malformed"),
        ("key", None, "cannot be read"),
    ];
    let whole: Vec<_> = ["client.pem", "client.key", "ca.pem", "key"]
        .map(|name| (name, fs::read_to_string(site.files.file(name)).unwrap()))
        .into();
    for (number, (name, text, gist)) in broken.into_iter().enumerate() {
        match text {
            Some(text) => site.write(name, text),
            None => fs::remove_file(site.files.file(name)).unwrap(),
        }
        // A key that is new and good does not come into force beside what is broken.
        if name != "key" {
            site.write("key", "sk-beside-what-is-broken");
        }
        let line = reload_refused(&client, number);
        assert!(
            line.contains(gist) && line.contains("\"level\":\"ERROR\""),
            "{name}: {line}"
        );
        assert!(!line.contains("with spaces"), "{line}");
        assert_eq!(generation(&client), f64::from(u32::try_from(2 * number + 1).unwrap()));
        let id = format!("r{number}");
        site.control.call(Command::call(&id, "tools/list", "{}"), &id);
        for (name, text) in &whole {
            site.write(name, text);
        }
        client.signal(Signal::HUP);
        await_generation(&client, u32::try_from(2 * number + 2).unwrap());
        // One more, so that each round begins with an odd number.
        client.signal(Signal::HUP);
        await_generation(&client, u32::try_from(2 * number + 3).unwrap());
    }
    assert!(client.metric("credentials_reloads_total{outcome=\"refused\"}").unwrap() >= 5.0);
    let polls = site.control.polls();
    assert!(
        polls
            .iter()
            .all(|poll| poll.header("authorization") == Some("Bearer sk-first-key-0123456789"))
    );
}

#[test]
fn a_new_key_heals_a_refused_one_at_once_not_after_the_slow_retry() {
    let (site, mcp) = (Site::new(), McpServer::echo());
    site.control
        .on_every_poll(Some(Answer::json(401, r#"{"error":{"message":"revoked"}}"#)));
    let client = site.builder(&mcp).start();
    client.await_log("poll failed; backing off");
    site.control.on_every_poll(None);
    let began = Instant::now();
    site.write("key", "sk-second-key-9876543210");
    client.signal(Signal::HUP);
    client.await_ready();
    assert!(
        began.elapsed() < Duration::from_secs(50),
        "the retry after a refusal takes a minute"
    );
}

#[test]
fn connections_of_an_old_generation_are_closed_and_calls_that_began_on_them_finish() {
    let (site, gate) = (Site::new(), support::Gate::new());
    let held = gate.clone();
    let mcp = McpServer::http(move |request, _| Answer::default().hold(&held).then(support::mcp::echo(request)));
    let client = site.builder(&mcp).start();
    site.control.await_polls(1);
    site.control.push(Command::call("slow", "tools/call", "{}"));
    mcp.await_forwarded("slow");
    site.show_client(1);
    client.signal(Signal::HUP);
    client.await_log(IN_FORCE);
    let before: Vec<u64> = site.control.seen().iter().map(|seen| seen.connection).collect();
    let last = before.iter().max().copied().unwrap();
    gate.open();
    site.control.terminal("slow");
    // The answer went out on a new connection, and so did every later request, but for the poll that was under way.
    let posts = site.control.seen().into_iter().filter(|seen| seen.method == "POST");
    assert!(posts.map(|post| post.connection).all(|connection| connection > last));
    let opened = site.control.await_polls(site.control.polls().len() + 2);
    assert!(opened.last().unwrap().connection > last);
    support::wait::within(Duration::from_secs(30), "the old connections to close", || {
        (site.control.open_connections() <= 2).then_some(())
    });
}

#[test]
fn credentials_of_a_proxy_rotate_with_their_file_and_its_address_does_not() {
    let files = Scratch::new();
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    // dXNlcjpuZXctc2VjcmV0 is user:new-secret
    let proxy = Proxy::http(Manner::Demand("Basic dXNlcjpuZXctc2VjcmV0"));
    let path = files.write("proxy", &proxy.url_with("user:old-secret@"));
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("CONTROL_PLANE_HTTP_PROXY", format!("file:{}", path.display()))
        .start();
    client.await_log("407");
    files.write("proxy", "http://user:new-secret@127.0.0.1:1");
    client.signal(Signal::HUP);
    let line = client.await_log(REFUSED);
    assert!(line.contains("names another proxy than at start"), "{line}");
    files.write("proxy", &proxy.url_with("user:new-secret@"));
    client.signal(Signal::HUP);
    client.await_ready();
    control.call(Command::call("r1", "tools/list", "{}"), "r1");
    for secret in ["old-secret", "new-secret", "dXNlcjpuZXctc2VjcmV0"] {
        assert_eq!(client.log_with(secret), [""; 0]);
    }
}

#[test]
fn certificates_that_end_soon_are_told_and_exported() {
    let (site, mcp) = (Site::new(), McpServer::echo());
    let (certificate, key) = site.clients[0].client_with("short-lived", |params| {
        let end = std::time::SystemTime::now() + Duration::from_secs(5 * 24 * 3600);
        params.not_after = end.into();
    });
    site.write("client.pem", &certificate);
    site.write("client.key", &key);
    let expired = Authority::named("old authority").expired_pem();
    site.write("ca.pem", &format!("{}{expired}", site.servers[0].pem()));
    let client = site.builder(&mcp).start();
    client.await_ready();
    let line = client.await_log("a certificate in force ends soon");
    for gist in ["control-plane.client-cert", "CN=short-lived", "\"days\":4"] {
        assert!(line.contains(gist), "{gist}: {line}");
    }
    let line = client.await_log("certificate 2 of ca-bundle expired on 2002-02-03");
    assert!(line.contains("CN=old authority"), "{line}");
    let end = client
        .metric("certificate_expiry_timestamp_seconds{setting=\"control-plane.client-cert\"}")
        .unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    assert!((end - now - 5.0 * 86_400.0).abs() < 120.0, "{end} {now}");
    assert!(
        client
            .metric("certificate_expiry_timestamp_seconds{setting=\"ca-bundle\"}")
            .unwrap()
            > now
    );
}

/// It may be exchanged by a package at any time, and is not written in one piece by all of them.
#[test]
fn a_store_of_the_system_that_vanishes_or_is_damaged_is_refused_and_one_that_returns_is_used() {
    let (site, mcp) = (Site::new(), McpServer::echo());
    let client = site
        .builder(&mcp)
        .no_env("CA_BUNDLE")
        .env("SSL_CERT_FILE", site.path("ca.pem"))
        .start();
    client.await_ready();
    let good = fs::read_to_string(site.files.file("ca.pem")).unwrap();
    let damaged = format!("-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n{good}");
    for (number, text) in [None, Some(""), Some(&damaged)].into_iter().enumerate() {
        match text {
            None => fs::remove_file(site.files.file("ca.pem")).unwrap(),
            Some(text) => site.write("ca.pem", text),
        }
        let refused = reload_refused(&client, number);
        assert!(refused.contains("ca.pem"), "{refused}");
        site.control.call(
            Command::call(&format!("r{number}"), "tools/list", "{}"),
            &format!("r{number}"),
        );
    }
    assert_eq!(generation(&client), 1.0);
    site.write("ca.pem", &good);
    await_generation(&client, 2);
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_refused_and_holds_nothing_up() {
    let (site, mcp) = (Site::new(), McpServer::echo());
    let client = site.builder(&mcp).start();
    client.await_ready();
    let pipe = site.files.pipe("pipe");
    for name in ["key", "client.key", "ca.pem"] {
        fs::rename(site.files.file(name), site.files.file("kept")).unwrap();
        fs::rename(&pipe, site.files.file(name)).unwrap();
        let before = client.log_with(REFUSED).len();
        let began = Instant::now();
        let refused = reload_refused(&client, before);
        assert!(refused.contains("is no regular file"), "{refused}");
        assert!(began.elapsed() < Duration::from_secs(40), "a pipe is waited for");
        fs::rename(site.files.file(name), &pipe).unwrap();
        fs::rename(site.files.file("kept"), site.files.file(name)).unwrap();
    }
    assert_eq!(client.ready().0, 200);
}

/// `--control-plane.api-key file:<(program)` is a pipe that can be read once.
#[test]
fn a_key_from_a_pipe_stays_and_the_rest_rotates() {
    let (site, mcp) = (Site::new(), McpServer::echo());
    let pipe = site.files.pipe("pipe");
    let writer = {
        let pipe = pipe.clone();
        std::thread::spawn(move || fs::write(pipe, "sk-from-a-pipe-0123456789").unwrap())
    };
    let client = site
        .builder(&mcp)
        .arg(&format!("--control-plane.api-key=file:{}", pipe.display()))
        .start();
    client.await_ready();
    writer.join().unwrap();
    site.show_client(1);
    await_generation(&client, 2);
    site.await_key("sk-from-a-pipe-0123456789");
    assert_eq!(client.log_with(REFUSED), [""; 0]);
}

#[test]
fn a_client_certificate_that_no_server_takes_does_not_replace_one_that_is_good() {
    let (site, mcp) = (Site::new(), McpServer::echo());
    let client = site.builder(&mcp).start();
    client.await_ready();
    let for_servers = |params: &mut rcgen::CertificateParams| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    };
    for (number, pair) in [
        site.clients[0].client_with("late", support::tls::long_expired),
        site.clients[0].client_with("early", support::tls::not_yet_valid),
        site.clients[0].client_with("server", for_servers),
    ]
    .into_iter()
    .enumerate()
    {
        site.write("client.pem", &pair.0);
        site.write("client.key", &pair.1);
        let refused = reload_refused(&client, number);
        assert!(refused.contains("the one in force is good"), "{refused}");
    }
    assert_eq!(generation(&client), 1.0);
}
