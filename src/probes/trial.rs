//! One process for each attempt, as the one sees it that starts them: bounded in time and in what it says.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read, Write as _};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Access, access};

use super::outcome::Outcome;
use super::probe::Probe;
use super::role::{Named, Role};
use super::scene::{Facts, Scene};
use crate::limits::{SANDBOX_PROBE_OUTPUT_MAX, SANDBOX_PROBE_TIMEOUT};
use crate::secrets::Environment;

/// The flag that gives a process its role; it is shown nowhere.
pub const ROLE: &str = "probe";

/// How this program is started again, so that it reads the same configuration.
#[derive(Debug)]
pub struct Again {
    /// Its arguments, without its name.
    pub arguments: Vec<OsString>,
    /// Environment that this process was started with and no longer has.
    pub environment: Environment,
}

impl Again {
    /// Command for the same program with the same configuration.
    fn as_client(&self) -> Command {
        let mut command = program();
        command.args(&self.arguments).envs(self.environment.iter());
        command
    }
}

fn program() -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.env_clear();
    command
}

/// Command for the same program without any argument or variable of this process: they can hold secrets, and others may look into a
/// process that is not the client.
fn stranger() -> Command {
    let mut command = program();
    command.arg("doctor");
    command
}

/// Nothing can be proved.
#[derive(Debug)]
pub enum Error {
    /// The cage cannot be shut here; what the process said.
    Cage(String),
    /// A process cannot be started or watched.
    Start(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cage(said) if said.is_empty() => f.write_str("sandbox: a process that tries it ends without a word"),
            Self::Cage(said) => f.write_str(said),
            Self::Start(error) => write!(f, "sandbox: a process that tries it cannot be started: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Start(error)
    }
}

/// A process that is there to be attacked; it ends with this.
pub(super) struct Victims {
    scene: Scene,
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Victims {
    pub(super) fn scene(&self) -> &Scene {
        &self.scene
    }
}

impl Drop for Victims {
    fn drop(&mut self) {
        // It takes away what it set up, and has its time for that.
        drop(self.stdin.take());
        let _ = end(&mut self.child);
    }
}

pub(super) fn facts(again: &Again) -> Result<Facts, Error> {
    let (said, _) = start_as(again.as_client(), &Role::Facts)?.end()?;
    let facts: Facts = serde_json::from_slice(&said.output).map_err(|_| Error::Cage(said.error))?;
    let temporary = match again.environment.value("TMPDIR") {
        Some(given) => PathBuf::from(given),
        None => temporary(),
    };
    Ok(Facts { temporary, ..facts })
}

/// Where files can be made: in a container with a read-only root that is the memory that its processes share.
fn temporary() -> PathBuf {
    let usual = [Path::new("/tmp"), Path::new("/dev/shm")];
    let writable = usual.into_iter().find(|path| access(*path, Access::WRITE_OK).is_ok());
    writable.unwrap_or(usual[0]).to_owned()
}

pub(super) fn victims(facts: &Facts) -> Result<Victims, Error> {
    let role = Role::Victims(Box::new(facts.clone()));
    let Started { mut child, stdin } = start_as(stranger(), &role)?;
    let until = Instant::now() + SANDBOX_PROBE_TIMEOUT;
    let line = child.stdout.as_mut().map(|stdout| collect(stdout, until, Until::Line));
    match serde_json::from_slice(&line.unwrap_or_default()) {
        Ok(scene) => Ok(Victims { scene, child, stdin }),
        Err(_) => {
            drop(stdin);
            Err(Error::Cage(end(&mut child)?.0.error))
        }
    }
}

pub(super) fn run(again: &Again, probe: &Probe, scene: &Scene, caged: bool) -> Result<Outcome, Error> {
    let role = Role::Attempt {
        probe: Named::from(probe),
        caged,
        scene: Box::new(scene.clone()),
    };
    let command = match caged {
        true => again.as_client(),
        false => stranger(),
    };
    Ok(start_as(command, &role)?.end()?.1)
}

/// Starts a process of the same kind with only the inputs that its role has.
pub(super) fn start_server(role: &Role) -> Result<Started, Error> {
    start_as(stranger(), role)
}

/// The role goes to standard input: every user can see arguments.
fn start_as(mut command: Command, role: &Role) -> Result<Started, Error> {
    let mut child = command
        .arg(format!("--{ROLE}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take();
    let mut line = serde_json::to_vec(role).map_err(io::Error::from)?;
    line.push(b'\n');
    // It is far less than a pipe takes. A process that is gone already tells why by its end.
    let _ = stdin.as_mut().map(|stdin| stdin.write_all(&line));
    Ok(Started { child, stdin })
}

/// A process that knows its role; that there is no more to know it learns when `stdin` is dropped.
pub(super) struct Started {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Started {
    /// Waits for its end.
    pub(super) fn end(mut self) -> io::Result<(Said, Outcome)> {
        drop(self.stdin.take());
        end(&mut self.child)
    }
}

/// What a process said.
pub(super) struct Said {
    output: Vec<u8>,
    error: String,
}

/// Waits until the process has closed its outputs, and ends it when that takes too long.
fn end(child: &mut Child) -> io::Result<(Said, Outcome)> {
    let until = Instant::now() + SANDBOX_PROBE_TIMEOUT;
    let output = child.stdout.as_mut().map(|stdout| collect(stdout, until, Until::End));
    let error = child.stderr.as_mut().map(|stderr| collect(stderr, until, Until::End));
    let is_late = Instant::now() >= until;
    if is_late {
        child.kill()?;
    }
    let status = child.wait()?;
    let said = Said {
        output: output.unwrap_or_default(),
        error: String::from_utf8_lossy(&error.unwrap_or_default()).trim().to_owned(),
    };
    let outcome = match is_late {
        true => Outcome::Silent,
        false => Outcome::of_status(status),
    };
    Ok((said, outcome))
}

/// How much is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    Line,
    End,
}

/// Reads a pipe until there is no more, or no more time; what is beyond the bound is dropped.
fn collect(mut pipe: impl Read + AsFd, until: Instant, what: Until) -> Vec<u8> {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    while wait(&pipe, until) {
        let Some(read) = pipe.read(&mut buffer).ok().and_then(|read| buffer.get(..read)) else {
            break;
        };
        let room = SANDBOX_PROBE_OUTPUT_MAX.saturating_sub(text.len());
        text.extend(read.iter().take(room));
        if read.is_empty() || (what == Until::Line && read.contains(&b'\n')) {
            break;
        }
    }
    text
}

/// Whether there is something to read, or the end, in time.
fn wait(pipe: &impl AsFd, until: Instant) -> bool {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let mut polled = [PollFd::new(pipe, PollFlags::IN)];
        match poll(&mut polled, Some(&timespec(left))) {
            Ok(0) => return false,
            Err(rustix::io::Errno::INTR) => {}
            Ok(_) | Err(_) => return true,
        }
    }
}

/// Whole seconds that do not fit are far beyond any bound of ours.
fn timespec(time: Duration) -> Timespec {
    Timespec::try_from(time).unwrap_or_default()
}
