//! Corrections of where polls go (contract: wire, section 13).

/// Bytes of the shard token of polls.
pub const POLL_TOKEN_MAX: usize = 4096;
/// The highest policy revision: the largest integer that every JSON library reads exactly.
pub const POLICY_REVISION_MAX: u64 = 9_007_199_254_740_991;
/// Corrections in a row without an answered poll, after which polls go without a token: two clusters may name each other.
pub const POLL_CORRECTIONS_MAX: u32 = 3;
/// Failed polls in a row with a token, after which they go without: its cluster may be gone.
pub const POLL_TOKEN_FAILURES_MAX: u32 = 3;
