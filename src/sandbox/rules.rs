//! Rules of landlock (landlock(7)): which files can be reached and how, which TCP ports, which processes.
//!
//! Rules hold for the thread that takes them on and for those that it creates, threads and processes, and can only grow
//! stricter. They are tied to the file that is there, not to its name: what takes its place is not covered, so directories are
//! named where files are exchanged.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, NetPort, PathBeneath, PathFd,
    RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetError, Scope,
};

use crate::sys;

/// The newest version that is asked for, tested as it is. Newer ones deny more, `/dev/log` and name resolution among it, and are
/// not to come in with a new kernel.
pub(super) const TARGET: ABI = ABI::V6;

/// A version, and what it is asked to keep apart of processes.
type Attempt = (ABI, BitFlags<Scope>);

/// From the target downwards; some vendors' kernels tell of a version that they then refuse. Those of RHEL 9.6 and 9.7 tell of
/// version 6 and do not know signals.
fn attempts() -> [Attempt; 7] {
    let none = BitFlags::EMPTY;
    [
        (TARGET, Scope::from_all(TARGET)),
        (TARGET, Scope::AbstractUnixSocket.into()),
        (ABI::V5, none),
        (ABI::V4, none),
        (ABI::V3, none),
        (ABI::V2, none),
        (ABI::V1, none),
    ]
}

/// What remains allowed.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    files: Vec<(PathBuf, BitFlags<AccessFs>)>,
    connect: Option<BTreeSet<u16>>,
    scoped: bool,
}

/// Rules that the kernel has taken, for a thread to take on.
#[derive(Debug)]
pub(super) struct Ready {
    ruleset: RulesetCreated,
    enforced: Enforced,
}

/// The version of landlock that the kernel enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Enforced {
    abi: u8,
    signals: bool,
}

/// The kernel does not take the rules.
#[derive(Debug)]
pub enum Error {
    /// It has no landlock.
    Missing,
    /// It has landlock, and was started without.
    Disabled,
    /// Somebody around this process filters the calls.
    Forbidden,
    /// It does not take these.
    Rules(RulesetError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => {
                f.write_str("this kernel has no landlock (Linux 5.13 or newer, built with CONFIG_SECURITY_LANDLOCK)")
            }
            Self::Disabled => f.write_str(
                "this kernel has landlock and was started without it; add landlock to its boot parameter lsm= and restart",
            ),
            Self::Forbidden => f.write_str(
                "the calls of landlock are filtered; allow them in the container's seccomp profile, or in SystemCallFilter= of the unit",
            ),
            Self::Rules(error) => write!(f, "the kernel does not take the rules of landlock: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl Rules {
    /// No file, no process outside, any TCP port.
    pub(super) fn new() -> Self {
        Self {
            scoped: true,
            ..Self::default()
        }
    }

    /// Allows some access to a file, or to a directory and all in it. What is not there needs no rule.
    pub(super) fn allow(&mut self, path: impl Into<PathBuf>, access: impl Into<BitFlags<AccessFs>>) {
        self.files.push((path.into(), access.into()));
    }

    /// Limits TCP to connections to these ports; nothing can be bound any more.
    pub(super) fn limit_ports(&mut self, ports: impl IntoIterator<Item = u16>) {
        self.connect.get_or_insert_default().extend(ports);
    }

    /// Hands the rules to the newest version of landlock that takes them.
    ///
    /// # Errors
    /// [`Error`].
    pub(super) fn prepare(&self) -> Result<Ready, Error> {
        self.prepare_for(&attempts())
    }

    fn prepare_for(&self, attempts: &[Attempt]) -> Result<Ready, Error> {
        let mut refusal = None;
        for (abi, scopes) in attempts {
            match self.create(*abi, *scopes) {
                Ok(ruleset) => return self.fill(ruleset, *abi, *scopes).map_err(Error::Rules),
                Err(error) => refusal = Some(error),
            }
        }
        Err(match (sys::landlock::version(), refusal) {
            (Ok(_), Some(error)) => Error::Rules(error),
            (Err(error), _) => match error.raw_os_error() {
                Some(libc::EOPNOTSUPP) => Error::Disabled,
                Some(libc::EPERM | libc::EACCES) => Error::Forbidden,
                _ => Error::Missing,
            },
            (Ok(_), None) => Error::Missing,
        })
    }

    fn create(&self, abi: ABI, scopes: BitFlags<Scope>) -> Result<RulesetCreated, RulesetError> {
        let mut ruleset = landlock::Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(abi))?;
        if self.connect.is_some() && abi >= ABI::V4 {
            ruleset = ruleset.handle_access(AccessNet::from_all(abi))?;
        }
        if self.scoped && !scopes.is_empty() {
            ruleset = ruleset.scope(scopes)?;
        }
        ruleset.create()
    }

    fn fill(&self, mut ruleset: RulesetCreated, abi: ABI, scopes: BitFlags<Scope>) -> Result<Ready, RulesetError> {
        for (path, access) in &self.files {
            let known = *access & AccessFs::from_all(abi);
            let access = match is_directory(path) {
                true => known,
                false => known & AccessFs::from_file(abi),
            };
            if let (false, Ok(place)) = (access.is_empty(), PathFd::new(path)) {
                ruleset = ruleset.add_rule(PathBeneath::new(place, access))?;
            }
        }
        if abi >= ABI::V4 {
            for port in self.connect.iter().flatten() {
                ruleset = ruleset.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
            }
        }
        let enforced = Enforced {
            abi: abi as u8,
            signals: scopes.contains(Scope::Signal),
        };
        Ok(Ready { ruleset, enforced })
    }
}

fn is_directory(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_dir())
}

impl Ready {
    /// This thread takes the rules on, and gives up new privileges (prctl(2), `PR_SET_NO_NEW_PRIVS`). Two system calls.
    ///
    /// # Errors
    /// [`Error::Rules`].
    pub(super) fn restrict(self) -> Result<Enforced, Error> {
        let enforced = self.enforced;
        self.ruleset.restrict_self().map_err(Error::Rules)?;
        Ok(enforced)
    }

    /// What the kernel has taken.
    pub(super) fn enforced(&self) -> Enforced {
        self.enforced
    }

    /// The same rules once more, for the process that is started next.
    ///
    /// # Errors
    /// No descriptor is left.
    pub(super) fn try_clone(&self) -> std::io::Result<Self> {
        Ok(Self {
            ruleset: self.ruleset.try_clone()?,
            enforced: self.enforced,
        })
    }
}

impl Enforced {
    /// The number of the version.
    pub(super) fn abi(self) -> u8 {
        self.abi
    }

    /// Whether files that are cut off are looked at.
    pub(super) fn looks_at_truncation(self) -> bool {
        self.abi >= ABI::V3 as u8
    }

    /// Whether TCP ports are looked at.
    pub(super) fn limits_ports(self) -> bool {
        self.abi >= ABI::V4 as u8
    }

    /// What is not looked at and was asked for, for people; empty when there is nothing.
    pub(super) fn lacks(self) -> String {
        let newer = [
            (ABI::V3, "truncating files (Linux 6.2)"),
            (ABI::V4, "TCP ports (Linux 6.7)"),
            (ABI::V5, "ioctl on devices (Linux 6.10)"),
            (ABI::V6, "abstract sockets (Linux 6.12)"),
        ];
        let newer = newer.into_iter().filter(|(abi, _)| *abi as u8 > self.abi);
        let signals = (!self.signals).then_some("signals (Linux 6.12)");
        let missing: Vec<_> = newer.map(|(_, what)| what).chain(signals).collect();
        missing.join(", ")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use std::fs::{self, File};
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// Runs `attempt` in a thread of its own under the rules, as these versions of landlock know them.
    fn restricted<T: Send>(rules: &Rules, versions: &[Attempt], attempt: impl FnOnce(Enforced) -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| attempt(rules.prepare_for(versions).unwrap().restrict().unwrap()));
            thread.join().unwrap()
        })
    }

    #[test]
    fn the_first_version_keeps_files_and_says_what_it_does_not_keep() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut rules = Rules::new();
        rules.allow("/usr", AccessFs::ReadFile);
        rules.allow("/not/there", AccessFs::ReadFile);
        rules.limit_ports([1]);
        restricted(&rules, &[(ABI::V1, BitFlags::EMPTY)], |enforced| {
            assert_eq!(
                File::open("/etc/passwd").unwrap_err().kind(),
                ErrorKind::PermissionDenied
            );
            File::open("/usr/bin/env").unwrap();
            TcpStream::connect(address).unwrap();
            assert_eq!((enforced.abi(), enforced.limits_ports()), (1, false));
            assert!(enforced.lacks().contains("TCP ports"), "{}", enforced.lacks());
        });
    }

    #[test]
    fn a_version_that_is_refused_gives_way_to_an_older_one() {
        // V10 is newer than any kernel of today's; where it is not, the test has nothing to refuse.
        let mut rules = Rules::new();
        rules.allow("/usr", AccessFs::ReadFile);
        let enforced = restricted(
            &rules,
            &[(ABI::V10, BitFlags::EMPTY), (ABI::V2, BitFlags::EMPTY)],
            |enforced| enforced,
        );
        assert!(matches!(enforced.abi(), 2 | 10), "{enforced:?}");
    }

    #[test]
    fn one_file_can_be_allowed_without_its_neighbours_and_its_successor_is_not() {
        let directory = std::env::temp_dir().join(format!("tunnel-client-landlock-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let (one, next) = (directory.join("one"), directory.join("next"));
        fs::write(&one, "1").unwrap();
        fs::write(&next, "2").unwrap();
        let mut rules = Rules::new();
        rules.allow(&one, AccessFs::from_read(TARGET));
        restricted(&rules, &attempts(), |_| {
            assert_eq!(fs::read_to_string(&one).unwrap(), "1");
            fs::read_to_string(&next).unwrap_err();
            std::thread::scope(|_| ());
        });
        fs::rename(&next, &one).unwrap();
        let mut rules = Rules::new();
        rules.allow(&directory, AccessFs::ReadFile);
        restricted(&rules, &attempts(), |_| {
            assert_eq!(fs::read_to_string(&one).unwrap(), "2")
        });
        fs::remove_dir_all(directory).unwrap();
    }

    /// linux/landlock.h of Linux 5.13, 5.19, 6.2, 6.7, 6.10 and 6.12, as numbers: bits of files, of files that are no directories, of
    /// ports, of scopes.
    const KERNEL: [(ABI, u64, u64, u64, u64); 6] = [
        (ABI::V1, 0x1fff, 0x7, 0, 0),
        (ABI::V2, 0x3fff, 0x7, 0, 0),
        (ABI::V3, 0x7fff, 0x4007, 0, 0),
        (ABI::V4, 0x7fff, 0x4007, 0x3, 0),
        (ABI::V5, 0xffff, 0xc007, 0x3, 0),
        (ABI::V6, 0xffff, 0xc007, 0x3, 0x3),
    ];

    #[test]
    fn every_version_handles_all_rights_that_its_kernel_has_and_lacks_exactly_the_newer_ones() {
        for (abi, all, of_files, ports, scopes) in KERNEL {
            assert_eq!(AccessFs::from_all(abi).bits(), all, "{abi:?}");
            assert_eq!(AccessFs::from_file(abi).bits(), of_files, "{abi:?}");
            assert_eq!(AccessNet::from_all(abi).bits(), ports, "{abi:?}");
            assert_eq!(Scope::from_all(abi).bits(), scopes, "{abi:?}");
            for signals in [false, true] {
                let enforced = Enforced {
                    abi: abi as u8,
                    signals,
                };
                assert_eq!(enforced.looks_at_truncation(), all & 0x4000 != 0);
                assert_eq!(enforced.limits_ports(), ports != 0);
                let lacks = enforced.lacks();
                assert_eq!(lacks.contains("truncating"), all & 0x4000 == 0, "{abi:?}: {lacks}");
                assert_eq!(lacks.contains("TCP"), ports == 0, "{abi:?}: {lacks}");
                assert_eq!(lacks.contains("ioctl"), all & 0x8000 == 0, "{abi:?}: {lacks}");
                assert_eq!(lacks.contains("abstract"), scopes == 0, "{abi:?}: {lacks}");
                assert_eq!(lacks.contains("signals"), !signals, "{abi:?}: {lacks}");
            }
        }
    }

    #[test]
    fn attempts_give_up_one_thing_at_a_time_and_reach_every_version() {
        let attempts = attempts();
        let versions: Vec<_> = attempts.iter().map(|(abi, _)| *abi as u8).collect();
        assert_eq!(versions, [6, 6, 5, 4, 3, 2, 1]);
        for pair in attempts.windows(2) {
            let [(newer, more), (older, fewer)] = pair else {
                unreachable!("two of them")
            };
            assert!(newer >= older && more.contains(*fewer) && (newer, more) != (older, fewer));
        }
        assert_eq!(attempts[0].1, Scope::from_all(TARGET));
    }
}
