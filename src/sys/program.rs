//! Gives back the pages of the program that only its start needed.

use std::ffi::c_void;

/// Takes the pages of the program that were never writable out of this process: code, constants, symbols, the relocation table. Most
/// of them only a start needs; those that are used come back by themselves, from the file in the kernel's cache. Where that is not
/// possible nothing happens.
pub fn release() {
    for (start, length) in segments() {
        // SAFETY: the range is a segment of this program that was never writable, so its pages hold nothing but what is in the file,
        // from which the kernel reads them again when they are touched (madvise(2), MADV_DONTNEED on a private file mapping), this
        // code included. What does not fit, the kernel refuses, and nothing has changed then.
        let _ = unsafe { rustix::mm::madvise(start, length, rustix::mm::Advice::LinuxDontNeed) };
    }
}

// SAFETY: the linker, which alone defines the symbol, gives it to the ELF header of this program, and a 64-bit one has this type
// (elf(5)). Hosts with 32 bits are not built for.
unsafe extern "C" {
    /// The ELF header of this program in memory; the linker defines it where a segment holds it (ld, "PROVIDE_HIDDEN (__ehdr_start)").
    static __ehdr_start: libc::Elf64_Ehdr;
}

/// The segments of the program, whole pages of them, that cannot be written. None when the program is not mapped as its file says.
fn segments() -> impl Iterator<Item = (*mut c_void, usize)> {
    // SAFETY: the symbol is the header itself, mapped as long as the process lives and never written.
    let header = unsafe { &__ehdr_start };
    let start = &raw const *header;
    // SAFETY: getauxval(3) has no preconditions; what is not there is 0.
    let known = unsafe { libc::getauxval(libc::AT_PHDR) };
    let place = usize::try_from(header.e_phoff).ok();
    // Only if the kernel has mapped the headers where the program has them.
    let place = place.filter(|place| start.addr().checked_add(*place) == usize::try_from(known).ok());
    let headers = place.map_or(&[][..], |place| {
        // SAFETY: the program headers are where both the ELF header and the kernel say, as many as the ELF header says, mapped as long
        // as the process lives and never written; they are aligned in the file, which is mapped at a page.
        unsafe {
            std::slice::from_raw_parts(
                start.byte_add(place).cast::<libc::Elf64_Phdr>(),
                usize::from(header.e_phnum),
            )
        }
    });
    let page = rustix::param::page_size();
    // The first segment begins with the header, so addresses count from there.
    let first = headers.iter().find(|segment| segment.p_type == libc::PT_LOAD);
    let base = first.map_or(0, |first| first.p_vaddr);
    let fixed = headers
        .iter()
        .filter(|segment| segment.p_type == libc::PT_LOAD && segment.p_flags & libc::PF_W == 0);
    fixed.filter_map(move |segment| {
        let offset = usize::try_from(segment.p_vaddr.checked_sub(base)?).ok()?;
        let length = usize::try_from(segment.p_filesz).ok()?;
        let (from, to) = (offset.next_multiple_of(page), offset.checked_add(length)? & !(page - 1));
        let at = start.cast_mut().wrapping_byte_add(from).cast();
        (from < to).then(|| (at, to - from))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "tests")]

    use super::*;

    /// In tests they are the test program's; what holds for it holds for any.
    #[test]
    fn segments_are_mappings_of_the_program_that_cannot_be_written_and_can_be_given_back() {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
        let program = std::env::current_exe().unwrap_or_default();
        let found: Vec<_> = segments().collect();
        assert!(found.len() >= 2, "code and constants: {found:?}\n{maps}");
        for (start, length) in &found {
            let inside = |line: &&str| {
                let range = line.split_whitespace().next().and_then(|range| range.split_once('-'));
                let ends = range.map(|(from, to)| (usize::from_str_radix(from, 16), usize::from_str_radix(to, 16)));
                matches!(ends, Some((Ok(from), Ok(to))) if from <= start.addr() && start.addr() + length <= to)
            };
            let Some(line) = maps.lines().find(inside) else {
                panic!("{start:?} and {length} bytes are in no one mapping:\n{maps}");
            };
            assert!(line.contains(" r--p ") || line.contains(" r-xp "), "{line}");
            assert!(line.ends_with(&*program.to_string_lossy()), "{line}");
        }
        release();
        release();
        assert_eq!(segments().count(), found.len());
    }
}
