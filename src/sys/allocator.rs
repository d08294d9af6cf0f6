//! The allocator of the program: what is freed is wiped first.
//!
//! Buffers of libraries (HTTP, TLS, JSON, base64) hold tokens, keys and messages for a moment and know nothing of it. Wiping all that
//! is freed needs no list of what is secret, and none that could be incomplete.
//!
//! Large blocks are mappings of their own: they grow without a copy, take memory only where something was written, and go back to
//! the system when they are freed.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr;

use rustix::mm::{MapFlags, MremapFlags, ProtFlags, mmap_anonymous, mremap, munmap};

/// musl's own allocator costs a third of the CPU time on the data path (benches/README.md).
#[cfg(target_env = "musl")]
type Inner = dlmalloc::GlobalDlmalloc;
#[cfg(target_env = "musl")]
const INNER: Inner = dlmalloc::GlobalDlmalloc;
#[cfg(not(target_env = "musl"))]
type Inner = std::alloc::System;
#[cfg(not(target_env = "musl"))]
const INNER: Inner = std::alloc::System;

/// Up to this alignment both allocators below shrink a block where it is; above, they copy it and free the old one as it is.
const SHRINKS_IN_PLACE: usize = 16;

/// Blocks of at least this size are mappings. Smaller ones share pages with others, and an allocator keeps these; a mapping costs two
/// system calls and a page fault for each 4 KiB, which only large messages and the loading of files pay.
pub const MAPPED_MIN: usize = 256 * 1024;

/// Every page size of Linux is a multiple of this, and a mapping begins at a page.
const PAGE: usize = 4096;

/// The largest page: kernels for aarch64 may have 64 KiB.
const PAGE_MAX: usize = if cfg!(target_arch = "aarch64") { 64 * 1024 } else { PAGE };

/// Whether a block of this layout is a mapping of its own.
#[inline]
const fn is_mapped(layout: Layout) -> bool {
    layout.size() >= MAPPED_MIN && layout.align() <= PAGE
}

/// New memory of at least `size` bytes, all zeros; null when the system has none.
fn map(size: usize) -> *mut u8 {
    // SAFETY: a new mapping at a place that the kernel chooses touches nothing that exists.
    let mapped = unsafe {
        mmap_anonymous(
            ptr::null_mut(),
            size,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE,
        )
    };
    mapped.map_or(ptr::null_mut(), <*mut _>::cast)
}

/// Wipes every block before it is freed. The binary installs it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wiping;

// SAFETY: the layout alone says whether a block is a mapping or comes from `INNER`, and it goes back to where it came from with the
// layout that it has there; `INNER` is a correct allocator. What is written here lies inside of blocks that the caller gave up.
unsafe impl GlobalAlloc for Wiping {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_mapped(layout) {
            return map(layout.size());
        }
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`, which is that of `INNER`.
        unsafe { INNER.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_mapped(layout) {
            return map(layout.size());
        }
        // SAFETY: as in `alloc`.
        unsafe { INNER.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_mapped(layout) {
            // Its pages leave the process, and the kernel hands out pages of zeros (mmap(2), MAP_ANONYMOUS): no process can read
            // their old content. Wiping them first would take memory for pages that were never written. `munmap` fails only for a
            // part of a larger mapping, when there are too many mappings to split it (ENOMEM); then the block stays, wiped.
            // SAFETY: the block is mapped and this long, and the caller has given it up.
            unsafe {
                if munmap(block.cast(), layout.size()).is_err() {
                    wipe(block, layout.size());
                }
            }
            return;
        }
        // SAFETY: the block has this layout and the caller has given it up.
        unsafe {
            wipe(block, layout.size());
            INNER.dealloc(block, layout);
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that this size with this alignment is a layout.
        let moved = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        if is_mapped(layout) && is_mapped(moved) {
            // The kernel moves the pages themselves: nothing is copied, nothing stays behind.
            // SAFETY: the block is a mapping of `layout.size()` bytes, and the caller uses only what is returned. When it shrinks,
            // the part that stays mapped in its last page lies inside of the block and is given up.
            return unsafe {
                if size < layout.size() {
                    let end = layout.size().min(size.next_multiple_of(PAGE_MAX));
                    wipe(block.add(size), end - size);
                }
                mremap(block.cast(), layout.size(), size, MremapFlags::MAYMOVE).map_or(ptr::null_mut(), <*mut _>::cast)
            };
        }
        if !is_mapped(layout) && !is_mapped(moved) && size <= layout.size() && layout.align() <= SHRINKS_IN_PLACE {
            // SAFETY: the tail lies inside of the block, and the caller gave it up. The rest is not copied: blocks of this size
            // stay where they are. Should `INNER` fail, the
            // caller keeps a block whose tail is zeros; none of ours and none of the standard library goes on then.
            return unsafe {
                wipe(block.add(size), layout.size() - size);
                INNER.realloc(block, layout, size)
            };
        }
        // SAFETY: the new layout is not empty (contract of `realloc`). Both blocks are as long as what is copied, and they are two
        // blocks. The old one is given up by the caller when there is a new one.
        unsafe {
            let new = self.alloc(moved);
            if !new.is_null() {
                new.copy_from_nonoverlapping(block, layout.size().min(size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}

/// Zeroes bytes of a buffer that remains in use, such as a processed message.
pub fn wipe_bytes(bytes: &mut [u8]) {
    // SAFETY: all bytes of the slice are writable and the caller's.
    unsafe { wipe(bytes.as_mut_ptr(), bytes.len()) }
}

/// Zeroes memory that nobody will read again, which is why the compiler has to be told that somebody does.
///
/// # Safety
/// `size` bytes from `start` on must be writable and belong to the caller.
#[inline]
unsafe fn wipe(start: *mut u8, size: usize) {
    // SAFETY: the caller's promise. The empty instruction may read all memory that `start` leads to, as far as the compiler knows, so the
    // zeros must be there before it; it does nothing and keeps every register, flags and the stack included.
    unsafe {
        start.write_bytes(0, size);
        std::arch::asm!("/* {0} */", in(reg) start, options(nostack, preserves_flags));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "tests")]

    use super::*;

    const SECRET: &[u8] = b"a secret that must not stay behind in memory";

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap_or_else(|_| panic!("{size} {align}"))
    }

    /// A block of `size` bytes that begins and ends with the secret.
    fn block(layout: Layout) -> *mut u8 {
        // SAFETY: the layout is not empty, and the block is long enough for two secrets.
        unsafe {
            let block = Wiping.alloc_zeroed(layout);
            block.copy_from_nonoverlapping(SECRET.as_ptr(), SECRET.len());
            let end = block.add(layout.size() - SECRET.len());
            end.copy_from_nonoverlapping(SECRET.as_ptr(), SECRET.len());
            block
        }
    }

    #[test]
    fn memory_is_zeros_after_it_was_wiped() {
        let mut bytes = SECRET.to_vec();
        // SAFETY: all bytes of the vector but the first.
        unsafe { wipe(bytes.as_mut_ptr().add(1), bytes.len() - 1) };
        assert_eq!(bytes[0], b'a');
        assert!(bytes[1..].iter().all(|byte| *byte == 0), "{bytes:?}");
    }

    /// Bytes of memory that a block really takes.
    fn resident(block: *mut u8, size: usize) -> usize {
        let mut pages = vec![0_u8; size.div_ceil(PAGE)];
        // SAFETY: the range is one mapping, the vector has a byte for each page (mincore(2)).
        let result = unsafe { libc::mincore(block.cast(), size, pages.as_mut_ptr()) };
        assert_eq!(result, 0, "{:?}", std::io::Error::last_os_error());
        pages.iter().filter(|page| **page & 1 == 1).count() * PAGE
    }

    #[test]
    fn a_large_block_takes_memory_where_it_was_written_and_goes_back_to_the_system() {
        // Without huge pages this is exact; with them a write takes 2 MiB.
        const HUGE: usize = 2 << 20;
        let (first, grown) = (layout(8 << 20, 16), layout(64 << 20, 16));
        // SAFETY: blocks are used with the layouts that they have, and within them; what was freed is only asked for.
        unsafe {
            let block = block(first);
            let larger = Wiping.realloc(block, first, grown.size());
            assert_eq!(std::slice::from_raw_parts(larger, SECRET.len()), SECRET);
            assert!(
                resident(larger, grown.size()) <= 3 * HUGE,
                "{}",
                resident(larger, grown.size())
            );
            let shrunk = Wiping.realloc(larger, grown, first.size());
            assert_eq!(std::slice::from_raw_parts(shrunk, SECRET.len()), SECRET);
            Wiping.dealloc(shrunk, first);
        }
    }

    #[test]
    fn contents_survive_growing_and_shrinking_and_what_was_cut_off_is_zeros() {
        for align in [1, 8, 16, 64, 4096] {
            for size in [128, 5000, 300_000, 2_000_000] {
                let (small, large) = (layout(size, align), layout(2 * size, align));
                // SAFETY: blocks are used with the layouts that they have, and within them.
                unsafe {
                    let grown = Wiping.realloc(block(small), small, large.size());
                    assert!(grown.addr().is_multiple_of(align));
                    let bytes = std::slice::from_raw_parts(grown, size);
                    assert!(bytes.starts_with(SECRET) && bytes.ends_with(SECRET));
                    let shrunk = Wiping.realloc(grown, large, SECRET.len());
                    assert!(shrunk.addr().is_multiple_of(align));
                    assert_eq!(std::slice::from_raw_parts(shrunk, SECRET.len()), SECRET);
                    if shrunk == grown && size <= 5000 {
                        // The allocator keeps its own notes in the first words after a block.
                        let cut = std::slice::from_raw_parts(shrunk.add(SECRET.len() + 64), size - SECRET.len() - 64);
                        assert!(!cut.windows(8).any(|bytes| SECRET.windows(8).any(|part| part == bytes)));
                    }
                    Wiping.dealloc(shrunk, layout(SECRET.len(), align));
                }
            }
        }
    }
}
