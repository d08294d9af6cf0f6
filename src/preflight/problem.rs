//! What keeps a command from starting, and what mends it.

use std::fmt;
use std::path::Path;

use crate::limits::PATH_ECHO_MAX;
use crate::telemetry::redact;

/// What keeps a command from starting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which of the reasons it is.
    pub kind: Kind,
    /// The program or script, as a message may show it.
    subject: String,
    /// It was named by an absolute path.
    is_absolute: bool,
}

/// The reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// No such program, at its path or in `PATH`.
    NotFound,
    /// A directory on the way to the program or script may not be entered.
    Forbidden,
    /// The program is no regular file but a directory.
    Directory,
    /// The program exists and may not be executed.
    NotExecutable,
    /// A text without a `#!` line: the kernel does not know how to run it.
    NoShebang,
    /// The interpreter in the `#!` line does not exist or may not be executed.
    Interpreter {
        /// The interpreter as the line names it.
        interpreter: String,
        /// The line ends in a carriage return, which the kernel takes for a part of the name.
        carriage_return: bool,
    },
    /// The interpreter in the `#!` line is not written with an absolute path.
    RelativeInterpreter {
        /// The interpreter as the line names it.
        interpreter: String,
    },
    /// The program is linked to a loader that does not exist here.
    Loader {
        /// The loader's path.
        loader: String,
    },
    /// The script that an interpreter is to run does not exist.
    ScriptMissing,
    /// The script that an interpreter is to run may not be read, or is no file.
    ScriptUnreadable,
}

impl Problem {
    pub(super) fn new(kind: Kind, subject: impl AsRef<Path>) -> Self {
        let subject = subject.as_ref();
        Self {
            kind,
            subject: show(&subject.to_string_lossy()),
            is_absolute: subject.is_absolute(),
        }
    }

    /// What is wrong.
    #[must_use]
    pub fn what(&self) -> String {
        let subject = &self.subject;
        match &self.kind {
            Kind::NotFound => format!("stdio MCP executable {subject} was not found"),
            Kind::Forbidden => {
                format!("stdio MCP executable {subject} cannot be looked at: a directory on its path denies access")
            }
            Kind::Directory => format!("stdio MCP executable {subject} is a directory"),
            Kind::NotExecutable => format!("stdio MCP executable {subject} is not executable"),
            Kind::NoShebang => format!("stdio MCP executable {subject} is a text without a #! line"),
            Kind::Interpreter { interpreter, .. } => {
                format!("stdio MCP executable {subject} uses an unavailable interpreter {interpreter}")
            }
            Kind::RelativeInterpreter { interpreter } => {
                format!("stdio MCP executable {subject} uses non-absolute shebang interpreter {interpreter}")
            }
            Kind::Loader { loader } => {
                format!("stdio MCP executable {subject} needs the loader {loader}, which was not found")
            }
            Kind::ScriptMissing => format!("stdio MCP script {subject} was not found"),
            Kind::ScriptUnreadable => format!("stdio MCP script {subject} is not readable"),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn fix(&self) -> String {
        let subject = &self.subject;
        match &self.kind {
            Kind::NotFound => "install it, add its directory to PATH, or write its absolute path".to_owned(),
            Kind::Forbidden => "let the user that runs tunnel-client enter every directory on the path".to_owned(),
            Kind::Directory => "write the path of the program inside it".to_owned(),
            Kind::NotExecutable => format!(
                "chmod +x {subject} so that the user that runs tunnel-client may execute it; \
                 a file system mounted noexec denies it too"
            ),
            Kind::NoShebang => {
                "begin it with a #! line that names its interpreter, or write the interpreter before it".to_owned()
            }
            Kind::Interpreter {
                carriage_return: true, ..
            } => "update the shebang: the line ends in a carriage return; save the file with Unix line ends".to_owned(),
            Kind::Interpreter { .. } => "install the interpreter, or update the shebang".to_owned(),
            Kind::RelativeInterpreter { .. } => {
                "update the shebang to an absolute path or to #!/usr/bin/env NAME".to_owned()
            }
            Kind::Loader { .. } => {
                "install the C library that it was built for (glibc or musl), or a build for this system".to_owned()
            }
            Kind::ScriptMissing if self.is_absolute => "correct its path, or put it there".to_owned(),
            Kind::ScriptMissing => "write the absolute path of the script".to_owned(),
            Kind::ScriptUnreadable => {
                "write the path of a file that the user that runs tunnel-client may read".to_owned()
            }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; fix: {}", self.what(), self.fix())
    }
}

impl std::error::Error for Problem {}

/// A path as a message may show it: quoted, without control characters, bounded, scrubbed.
pub(super) fn show(text: &str) -> String {
    let scrubbed = redact::scrub(text);
    let short: String = scrubbed.chars().take(PATH_ECHO_MAX).collect();
    let dots = if short.len() < scrubbed.len() { "..." } else { "" };
    format!("{short:?}{dots}")
}
