//! The only unsafe code: system calls that no safe interface offers.
#![expect(unsafe_code, reason = "this module exists to hold it")]

pub mod allocator;
pub mod locked;
pub mod own_block;
pub mod relocations;

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::io::Errno;
use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

/// Lets the kernel kill the child when this process ends, however it ends (prctl(2), PR_SET_PDEATHSIG).
///
/// The signal follows the *thread* that starts the child; that is the main thread, which lives as long as the process.
pub fn die_with_parent(command: &mut Command) {
    let parent = getpid();
    let before_exec = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // The parent may have died before the call above.
        if getppid() == Some(parent) {
            Ok(())
        } else {
            Err(io::Error::from(Errno::SRCH))
        }
    };
    // SAFETY: the closure runs in the child between fork and exec, where only async-signal-safe calls are allowed: it makes
    // two system calls through wrappers that neither allocate nor lock, and its errors are plain codes.
    unsafe {
        command.pre_exec(before_exec);
    }
}
