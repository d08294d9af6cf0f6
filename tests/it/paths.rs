//! Links, pipes and owners on the way to files: other users choose neither which files are read and written, nor who reads and
//! writes them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use crate::support::client::{API_KEY, binary};
use crate::support::doctor::Doctor;
use crate::support::home::Home;
use crate::support::needs::is_root;
use crate::support::wait::BOUND;
use crate::support::{Client, ClientBuilder, ControlPlane, McpServer, Scratch, eventually, needs};

/// `nobody`, the user that the client switches to.
const SERVICE: u32 = 65534;
/// Another user.
const MALLORY: u32 = 12345;

const YAML: &str =
    "config_version: 1\nmcp:\n  server_urls:\n    - channel: main\n      url: \"http://127.0.0.1:3001/mcp\"\n";

fn give(path: &Path, user: u32) {
    lchown(path, Some(user), Some(user)).unwrap();
}

struct Setup {
    control: ControlPlane,
    mcp: McpServer,
    files: Scratch,
}

impl Setup {
    fn new() -> Self {
        let files = Scratch::new();
        fs::set_permissions(files.path(), Permissions::from_mode(0o755)).unwrap();
        Self {
            control: ControlPlane::http(),
            mcp: McpServer::echo(),
            files,
        }
    }

    fn directory(&self, name: &str, owner: u32) -> PathBuf {
        let path = self.files.file(name);
        fs::create_dir(&path).unwrap();
        if is_root() {
            give(&path, owner);
        }
        path
    }

    fn client(&self) -> ClientBuilder {
        ClientBuilder::new(&self.control).server(self.mcp.url())
    }

    /// A client that writes this file; started by root, it switches to another user.
    fn writes(&self, variable: &str, path: &Path) -> ClientBuilder {
        let client = self.client().env(variable, path.display().to_string());
        let client = match variable {
            "HEALTH_UNIX_SOCKET" => client.no_env("HEALTH_LISTEN_ADDR"),
            _ => client,
        };
        match is_root() {
            true => client.env("TUNNEL_CLIENT_USER", format!("{SERVICE}:{SERVICE}")),
            false => client,
        }
    }
}

/// Waits for the refusal, which comes at once, and returns its line.
#[track_caller]
fn refusal(client: ClientBuilder, words: &str) -> String {
    let mut client = client.start();
    assert_eq!(client.wait_exit(BOUND).code(), Some(1), "{:?}", client.log());
    let line = client.await_log(words);
    assert!(client.log_with(API_KEY).is_empty());
    line
}

/// Starts a client that may log to this file, and waits for the end of its start.
#[track_caller]
fn starts(client: ClientBuilder, log: &Path) -> Client {
    let client = client.start();
    eventually("start of the client", || {
        let logged = fs::read_to_string(log).unwrap_or_default() + &client.log().join("\n");
        logged.contains("tunnel-client started").then_some(())
    });
    client
}

const WRITTEN: [&str; 4] = ["LOG_FILE", "PID_FILE", "HEALTH_URL_FILE", "HEALTH_UNIX_SOCKET"];

#[test]
fn root_creates_nothing_where_the_owner_of_a_parent_points_it() {
    if !needs::root() {
        return;
    }
    let setup = Setup::new();
    let etc = setup.directory("etc", 0);
    let state = setup.directory("state", SERVICE);
    symlink(&etc, state.join("link")).unwrap();
    give(&state.join("link"), SERVICE);
    symlink(&etc, setup.files.file("mallorys")).unwrap();
    give(&setup.files.file("mallorys"), MALLORY);
    for variable in WRITTEN {
        for way in ["state/link/x", "state/link/new/x", "mallorys/x"] {
            let path = setup.files.file(way);
            let line = refusal(setup.writes(variable, &path), "is a symbolic link");
            assert!(!line.contains("http://"), "{line}");
        }
    }
    assert_eq!(fs::read_dir(&etc).unwrap().count(), 0);
}

#[test]
fn nothing_is_created_through_a_link_planted_in_the_place_of_the_file() {
    let setup = Setup::new();
    let shared = setup.directory("shared", 0);
    fs::set_permissions(&shared, Permissions::from_mode(0o1777)).unwrap();
    let precious = setup.files.write("precious", "precious");
    for variable in WRITTEN {
        for (name, target) in [("planted", precious.clone()), ("dangling", setup.files.file("absent"))] {
            let path = shared.join(name);
            let _ = fs::remove_file(&path);
            symlink(target, &path).unwrap();
            if is_root() {
                give(&path, MALLORY);
            }
            let words = match variable {
                "HEALTH_UNIX_SOCKET" => "it exists and is no socket",
                _ => "files are not written through links",
            };
            refusal(setup.writes(variable, &path), words);
        }
    }
    assert_eq!(fs::read_to_string(precious).unwrap(), "precious");
    assert!(!setup.files.file("absent").exists());
}

#[test]
fn a_link_that_takes_the_place_of_a_directory_between_two_starts_is_noticed() {
    if !needs::root() {
        return;
    }
    let setup = Setup::new();
    let etc = setup.directory("etc", 0);
    let state = setup.directory("state", SERVICE);
    for variable in WRITTEN {
        let run = state.join("run");
        fs::create_dir(&run).unwrap();
        give(&run, SERVICE);
        let path = run.join("x");
        let mut client = starts(setup.writes(variable, &path), &path);
        client.terminate();
        assert_eq!(client.wait_exit(BOUND).code(), Some(0), "{variable}");
        if variable == "LOG_FILE" {
            assert!(fs::read_to_string(&path).unwrap().contains("tunnel-client started"));
        } else {
            assert!(path.symlink_metadata().is_err(), "{variable} is left behind");
        }
        fs::remove_dir_all(&run).unwrap();
        symlink(&etc, &run).unwrap();
        give(&run, SERVICE);
        refusal(setup.writes(variable, &path), "is a symbolic link");
        fs::remove_file(&run).unwrap();
    }
    assert_eq!(fs::read_dir(&etc).unwrap().count(), 0);
}

#[test]
fn links_of_root_on_the_way_are_followed_as_var_run_is() {
    if !needs::root() {
        return;
    }
    let setup = Setup::new();
    let run = setup.directory("run", 0);
    symlink("run", setup.files.file("var-run")).unwrap();
    let client = setup
        .client()
        .env("PID_FILE", setup.files.file("var-run/pid").display().to_string())
        .env("LOG_FILE", setup.files.file("var-run/log").display().to_string());
    let client = starts(client, &run.join("log"));
    assert_eq!(
        fs::read_to_string(run.join("pid")).unwrap().trim(),
        client.pid().to_string()
    );
}

#[test]
fn a_log_that_is_not_a_file_of_our_own_is_refused_at_once() {
    let setup = Setup::new();
    let pipe = setup.files.pipe("pipe");
    let names = (setup.files.write("one", "precious"), setup.files.file("other"));
    fs::hard_link(&names.0, &names.1).unwrap();
    for (path, words) in [
        (&pipe, "is a named pipe"),
        (&names.1, "has several names (hard links)"),
        (&setup.files.path().to_owned(), "is a directory"),
    ] {
        let line = refusal(setup.client().env("LOG_FILE", path.display().to_string()), words);
        assert!(line.contains("log.file, LOG_FILE"), "{line}");
    }
    assert_eq!(fs::read_to_string(&names.0).unwrap(), "precious");
    if needs::root() {
        let theirs = setup.files.write("theirs", "");
        give(&theirs, MALLORY);
        refusal(
            setup.client().env("LOG_FILE", theirs.display().to_string()),
            &format!("belongs to user {MALLORY}"),
        );
        // As logrotate(8) makes it for the user that the client switches to.
        give(&theirs, SERVICE);
        starts(setup.writes("LOG_FILE", &theirs), &theirs);
    }
}

#[test]
fn the_log_can_go_to_a_standard_stream_by_its_path() {
    let setup = Setup::new();
    for path in ["/dev/stderr", "/dev/stdout", "/proc/self/fd/2", "/dev/null"] {
        let client = setup.client().env("LOG_FILE", path).start();
        client.health_url();
        match path {
            "/dev/null" => assert_eq!(client.log_with("health server listening").len(), 0),
            _ => assert!(client.await_log("health server listening").contains("addr")),
        }
    }
}

#[test]
fn a_pid_file_does_not_take_the_place_of_a_device() {
    if !needs::root() {
        return;
    }
    let setup = Setup::new();
    let null = setup.files.file("null");
    let made = Process::new("mknod").arg(&null).args(["c", "1", "3"]).status();
    assert!(made.unwrap().success());
    for variable in ["PID_FILE", "HEALTH_URL_FILE"] {
        refusal(setup.client().env(variable, null.display().to_string()), "is a device");
    }
}

#[test]
fn root_reads_no_key_that_the_user_it_becomes_chooses() {
    if !needs::root() {
        return;
    }
    let setup = Setup::new();
    let key = setup.files.write("key", API_KEY);
    let state = setup.directory("state", SERVICE);
    symlink(&key, state.join("key")).unwrap();
    give(&state.join("key"), SERVICE);
    let with = |path: &Path| {
        setup
            .client()
            .env("TUNNEL_CLIENT_USER", format!("{SERVICE}:{SERVICE}"))
            .env("CONTROL_PLANE_API_KEY", "")
            .arg("--control-plane.api-key")
            .arg(&format!("file:{}", path.display()))
    };
    refusal(with(&state.join("key")), "is a symbolic link in a directory of user");
    // Root's own link is one of the administrator's.
    symlink(&key, setup.files.file("current")).unwrap();
    starts(with(&setup.files.file("current")), Path::new("/nonexistent"));
}

/// Asserts the result of a check of `doctor`.
#[track_caller]
fn predicted(doctor: Doctor, id: &str, words: &str) {
    let examined = doctor.examine();
    let summary = examined.summary(id);
    assert!(examined.code != 0 && summary.contains(words), "{id}: {summary}");
}

#[test]
fn doctor_predicts_what_run_refuses() {
    let files = Scratch::new();
    let pipe = files.pipe("pipe");
    let link = files.file("link");
    symlink(files.file("absent"), &link).unwrap();
    let shown = |path: &Path| path.display().to_string();
    predicted(
        Doctor::healthy().env("LOG_FILE", shown(&pipe)),
        "log_file",
        "is a named pipe",
    );
    predicted(
        Doctor::healthy().env("LOG_FILE", shown(&link)),
        "log_file",
        "is a symbolic link",
    );
    predicted(
        Doctor::healthy().env("PID_FILE", shown(&link)),
        "state_files",
        "is a symbolic link",
    );
    predicted(
        Doctor::healthy().env("HEALTH_URL_FILE", shown(files.path())),
        "state_files",
        "is a directory",
    );
    if needs::root() {
        let target = files.file("target");
        fs::create_dir(&target).unwrap();
        let theirs = files.file("theirs");
        symlink(&target, &theirs).unwrap();
        give(&theirs, MALLORY);
        for (variable, id) in [
            ("LOG_FILE", "log_file"),
            ("PID_FILE", "state_files"),
            ("HEALTH_UNIX_SOCKET", "health_listener"),
        ] {
            let doctor = Doctor::healthy().no_env("HEALTH_LISTEN_ADDR");
            predicted(doctor.env(variable, shown(&theirs.join("x"))), id, "is a symbolic link");
        }
        assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
    }
}

#[test]
fn a_profile_directory_that_is_a_link_of_the_user_works_and_one_of_another_does_not() {
    let home = Home::new();
    fs::create_dir_all(home.file("dotfiles/tc")).unwrap();
    symlink("dotfiles/tc", home.file(".tunnel-client")).unwrap();
    if is_root() {
        for name in ["dotfiles", "dotfiles/tc", ".tunnel-client"] {
            give(&home.file(name), SERVICE);
        }
    }
    // Written through the link, and read.
    let init = [
        "init",
        "--profile",
        "p",
        "--tunnel-id",
        ID,
        "--mcp-server-url",
        "http://127.0.0.1:1/",
    ];
    home.run_unprivileged(&init).success();
    assert!(home.file("dotfiles/tc/p.yaml").is_file());
    let shown = home.run_unprivileged(&["config", "show", "--profile", "p"]).shown();
    assert!(shown.contains("127.0.0.1:1"), "{shown}");
    // As an ordinary user has it where each has a group of their own and the mask is 002.
    for name in ["dotfiles", "dotfiles/tc"] {
        fs::set_permissions(home.file(name), Permissions::from_mode(0o755)).unwrap();
    }
    if !needs::root() {
        return;
    }
    // The same link, made by another user.
    give(&home.file(".tunnel-client"), MALLORY);
    let words = format!("symbolic link of user {MALLORY}");
    let show = home.run_unprivileged(&["config", "show", "--profile", "p"]).shown();
    assert!(show.contains(&words), "{show}");
    let before = fs::read_dir(home.file("dotfiles/tc")).unwrap().count();
    let mut again = init;
    again[2] = "q";
    for arguments in [
        &again[..],
        &[
            "profiles",
            "add",
            "q",
            "--sample",
            "sample_mcp_remote_no_auth",
            "--tunnel-id",
            ID,
            "--mcp-server-url",
            "http://127.0.0.1:1/",
        ],
    ] {
        let shown = home.run_unprivileged(arguments).shown();
        assert!(shown.contains(&words), "{shown}");
    }
    assert_eq!(fs::read_dir(home.file("dotfiles/tc")).unwrap().count(), before);
}

const ID: &str = "tunnel_0123456789abcdef0123456789abcdef";

/// A ConfigMap is a directory of mode 0777 without the sticky bit, which pods see through a read-only mount.
#[test]
fn a_directory_that_all_can_write_counts_less_on_a_read_only_mount() {
    if !needs::root() {
        return;
    }
    let files = Scratch::new();
    let volume = files.file("volume");
    fs::create_dir_all(volume.join("..2026")).unwrap();
    fs::write(volume.join("..2026/c.yaml"), YAML).unwrap();
    symlink("..2026", volume.join("..data")).unwrap();
    symlink("..data/c.yaml", volume.join("c.yaml")).unwrap();
    fs::set_permissions(&volume, Permissions::from_mode(0o777)).unwrap();
    let show = |mount: &str| {
        let script = format!("{mount} && exec \"$1\" config show --config \"$0/c.yaml\"");
        let mut command = Process::new("unshare");
        command.args(["-m", "sh", "-c", &script]).arg(&volume).arg(binary());
        command.env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
        let output = command.output().unwrap();
        format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    };
    let mounted = show("mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\"");
    assert!(mounted.contains("127.0.0.1:3001"), "{mounted}");
    let writable = show("mount --bind \"$0\" \"$0\"");
    assert!(writable.contains("others can exchange it"), "{writable}");
}
