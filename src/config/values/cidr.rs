//! Networks by their prefix (RFC 4632, RFC 4291 section 2.3): `10.0.0.0/8`, `fd00::/8`.

use std::net::IpAddr;
use std::str::FromStr;

/// The addresses whose first bits are these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    bits: u8,
}

/// The text is no network and no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoNetwork;

impl FromStr for Cidr {
    type Err = NoNetwork;

    /// A network, or one address alone. A length that begins with a zero is refused, as it is in the numbers of addresses: it is
    /// octal for some readers.
    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        if matches!(text.split_once('/'), Some((_, bits)) if bits.len() > 1 && bits.starts_with('0')) {
            return Err(NoNetwork);
        }
        let whole = |address: IpAddr| Self {
            address,
            bits: if address.is_ipv4() { 32 } else { 128 },
        };
        let network = Self::parse(text).or_else(|| text.parse().ok().map(whole).map(Self::canonical));
        network.ok_or(NoNetwork)
    }
}

impl Cidr {
    /// An address and the length of its prefix.
    pub(in crate::config) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let address = address.parse::<IpAddr>().ok()?;
        let bits = Some(bits).filter(|bits| bits.bytes().all(|byte| byte.is_ascii_digit()))?;
        let bits = bits.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        (bits <= most).then_some(Self { address, bits }.canonical())
    }

    /// As addresses are compared: IPv4 in the form of IPv6 is IPv4.
    fn canonical(self) -> Self {
        match (self.address, self.address.to_canonical(), self.bits) {
            (IpAddr::V6(_), address @ IpAddr::V4(_), bits @ 96..) => Self {
                address,
                bits: bits - 96,
            },
            _ => self,
        }
    }

    /// Whether an address lies in it. An IPv4 address in the form of IPv6 (RFC 4291, section 2.5.5.2) is the IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        prefix(address.to_canonical(), self.bits) == prefix(self.address, self.bits)
    }
}

/// The family, and the first `bits` bits of the address as a number.
fn prefix(address: IpAddr, bits: u8) -> (bool, u128) {
    let (number, width) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let dropped = u32::from(width - bits.min(width));
    (address.is_ipv4(), number.checked_shr(dropped).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_network_holds_the_addresses_with_its_prefix_and_no_others() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.1.2.3/32", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
            ("::ffff:127.0.0.0/104", "127.0.0.1", true),
            ("::ffff:10.1.2.3", "10.1.2.3", true),
            ("::ffff:127.0.0.0/104", "128.0.0.1", false),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fe80::1", false),
            ("::/0", "::1", true),
            ("::/0", "127.0.0.1", false),
        ] {
            let network = Cidr::from_str(network).unwrap();
            assert_eq!(
                network.contains(address.parse().unwrap()),
                inside,
                "{network:?} {address}"
            );
        }
    }

    #[test]
    fn what_is_no_network_is_none() {
        for text in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "10.0.0.0/+8",
            "10.0.0.0/",
            "h/8",
            "10.0.0.0/010",
            "10.0.0.0/00",
            "10.0.0.0/8/8",
        ] {
            assert_eq!(Cidr::from_str(text), Err(NoNetwork), "{text}");
        }
    }
}
