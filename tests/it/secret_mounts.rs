//! Secrets whose mode lets others read them, on mounts as Kubernetes, Docker and service managers make them. In mount namespaces of
//! their own, each in a process of its own: what keeps others out is looked at once.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tunnel_client::secrets::{Accepted, Disk, Files as _, Seclusion};

use crate::support;
use crate::support::client::API_KEY;
use crate::support::mounted::{bind, is_inside, is_inside_by, mount};
use crate::support::{ClientBuilder, Command, ControlPlane, McpServer, Scratch, needs, within};

const SOMEBODY: u32 = 65533;
const LONG: Duration = Duration::from_secs(60);

/// A volume as the kubelet makes it, with a key of this mode, and read-only.
fn volume(point: &Path, mode: u32) -> PathBuf {
    fs::create_dir_all(point).unwrap();
    let at = point.to_str().unwrap();
    mount(&["-t", "tmpfs", "-o", "mode=1777", "none", at]);
    let directory = point.join("..2026_11_29");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("key"), API_KEY).unwrap();
    fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(directory.join("key"), Permissions::from_mode(mode)).unwrap();
    symlink("..2026_11_29", point.join("..data")).unwrap();
    symlink("..data/key", point.join("key")).unwrap();
    mount(&["-o", "remount,ro,bind", at]);
    point.join("key")
}

/// A directory that anybody can enter, removed with the mounts in it.
fn place() -> (Scratch, PathBuf) {
    let scratch = Scratch::new();
    fs::set_permissions(scratch.path(), Permissions::from_mode(0o755)).unwrap();
    let point = scratch.file("volume");
    (scratch, point)
}

#[track_caller]
fn accepted(path: &Path) -> Vec<Seclusion> {
    let disk = Disk::default();
    assert_eq!(**disk.secret(path, 100).unwrap(), *API_KEY.as_bytes());
    disk.secluded().into_iter().map(|file| file.by).collect()
}

#[track_caller]
fn refused(path: &Path) -> String {
    Disk::default().secret(path, 100).unwrap_err().to_string()
}

fn unmount(point: &Path) {
    let _ = Process::new("umount").args(["--lazy", "--"]).arg(point).status();
}

/// A process that ends with the test.
struct Sleeper(Child);

impl Sleeper {
    fn of(command: &mut Process) -> Self {
        Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap())
    }

    /// Returns when its program runs.
    fn ready(mut self) -> Self {
        let mut first = [0];
        std::io::Read::read_exact(self.0.stdout.as_mut().unwrap(), &mut first).unwrap();
        self
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const SLEEP: &str = "echo; read line";

#[test]
fn a_volume_of_mode_0644_is_accepted_where_only_this_namespace_has_it() {
    if !is_inside("secret_mounts::a_volume_of_mode_0644_is_accepted_where_only_this_namespace_has_it") {
        return;
    }
    let (_scratch, point) = place();
    let key = volume(&point, 0o644);
    assert_eq!(accepted(&key), [Seclusion::Namespace]);
    let refusal = |acceptance| Disk::accepting(acceptance).secret(&key, 100).unwrap_err().to_string();
    let (nothing, directory) = (refusal(Accepted::Nothing), refusal(Accepted::Directory));
    assert!(nothing.contains("lockdown accepts this nowhere"), "{nothing}");
    assert!(
        directory.contains("stdio MCP servers run as another user"),
        "{directory}"
    );
    let remount = |how: &str| mount(&["-o", &format!("remount,{how},bind"), point.to_str().unwrap()]);
    // Written as 0666 or 0664 it can be changed, unless the mount is read-only. What only the group may read concerns nobody else.
    for (mode, is_changeable, by) in [
        (0o444, false, vec![Seclusion::Namespace]),
        (0o666, true, vec![Seclusion::Namespace]),
        (0o664, true, vec![Seclusion::Namespace]),
        (0o440, false, vec![]),
    ] {
        remount("rw");
        fs::set_permissions(point.join("..data/key"), Permissions::from_mode(mode)).unwrap();
        fs::set_permissions(&point, Permissions::from_mode(0o1777)).unwrap();
        if is_changeable {
            let error = refused(&key);
            assert!(error.contains("can change it"), "{error}");
        }
        remount("ro");
        assert_eq!(accepted(&key), by, "{mode:o}");
    }
    unmount(&point);
}

#[test]
fn a_mount_that_was_made_after_the_first_look_is_not_proved() {
    if !is_inside("secret_mounts::a_mount_that_was_made_after_the_first_look_is_not_proved") {
        return;
    }
    let ((_first, point), (_second, later)) = (place(), place());
    let key = volume(&point, 0o644);
    assert_eq!(accepted(&key), [Seclusion::Namespace]);
    let error = refused(&volume(&later, 0o644));
    assert!(
        error.contains("it was mounted after this process had looked at mounts"),
        "{error}"
    );
    unmount(&later);
    unmount(&point);
}

#[test]
fn a_process_of_another_user_in_the_namespace_has_it_refused() {
    if !is_inside("secret_mounts::a_process_of_another_user_in_the_namespace_has_it_refused") {
        return;
    }
    let (_scratch, point) = place();
    let key = volume(&point, 0o644);
    let other = Sleeper::of(Process::new("sh").args(["-c", SLEEP]).uid(SOMEBODY).gid(SOMEBODY)).ready();
    let error = refused(&key);
    let expected = format!("process {} of user {SOMEBODY} is in this mount namespace", other.0.id());
    assert!(error.contains(&expected), "{error}");
    assert!(
        error.contains("set defaultMode: 0400 on the volume") && error.contains("fsGroup"),
        "{error}"
    );
    assert!(!error.contains("chmod"), "{error}");
    drop(other);
    unmount(&point);
}

/// Becomes a user, and ends its first thread alone: exit(2) as a call of the system.
const END_OF_FIRST_THREAD: &str = r"
import ctypes, os, platform, sys, threading, time
call = ctypes.CDLL(None).syscall
user = int(sys.argv[1])
os.setresgid(user, user, user)
os.setresuid(user, user, user)
threading.Thread(target=time.sleep, args=(600,)).start()
call(60 if platform.machine() == 'x86_64' else 93, 0)
";

/// Its first thread has ended: `/proc` shows a zombie without mounts.
#[test]
fn a_process_of_another_user_whose_first_thread_has_ended_has_it_refused() {
    if !is_inside("secret_mounts::a_process_of_another_user_whose_first_thread_has_ended_has_it_refused") {
        return;
    }
    let (_scratch, point) = place();
    let key = volume(&point, 0o644);
    let other = Sleeper::of(Process::new("python3").args(["-c", END_OF_FIRST_THREAD, &SOMEBODY.to_string()]));
    let pid = other.0.id();
    within(LONG, "the end of the first thread", || {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        status.contains("State:\tZ").then_some(())
    });
    let error = refused(&key);
    let expected = format!("process {pid} of user {SOMEBODY} is in this mount namespace");
    assert!(error.contains(&expected), "{error}");
    drop(other);
    unmount(&point);
}

/// What an overlay shows can be read in its layers, which other namespaces have.
#[test]
fn a_file_on_an_overlay_is_refused() {
    if !is_inside("secret_mounts::a_file_on_an_overlay_is_refused") {
        return;
    }
    let (scratch, point) = place();
    let layers = scratch.file("layers");
    for directory in [&point, &layers] {
        fs::create_dir(directory).unwrap();
    }
    let at = layers.display().to_string();
    mount(&["-t", "tmpfs", "-o", "mode=0755", "none", &at]);
    for name in ["upper", "work", "lower"] {
        fs::create_dir(layers.join(name)).unwrap();
    }
    let key = layers.join("lower/key");
    fs::write(&key, API_KEY).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let options = format!("lowerdir={at}/lower,upperdir={at}/upper,workdir={at}/work");
    mount(&["-t", "overlay", "-o", &options, "none", point.to_str().unwrap()]);
    let error = refused(&point.join("key"));
    assert!(error.contains("its file system is an overlay"), "{error}");
    unmount(&point);
    unmount(&layers);
}

/// Through one mount nothing can be changed, and others have the file by another one.
#[test]
fn write_bits_on_a_read_only_mount_are_refused_where_another_mount_can_be_written() {
    if !is_inside("secret_mounts::write_bits_on_a_read_only_mount_are_refused_where_another_mount_can_be_written") {
        return;
    }
    let (scratch, point) = place();
    let file = scratch.write("theirs", API_KEY);
    fs::write(&point, "").unwrap();
    bind(&file, &point);
    mount(&["-o", "remount,ro,bind", point.to_str().unwrap()]);
    for (mode, what) in [
        (0o602, "other users can change it"),
        (0o620, "its group can change it"),
        (0o666, "other users can change it"),
    ] {
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let error = refused(&point);
        assert!(
            error.contains(what) && error.contains("another mount namespace"),
            "{error}"
        );
    }
    unmount(&point);
}

#[test]
fn a_read_only_mount_of_what_other_namespaces_have_is_refused() {
    if !is_inside("secret_mounts::a_read_only_mount_of_what_other_namespaces_have_is_refused") {
        return;
    }
    let (scratch, point) = place();
    let file = scratch.write("host", API_KEY);
    fs::set_permissions(&file, Permissions::from_mode(0o444)).unwrap();
    fs::write(&point, "").unwrap();
    bind(&file, &point);
    mount(&["-o", "remount,ro,bind", point.to_str().unwrap()]);
    let error = refused(&point);
    assert!(
        error.contains("has the same file system in another mount namespace"),
        "{error}"
    );
    assert!(
        error.contains("mount it with mode 0400") && error.contains("uid, gid and mode"),
        "{error}"
    );
    unmount(&point);
}

#[test]
fn a_mount_that_a_later_namespace_copied_is_refused() {
    if !is_inside("secret_mounts::a_mount_that_a_later_namespace_copied_is_refused") {
        return;
    }
    let (_scratch, point) = place();
    let key = volume(&point, 0o644);
    let copy = Sleeper::of(Process::new("unshare").args(["--mount", "--", "sh", "-c", SLEEP])).ready();
    let error = refused(&key);
    let expected = format!(
        "process {} has the same file system in another mount namespace",
        copy.0.id()
    );
    assert!(error.contains(&expected), "{error}");
    drop(copy);
    unmount(&point);
}

#[test]
fn a_second_mount_beside_a_closed_directory_has_it_refused() {
    if !is_inside("secret_mounts::a_second_mount_beside_a_closed_directory_has_it_refused") {
        return;
    }
    let (scratch, point) = place();
    let closed = scratch.file("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    let key = closed.join("key");
    fs::write(&key, API_KEY).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o444)).unwrap();
    fs::write(&point, "").unwrap();
    bind(&key, &point);
    let error = refused(&key);
    assert!(error.contains("it is mounted a second time"), "{error}");
    unmount(&point);
}

#[test]
fn a_proc_that_hides_processes_proves_nothing() {
    if !is_inside("secret_mounts::a_proc_that_hides_processes_proves_nothing") {
        return;
    }
    let (_scratch, point) = place();
    let key = volume(&point, 0o644);
    mount(&["-t", "proc", "-o", "hidepid=2", "proc", "/proc"]);
    let error = refused(&key);
    assert!(error.contains("/proc hides other processes (hidepid)"), "{error}");
    unmount(&point);
    unmount(Path::new("/proc"));
}

#[test]
fn a_missing_proc_proves_nothing() {
    if !is_inside("secret_mounts::a_missing_proc_proves_nothing") {
        return;
    }
    let (_scratch, point) = place();
    let key = volume(&point, 0o644);
    mount(&["-t", "tmpfs", "none", "/proc"]);
    let error = refused(&key);
    assert!(error.contains("/proc does not show who else has this mount"), "{error}");
    unmount(Path::new("/proc"));
    unmount(&point);
}

#[test]
fn a_pid_namespace_in_the_root_directory_of_the_host_proves_nothing() {
    let starter = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--"];
    if !is_inside_by(
        "secret_mounts::a_pid_namespace_in_the_root_directory_of_the_host_proves_nothing",
        &starter,
    ) {
        return;
    }
    let (_scratch, point) = place();
    let key = volume(&point, 0o644);
    let error = refused(&key);
    assert!(
        error.contains("processes of the host cannot be seen from this pid namespace"),
        "{error}"
    );
    unmount(&point);
}

/// The root directory is an overlay, as in a container; `$0` is this binary.
const CONTAINER: &str = r#"
set -e
top=$(mktemp -d)
mount -t tmpfs none "$top"
mkdir "$top/upper" "$top/work" "$top/root"
mount -t overlay -o "lowerdir=/,upperdir=$top/upper,workdir=$top/work" none "$top/root"
mount -t proc proc "$top/root/proc"
mount --rbind /dev "$top/root/dev"
mount -t tmpfs -o mode=1777 none "$top/root/tmp"
mkdir -p "$top/root$(dirname "$0")"
mount --bind "$(dirname "$0")" "$top/root$(dirname "$0")"
exec chroot "$top/root" "$0" "$@"
"#;

#[test]
fn a_volume_in_a_container_is_accepted() {
    let starter = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "--pid",
        "--fork",
        "--",
        "sh",
        "-c",
        CONTAINER,
    ];
    if !is_inside_by("secret_mounts::a_volume_in_a_container_is_accepted", &starter) {
        return;
    }
    let (_scratch, point) = place();
    let key = volume(&point, 0o444);
    assert_eq!(accepted(&key), [Seclusion::Namespace]);
    unmount(&point);
}

/// Mounts a file system with the key where the test has made a directory, and becomes the client.
fn in_namespace(point: &Path, mode: &str) -> String {
    let point = point.display();
    format!(
        "exec unshare --mount --propagation private -- sh -c 'set -e; mount -t tmpfs -o mode=755 none {point}; \
         printf %s {API_KEY} > {point}/key; chmod {mode} {point}/key; exec \"$0\" \"$@\"' '{}' \"$@\"",
        support::client::binary().display()
    )
}

#[test]
fn the_client_warns_once_and_reads_such_a_key_again_from_inside_its_sandbox() {
    if !needs::root() {
        return;
    }
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let (_scratch, point) = place();
    fs::create_dir(&point).unwrap();
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .no_env("CONTROL_PLANE_API_KEY")
        .arg(&format!("--control-plane.api-key=file:{}/key", point.display()))
        .start_by(&in_namespace(&point, "0444"));
    client.await_ready();
    assert_eq!(control.call(Command::call("r1", "ping", "{}"), "r1").resp_code, 200);
    let warned =
        client.log_with("the mode of a secret file lets other users read it, and only its location keeps them from it");
    assert_eq!(warned.len(), 1, "{warned:#?}");
    for field in [&*format!("{}/key", point.display()), "mount namespace of this process"] {
        assert!(warned[0].contains(field), "{warned:#?}");
    }
    let inside = PathBuf::from(format!("/proc/{}/root{}/key", client.pid(), point.display()));
    fs::write(&inside, "sk-another-key-4711").unwrap();
    client.signal(Signal::HUP);
    client.await_log("keys and certificates were read again and are in force");
    within(LONG, "a poll with the new key", || {
        let seen = control.seen();
        seen.iter()
            .any(|seen| seen.header("authorization") == Some("Bearer sk-another-key-4711"))
            .then_some(())
    });
}
