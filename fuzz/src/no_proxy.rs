//! `NO_PROXY` (`src/config/values/no_proxy.rs`). Oracle: the documented rules (`golang.org/x/net/http/httpproxy`, type Config), decided entry
//! by entry on texts, with `ipnet` for networks.

use std::net::IpAddr;

use ipnet::IpNet;
use tunnel_client::config::HttpUrl;
use tunnel_client::fuzzing::settings;
use tunnel_client::limits::NO_PROXY_MAX;

use crate::support::text::{take_byte, take_text};

/// Feeds a host, a port and a list.
pub fn check(mut data: &[u8]) {
    let host = take_text(&mut data);
    let port = u16::from_be_bytes([take_byte(&mut data), take_byte(&mut data)]).max(1);
    let Ok(list) = std::str::from_utf8(data) else { return };
    // Only hosts of URLs get there: in lower case, without brackets.
    let bracketed = format!("http://[{host}]");
    let Ok(url) = HttpUrl::parse(&format!("http://{host}")).or_else(|_| HttpUrl::parse(&bracketed)) else {
        return;
    };
    let direct = settings::is_direct(list, &url.host, port);
    assert_eq!(
        direct,
        expected(list, &url.host, port),
        "{list:?} {:?} {port}",
        url.host
    );
    // Spaces, capitals and empty entries mean nothing.
    let spelled = format!(", {} ,", list.to_ascii_uppercase().replace(',', " ,,\t"));
    if list.matches(',').count() < NO_PROXY_MAX {
        assert_eq!(settings::is_direct(&spelled, &url.host, port), direct, "{spelled:?}");
    }
}

fn expected(list: &str, host: &str, port: u16) -> bool {
    let address = host.parse().ok().map(|address: IpAddr| address.to_canonical());
    let is_this_machine = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    is_this_machine
        || entries
            .take(NO_PROXY_MAX)
            .any(|entry| matches(&entry.to_ascii_lowercase(), host, address, port))
}

fn matches(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    if let Some(network) = network(entry) {
        return address.is_some_and(|address| network_holds(network, address));
    }
    let Some((name, wanted)) = host_and_port(entry) else {
        return false;
    };
    if wanted.is_some_and(|wanted| wanted != port) {
        return false;
    }
    if let Ok(named) = name.parse::<IpAddr>() {
        return address == Some(named.to_canonical());
    }
    match name.strip_prefix("*.").or(name.strip_prefix('.')) {
        Some("") => false,
        // Names below it only.
        Some(rest) => host.strip_suffix(rest).is_some_and(|above| above.ends_with('.')),
        _ => host == name || host.strip_suffix(name).is_some_and(|above| above.ends_with('.')),
    }
}

/// An address and a length in decimal, with any zeros before it.
fn network(entry: &str) -> Option<IpNet> {
    let (address, bits) = entry.split_once('/')?;
    let bits = Some(bits).filter(|bits| bits.bytes().all(|byte| byte.is_ascii_digit()))?;
    IpNet::new(address.parse().ok()?, bits.parse().ok()?).ok()
}

fn network_holds(network: IpNet, address: IpAddr) -> bool {
    match network {
        IpNet::V6(inner) => match (inner.addr().to_ipv4_mapped(), inner.prefix_len()) {
            (Some(base), bits @ 96..) => {
                IpNet::new(base.into(), bits - 96).is_ok_and(|network| network.contains(&address))
            }
            _ => network.contains(&address),
        },
        IpNet::V4(_) => network.contains(&address),
    }
}

/// Name and port; `None` when the entry makes no sense.
fn host_and_port(entry: &str) -> Option<(&str, Option<u16>)> {
    let (name, port) = if entry.starts_with('[') && entry.contains(']') {
        let (name, after) = entry.get(1..)?.split_once(']')?;
        match after {
            "" => (name, ""),
            after => (name, after.strip_prefix(':')?),
        }
    } else {
        match entry.bytes().filter(|byte| *byte == b':').count() {
            1 => entry.split_once(':')?,
            _ => (entry, ""),
        }
    };
    let port = match port {
        "" => None,
        digits => Some(digits.parse().ok()?),
    };
    (!name.is_empty()).then_some((name, port))
}
