//! Names of channels (contract: config, section 5).

/// The channel of an entry that names none.
pub(in crate::config) const MAIN: &str = "main";

/// The channel that the client itself serves.
pub(in crate::config) const HARPOON: &str = "harpoon";

/// Whether a text is a channel name as it stands: `^[a-z0-9_-]{1,64}$`.
pub(crate) fn is_channel(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
}
