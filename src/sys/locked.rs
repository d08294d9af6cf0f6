//! One secret in pages of its own: never swapped, dumped or inherited, wiped when dropped.

use std::ffi::c_void;
use std::fmt;
use std::io;
use std::ptr::NonNull;

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mlock, mmap_anonymous, munmap};
use secrecy::zeroize::Zeroize;

/// Bytes that stay as they are until they are wiped. They have one place: a clone would be a second copy.
pub struct Locked {
    start: NonNull<u8>,
    /// Bytes of the secret.
    length: usize,
    /// Bytes of the mapping.
    mapped: usize,
}

// SAFETY: the memory belongs to this value alone and is not tied to a thread.
unsafe impl Send for Locked {}
// SAFETY: after `of` nothing writes to the memory until it is dropped.
unsafe impl Sync for Locked {}

impl Locked {
    /// A copy of `parts`, one after the other, at most one page or as many as they need.
    ///
    /// That the pages are locked and left out of core files is best effort: `RLIMIT_MEMLOCK` may be zero.
    ///
    /// # Errors
    /// The system grants no memory.
    pub fn of(parts: &[&[u8]]) -> io::Result<Self> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mapped = length.max(1).next_multiple_of(rustix::param::page_size());
        let flags = MapFlags::PRIVATE;
        // SAFETY: a new mapping at a place of the kernel's choice replaces nothing.
        let start = unsafe { mmap_anonymous(std::ptr::null_mut(), mapped, ProtFlags::READ | ProtFlags::WRITE, flags)? };
        let Some(start) = NonNull::new(start.cast::<u8>()) else {
            return Err(io::ErrorKind::OutOfMemory.into());
        };
        let mut locked = Self { start, length, mapped };
        let pages = start.as_ptr().cast::<c_void>();
        // SAFETY: exactly the new mapping, which holds nothing yet.
        unsafe {
            let _ = mlock(pages, mapped);
            let _ = madvise(pages, mapped, Advice::LinuxDontDump);
            let _ = madvise(pages, mapped, Advice::LinuxWipeOnFork);
        }
        let mut rest = locked.bytes_mut();
        for part in parts {
            let (to, after) = rest.split_at_mut(part.len());
            to.copy_from_slice(part);
            rest = after;
        }
        Ok(locked)
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the mapping is at least this long, readable, initialised (by the kernel, with zeros) and lives as long as `self`;
        // nobody writes while `self` is borrowed.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`, and `self` is borrowed by nobody else.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.bytes_mut().zeroize();
        // SAFETY: exactly the mapping that `of` made; no reference into it outlives `self`.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.mapped) };
    }
}

impl fmt::Debug for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Locked([REDACTED])")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// The line `VmFlags` of the mapping at `address`, if there is one.
    fn flags_at(address: usize) -> Option<String> {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let start = format!("{address:x}-");
        let mut lines = maps.lines().skip_while(|line| !line.starts_with(&start));
        lines.find(|line| line.starts_with("VmFlags")).map(str::to_owned)
    }

    #[test]
    fn a_secret_has_pages_of_its_own_that_are_neither_dumped_nor_inherited_and_is_not_shown() {
        let long = [b'x'; 5000];
        for parts in [&[&b"Bearer "[..], b"key-4711"][..], &[&long[..]], &[]] {
            let locked = Locked::of(parts).unwrap();
            assert_eq!(locked.bytes(), parts.concat());
            let flags = flags_at(locked.bytes().as_ptr().addr()).unwrap();
            assert!(flags.contains(" dd") && flags.contains(" wf"), "{flags}");
            assert!(!format!("{locked:?}").contains("4711"));
        }
    }

    #[test]
    fn a_secret_is_gone_with_its_pages() {
        // Another thread may map the place again at once, but not each time.
        let gone = (0..100).any(|_| {
            let locked = Locked::of(&[b"gone with its pages"]).unwrap();
            let address = locked.bytes().as_ptr().addr();
            assert!(flags_at(address).is_some());
            drop(locked);
            flags_at(address).is_none()
        });
        assert!(gone);
    }
}
