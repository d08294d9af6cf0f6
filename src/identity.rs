//! Names under which the program introduces itself to its peers.

/// Name of the program.
pub const CLIENT_NAME: &str = "tunnel-client-hardened";
/// Version of the program.
pub const CLIENT_VERSION: &str = env!("CARGO_PKG_VERSION");
/// Name and version, as `User-Agent` carries them.
pub const USER_AGENT: &str = concat!("tunnel-client-hardened/", env!("CARGO_PKG_VERSION"));

/// Identifier of this process: 16 random bytes in hexadecimal (contract: wire, section 2).
pub fn instance_id() -> String {
    let mut bytes = [0; 16];
    // Without randomness the process id keeps instances on one host apart.
    if getrandom::fill(&mut bytes).is_err() {
        bytes[..4].copy_from_slice(&std::process::id().to_le_bytes());
    }
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
