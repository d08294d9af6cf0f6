//! Signals that cannot leave this process and its descendants: the means to end all processes that servers have started in one
//! step.
//!
//! A landlock domain with signal scope (Linux 6.12) refuses signals from its members to all other processes. Descendants are members,
//! whatever session, group or parent they have, and cannot leave. In such a domain `kill(-1)` reaches the descendants only, and all of
//! them: the kernel sends it under the lock that fork(2) needs to make a new process visible, and a fork that is under way fails
//! (`copy_process` in kernel/fork.c). Outside of such a domain the same call would end every process of the user, so it is
//! made by [`SignalScope`] alone, which exists only after a try has shown that the scope holds.

use landlock::{
    AccessFs, CompatLevel, Compatible as _, PathBeneath, PathFd, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _,
    RulesetError, Scope,
};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};

use crate::sys::witness::Witness;

/// Evidence that signals of this process reach itself and its descendants only.
#[derive(Debug)]
pub struct SignalScope(());

impl SignalScope {
    /// Enters a domain that restricts signals and nothing else, and proves it. `None` where the kernel has no signal scope, or does
    /// not enforce it. For a process with one thread and no child, after its last change of user: processes of other users cannot
    /// be signalled anyway and would prove nothing.
    pub(super) fn enter() -> Option<Self> {
        let witness = Witness::start().ok()?;
        // Without the domain it can be signalled: no other security module refuses it already.
        test_kill_process(witness.pid()).ok()?;
        restrict().ok()?;
        // The very signal that the domain has to keep in. Where the kernel lets it through, it ends the witness and nothing else.
        (kill_process(witness.pid(), Signal::KILL) == Err(Errno::PERM)).then_some(Self(()))
    }

    /// Kills all descendants of this process, atomically.
    pub fn kill_descendants(&self) {
        // -1 as kill(2) counts: every process that this one may signal, without itself.
        let _ = kill_process_group(Pid::INIT, Signal::KILL);
    }
}

/// Right to move files between directories is granted everywhere: kernels deny it in every layer that does not grant it, beneath a layer
/// with rules about files (`LANDLOCK_ACCESS_FS_REFER` in linux/landlock.h).
fn restrict() -> Result<(), RulesetError> {
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::Refer)?
        .scope(Scope::Signal)?
        .create()?;
    let ruleset = match PathFd::new("/") {
        Ok(root) => ruleset.add_rule(PathBeneath::new(root, AccessFs::Refer))?,
        Err(_) => ruleset,
    };
    // Each process outside would be a denial in the log of the kernel's audit (Linux 6.15).
    let ruleset = ruleset
        .set_compatibility(CompatLevel::BestEffort)
        .log_same_exec(false)?;
    ruleset.restrict_self().map(drop)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command};

    use super::*;

    /// The scope of one thread counts for its own children, so the test program itself stays outside.
    #[test]
    fn descendants_end_and_processes_outside_stay() {
        let mut outside = sleeper();
        let ended = std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let held = SignalScope::enter()?;
                let mut inside = sleeper();
                held.kill_descendants();
                Some(inside.wait().unwrap())
            });
            thread.join().unwrap()
        });
        assert!(outside.try_wait().unwrap().is_none());
        outside.kill().unwrap();
        outside.wait().unwrap();
        let has_scope = Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .scope(Scope::Signal)
            .and_then(Ruleset::create);
        assert_eq!(ended.is_some(), has_scope.is_ok());
    }

    fn sleeper() -> Child {
        Command::new("sleep").arg("300").process_group(0).spawn().unwrap()
    }
}
