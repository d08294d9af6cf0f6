//! The blocks of arguments and of the environment that the kernel put onto our stack, and that `/proc/PID/cmdline` and
//! `/proc/PID/environ` show for as long as the process lives.

use std::fs;
use std::io;
use std::ops::Range;

use secrecy::zeroize::Zeroize;

/// Where the kernel keeps them (proc_pid_stat(5), fields 48 to 51), and how many threads there are (field 20).
struct Blocks {
    threads: usize,
    arguments: Range<usize>,
    environment: Range<usize>,
}

/// Zeroes the environment, and shows the arguments to `mask`, which may overwrite bytes: each argument ends with a zero.
///
/// Who asks for a variable afterwards is told that it is not set; what was copied before stays. Only before the first thread: others
/// may be reading.
///
/// # Errors
/// `/proc` is not there, or there are threads; nothing has changed then.
pub fn scrub(mask: impl FnOnce(&mut [u8])) -> io::Result<()> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let Some(blocks) = Blocks::parse(&stat) else {
        return Err(io::Error::other(
            "/proc/self/stat does not say where arguments and environment are",
        ));
    };
    if blocks.threads != 1 {
        return Err(io::Error::other("there are other threads already"));
    }
    // SAFETY: the kernel wrote both blocks before the program began, onto the stack of the main thread: they are initialised, writable
    // and never unmapped, and they do not overlap. Nobody has a reference into them: the standard library hands out copies of
    // arguments and variables, libc keeps pointers to strings and reads them when it is asked, which this thread, the only one, does
    // not do meanwhile. Every string that begins inside still ends inside, as all of it but `mask`'s bytes are zeros.
    unsafe {
        mask(block(&blocks.arguments));
        block(&blocks.environment).zeroize();
    }
    Ok(())
}

/// # Safety
/// The place is initialised memory of this process, writable as long as it lives, and nobody else refers to it while the result is used.
unsafe fn block<'a>(place: &Range<usize>) -> &'a mut [u8] {
    let start = std::ptr::with_exposed_provenance_mut::<u8>(place.start);
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(start, place.len()) }
}

impl Blocks {
    fn parse(stat: &str) -> Option<Self> {
        // The name of the program comes second, in brackets, and may hold any character.
        let (_, after_name) = stat.rsplit_once(')')?;
        // The first field here is the third.
        let field = |number: usize| {
            after_name
                .split_ascii_whitespace()
                .nth(number - 3)?
                .parse::<usize>()
                .ok()
        };
        let blocks = Self {
            threads: field(20)?,
            arguments: field(48)?..field(49)?,
            environment: field(50)?..field(51)?,
        };
        let in_order = |place: &Range<usize>| place.start != 0 && place.start <= place.end;
        // The kernel does not tell others where they are, and then says zero.
        (in_order(&blocks.arguments)
            && in_order(&blocks.environment)
            && blocks.arguments.end <= blocks.environment.start)
            .then_some(blocks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blocks_are_found_behind_any_name_of_a_program() {
        let stat = |name: &str, places: &str| {
            let zeros = "0 ".repeat(44);
            format!("1 ({name}) S {zeros}{places} 0\n")
        };
        for name in ["tunnel-client", "a) S 1 (b", ""] {
            let blocks = Blocks::parse(&stat(name, "16 20 20 30"));
            let places = blocks.map(|blocks| (blocks.arguments, blocks.environment));
            assert_eq!(places, Some((16..20, 20..30)), "{name}");
        }
        for places in ["0 0 0 0", "20 16 20 30", "16 20 18 30", "16 20 30 20", "16 20 20"] {
            assert!(Blocks::parse(&stat("x", places)).is_none(), "{places}");
        }
        assert!(Blocks::parse("").is_none());
    }

    #[test]
    fn this_process_has_both_where_the_kernel_says() {
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let blocks = Blocks::parse(&stat).map(|blocks| (blocks.arguments.len(), blocks.environment.len()));
        let (arguments, environment) = ["/proc/self/cmdline", "/proc/self/environ"]
            .map(|path| fs::read(path).unwrap_or_default())
            .into();
        assert_eq!(blocks, Some((arguments.len(), environment.len())));
    }
}
