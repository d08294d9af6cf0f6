//! SELinux domain of the broker. The policy has no type transition for it: every other execution of this program stays in the
//! domain of its caller, and only the start of a broker asks the kernel for the broker's own (`setexeccon(3)` of libselinux).

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use crate::limits::SECURITY_CONTEXT_MAX;

#[cfg(fuzzing)]
pub(crate) mod fuzzing {
    //! Security contexts.

    use super::Context;

    /// The context of the broker of a client in this one.
    #[must_use]
    pub fn beside(client: &[u8]) -> Option<String> {
        Context::beside(client).map(|Context(context)| context)
    }
}

/// Type of the client's domain in the policy module.
const CLIENT: &str = "tunnel_client_t";
/// Type of the broker's.
const BROKER: &str = "tunnel_client_broker_t";

/// Own security context (proc_pid_attr(5)). A thread may write its own attributes only, and the kernel opens them to it even where
/// the process is not dumpable.
const CURRENT: &str = "/proc/thread-self/attr/current";
/// Security context of the next execution; a child inherits that of the thread that makes it.
const EXEC: &str = "/proc/thread-self/attr/exec";
/// Clears the latter (`selinux_setprocattr` in the kernel).
const CLEARED: &[u8] = b"\n";

/// Security context of a broker: `user:role:type`, with a level where the policy has levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context(String);

/// The broker cannot be executed in its domain.
#[derive(Debug)]
pub enum Refused {
    /// The loaded policy does not know the context, or does not let the client ask for it.
    Request(Context, io::Error),
    /// The policy does not let the client execute the broker there.
    Execution(Context, io::Error),
    /// The request cannot be withdrawn, and would hold for the next execution.
    Reset(io::Error),
}

/// Outcome of an execution in a context.
#[derive(Debug)]
pub enum Error {
    /// SELinux refuses it.
    Refused(Refused),
    /// It failed for another reason.
    Other(io::Error),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, Context(context), error) = match self {
            Self::Request(context, error) => ("does not accept the context", context, error),
            Self::Execution(context, error) => ("refuses an execution in the context", context, error),
            Self::Reset(error) => return write!(f, "SELinux does not forget the context of an execution: {error}"),
        };
        write!(
            f,
            "SELinux {what} {context}: {error}; install the policy module of this version (semodule -l shows the loaded ones), \
             and read what was refused: ausearch -m AVC,SELINUX_ERR"
        )
    }
}

impl std::error::Error for Refused {}

impl Context {
    /// That of a broker of this process: its own with the broker's type, if its own type is exactly the client's. `None` without
    /// SELinux, with another security module, and in any other domain.
    #[must_use]
    pub fn of_broker() -> Option<Self> {
        let mut text = Vec::new();
        // Without a security module that answers, reading fails.
        let file = File::open(CURRENT).ok()?;
        file.take(SECURITY_CONTEXT_MAX).read_to_end(&mut text).ok()?;
        Self::beside(&text)
    }

    /// The broker's context beside a client's, as the kernel shows the latter.
    fn beside(client: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(client).ok()?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\0').unwrap_or(text);
        let mut fields = text.splitn(4, ':');
        let (user, role) = (fields.next()?, fields.next()?);
        if fields.next()? != CLIENT {
            return None;
        }
        let level = fields.next().map(|level| format!(":{level}")).unwrap_or_default();
        Some(Self(format!("{user}:{role}:{BROKER}{level}")))
    }

    /// Calls what executes the broker, on this thread, with this context asked for.
    ///
    /// # Errors
    /// The kernel refuses the context or the execution in it. Nothing was executed in another one.
    pub fn during<T>(&self, execute: impl FnOnce() -> io::Result<T>) -> Result<T, Error> {
        self.requested_by(Path::new(EXEC), execute)
    }

    fn requested_by<T>(&self, file: &Path, execute: impl FnOnce() -> io::Result<T>) -> Result<T, Error> {
        let request = |error| Error::Refused(Refused::Request(self.clone(), error));
        set(file, self.0.as_bytes()).map_err(request)?;
        let executed = execute();
        // What runs already loses its standard input with the caller's error, and ends.
        set(file, CLEARED).map_err(|error| Error::Refused(Refused::Reset(error)))?;
        executed.map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => Error::Refused(Refused::Execution(self.clone(), error)),
            _ => Error::Other(error),
        })
    }
}

/// In one write, as the kernel demands.
fn set(file: &Path, context: &[u8]) -> io::Result<()> {
    let written = OpenOptions::new().write(true).open(file)?.write(context)?;
    match written == context.len() {
        true => Ok(()),
        false => Err(io::ErrorKind::WriteZero.into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;
    use std::path::PathBuf;

    use super::*;

    fn beside(client: &str) -> Option<String> {
        Context::beside(client.as_bytes()).map(|Context(context)| context)
    }

    #[test]
    fn the_brokers_context_is_the_clients_with_another_type() {
        for (client, broker) in [
            (
                "system_u:system_r:tunnel_client_t:s0\0",
                "system_u:system_r:tunnel_client_broker_t:s0",
            ),
            (
                "u:r:tunnel_client_t:s0-s15:c0.c1023\n",
                "u:r:tunnel_client_broker_t:s0-s15:c0.c1023",
            ),
            ("u:r:tunnel_client_t\0\n", "u:r:tunnel_client_broker_t"),
        ] {
            assert_eq!(beside(client).as_deref(), Some(broker), "{client:?}");
        }
    }

    #[test]
    fn in_any_other_domain_and_without_selinux_nothing_is_asked_for() {
        for client in [
            "",
            "\0",
            "tunnel_client_t",
            "unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023\0",
            "system_u:system_r:container_t:s0:c1,c2\0",
            "system_u:system_r:tunnel_client_broker_t:s0\0",
            "system_u:system_r:tunnel_client_t2:s0\0",
            "system_u:tunnel_client_t:x:s0\0",
            // AppArmor
            "unconfined\n",
            "/usr/bin/tunnel-client (enforce)\n",
            "a:b:tunnel_client_t (enforce)\n",
            // Smack
            "_",
        ] {
            assert_eq!(beside(client), None, "{client:?}");
        }
        assert_eq!(Context::beside(b"\xff:r:tunnel_client_t:s0"), None);
    }

    /// A file in place of the kernel's, removed at the end.
    struct Attribute(PathBuf);

    impl Attribute {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("tunnel-client-attr-{}-{name}", std::process::id()));
            fs::write(&path, "").unwrap();
            Self(path)
        }

        fn text(&self) -> String {
            fs::read_to_string(&self.0).unwrap()
        }
    }

    impl Drop for Attribute {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    #[test]
    fn the_context_is_asked_for_during_the_execution_and_withdrawn_after_it_also_when_it_fails() {
        let attribute = Attribute::new("during");
        let context = Context("u:r:tunnel_client_broker_t:s0".to_owned());
        for number in [None, Some(libc::EACCES), Some(libc::EPERM), Some(libc::EAGAIN)] {
            fs::write(&attribute.0, "").unwrap();
            let outcome = context.requested_by(&attribute.0, || {
                assert_eq!(attribute.text(), context.0);
                number.map_or(Ok(()), |number| Err(io::Error::from_raw_os_error(number)))
            });
            assert!(attribute.text().starts_with('\n'), "{number:?}");
            match (number, outcome) {
                (None, Ok(())) | (Some(libc::EAGAIN), Err(Error::Other(_))) => {}
                (Some(_), Err(Error::Refused(refused @ Refused::Execution(..)))) => {
                    let said = refused.to_string();
                    assert!(said.contains(&context.0) && said.contains("ausearch"), "{said}");
                }
                (_, outcome) => assert!(outcome.is_ok(), "{number:?}: {outcome:?}"),
            }
        }
    }

    #[test]
    fn a_context_that_is_not_accepted_executes_nothing() {
        let context = Context("u:r:tunnel_client_broker_t:s0".to_owned());
        let missing = std::env::temp_dir().join("tunnel-client-attr-missing");
        let outcome = context.requested_by(&missing, || -> io::Result<()> { unreachable!("nothing is executed") });
        assert!(
            matches!(outcome, Err(Error::Refused(Refused::Request(..)))),
            "{outcome:?}"
        );
    }
}
