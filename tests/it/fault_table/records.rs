//! Faults of the places that lines of the log and records of the audit log go to. The tunnel goes on, unless the audit log may stop it.

use std::path::{Path, PathBuf};
use std::process::Command as Program;

use super::{Fault, nothing};
use crate::support::syslog::LogServer;
use crate::support::{Client, ClientBuilder, Command, ControlPlane, McpServer, Scratch, Slammer, eventually, needs};

/// A small file system of its own.
struct Small {
    _directory: Scratch,
    place: PathBuf,
}

impl Small {
    /// `None` where it cannot be mounted.
    #[track_caller]
    fn mounted() -> Option<Self> {
        if !needs::root() {
            return None;
        }
        let directory = Scratch::new();
        let place = directory.file("small");
        std::fs::create_dir(&place).unwrap();
        let mut mount = Program::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs"])
            .arg(&place);
        let mounted = mount.output().unwrap();
        let small = Self {
            _directory: directory,
            place,
        };
        needs::met("namespaces", mounted.status.success()).then_some(small)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }

    /// Takes the room that is left.
    fn fill(&self) {
        let filler = self.file("filler");
        let full = std::fs::write(&filler, vec![b'x'; 128 * 1024]);
        assert!(full.is_err(), "there is room without end");
        // Writing failed when there was none left.
        assert!(filler.exists());
    }

    fn make_room(&self) {
        std::fs::remove_file(self.file("filler")).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Program::new("umount").arg("-l").arg(&self.place).status();
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Commands that each have a line in the log.
#[track_caller]
fn chatter(control: &ControlPlane, calls: &mut usize) {
    let ids: Vec<String> = (0..20).map(|number| format!("c{}", *calls + number)).collect();
    *calls += ids.len();
    control.push_all(ids.iter().map(|id| Command::call(id, "ping", "{}").channel("nobody")));
    ids.iter().for_each(|id| drop(control.terminal(id)));
    control.forget_posts();
}

/// A call that is performed.
#[track_caller]
fn serves(control: &ControlPlane, id: &str) {
    let post = control.call(Command::call(id, "tools/list", "{}"), id);
    assert_eq!(post.resp_code, 200, "{post:#?}");
}

#[test]
fn a_full_disk_under_the_log_shows_and_the_tunnel_goes_on() {
    let Some(small) = Small::mounted() else { return };
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let log = small.file("client.log");
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("LOG_FILE", log.display().to_string())
        .start();
    client.await_ready();
    small.fill();
    let mut fault = Fault::begins(&client, "disk full under the log", "log");
    let mut calls = 0;
    let mut call = || chatter(&control, &mut calls);
    let shown = fault.shows("log_lines_lost", "", &mut call);
    assert!(shown["details"]["lost_lines"].as_u64().unwrap() > 0, "{shown}");
    client.await_log("lines are lost until it can");
    assert!(client.metric("log_lines_lost_total").unwrap() > 0.0);
    serves(&control, "served");
    small.make_room();
    // No other line has to come.
    fault.ends(|| {});
    eventually("the number of lost lines", || {
        text(&log).contains("log lines were lost").then_some(())
    });
}

/// A client with an audit log, without a key, on a small file system.
fn audited(small: &Small, on_failure: &str) -> (ControlPlane, McpServer, Client) {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("AUDIT_FILE", small.file("audit.log").display().to_string())
        .env("AUDIT_ON_FAILURE", on_failure)
        .start();
    client.await_ready();
    assert_eq!(client.component("audit")["state"], "recording");
    (control, mcp, client)
}

#[test]
fn a_full_disk_under_an_audit_log_that_drops_shows_and_the_tunnel_goes_on() {
    let Some(small) = Small::mounted() else { return };
    let (control, _mcp, client) = audited(&small, "drop-and-count");
    small.fill();
    let mut fault = Fault::begins(&client, "disk full under the audit log, drop-and-count", "audit");
    let mut calls = 0;
    let shown = fault.shows("write_failed", "", || {
        calls += 1;
        serves(&control, &format!("r{calls}"));
    });
    assert_eq!(shown["state"], "dropping");
    eventually("a dropped record", || {
        client
            .metric("audit_records_dropped_total")
            .filter(|dropped| *dropped > 0.0)
    });
    small.make_room();
    fault.ends(nothing);
}

#[test]
fn a_full_disk_under_an_audit_log_that_blocks_shows_as_not_ready_because_commands_are_refused() {
    let Some(small) = Small::mounted() else { return };
    let (control, mcp, client) = audited(&small, "block");
    small.fill();
    let mut fault = Fault::begins(&client, "disk full under the audit log, block", "audit");
    let mut calls = 0;
    let shown = fault.shows(
        "write_failed",
        "audit log cannot be written: commands are refused",
        || {
            calls += 1;
            let id = format!("r{calls}");
            control.call(Command::call(&id, "tools/list", "{}"), &id);
        },
    );
    assert_eq!(shown["state"], "refusing");
    let forwarded = mcp.forwarded().len();
    let post = control.call(Command::call("refused", "tools/list", "{}"), "refused");
    assert_eq!((post.resp_code, mcp.forwarded().len()), (503, forwarded));
    small.make_room();
    fault.ends(nothing);
    serves(&control, "again");
}

#[test]
fn a_syslog_server_that_is_gone_shows_and_what_it_did_not_take_is_counted_when_it_is_back() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let server = LogServer::start(None);
    let address = server.address;
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("LOG_TARGET", "syslog")
        .env("LOG_SYSLOG_ADDRESS", format!("tcp://{address}"))
        .start();
    server.records.await_with("health server listening");
    client.await_ready();
    server.stop();
    let mut fault = Fault::begins(&client, "syslog server gone", "log");
    let mut calls = 0;
    fault.shows("log_server_unreachable", "", || chatter(&control, &mut calls));
    // More lines than may wait.
    eventually("more lines than may wait", || {
        chatter(&control, &mut calls);
        (client.component("log")["reason_code"] == "log_lines_lost").then_some(())
    });
    assert!(client.metric("log_lines_lost_total").unwrap() > 0.0);
    assert_eq!(client.ready().0, 200);
    serves(&control, "served");
    let back = LogServer::start_at(address, None);
    fault.ends(nothing);
    back.records.await_with("log lines were lost");
}

/// As a load balancer without a server behind it.
#[test]
fn a_syslog_server_that_takes_connections_and_closes_them_is_not_taken_for_one_that_reads() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let slammer = Slammer::at("127.0.0.1:0".parse().unwrap());
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("LOG_TARGET", "syslog")
        .env("LOG_SYSLOG_ADDRESS", format!("tcp://{}", slammer.address()))
        .start();
    client.await_ready();
    // A line that was written before the connection was seen to close counts as sent (RFC 5425 has no acknowledgement).
    let mut calls = 0;
    eventually("the log to be degraded", || {
        chatter(&control, &mut calls);
        (client.component("log")["reason_code"] == "log_server_unreachable").then_some(())
    });
    client.await_log("cannot be written");
}
