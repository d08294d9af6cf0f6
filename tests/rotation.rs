//! Keys, certificates and proxies' credentials are exchanged while the client runs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use support::scratch::Scratch;
use support::tls::{Authority, Rotating};
use support::wait::BOUND;
use support::{Client, ClientBuilder, Command, ControlPlane, Manner, McpServer, Proxy, eventually};

const REFUSED: &str = "keys and certificates were read again and are refused";
const IN_FORCE: &str = "keys and certificates were read again and are in force";
/// Files are looked at each second, and read when they were the same at the next look.
const SEEN_WITHIN: Duration = Duration::from_secs(6);
const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

/// A site whose secrets are files: an API key, a CA bundle, a client certificate.
struct Site {
    files: Scratch,
    servers: Vec<Authority>,
    clients: Vec<Authority>,
    certificate: Rotating,
    control: ControlPlane,
}

impl Site {
    fn new() -> Self {
        let files = Scratch::new();
        let servers: Vec<_> = ["servers 1", "servers 2"].map(Authority::named).into();
        let clients: Vec<_> = ["clients 1", "clients 2"].map(Authority::named).into();
        let (tls, certificate) = servers[0].rotating_server(&NAMES, &[&clients[0], &clients[1]]);
        let site = Self {
            files,
            servers,
            clients,
            certificate,
            control: ControlPlane::https(tls),
        };
        site.write("key", "sk-first-key-0123456789");
        site.write("ca.pem", site.servers[0].pem());
        site.show_client(0);
        site
    }

    /// Writes a new file and renames it over the old one, as programs that take care do.
    fn write(&self, name: &str, text: &str) {
        let new = self.files.write(&format!("{name}.new"), text);
        fs::rename(new, self.files.file(name)).unwrap();
    }

    fn show_client(&self, authority: usize) {
        let (certificate, key) = self.clients[authority].client("ours");
        self.write("client.pem", &certificate);
        self.write("client.key", &key);
    }

    fn path(&self, name: &str) -> String {
        self.files.file(name).display().to_string()
    }

    fn builder(&self, mcp: &McpServer) -> ClientBuilder {
        ClientBuilder::new(&self.control)
            .server(mcp.url())
            .no_env("CONTROL_PLANE_API_KEY")
            .arg(&format!("--control-plane.api-key=file:{}", self.path("key")))
            .env("CA_BUNDLE", self.path("ca.pem"))
            .env("CONTROL_PLANE_CLIENT_CERT", self.path("client.pem"))
            .env("CONTROL_PLANE_CLIENT_KEY", self.path("client.key"))
            .env("RELOAD_CHECK_INTERVAL", "1s")
    }

    /// Waits for a poll with this key.
    #[track_caller]
    fn await_key(&self, key: &str) {
        let bearer = format!("Bearer {key}");
        support::wait::within(SEEN_WITHIN + BOUND, "a poll with the new key", || {
            let polls = self.control.polls();
            polls
                .iter()
                .any(|poll| poll.header("authorization") == Some(&bearer))
                .then_some(())
        });
    }
}

fn generation(client: &Client) -> f64 {
    client.metric("credentials_generation").unwrap()
}

#[track_caller]
fn await_generation(client: &Client, number: u32) {
    support::wait::within(SEEN_WITHIN, &format!("generation {number}"), || {
        (generation(client) >= f64::from(number)).then_some(())
    });
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
        client.signal(Signal::HUP);
        let refused = eventually("a refusal", || {
            let lines = client.log_with(REFUSED);
            (lines.len() > number).then_some(lines)
        });
        let line = refused.last().unwrap();
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
        .on_every_poll(Some(support::Answer::json(401, r#"{"error":{"message":"revoked"}}"#)));
    let client = site.builder(&mcp).start();
    client.await_log("poll failed; backing off");
    site.control.on_every_poll(None);
    let began = Instant::now();
    site.write("key", "sk-second-key-9876543210");
    client.signal(Signal::HUP);
    client.await_ready();
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "the retry after a refusal takes a minute"
    );
}

#[test]
fn connections_of_an_old_generation_are_closed_and_calls_that_began_on_them_finish() {
    let site = Site::new();
    let mcp = McpServer::http(|request, _| {
        std::thread::sleep(Duration::from_secs(3));
        support::mcp::echo(request)
    });
    let client = site.builder(&mcp).start();
    site.control.await_polls(1);
    site.control.push(Command::call("slow", "tools/call", "{}"));
    mcp.await_forwarded("slow");
    site.show_client(1);
    client.signal(Signal::HUP);
    client.await_log(IN_FORCE);
    let before: Vec<u64> = site.control.seen().iter().map(|seen| seen.connection).collect();
    let last = before.iter().max().copied().unwrap();
    site.control.terminal("slow");
    // The answer went out on a new connection, and so did every later request, but for the poll that was under way.
    let posts = site.control.seen().into_iter().filter(|seen| seen.method == "POST");
    assert!(posts.map(|post| post.connection).all(|connection| connection > last));
    let opened = site.control.await_polls(site.control.polls().len() + 2);
    assert!(opened.last().unwrap().connection > last);
    support::wait::within(Duration::from_secs(12), "the old connections to close", || {
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

/// Commands arrive all the time, each takes a while, and everything is exchanged five times, two of them for something broken.
fn under_load(commands: u32, over: Duration) {
    let site = Arc::new(Site::new());
    let mcp = McpServer::http(|request, _| {
        std::thread::sleep(Duration::from_millis(400));
        support::mcp::echo(request)
    });
    let client = site
        .builder(&mcp)
        .workers(64)
        .env("CONTROL_PLANE_MAX_INFLIGHT_REQUESTS", "256")
        .start();
    client.await_ready();
    let feeder = Arc::clone(&site);
    let pause = over / commands;
    let feeding = std::thread::spawn(move || {
        let began = Instant::now();
        for number in 0..commands {
            let due = pause * number;
            std::thread::sleep(due.saturating_sub(began.elapsed()));
            feeder
                .control
                .push(Command::call(&format!("c{number}"), "tools/call", "{}"));
        }
    });
    let rounds: [&dyn Fn(&Site); 5] = [
        &|site| site.write("key", "sk-second-key-9876543210"),
        &|site| site.write("client.key", "broken"),
        &|site| {
            site.write("ca.pem", &format!("{}{}", site.servers[0].pem(), site.servers[1].pem()));
            site.show_client(1);
        },
        &|site| site.write("ca.pem", "broken"),
        &|site| {
            site.write("ca.pem", site.servers[1].pem());
            site.certificate.exchange(&site.servers[1], &NAMES);
            site.write("key", "sk-third-key-5555555555");
        },
    ];
    for (number, round) in rounds.iter().enumerate() {
        std::thread::sleep(over / 6);
        round(&site);
        client.signal(Signal::HUP);
        let (message, count) = match number {
            0 => (IN_FORCE, 1),
            1 => (REFUSED, 1),
            2 => (IN_FORCE, 2),
            3 => (REFUSED, 2),
            _ => (IN_FORCE, 3),
        };
        eventually(message, || (client.log_with(message).len() >= count).then_some(()));
    }
    feeding.join().unwrap();
    for number in 0..commands {
        let id = format!("c{number}");
        let post = site.control.terminal_within(Duration::from_secs(30), &id);
        assert!(post.json()["result"].is_object(), "{id}: {post:#?}");
    }
    assert_eq!(client.log_with("\"level\":\"WARN\""), [""; 0]);
    site.control.barrier();
    for number in 0..commands {
        let posts = site.control.posts_of(&format!("c{number}"));
        assert_eq!(posts.len(), 1, "{posts:#?}");
    }
    let errors = client.log_with("\"level\":\"ERROR\"");
    assert!(
        errors.len() == 2 && errors.iter().all(|line| line.contains(REFUSED)),
        "{errors:#?}"
    );
    let last = site.control.polls().pop().unwrap();
    assert_eq!(last.header("authorization"), Some("Bearer sk-third-key-5555555555"));
}

#[test]
fn nothing_is_lost_or_fails_while_everything_is_exchanged() {
    under_load(400, Duration::from_secs(12));
}

#[test]
#[ignore = "takes a minute; ./check --full runs it"]
fn nothing_of_a_thousand_commands_is_lost_or_fails_in_a_minute_of_rotation() {
    under_load(1000, Duration::from_secs(60));
}
