//! The file of this program. Until a process has run its first instructions, others of its user can open its memory, and keep what
//! they opened; the kernel closes it from the beginning to a user who cannot read the program (`would_dump` in fs/exec.c).

use std::fmt;
use std::fs;
use std::path::PathBuf;

use super::trusted::servers;
use crate::config::Config;
use crate::files::Account;

/// Own program; the kernel looks at the mode of its file, not at the directories above.
const SELF: &str = "/proc/self/exe";

/// From 1 on, a process opens the memory of its descendants only (Documentation/admin-guide/LSM/Yama.rst).
const PTRACE_SCOPE: &str = "/proc/sys/kernel/yama/ptrace_scope";

/// A program that can be read by the user whom it shares with stdio servers.
#[derive(Debug)]
pub struct ReadableProgram {
    /// Its file.
    pub path: PathBuf,
    /// The user.
    pub uid: u32,
}

impl ReadableProgram {
    /// This one, where stdio servers run as the user that starts it. A client that root starts belongs to root until it is closed.
    #[must_use]
    pub fn find(config: &Config) -> Option<Self> {
        servers(config).next()?;
        let account = Account::own();
        if account.is_root() || is_limited_to_descendants() || !account.reads(&fs::metadata(SELF).ok()?) {
            return None;
        }
        Some(Self {
            path: fs::read_link(SELF).ok()?,
            uid: account.uid,
        })
    }

    /// What to do.
    #[must_use]
    pub fn remedy(&self) -> String {
        let path = crate::files::shown(&self.path);
        format!("chown root {path} && chmod 0711 {path}")
    }
}

impl fmt::Display for ReadableProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: user {}, as whom stdio MCP servers run, can read this program, and so open the memory of a tunnel-client that starts",
            self.path.display(),
            self.uid
        )
    }
}

fn is_limited_to_descendants() -> bool {
    let scope = fs::read_to_string(PTRACE_SCOPE).unwrap_or_default();
    scope.trim().parse::<u32>().is_ok_and(|scope| scope >= 1)
}
