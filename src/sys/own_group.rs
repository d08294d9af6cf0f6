//! The group of processes that this one is in.

use std::num::NonZeroU32;

/// Its number; `None` when it has none here, because its leader is outside of the pid namespace (pid_namespaces(7)).
#[must_use]
pub fn own_group() -> Option<NonZeroU32> {
    // SAFETY: getpgrp(2) takes nothing and always succeeds.
    let group = unsafe { libc::getpgrp() };
    NonZeroU32::new(group.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_the_kernel_shows() {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let fields = stat.rsplit_once(')').map(|(_, fields)| fields);
        let shown = fields.and_then(|fields| fields.split_whitespace().nth(2)?.parse().ok());
        assert_eq!(own_group(), shown.and_then(NonZeroU32::new));
    }
}
