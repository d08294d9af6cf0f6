//! What programs make in a home when they run for the first time: made for them where the sandbox would keep them from it.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// Where package runners and what they fetch keep things (XDG Base Directory Specification; npm-config(7), `cache`).
const MADE: [&str; 4] = [".cache", ".config", ".local", ".npm"];

/// Nobody else's.
const MODE: u32 = 0o700;

/// Makes what is missing, by the user whose home it is. What cannot be made, that user could not have made either.
pub(super) fn complete(home: &Path) {
    for name in MADE {
        let _ = DirBuilder::new().mode(MODE).create(home.join(name));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_missing_in_a_home_is_made_and_what_is_there_stays() {
        let home = std::env::temp_dir().join(format!("tunnel-client-homes-{}", std::process::id()));
        let _ = fs::remove_dir_all(&home);
        fs::create_dir(&home).unwrap();
        fs::write(home.join(".local"), "a file").unwrap();
        complete(&home);
        assert_eq!(
            fs::metadata(home.join(".npm")).unwrap().permissions().mode() & 0o777,
            MODE
        );
        assert_eq!(fs::read(home.join(".local")).unwrap(), b"a file");
        fs::remove_dir_all(&home).unwrap();
        complete(&home);
        assert!(!home.exists());
    }
}
