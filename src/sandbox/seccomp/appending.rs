//! How the main thread may open files for writing where landlock lets it, which is where its log is: to append, and nothing else.
//! What stands in a file is not cut off, and a file that others keep is not opened to be written over. Everything else is refused
//! with EPERM. F_SETFL stays, which pipes of servers need, and can take O_APPEND off a file that is open.

use seccompiler::BackendError;
use seccompiler::SeccompCmpOp::MaskedEq;

use super::{Rules, rule};

const MODE: u64 = libc::O_ACCMODE as u64;
const WRITES: u64 = libc::O_WRONLY as u64;
const BOTH: u64 = libc::O_RDWR as u64;
const APPENDS: u64 = libc::O_APPEND as u64;
const CREATES: u64 = libc::O_CREAT as u64;
const TRUNCATES: u64 = libc::O_TRUNC as u64;
/// A file without a name, without the flag of directories that it comes with (`__O_TMPFILE` in asm-generic/fcntl.h).
const NAMELESS: u64 = (libc::O_TMPFILE & !libc::O_DIRECTORY) as u64;

/// What is refused.
pub(super) fn refused() -> Result<Rules, BackendError> {
    let opening = |flags: u8| {
        [
            // To write, and not at the end.
            (MODE | APPENDS, WRITES),
            (MODE, BOTH),
            // For ioctl(2) only: both bits.
            (MODE, MODE),
            // Made by somebody who only reads.
            (MODE | CREATES, CREATES),
            (TRUNCATES, TRUNCATES),
            (NAMELESS, NAMELESS),
        ]
        .into_iter()
        .map(|(mask, value)| rule(&[(flags, MaskedEq(mask), value)]))
        .collect::<Result<Vec<_>, _>>()
    };
    Ok(Rules::from([
        (libc::SYS_openat, opening(2)?),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_open, opening(1)?),
    ]))
}
