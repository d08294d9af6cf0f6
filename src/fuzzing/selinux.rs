//! Security contexts. A child of `sandbox::selinux`.

use super::Context;

/// The context of the broker of a client in this one.
#[must_use]
pub fn beside(client: &[u8]) -> Option<String> {
    Context::beside(client).map(|Context(context)| context)
}
