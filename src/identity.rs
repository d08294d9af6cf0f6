//! Names under which the program introduces itself to its peers.

/// Name of the program.
pub const CLIENT_NAME: &str = "tunnel-client-hardened";
/// Version of the program.
pub const CLIENT_VERSION: &str = env!("CARGO_PKG_VERSION");
/// Name and version, as `User-Agent` carries them.
pub const USER_AGENT: &str = concat!("tunnel-client-hardened/", env!("CARGO_PKG_VERSION"));

/// The commit that this was built from, if the build was told (`scripts/build-static` does): the build environment decides, so that
/// two builds of the same source in the same environment are the same.
pub const BUILD_SHA: Option<&str> = option_env!("TUNNEL_CLIENT_GIT_SHA");

/// The build in labels of metrics: version and, if it is known, commit.
pub fn build() -> Vec<(&'static str, &'static str)> {
    let commit = BUILD_SHA.filter(|sha| is_sha(sha));
    let commit = commit.map(|sha| ("commit", sha));
    [("version", CLIENT_VERSION)].into_iter().chain(commit).collect()
}

/// Whether a text is a hash. Anything else is left out: scripts take the version apart.
pub fn is_sha(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Identifier of this process: 16 random bytes in hexadecimal (contract: wire, section 2).
pub fn instance_id() -> String {
    // Without randomness the process id keeps instances on one host apart.
    random_id().unwrap_or_else(|| format!("{:08x}{:024x}", std::process::id().swap_bytes(), 0))
}

/// 16 random bytes in hexadecimal; `None` when the system has none to give.
pub fn random_id() -> Option<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
