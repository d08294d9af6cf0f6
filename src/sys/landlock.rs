//! The landlock version of the kernel, which the `landlock` crate does not report.

use std::io;

/// `LANDLOCK_CREATE_RULESET_VERSION` (linux/landlock.h).
const VERSION: u32 = 1;

/// The version of landlock that the kernel claims.
///
/// # Errors
/// ENOSYS: it was built without; EOPNOTSUPP: it was started without (landlock_create_ruleset(2)).
pub fn version() -> io::Result<i64> {
    // SAFETY: with this flag the call takes no memory: the kernel demands a null pointer and a length of 0.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<libc::c_void>(),
            0_usize,
            VERSION,
        )
    };
    match answer {
        0.. => Ok(answer),
        _ => Err(io::Error::last_os_error()),
    }
}
