//! Origins of callers. A child of `connector::origin`.

use std::net::SocketAddr;

use crate::server::Ends;

/// Host and port of an authority.
#[must_use]
pub fn authority(text: &str) -> Option<(&str, Option<u16>)> {
    super::parts(text)
}

/// Whether an origin is the place that `Host` names, for a relay that listens here.
#[must_use]
pub fn is_same_origin(origin: &str, host: &str, address: SocketAddr, tls: bool) -> Option<bool> {
    let local = Ends {
        address,
        tls,
        peer: address,
    };
    Some(super::is_same_origin(origin, super::parts(host)?, local))
}
