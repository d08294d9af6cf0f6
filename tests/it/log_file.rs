//! The log file while the daemon runs: rotated under it, on a disk that is full; and signals that are not meant for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::time::Duration;

use serde_json::Value;

use crate::support;
use crate::support::cases::closed_port;
use crate::support::{ClientBuilder, Command, ControlPlane, StdioServer, needs, within};

const AGAIN: &str = "log file opened again";

/// A client that logs often, because nobody is there to be polled.
fn talkative() -> (ClientBuilder, PathBuf) {
    let builder = ClientBuilder::for_url(&format!("http://{}", closed_port())).command("cat");
    let log = builder.directory().file("logs/client.log");
    fs::create_dir(log.parent().unwrap()).unwrap();
    let builder = builder
        .env("LOG_FILE", log.display().to_string())
        .env("LOG_FORMAT", "json")
        .env("LOG_LEVEL", "debug");
    (builder, log)
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The pause between polls that fail grows to 10 s, and the machine may be slow.
const BOUND: Duration = Duration::from_secs(120);

fn await_text(path: &Path, part: &str) -> String {
    within(BOUND, &format!("{part:?} in {}", path.display()), || {
        Some(text(path)).filter(|text| text.contains(part))
    })
}

/// Sends a signal that has a name for kill(1), or a number.
fn kill(signal: &str, pid: u32) {
    let status = Program::new("kill")
        .args(["-s", signal, &pid.to_string()])
        .status()
        .unwrap();
    assert!(status.success(), "{signal}");
}

/// Every line as it should be; a torn one may be among them, and never one that was glued to another.
fn checked(text: &str) -> Vec<Value> {
    text.lines()
        .filter_map(|line| {
            assert!(line.matches("{\"time\"").count() <= 1, "two lines in one: {line}");
            assert!(!line.contains('\0'), "a hole: {line:?}");
            serde_json::from_str(line).ok()
        })
        .collect()
}

/// logrotate without copytruncate: the name is taken away, and a signal says so.
#[test]
fn a_log_that_was_renamed_goes_on_under_its_name_after_a_signal() {
    let (builder, log) = talkative();
    let mut client = builder.start();
    await_text(&log, "poll failed");
    for (round, signal) in ["HUP", "USR1", "HUP"].into_iter().enumerate() {
        let old = log.with_extension(round.to_string());
        fs::rename(&log, &old).unwrap();
        // What is written before the signal belongs to the file that is open.
        kill(signal, client.pid());
        let new = await_text(&log, AGAIN);
        assert!(new.lines().next().unwrap().contains(AGAIN), "{signal}: {new}");
        let size = fs::metadata(&old).unwrap().len();
        kill("HUP", client.pid());
        await_text(&log, "SIGHUP: reading");
        assert_eq!(fs::metadata(&old).unwrap().len(), size, "{signal}");
        checked(&text(&old));
    }
    assert!(client.running());
}

/// A file that logrotate made (`create`) is taken, not replaced.
#[test]
fn a_log_file_that_was_made_anew_is_appended_to() {
    use std::os::unix::fs::PermissionsExt as _;
    let (builder, log) = talkative();
    let client = builder.start();
    await_text(&log, "poll failed");
    fs::rename(&log, log.with_extension("1")).unwrap();
    fs::write(&log, "made by another program\n").unwrap();
    fs::set_permissions(&log, fs::Permissions::from_mode(0o640)).unwrap();
    kill("USR1", client.pid());
    let new = await_text(&log, AGAIN);
    assert!(new.starts_with("made by another program\n"), "{new}");
    let mode = fs::metadata(&log).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o640);
}

/// Empties a file where it stands, as copytruncate does.
fn truncate(file: &Path) {
    let file = fs::OpenOptions::new().write(true).open(file).unwrap();
    file.set_len(0).unwrap();
}

#[test]
fn a_log_that_was_truncated_has_no_hole() {
    let (builder, log) = talkative();
    let client = builder.start();
    for _ in 0..3 {
        await_text(&log, "poll failed");
        truncate(&log);
    }
    let new = await_text(&log, "poll failed");
    assert!(new.starts_with("{\"time\""), "{new:?}");
    drop(client);
}

/// A link in its place, or no directory any more: the file that is open goes on, and says why.
#[test]
fn a_log_that_cannot_be_opened_again_stays_open() {
    let (builder, log) = talkative();
    let client = builder.start();
    await_text(&log, "poll failed");
    let old = log.with_extension("1");
    fs::rename(&log, &old).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &log).unwrap();
    kill("HUP", client.pid());
    await_text(&old, "log file not opened again");
    fs::remove_file(&log).unwrap();
    kill("HUP", client.pid());
    await_text(&log, AGAIN);
}

/// A quota, by the limit that any user can set on himself: first half a line, then nothing.
#[test]
fn lines_that_find_no_room_are_counted_and_never_glued() {
    let (builder, log) = talkative();
    // In blocks of 512 or 1024 bytes; the start alone says more.
    let mut client = builder.start_by("ulimit -f 2; exec \"$0\" \"$@\"");
    let said = client.await_log("cannot be written");
    assert!(
        said.contains("client.log") && said.contains("lines are lost until it can"),
        "{said}"
    );
    assert!(client.running(), "SIGXFSZ");
    let full = text(&log).len();
    assert!([1024, 2048].contains(&full), "to the last byte: {full}");
    // Room again, where it stands.
    truncate(&log);
    let new = await_text(&log, "log lines were lost");
    let lines = checked(&new);
    let lost = lines.iter().find(|line| line["msg"] == "log lines were lost").unwrap();
    assert!(lost["lost"].as_u64().unwrap() > 0 && lost["level"] == "WARN", "{lost}");
    assert_eq!(lost["tunnel_id"], support::control::TUNNEL);
    client.await_log("can be written again");
}

/// The same file, grown a little: what comes next begins a line of its own behind the half one.
#[test]
fn a_full_disk_that_has_room_again_continues_on_a_new_line() {
    if !needs::root() {
        return;
    }
    let (builder, log) = talkative();
    let directory = log.parent().unwrap().to_owned();
    let mounted = Program::new("mount")
        .args(["-t", "tmpfs", "-o", "size=32k", "tmpfs"])
        .arg(&directory)
        .output()
        .unwrap();
    if !needs::met("namespaces", mounted.status.success()) {
        return;
    }
    let mount = Mounted(directory.clone());
    // All but one page is taken.
    let filler = directory.join("filler");
    fs::write(&filler, vec![b'x'; 7 * 4096]).unwrap();
    let client = builder.start();
    client.await_log("cannot be written");
    fs::remove_file(&filler).unwrap();
    let all = await_text(&log, "log lines were lost");
    let torn = all
        .lines()
        .filter(|line| serde_json::from_str::<Value>(line).is_err())
        .count();
    assert!(torn <= 1, "{all}");
    checked(&all);
    // What is mounted would keep the client's directory.
    drop(mount);
    drop(client);
}

struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Program::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    text.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

/// `killall -USR1` reaches the broker and the janitor as well.
#[test]
fn signals_that_mean_nothing_cost_nothing() {
    let control = ControlPlane::http();
    let server = StdioServer::echo();
    let mut client = ClientBuilder::new(&control).command(server.command()).start();
    control.introduce();
    control.push(Command::call("r0", "tools/list", "{}"));
    assert_eq!(control.only_terminal("r0").resp_code, 200);
    let processes = [vec![client.pid()], children(client.pid())].concat();
    assert!(processes.len() >= 3, "client, broker, janitor: {processes:?}");
    for pid in processes {
        for signal in [
            "USR1", "USR2", "ALRM", "VTALRM", "PROF", "PIPE", "WINCH", "IO", "PWR", "XFSZ", "URG", "CONT", "36", "50",
            "64",
        ] {
            kill(signal, pid);
        }
    }
    control.push(Command::call("r1", "tools/list", "{}"));
    assert_eq!(control.only_terminal("r1").resp_code, 200);
    assert!(client.running());
    // Those that end it still do.
    client.terminate();
    assert!(client.wait_exit(Duration::from_secs(60)).success());
}
