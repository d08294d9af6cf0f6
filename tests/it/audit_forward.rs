//! The second place of the audit log: records reach a syslog server, a socket of this host or journald, in order, and verify there.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::process::Signal;

use crate::audit::{Site, call, end, server};
use crate::support::syslog::{LogServer, Records, datagrams};
use crate::support::tls::Authority;
use crate::support::{Client, ClientBuilder, ControlPlane, McpServer, Scratch, eventually, needs};

/// What a collector received: the records, as lines.
pub(crate) fn lines(records: &Records) -> Vec<String> {
    let record = |message: &String| {
        let (header, line) = message.split_once(" audit - ").unwrap_or_else(|| panic!("{message}"));
        let words: Vec<&str> = header.split(' ').collect();
        assert!(words.len() == 5 && words[3] == "tunnel-client", "{message}");
        let time = words[1];
        assert!(
            time == "-" || line.contains(&format!("\"time\":\"{time}\"")),
            "{message}"
        );
        line.to_owned()
    };
    records.all().iter().map(record).collect()
}

/// The same as a file that `audit verify` takes.
pub(crate) fn text(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Each once, where it came first.
pub(crate) fn once(lines: &[String]) -> Vec<String> {
    let mut seen = HashSet::new();
    lines.iter().filter(|line| seen.insert(*line)).cloned().collect()
}

pub(crate) fn forwards(builder: ClientBuilder, address: &str) -> ClientBuilder {
    builder
        .env("AUDIT_FORWARD", "syslog")
        .env("AUDIT_SYSLOG_ADDRESS", address)
}

pub(crate) fn over_tcp(site: &Site, control: &ControlPlane, mcp: &McpServer, collector: &LogServer) -> ClientBuilder {
    forwards(site.client(control, mcp), &format!("tcp://{}", collector.address))
}

/// Performs calls, one after the other.
pub(crate) fn perform(control: &ControlPlane, site: &Site, ids: impl IntoIterator<Item = String>) {
    for id in ids {
        control.push(call(&id));
        site.await_record(&id);
    }
}

pub(crate) fn numbered(range: std::ops::Range<usize>) -> impl Iterator<Item = String> {
    range.map(|number| format!("r{number}"))
}

/// Waits until the position file says that all of the audit file was sent.
pub(crate) fn await_position(site: &Site) {
    let path = site.directory.file("records/audit.log.forwarded");
    eventually("the stored position", || {
        let length = fs::metadata(site.file()).unwrap().len();
        let stored = fs::read_to_string(&path).ok()?;
        stored.contains(&format!(" offset={length:016x} ")).then_some(())
    });
}

/// Ends the client, and waits until its last record is received.
pub(crate) fn end_and_receive(client: Client, site: &Site, records: &Records) -> Vec<String> {
    let log = end(client);
    let text = site.text();
    records.await_with(text.lines().last().unwrap());
    log
}

/// What was received is what the files have, and verifies.
#[track_caller]
pub(crate) fn assert_verifies(site: &Site, received: &[String], expected: &str, code: i32) {
    assert_eq!(text(received), expected);
    fs::write(site.directory.file("received"), expected).unwrap();
    let (found, said) = site.verify(&["received"]);
    assert_eq!(found, code, "{said}");
}

#[test]
fn a_syslog_server_receives_each_record_once_and_can_verify_the_chain() {
    let (control, mcp) = (ControlPlane::http(), server());
    let authority = Authority::new();
    for tls in [None, Some(false), Some(true)] {
        let site = Site::new();
        let config = tls.map(|tls13| authority.server_for(&["127.0.0.1"], &authority, tls13));
        let scheme = if config.is_some() { "tls" } else { "tcp" };
        let collector = LogServer::start(config);
        let builder = forwards(
            site.client(&control, &mcp),
            &format!("{scheme}://{}", collector.address),
        );
        let (certificate, key) = authority.client("client");
        let file = |name: &str, content: &str| builder.directory().write(name, content).display().to_string();
        let (bundle, certificate, key) = (
            file("ca.pem", authority.pem()),
            file("client.pem", &certificate),
            file("client.key", &key),
        );
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let client = builder
            .env("CA_BUNDLE", bundle)
            .env("LOG_SYSLOG_CLIENT_CERT", certificate)
            .env("LOG_SYSLOG_CLIENT_KEY", key)
            .env("AUDIT_SYSLOG_FACILITY", "authpriv")
            .start();
        perform(&control, &site, numbered(0..5));
        let first = collector.records.await_with("\"request_id\":\"r4\"");
        assert!(first.starts_with("<86>1 20"), "{first}");
        eventually("the time of success", || {
            let sent = client.metric("audit_forward_last_success_timestamp_seconds")?;
            (sent > 1.7e9).then_some(())
        });
        end_and_receive(client, &site, &collector.records);
        assert_verifies(&site, &lines(&collector.records), &site.text(), 0);
    }
}

#[test]
fn a_socket_of_this_host_receives_the_records() {
    let (control, mcp, site) = (ControlPlane::http(), server(), Site::new());
    let place = Scratch::new();
    let records = datagrams(&place.file("log"));
    let client = forwards(site.client(&control, &mcp), &place.file("log").display().to_string()).start();
    perform(&control, &site, numbered(0..20));
    records.await_with("\"request_id\":\"r19\"");
    end_and_receive(client, &site, &records);
    assert_verifies(&site, &lines(&records), &site.text(), 0);
}

/// journald's socket has one place, so it is put there for this process alone.
#[test]
fn journald_receives_the_records() {
    if !needs::root() {
        return;
    }
    let unshare = std::process::Command::new("unshare").args(["-m", "true"]).status();
    if !needs::met("namespaces", unshare.is_ok_and(|status| status.success())) {
        return;
    }
    let (control, mcp, site) = (ControlPlane::http(), server(), Site::new());
    let place = Scratch::new();
    let records = datagrams(&place.file("socket"));
    let inner = |place: &Path| {
        format!(
            "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && mount --bind '{}' /run/systemd/journal && exec \"$0\" \"$@\"",
            place.display()
        )
    };
    let client = site
        .client(&control, &mcp)
        .env("AUDIT_FORWARD", "journald")
        .env("JOURNAL_TEST", inner(place.path()))
        .start_by("exec unshare -m /bin/sh -c \"$JOURNAL_TEST\" \"$0\" \"$@\"");
    perform(&control, &site, numbered(0..3));
    records.await_with("\"request_id\":\"r2\"");
    end_and_receive(client, &site, &records);
    let message = |record: &String| {
        let fields: Vec<&str> = record.lines().collect();
        assert!(
            fields.contains(&"TUNNEL_CLIENT_STREAM=audit") && fields.contains(&"PRIORITY=6"),
            "{record}"
        );
        let message = fields.iter().find_map(|field| field.strip_prefix("MESSAGE="));
        message.unwrap_or_else(|| panic!("{record}")).to_owned()
    };
    let received: Vec<String> = records.all().iter().map(message).collect();
    assert_verifies(&site, &received, &site.text(), 0);
}

#[test]
fn a_collector_that_was_gone_for_a_while_receives_everything_once_in_order() {
    let (control, mcp, site) = (ControlPlane::http(), server(), Site::new());
    let collector = LogServer::start(None);
    let client = over_tcp(&site, &control, &mcp, &collector).start();
    perform(&control, &site, numbered(0..3));
    collector.records.await_with("\"request_id\":\"r2\"");
    await_position(&site);
    collector.go_away();
    perform(&control, &site, numbered(3..30));
    client.await_log("audit log cannot be forwarded");
    let waiting = client.metric("audit_forward_waiting_records").unwrap();
    assert!(waiting >= 1.0, "{waiting}");
    client.await_ready();
    collector.come_back();
    collector.records.await_with("\"request_id\":\"r29\"");
    client.await_log("audit log is forwarded again");
    end_and_receive(client, &site, &collector.records);
    assert_verifies(&site, &lines(&collector.records), &site.text(), 0);
}

/// Commands go on, and their records wait in the file.
#[test]
fn a_collector_that_reads_nothing_holds_up_no_command() {
    let (control, mcp, site) = (ControlPlane::http(), server(), Site::new());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    rustix::net::sockopt::set_socket_recv_buffer_size(&listener, 4096).unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let client = forwards(site.client(&control, &mcp), &address).start();
    perform(&control, &site, numbered(0..60));
    assert!(client.metric("audit_forward_waiting_records").unwrap() > 0.0);
    client.await_ready();
    assert_eq!(client.metric("audit_records_dropped_total"), Some(0.0));
}

#[test]
fn a_client_that_was_killed_goes_on_where_it_was_and_loses_nothing() {
    let (control, mcp, site) = (ControlPlane::http(), server(), Site::new());
    let collector = LogServer::start(None);
    for round in 0..4 {
        let client = over_tcp(&site, &control, &mcp, &collector).start();
        let begin = round * 100;
        perform(&control, &site, numbered(begin..begin + 5));
        await_position(&site);
        // Under load.
        control.push_all(numbered(begin + 5..begin + 60).map(|id| call(&id)));
        let some = format!("\"request_id\":\"r{}\"", begin + 20);
        eventually("a part of the load", || site.text().contains(&some).then_some(()));
        client.signal(Signal::KILL);
    }
    let client = over_tcp(&site, &control, &mcp, &collector).start();
    perform(&control, &site, ["last".to_owned()]);
    end_and_receive(client, &site, &collector.records);
    let received = lines(&collector.records);
    let distinct = once(&received);
    assert_eq!(text(&distinct), site.text());
    // What was sent before the position was stored came once.
    for id in (0..4).flat_map(|round| numbered(round * 100..round * 100 + 5)) {
        let id = format!("\"request_id\":\"{id}\"");
        assert_eq!(received.iter().filter(|line| line.contains(&id)).count(), 1, "{id}");
    }
    fs::write(site.directory.file("received"), text(&distinct)).unwrap();
    let (code, said) = site.verify(&["received"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_log_that_was_rotated_while_its_records_waited_is_forwarded_whole() {
    let (control, mcp, site) = (ControlPlane::http(), server(), Site::new());
    let old = site.directory.file("records/audit.log.1");
    let collector = LogServer::start(None);
    collector.go_away();
    let rotate = |client: &Client| {
        fs::rename(site.file(), &old).unwrap();
        client.signal(Signal::USR1);
        eventually("the new file", || {
            site.text().contains("\"event\":\"continue\"").then_some(())
        });
    };
    let client = over_tcp(&site, &control, &mcp, &collector).start();
    perform(&control, &site, numbered(0..10));
    rotate(&client);
    perform(&control, &site, numbered(10..20));
    collector.come_back();
    collector.records.await_with("\"request_id\":\"r19\"");
    let both = fs::read_to_string(&old).unwrap() + &site.text();
    assert_verifies(&site, &lines(&collector.records), &both, 3);
    // The same over a restart: the rest of the old file is found under its new name.
    await_position(&site);
    collector.go_away();
    let before = lines(&collector.records).len();
    perform(&control, &site, numbered(20..30));
    rotate(&client);
    perform(&control, &site, numbered(30..40));
    client.signal(Signal::KILL);
    drop(client);
    collector.come_back();
    let client = over_tcp(&site, &control, &mcp, &collector).start();
    perform(&control, &site, ["last".to_owned()]);
    end_and_receive(client, &site, &collector.records);
    let received = lines(&collector.records);
    let expected = fs::read_to_string(&old).unwrap() + &site.text();
    let whole = both
        + &expected[expected
            .find("\"request_id\":\"r20\"")
            .map(|at| expected[..at].rfind('\n').unwrap() + 1)
            .unwrap()..];
    assert!(received.len() > before);
    assert_verifies(&site, &received, &whole, 0);
}
