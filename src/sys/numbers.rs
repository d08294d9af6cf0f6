//! Numbers of system calls that the C library's list does not have on every architecture.

use libc::c_long;

/// fchmodat2(2), Linux 6.6. All architectures share the numbers from 424 on (scripts/syscall.tbl of Linux).
pub const FCHMODAT2: c_long = 452;

/// kexec_file_load(2), in the architecture's own table.
#[cfg(target_arch = "x86_64")]
pub const KEXEC_FILE_LOAD: c_long = libc::SYS_kexec_file_load;
/// kexec_file_load(2), the last call of asm-generic/unistd.h before the shared numbers.
#[cfg(not(target_arch = "x86_64"))]
pub const KEXEC_FILE_LOAD: c_long = 294;

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    #[test]
    fn a_number_is_that_of_the_c_library_where_it_has_one() {
        assert_eq!(super::FCHMODAT2, libc::SYS_fchmodat2);
    }
}
