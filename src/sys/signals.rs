//! Signals that are read from a descriptor instead of interrupting the process.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{FromRawFd, OwnedFd};

/// Gives every signal its default action again, but SIGPIPE, which Rust ignores and resets in children. A process inherits
/// what its ancestors ignored: with SIGCHLD ignored it would never learn how its children ended.
pub fn set_defaults() {
    for signal in 1..=libc::SIGRTMAX() {
        if signal != libc::SIGPIPE {
            // SAFETY: SIG_DFL is no function of ours that could run. Numbers whose action cannot be set (SIGKILL, SIGSTOP, those
            // that the C library keeps) are refused with EINVAL, which changes nothing.
            unsafe {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
    }
}

/// Signals that mean nothing here and whose default is the end of the process: one that somebody sends by mistake, or for another
/// program of the same group, must not cost the tunnel. SIGXFSZ makes a full quota an error of the write.
///
/// SIGQUIT stays an end without a drain, for people at a terminal; SIGXCPU, SIGSYS and those about faulty memory are ends for a
/// reason.
#[must_use]
pub fn unused() -> Vec<libc::c_int> {
    let named = [
        libc::SIGUSR1,
        libc::SIGUSR2,
        libc::SIGALRM,
        libc::SIGVTALRM,
        libc::SIGPROF,
        libc::SIGIO,
        libc::SIGPWR,
        libc::SIGSTKFLT,
        libc::SIGXFSZ,
    ];
    named.into_iter().chain(libc::SIGRTMIN()..=libc::SIGRTMAX()).collect()
}

/// Ignores them in this process. Programs that it executes inherit that, and have to undo it ([`set_defaults`]).
pub fn ignore_unused() {
    for signal in unused() {
        // SAFETY: SIG_IGN is no function of ours that could run, and the numbers are none that the C library keeps.
        unsafe {
            libc::signal(signal, libc::SIG_IGN);
        }
    }
}

/// Blocks no signal in this thread any more. Async-signal-safe: a child needs it before it executes its program, because what
/// is blocked stays so.
///
/// # Errors
/// The kernel refuses.
pub fn unblock_all() -> io::Result<()> {
    let mut none = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset fills the set, which lives until pthread_sigmask has read it; there is no place for an old one. Both are
    // on the list of signal-safety(7).
    let refused = unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut())
    };
    match refused {
        0 => Ok(()),
        number => Err(io::Error::from_raw_os_error(number)),
    }
}

/// Blocks these signals in this thread and gives a descriptor that becomes readable when one of them is pending (signalfd(2)). It
/// does not block, and is closed on exec.
///
/// # Errors
/// The kernel refuses.
pub fn receive(signals: &[libc::c_int]) -> io::Result<OwnedFd> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset fills the set that it is given, so it is initialized afterwards; sigaddset and pthread_sigmask are given
    // that set, which lives until the end of the block, and no place for an old one.
    let set = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            if libc::sigaddset(set.as_mut_ptr(), *signal) != 0 {
                return Err(io::Error::last_os_error());
            }
        }
        let set = set.assume_init();
        let refused = libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        if refused != 0 {
            return Err(io::Error::from_raw_os_error(refused));
        }
        set
    };
    // SAFETY: signalfd reads the set and makes a new descriptor, whose only owner the result becomes.
    unsafe {
        match libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) {
            -1 => Err(io::Error::last_os_error()),
            descriptor => Ok(OwnedFd::from_raw_fd(descriptor)),
        }
    }
}

/// Bytes of one signal that is read from the descriptor.
pub const RECEIVED: usize = size_of::<libc::signalfd_siginfo>();
