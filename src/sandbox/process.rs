//! What the process is to others: no core, no debugger, few descriptors, no new processes.

use std::io;

use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit, umask};

use crate::config::{self, Config};
use crate::limits::{DESCRIPTORS_OF_A_WORKER, DESCRIPTORS_RESERVED};
use crate::sys;

/// Before the first secret is read into memory: no core file, no debugger of the same user.
///
/// # Errors
/// The kernel refuses, which it has no reason to.
pub fn conceal() -> io::Result<()> {
    limit(Resource::Core, 0)?;
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Reverts [`conceal`], for a process that holds no secret and is there to be inspected.
///
/// # Errors
/// The kernel refuses, which is not expected.
pub fn reveal() -> io::Result<()> {
    Ok(set_dumpable_behavior(DumpableBehavior::Dumpable)?)
}

/// Before anything is opened: nothing inherited but the standard streams, and files that are made are for ourselves only. Returns
/// the mask of mode bits that was in force before.
pub fn seclude() -> u32 {
    sys::descriptors::close_inherited();
    umask(Mode::from_raw_mode(0o077)).as_raw_mode()
}

/// The mask of mode bits. There is no way to look at it but to change it.
pub fn current_umask() -> u32 {
    let mask = umask(Mode::from_raw_mode(0o077));
    umask(mask);
    mask.as_raw_mode()
}

/// After the last thread was created: no process or thread more, and no more descriptors than the work needs.
pub(super) fn limit_resources(config: &Config) -> io::Result<()> {
    limit(Resource::Nproc, 0)?;
    limit(Resource::Nofile, descriptors(config))
}

/// Descriptors that there may be once the cage is shut, where they cannot be asked for any more.
#[must_use]
pub fn descriptors_in_cage(config: &Config) -> u64 {
    let now = getrlimit(Resource::Nofile);
    match config.hardening.mode {
        config::Mode::Off => now.current.unwrap_or(u64::MAX),
        _ => descriptors(config).min(now.maximum.unwrap_or(u64::MAX)),
    }
}

/// Raises the soft limit to what the work needs, or to what there may be.
fn descriptors(config: &Config) -> u64 {
    let workers = u64::try_from(config.mcp.max_concurrent_requests).unwrap_or(u64::MAX);
    workers
        .saturating_mul(DESCRIPTORS_OF_A_WORKER)
        .saturating_add(DESCRIPTORS_RESERVED)
}

/// Both limits, soft and hard, never above what they are.
fn limit(resource: Resource, wanted: u64) -> io::Result<()> {
    let hard = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let most = Some(wanted.min(hard));
    Ok(setrlimit(
        resource,
        Rlimit {
            current: most,
            maximum: most,
        },
    )?)
}
