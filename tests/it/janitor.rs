//! A process of its own removes the files of a client, and can do nothing else.

use std::fs;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};

use crate::support;
use crate::support::broker::BOUND;
use crate::support::client::API_KEY;
use crate::support::kernel::Kernel;
use crate::support::memory::Memory;
use crate::support::wait::{eventually, within};
use crate::support::{Client, ClientBuilder, Command, ControlPlane, StdioServer, needs, process};

/// A client with all three files.
fn client(control: &ControlPlane) -> (Client, [PathBuf; 3]) {
    let builder = ClientBuilder::new(control).server("http://127.0.0.1:9/mcp");
    let at = |name: &str| builder.directory().file(name);
    let files = [at("health.url"), at("client.pid"), at("health.sock")];
    let shown = files.clone().map(|path| path.display().to_string());
    let client = builder
        .env("PID_FILE", &*shown[1])
        .no_env("HEALTH_LISTEN_ADDR")
        .env("HEALTH_UNIX_SOCKET", &*shown[2])
        .start();
    client.await_log("tunnel-client started");
    assert!(files.iter().all(|path| fs::symlink_metadata(path).is_ok()));
    (client, files)
}

fn janitor(client: &Client) -> u32 {
    let is_janitor =
        |pid: &u32| fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|words| words == b"tunnel-client\0janitor\0");
    let found: Vec<u32> = process::children(client.pid()).into_iter().filter(is_janitor).collect();
    let [janitor] = found[..] else { panic!("{found:?}") };
    janitor
}

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), signal).unwrap();
}

#[test]
fn files_are_gone_when_the_client_has_ended_and_soon_after_it_was_killed() {
    let control = ControlPlane::http();
    let (mut ended, files) = client(&control);
    let remover = janitor(&ended);
    ended.terminate();
    assert_eq!(ended.wait_exit(BOUND).code(), Some(0));
    assert!(files.iter().all(|path| fs::symlink_metadata(path).is_err()));
    assert!(!process::alive(remover));
    let (mut killed, files) = client(&control);
    let remover = janitor(&killed);
    killed.signal(Signal::KILL);
    killed.wait_exit(BOUND);
    within(BOUND, "the end of the files", || {
        let are_gone = files.iter().all(|path| fs::symlink_metadata(path).is_err());
        (are_gone && !process::alive(remover)).then_some(())
    });
}

#[test]
fn files_of_a_successor_stay() {
    let control = ControlPlane::http();
    let (mut client, files) = client(&control);
    for path in &files {
        let next = path.with_extension("next");
        fs::write(&next, "successor").unwrap();
        fs::rename(next, path).unwrap();
    }
    client.terminate();
    assert_eq!(client.wait_exit(BOUND).code(), Some(0));
    for path in &files {
        assert_eq!(fs::read_to_string(path).unwrap(), "successor");
    }
}

#[test]
fn it_holds_no_secret_is_in_a_cage_and_outlasts_signals_to_every_process() {
    if !needs::root() {
        return;
    }
    let control = ControlPlane::http();
    let (mut client, files) = client(&control);
    let janitor = janitor(&client);
    assert_eq!(process::children(client.pid()), [janitor]);
    assert_eq!(fs::read(format!("/proc/{janitor}/environ")).unwrap(), b"");
    assert_eq!(Memory::of(janitor).find(API_KEY.as_bytes()).len(), 0);
    let status = fs::read_to_string(format!("/proc/{janitor}/status")).unwrap();
    for line in [
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
        "CapEff:\t0000000000000000",
        "Threads:\t1",
    ] {
        assert!(status.lines().any(|each| each == line), "{line}: {status}");
    }
    // It holds its socket and the directories, and no connection of the client.
    let held = process::descriptor_targets(janitor);
    let sockets = held
        .iter()
        .filter(|target| target.to_string_lossy().starts_with("socket:"));
    assert_eq!(sockets.count(), 1, "{held:?}");
    for number in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        signal(janitor, number);
    }
    client.terminate();
    assert_eq!(client.wait_exit(BOUND).code(), Some(0));
    assert!(files.iter().all(|path| fs::symlink_metadata(path).is_err()));
}

#[test]
fn without_such_files_there_is_no_such_process() {
    let control = ControlPlane::http();
    let client = ClientBuilder::new(&control)
        .server("http://127.0.0.1:9/mcp")
        .no_env("HEALTH_URL_FILE")
        .start();
    client.await_log("tunnel-client started");
    assert_eq!(process::children(client.pid()), [0; 0]);
}

#[test]
fn files_that_stay_are_logged() {
    let control = ControlPlane::http();
    let (mut killed, files) = client(&control);
    signal(janitor(&killed), Signal::KILL);
    killed.terminate();
    assert_eq!(killed.wait_exit(BOUND).code(), Some(0));
    for path in &files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // Its last lines may be on their way when the process has ended.
        eventually(&format!("a log line about {name}"), || {
            let said = killed.log_with("file of tunnel-client not removed");
            said.into_iter().find(|line| line.contains(&name))
        });
    }
    if !needs::root() {
        return;
    }
    // A directory that belongs to root, and that the user of the process cannot change.
    let mut other = ClientBuilder::new(&control)
        .server("http://127.0.0.1:9/mcp")
        .env("TUNNEL_CLIENT_USER", "65534:65534")
        .start();
    other.await_log("tunnel-client started");
    other.terminate();
    assert_eq!(other.wait_exit(BOUND).code(), Some(0));
    let line = other.await_log("file of tunnel-client not removed");
    assert!(
        line.contains("health.url") && line.contains("ermission denied"),
        "{line}"
    );
}

const KILLS: &str = r#"
def on(message):
    try:
        os.kill(message["params"]["pid"], 9)
        answer(message, {"killed": True})
    except OSError as error:
        answer(message, {"killed": False, "error": error.errno})
"#;

#[test]
fn a_server_of_the_same_user_cannot_signal_it() {
    for kernel in [Kernel::default(), Kernel::landlock("2")] {
        let (control, child) = (ControlPlane::http(), StdioServer::with(KILLS));
        let client = ClientBuilder::new(&control)
            .command(child.command())
            .on(kernel.clone())
            .start();
        control.introduce();
        child.await_start(1);
        // On a simulated kernel the client is a child of the simulation.
        let pid = match kernel.is_real() {
            true => janitor(&client),
            false => {
                let of_clients = process::children(client.pid()).into_iter().flat_map(process::children);
                of_clients
                    .into_iter()
                    .find(|pid| {
                        fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|words| words.ends_with(b"janitor\0"))
                    })
                    .unwrap()
            }
        };
        let call = Command::call("r1", "tools/call", &format!("{{\"pid\":{pid}}}"));
        let answer = control.call(call, "r1").json()["result"].clone();
        assert_eq!(answer["killed"], false, "{kernel:?}: {answer}");
        assert!(process::alive(pid));
    }
}

#[test]
fn a_person_who_asks_for_it_is_answered() {
    let output = std::process::Command::new(support::client::binary())
        .arg("janitor")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("started by tunnel-client run"));
}
