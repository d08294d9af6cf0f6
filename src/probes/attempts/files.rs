//! Files: what does not belong to the client's work is not read, and nothing is written.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use crate::probes::probe::{Failure, Probe};
use crate::probes::scene::Scene;
use crate::sys::attempts::calls;

pub(super) const PROBES: &[Probe] = &[
    Probe::out_of_reach(
        1,
        "read /etc/shadow",
        "Passwords of this host, to be broken elsewhere.",
        |_| read("/etc/shadow"),
    ),
    Probe::out_of_reach(1, "read /etc/passwd", "Who has an account here.", |_| {
        read("/etc/passwd")
    }),
    Probe::out_of_reach(
        1,
        "read a file of the same user",
        "Everything else that this user owns.",
        |scene| read(scene.file("file")),
    ),
    Probe::out_of_reach(
        1,
        "read the configuration again",
        "Addresses, names, references to secrets.",
        |scene| read(own(scene, scene.facts.files.configuration.as_ref())?),
    ),
    Probe::out_of_reach(1, "read the log", "Who called what, from the beginning.", |scene| {
        read(own(scene, scene.facts.files.log.as_ref())?)
    }),
    Probe::out_of_reach(1, "open the log anew for writing", "Traces are rewritten.", |scene| {
        let log = scene.facts.files.log.as_ref().ok_or(Failure::NotHere)?;
        write(log)
    }),
    Probe::out_of_reach(
        1,
        "create a file beside the log",
        "Files that programs look for in directories of logs.",
        |scene| {
            let log = scene.facts.files.log.as_ref().ok_or(Failure::NotHere)?;
            create_and_remove(&beside(log, scene))
        },
    ),
    Probe::out_of_reach(
        1,
        "write into the key file",
        "Another key, and with it another tunnel.",
        |scene| write(scene.facts.files.secrets.first().ok_or(Failure::NotHere)?),
    ),
    Probe::out_of_reach(
        1,
        "create a file beside the key",
        "A certificate of their own that the next start trusts.",
        |scene| {
            let key = scene.facts.files.secrets.first().ok_or(Failure::NotHere)?;
            create_and_remove(&beside(key, scene))
        },
    ),
    Probe::out_of_reach(1, "list the directory of the key", "Names of other keys.", |scene| {
        let key = scene.facts.files.secrets.first().ok_or(Failure::NotHere)?;
        list(key.parent().ok_or(Failure::NotHere)?)
    }),
    Probe::out_of_reach(1, "list /", "What is installed here.", |_| list("/")),
    Probe::out_of_reach(1, "list /proc", "Who runs here.", |_| list("/proc")),
    Probe::out_of_reach(
        1,
        "create a file in a directory of the user",
        "A foothold that survives a restart.",
        |scene| create_and_remove(&scene.file("created")),
    ),
    Probe::out_of_reach(
        1,
        "create a file in /tmp",
        "A place to keep what was fetched.",
        |scene| {
            create_and_remove(
                &scene
                    .facts
                    .temporary
                    .join(format!("tunnel-client-probe-{}", scene.victim)),
            )
        },
    ),
    Probe::out_of_reach(
        1,
        "overwrite a file of the same user",
        "A start-up file that runs what they like.",
        |scene| write(scene.file("file")),
    ),
    Probe::out_of_reach(
        1,
        "truncate a file by opening it",
        "What others wrote is gone.",
        |scene| {
            OpenOptions::new()
                .write(true)
                .truncate(true)
                .open(scene.file("empty"))?;
            Ok(())
        },
    ),
    Probe::killed_in(
        "remove a file of the same user",
        "What others wrote is gone.",
        |scene| {
            let path = scene.file("removed");
            fs::remove_file(&path)?;
            File::create(path)?;
            Ok(())
        },
    ),
    Probe::out_of_reach(1, "open /dev/mem", "The memory of the machine.", |_| read("/dev/mem")),
    Probe::out_of_reach(1, "open a terminal (/dev/ptmx)", "A terminal for a shell.", |_| {
        write("/dev/ptmx")
    }),
    Probe::out_of_reach(
        1,
        "set the handler of cores (core_pattern)",
        "The kernel runs a program as root.",
        |_| write("/proc/sys/kernel/core_pattern"),
    ),
    Probe::out_of_reach(1, "open /proc/sysrq-trigger", "The machine stops.", |_| {
        write("/proc/sysrq-trigger")
    }),
    // A process of its own removes its PID file: the right to do so would cover everything below the directory.
    Probe::killed(
        "remove a file (unlinkat)",
        "Everything below the directory of the PID file.",
        &calls::UNLINK,
    ),
    Probe::killed(
        "remove a directory",
        "What others wrote is gone.",
        &calls::REMOVE_DIRECTORY,
    ),
    Probe::killed("truncate a file", "What others wrote is gone.", &calls::TRUNCATE),
    Probe::killed("truncate an open file", "The log is gone.", &calls::FTRUNCATE),
    Probe::killed("rename a file", "One file in place of another.", &calls::RENAME),
    Probe::killed(
        "make a hard link",
        "A name for a file that is not theirs.",
        &calls::LINK,
    ),
    Probe::killed(
        "make a symbolic link",
        "Another program writes where they like.",
        &calls::SYMLINK,
    ),
    Probe::killed(
        "change the mode of a file",
        "A key that everybody can read.",
        &calls::CHMOD,
    ),
    Probe::killed(
        "change the owner of a file",
        "A file of somebody else's.",
        &calls::CHOWN,
    ),
    Probe::killed("make a directory", "A place to keep what was fetched.", &calls::MKDIR),
    Probe::killed("make a device file", "A disk without its file system.", &calls::MKNOD),
    Probe::killed("change the times of a file", "Traces are covered.", &calls::UTIMENSAT),
    Probe::killed(
        "set an extended attribute",
        "Capabilities of a program, labels of a file.",
        &calls::SETXATTR,
    ),
    Probe::killed(
        "read an open directory (getdents64)",
        "Names of files.",
        &calls::GETDENTS,
    ),
    Probe::killed(
        "change the directory",
        "Other files by names that are not looked at.",
        &calls::CHDIR,
    ),
    Probe::killed(
        "open by handle",
        "Files past the directories that lead to them.",
        &calls::OPEN_BY_HANDLE_AT,
    ),
    Probe::killed(
        "ask for a handle",
        "Files past the directories that lead to them.",
        &calls::NAME_TO_HANDLE_AT,
    ),
    Probe::killed("openat2", "A call whose arguments no filter sees.", &calls::OPENAT2),
    Probe::killed(
        "watch all files (fanotify)",
        "Who reads what on this host.",
        &calls::FANOTIFY_INIT,
    ),
    Probe::killed(
        "watch a file (inotify)",
        "Who reads what on this host.",
        &calls::INOTIFY_INIT,
    ),
    Probe::killed(
        "copy between descriptors (sendfile)",
        "Contents go out without passing through memory.",
        &calls::SENDFILE,
    ),
];

fn read(path: impl AsRef<Path>) -> Result<(), Failure> {
    Ok(File::open(path).map(drop)?)
}

/// Nothing is written and nothing cut off.
fn write(path: impl AsRef<Path>) -> Result<(), Failure> {
    Ok(OpenOptions::new().write(true).open(path).map(drop)?)
}

fn list(path: impl AsRef<Path>) -> Result<(), Failure> {
    Ok(fs::read_dir(path).map(drop)?)
}

fn create_and_remove(path: &Path) -> Result<(), Failure> {
    OpenOptions::new().write(true).create_new(true).open(path)?;
    Ok(fs::remove_file(path)?)
}

fn beside(path: &Path, scene: &Scene) -> PathBuf {
    path.with_file_name(format!(".tunnel-client-probe-{}", scene.victim))
}

/// One of the client's files, unless it lies among those that are read again.
fn own<'a>(scene: &Scene, path: Option<&'a PathBuf>) -> Result<&'a PathBuf, Failure> {
    path.filter(|path| !scene.facts.reaches(path)).ok_or(Failure::NotHere)
}
