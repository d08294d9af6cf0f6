//! The forwarding of the audit log where something is wrong: its position, its backlog, its files.

use std::fs;
use std::io::Write as _;
use std::os::unix::net::UnixDatagram;

use rustix::process::Signal;

use crate::audit::{Site, server};
use crate::audit_forward::{
    assert_verifies, await_position, end_and_receive, forwards, lines, numbered, once, over_tcp, perform, text,
};
use crate::support::syslog::{LogServer, Receiver};
use crate::support::{Client, ControlPlane, Scratch, eventually};

/// Waits for the count of records that are left out.
fn left_out(client: &Client) -> usize {
    eventually("records that are left out", || {
        let count = client.metric("audit_records_unforwarded_total")?;
        (count > 0.0).then(|| format!("{count}").parse().unwrap())
    })
}

#[test]
fn a_torn_or_foreign_position_is_told_and_the_file_is_sent_from_its_oldest_record() {
    let (control, mcp, site) = (ControlPlane::http(), server(), Site::new());
    let position = site.directory.file("records/audit.log.forwarded");
    let collector = LogServer::start(None);
    let client = over_tcp(&site, &control, &mcp, &collector).start();
    perform(&control, &site, numbered(0..5));
    await_position(&site);
    end_and_receive(client, &site, &collector.records);
    assert_eq!(text(&lines(&collector.records)), site.text());
    let whole = fs::read(&position).unwrap();
    let other = {
        let site = Site::new();
        let client = over_tcp(&site, &control, &mcp, &collector).start();
        perform(&control, &site, numbered(5..9));
        await_position(&site);
        end_and_receive(client, &site, &collector.records);
        fs::read(site.directory.file("records/audit.log.forwarded")).unwrap()
    };
    for (content, told) in [
        (
            whole[..100].to_vec(),
            "position of the forwarded audit log cannot be read",
        ),
        (
            vec![0; whole.len()],
            "position of the forwarded audit log cannot be read",
        ),
        (other, "is in neither the audit file nor the one before it"),
    ] {
        fs::write(&position, content).unwrap();
        let before = lines(&collector.records).len();
        let client = over_tcp(&site, &control, &mcp, &collector).start();
        client.await_log(told);
        client.await_ready();
        end_and_receive(client, &site, &collector.records);
        let again = lines(&collector.records);
        assert_eq!(text(&again[before..]), site.text(), "{told}");
    }
    // One that is whole repeats nothing.
    let before = lines(&collector.records).len();
    let client = over_tcp(&site, &control, &mcp, &collector).start();
    client.await_ready();
    let log = end_and_receive(client, &site, &collector.records);
    assert!(
        !log.iter().any(|line| line.contains("position of the forwarded")),
        "{log:#?}"
    );
    let new = lines(&collector.records).split_off(before);
    assert!(new.len() >= 2 && new[0].contains("\"event\":\"begin\""), "{new:#?}");
    assert!(site.text().ends_with(&text(&new)));
}

#[test]
fn a_file_that_ends_before_its_position_is_told_and_goes_on_at_its_end() {
    let (control, mcp, site) = (ControlPlane::http(), server(), Site::new());
    let collector = LogServer::start(None);
    let client = over_tcp(&site, &control, &mcp, &collector).start();
    perform(&control, &site, numbered(0..5));
    end_and_receive(client, &site, &collector.records);
    await_position(&site);
    let whole = site.text();
    // As a crash of the host leaves it.
    let kept: String = whole.lines().take(3).map(|line| format!("{line}\n")).collect();
    fs::write(site.file(), &kept).unwrap();
    let client = over_tcp(&site, &control, &mcp, &collector).start();
    client.await_log("audit file ends before the position of its forwarding");
    client.await_ready();
    end_and_receive(client, &site, &collector.records);
    let received = text(&lines(&collector.records));
    assert_eq!(received, whole + &site.text()[kept.len()..]);
}

#[test]
fn of_more_than_may_wait_the_oldest_are_left_out_counted_and_told() {
    let (control, mcp, site) = (ControlPlane::http(), server(), Site::new());
    let collector = LogServer::start(None);
    collector.go_away();
    let builder = over_tcp(&site, &control, &mcp, &collector);
    let client = builder.env("AUDIT_FORWARD_BACKLOG", "4000").start();
    perform(&control, &site, numbered(0..40));
    left_out(&client);
    client.await_log("audit records left out of forwarding");
    collector.come_back();
    collector.records.await_with("\"request_id\":\"r39\"");
    await_position(&site);
    let count = left_out(&client);
    end_and_receive(client, &site, &collector.records);
    let (received, all) = (lines(&collector.records), site.text());
    assert_eq!(received.len() + count, all.lines().count());
    assert!(all.ends_with(&text(&received)), "{received:#?}");
}

#[test]
fn of_two_rotations_without_a_collector_the_older_file_is_left_out_and_counted() {
    let (control, mcp, site) = (ControlPlane::http(), server(), Site::new());
    let old = |number: usize| site.directory.file(&format!("records/audit.log.{number}"));
    let collector = LogServer::start(None);
    collector.go_away();
    let client = over_tcp(&site, &control, &mcp, &collector).start();
    for number in [2, 1] {
        perform(&control, &site, numbered(number * 10..number * 10 + 5));
        fs::rename(site.file(), old(number)).unwrap();
        client.signal(Signal::HUP);
        eventually("the new file", || {
            site.text().contains("\"event\":\"continue\"").then_some(())
        });
    }
    let lost = fs::read_to_string(old(2)).unwrap().lines().count();
    assert_eq!(left_out(&client), lost);
    client.await_log("audit records left out of forwarding");
    perform(&control, &site, ["last".to_owned()]);
    collector.come_back();
    collector.records.await_with("\"request_id\":\"last\"");
    end_and_receive(client, &site, &collector.records);
    let kept = fs::read_to_string(old(1)).unwrap() + &site.text();
    assert_eq!(text(&lines(&collector.records)), kept);
}

/// Whoever can write the file reaches no collector, and no terminal of one, with anything but lines of text.
#[test]
fn lines_that_no_audit_log_writes_are_not_sent() {
    let (control, mcp, site) = (ControlPlane::http(), server(), Site::new());
    let collector = LogServer::start(None);
    let client = over_tcp(&site, &control, &mcp, &collector).start();
    perform(&control, &site, numbered(0..1));
    let mut file = fs::OpenOptions::new().append(true).open(site.file()).unwrap();
    file.write_all(b"\x1b[2J\x00\n").unwrap();
    perform(&control, &site, numbered(1..2));
    collector.records.await_with("\"request_id\":\"r1\"");
    assert_eq!(left_out(&client), 1);
    end_and_receive(client, &site, &collector.records);
    let all = fs::read(site.file()).unwrap();
    let all = String::from_utf8(all).unwrap().replace("\u{1b}[2J\0\n", "");
    assert_eq!(text(&lines(&collector.records)), all);
}

/// A daemon that is restarted removes its socket and makes another one. The filtered process cannot connect to it.
#[test]
fn a_socket_of_this_host_that_is_made_again_receives_what_waited_and_what_comes() {
    let (control, mcp, site) = (ControlPlane::http(), server(), Site::new());
    let place = Scratch::new();
    let path = place.file("log");
    let mut receiver = Receiver::bind(&path);
    // No file that the janitor removes: it is there for the socket alone.
    let builder = forwards(site.client(&control, &mcp), &path.display().to_string());
    let client = builder.no_env("HEALTH_URL_FILE").start();
    let mut received = Vec::new();
    for round in 0..2 {
        let ids = round * 20;
        perform(&control, &site, numbered(ids..ids + 5));
        receiver.records.await_with(&format!("\"request_id\":\"r{}\"", ids + 4));
        received.extend(lines(&receiver.records));
        receiver.close();
        fs::remove_file(&path).unwrap();
        perform(&control, &site, numbered(ids + 5..ids + 10));
        eventually("the failure", || {
            (client.log_with("audit log cannot be forwarded").len() > round).then_some(())
        });
        receiver = Receiver::bind(&path);
        receiver.records.await_with(&format!("\"request_id\":\"r{}\"", ids + 9));
        perform(&control, &site, numbered(ids + 10..ids + 15));
        receiver
            .records
            .await_with(&format!("\"request_id\":\"r{}\"", ids + 14));
        eventually("the success", || {
            (client.log_with("audit log is forwarded again").len() > round).then_some(())
        });
    }
    end_and_receive(client, &site, &receiver.records);
    received.extend(lines(&receiver.records));
    // What the daemon may not have read is sent again.
    assert_verifies(&site, &once(&received), &site.text(), 0);
}

/// A daemon may end before it has read or kept what its socket took. A host that stalls between that and the end of the daemon makes an
/// attempt say nothing.
#[test]
fn what_a_daemon_took_right_before_its_end_is_sent_to_the_next_one() {
    let (control, mcp, site) = (ControlPlane::http(), server(), Site::new());
    let place = Scratch::new();
    let path = place.file("log");
    let bind = || {
        let _ = fs::remove_file(&path);
        UnixDatagram::bind(&path).unwrap()
    };
    let mut socket = bind();
    let _client = forwards(site.client(&control, &mcp), &path.display().to_string()).start();
    let is_again = (0..20).any(|attempt| {
        let (lost, next) = (format!("lost{attempt}"), format!("next{attempt}"));
        perform(&control, &site, [lost.clone()]);
        receive_until(&socket, &lost);
        socket = bind();
        perform(&control, &site, [next.clone()]);
        receive_until(&socket, &next).contains(&lost)
    });
    assert!(is_again);
}

/// All that is received up to the record of this call.
fn receive_until(socket: &UnixDatagram, id: &str) -> String {
    socket.set_read_timeout(Some(crate::support::wait::BOUND)).unwrap();
    let (mut all, mut buffer) = (String::new(), vec![0; 1 << 16]);
    while !all.contains(&format!("\"request_id\":\"{id}\"")) {
        let length = socket.recv(&mut buffer).unwrap();
        all.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
    all
}

/// Each is connected again for itself, by the same process.
#[test]
fn the_socket_of_the_log_and_that_of_the_audit_log_are_connected_again_each() {
    let (control, mcp, site) = (ControlPlane::http(), server(), Site::new());
    let place = Scratch::new();
    let (log, audit) = (place.file("log"), place.file("audit"));
    let (mut of_log, mut of_audit) = (Receiver::bind(&log), Receiver::bind(&audit));
    let mut client = forwards(site.client(&control, &mcp), &audit.display().to_string())
        .env("LOG_TARGET", "syslog")
        .env("LOG_SYSLOG_ADDRESS", log.display().to_string())
        .start();
    of_log.records.await_with("health server listening");
    perform(&control, &site, ["r0".to_owned()]);
    of_audit.records.await_with("\"request_id\":\"r0\"");
    for round in 1..3 {
        let id = format!("r{round}");
        if round == 1 {
            of_log.close();
            fs::remove_file(&log).unwrap();
            of_log = Receiver::bind(&log);
        } else {
            of_audit.close();
            fs::remove_file(&audit).unwrap();
            of_audit = Receiver::bind(&audit);
        }
        client.signal(Signal::HUP);
        of_log.records.await_with("SIGHUP: reading");
        perform(&control, &site, [id.clone()]);
        let record = of_audit.records.await_with(&format!("\"request_id\":\"{id}\""));
        assert!(record.contains(" audit - "), "{record}");
    }
    assert!(!of_log.records.all().iter().any(|record| record.contains(" audit - ")));
    client.terminate();
    assert!(client.wait_exit(crate::support::wait::BOUND).success());
}

#[test]
fn a_socket_that_is_not_there_keeps_the_client_from_starting() {
    let (control, mcp, site) = (ControlPlane::http(), server(), Site::new());
    let builder = site.client(&control, &mcp).env("AUDIT_FORWARD", "syslog");
    let mut client = builder.env("AUDIT_SYSLOG_ADDRESS", "/nonexistent/log").start();
    client.await_log("audit.forward: open log socket /nonexistent/log");
    assert!(!client.wait_exit(crate::support::wait::BOUND).success());
}
