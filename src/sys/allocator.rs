//! The allocator of the program: what is freed is wiped first.
//!
//! Buffers of libraries (HTTP, TLS, JSON, base64) hold tokens, keys and messages for a moment and know nothing of it. Wiping all that
//! is freed needs no list of what is secret, and none that could be incomplete.

use std::alloc::{GlobalAlloc, Layout};

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

/// Wipes every block before it is freed. The binary installs it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wiping;

// SAFETY: every block comes from `INNER` and goes back to it with the layout that it has there; `INNER` is a correct allocator. What
// is written here lies inside of blocks that the caller gave up.
unsafe impl GlobalAlloc for Wiping {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`, which is that of `INNER`.
        unsafe { INNER.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        unsafe { INNER.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block has this layout and the caller has given it up.
        unsafe {
            wipe(block, layout.size());
            INNER.dealloc(block, layout);
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size <= layout.size() && layout.align() <= SHRINKS_IN_PLACE {
            // SAFETY: the tail lies inside of the block, and the caller gave it up. The rest is not copied: small blocks stay where they
            // are, and those that are mappings of their own (`mmap`) are unmapped with what is in them. Should `INNER` fail, the
            // caller keeps a block whose tail is zeros; none of ours and none of the standard library goes on then.
            return unsafe {
                wipe(block.add(size), layout.size() - size);
                INNER.realloc(block, layout, size)
            };
        }
        // SAFETY: the caller promises that this size with this alignment is a layout.
        let moved = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: the new layout is not empty (contract of `realloc`). Both blocks are as long as what is copied, and they are two
        // blocks. The old one is given up by the caller when there is a new one.
        unsafe {
            let new = INNER.alloc(moved);
            if !new.is_null() {
                new.copy_from_nonoverlapping(block, layout.size().min(size));
                self.dealloc(block, layout);
            }
            new
        }
    }
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
