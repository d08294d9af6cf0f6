//! Gives back the part of the program that only its start needed.

use std::ffi::c_void;

/// Unmaps the pages of the program's relocation table (`.rela.dyn`), a twentieth of the program: it is read once, before `main`.
/// Whoever touches them again gets them from the file again. Where that is not possible nothing happens.
pub fn release() {
    let Some((start, length)) = table() else { return };
    // SAFETY: the range is a segment of this program that was never writable, so its pages hold nothing but what is in the file,
    // from which the kernel reads them again when they are touched (madvise(2), MADV_DONTNEED on a private file mapping). What
    // does not fit, the kernel refuses, and nothing has changed then.
    let _ = unsafe { rustix::mm::madvise(start, length, rustix::mm::Advice::LinuxDontNeed) };
}

unsafe extern "C" {
    /// The ELF header of this program in memory; the linker defines it where a segment holds it (ld, "PROVIDE_HIDDEN (__ehdr_start)").
    static __ehdr_start: libc::Elf64_Ehdr;
}

/// The first segment of the program: headers, symbols and relocations, page by page, when it can be read and nothing else.
fn table() -> Option<(*mut c_void, usize)> {
    // SAFETY: the symbol is the header itself, mapped as long as the process lives and never written.
    let header = unsafe { &__ehdr_start };
    let start = &raw const *header;
    let place = usize::try_from(header.e_phoff).ok()?;
    // SAFETY: getauxval(3) has no preconditions; what is not there is 0.
    let known = unsafe { libc::getauxval(libc::AT_PHDR) };
    // Only if the kernel has mapped the headers where the program has them.
    if start.addr().checked_add(place) != usize::try_from(known).ok() {
        return None;
    }
    // SAFETY: the program headers are where both the ELF header and the kernel say, as many as the ELF header says, mapped as long
    // as the process lives and never written; they are aligned in the file, which is mapped at a page.
    let segments = unsafe {
        std::slice::from_raw_parts(
            start.byte_add(place).cast::<libc::Elf64_Phdr>(),
            usize::from(header.e_phnum),
        )
    };
    let first = segments.iter().find(|segment| segment.p_type == libc::PT_LOAD)?;
    let pages = usize::try_from(first.p_filesz).ok()? & !(rustix::param::page_size() - 1);
    let is_table = first.p_offset == 0 && first.p_flags == libc::PF_R && pages > 0;
    is_table.then(|| (start.cast_mut().cast(), pages))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "tests")]

    use super::*;

    /// In tests it is the test program's; what holds for it holds for any.
    #[test]
    fn the_table_is_a_mapping_of_the_program_that_can_only_be_read_and_can_be_given_back() {
        let Some((start, length)) = table() else {
            panic!("no first segment that can only be read");
        };
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
        let line = maps
            .lines()
            .find(|line| line.starts_with(&format!("{:x}-", start.addr())));
        let line = line.unwrap_or_else(|| panic!("{start:?} is no mapping:\n{maps}"));
        assert!(line.contains(" r--p 00000000 "), "{line}");
        let magic = start.cast_const().cast::<[u8; 4]>();
        release();
        // SAFETY: the start of the mapping that was found above, which is longer than four bytes.
        assert_eq!(unsafe { magic.read() }, *b"\x7fELF", "{length} bytes");
        release();
    }
}
