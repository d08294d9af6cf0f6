//! Networks of settings (`src/config/values/cidr.rs`). Oracle: `ipnet`, for what is a network and for which addresses lie in it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use tunnel_client::config::Cidr;

use crate::support::text::take;

/// Feeds sixteen bytes as an address, and the rest as a network.
pub fn check(mut data: &[u8]) {
    let mut octets = [0; 16];
    let given = take(&mut data, 16);
    octets[..given.len()].copy_from_slice(given);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let ours = text.parse::<Cidr>();
    let theirs = network(text);
    let (Ok(ours), Some(theirs)) = (ours, theirs) else {
        assert_eq!(
            ours.is_ok(),
            theirs.is_some(),
            "{text:?}: {ours:?}, expected {theirs:?}"
        );
        return;
    };
    let [a, b, c, d, ..] = octets;
    let bits = theirs.prefix_len();
    for address in [
        IpAddr::from(octets),
        IpAddr::from([a, b, c, d]),
        Ipv4Addr::new(a, b, c, d).to_ipv6_mapped().into(),
        theirs.network(),
        theirs.broadcast(),
        // One bit beside the network.
        flipped(theirs.network(), bits.saturating_sub(1)),
        flipped(theirs.network(), bits),
        theirs.addr(),
    ] {
        let expected = holds(&theirs, address);
        assert_eq!(ours.contains(address), expected, "{text:?} {address}");
    }
}

/// A network or one address, in the form in which addresses are compared.
fn network(text: &str) -> Option<IpNet> {
    let network = match text.split_once('/') {
        // Octal for some readers.
        Some((_, bits)) if bits.len() > 1 && bits.starts_with('0') => return None,
        Some((_, bits)) if !bits.bytes().all(|byte| byte.is_ascii_digit()) => return None,
        // Addresses as the standard library reads them: the crate takes zeros before the numbers of one.
        Some((address, bits)) => IpNet::new(address.parse().ok()?, bits.parse().ok()?).ok()?,
        None => IpNet::from(text.parse::<IpAddr>().ok()?),
    };
    match network {
        IpNet::V6(inner) => match (inner.addr().to_ipv4_mapped(), inner.prefix_len()) {
            (Some(address), bits @ 96..) => IpNet::new(address.into(), bits - 96).ok(),
            _ => Some(network),
        },
        IpNet::V4(_) => Some(network),
    }
}

fn holds(network: &IpNet, address: IpAddr) -> bool {
    network.contains(&address.to_canonical())
}

fn flipped(address: IpAddr, bit: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() ^ (1 << 31_u32.saturating_sub(bit.into()))).into(),
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() ^ (1 << 127_u32.saturating_sub(bit.into()))).into()
        }
    }
}
