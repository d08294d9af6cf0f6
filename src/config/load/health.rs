//! The health listener.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::reader::{Checked, Reader};
use crate::config::checked::{Health, Listen};
use crate::config::settings::{socket_path, table};

use super::lockdown;

/// The section `health`. A unix socket takes the place of the address, which must make sense all the same.
pub(super) fn health(reader: &mut Reader<'_>) -> Checked<Health> {
    let address = reader.required(&table::HEALTH_ADDR, "health.listen-addr is missing", listen_addr);
    let socket = socket(reader);
    let url_file = reader.path(&table::HEALTH_URL_FILE);
    let allowed_hosts = lockdown::entries(reader, &table::HEALTH_HOSTS, |text| {
        lockdown::host(text, &table::HEALTH_HOSTS)
    });
    let is_remote = reader.switch(&table::UI_REMOTE);
    let show_details = reader.switch(&table::HEALTH_DETAILS);
    let (address, socket, allowed_hosts, is_remote) = (address?, socket?, allowed_hosts?, is_remote?);
    let listen = match (socket, address) {
        (Some(path), _) => Listen::Unix(path),
        (None, Address::Ip { host, addr }) => Listen::Tcp { host, addr },
        (None, Address::Name { host, port }) => Listen::Named {
            is_wide: is_remote || allowed_hosts.contains(&host),
            host,
            port,
        },
    };
    Ok(Health {
        listen,
        url_file: url_file?,
        allowed_hosts,
        show_details: show_details?,
    })
}

fn socket(reader: &mut Reader<'_>) -> Checked<Option<PathBuf>> {
    let setting = &table::HEALTH_SOCKET;
    let Some(path) = reader.path(setting)? else {
        return Ok(None);
    };
    let path = socket_path(path);
    path.map(Some)
        .map_err(|problem| reader.refuse(setting, format!("{} {problem}", setting.flag)))
}

/// `HOST:PORT`.
#[derive(Debug, PartialEq, Eq)]
enum Address {
    /// The host as written, and the address it means without a look-up.
    Ip { host: String, addr: SocketAddr },
    /// A name to be looked up, in lower case.
    Name { host: String, port: u16 },
}

fn listen_addr(text: &str) -> Result<Address, String> {
    let error = |problem: &str| {
        Err(format!(
            "invalid health.listen-addr: {problem}; write an IP address or a host name, and a port, such as 127.0.0.1:8080"
        ))
    };
    let Some((host, port)) = text.rsplit_once(':') else {
        return error("it has no port");
    };
    let Some(port) = Some(port).filter(|port| port.bytes().all(|byte| byte.is_ascii_digit())) else {
        return error("the port is not a number");
    };
    let Ok(port) = port.parse::<u16>() else {
        return error("the port is not a number from 0 to 65535");
    };
    let unbracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = match unbracketed {
        Some(address) => address.parse().ok().filter(IpAddr::is_ipv6),
        None if host.is_empty() => Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        None if host.eq_ignore_ascii_case("localhost") => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        None => host.parse().ok().filter(IpAddr::is_ipv4),
    };
    match address {
        Some(address) => Ok(Address::Ip {
            host: unbracketed.unwrap_or(host).to_owned(),
            addr: SocketAddr::new(address, port),
        }),
        None if unbracketed.is_none() && is_name(host) => Ok(Address::Name {
            host: host.to_ascii_lowercase(),
            port,
        }),
        None => error("the host is neither an IP address nor a host name"),
    }
}

/// Whether a text has the form of a host name (RFC 1123, section 2.1; underscores are common).
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.len() <= 253 && text.strip_suffix('.').unwrap_or(text).split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn listen_addresses_keep_the_host_as_written() {
        for (text, host, address) in [
            ("127.0.0.1:8080", "127.0.0.1", "127.0.0.1:8080"),
            ("localhost:0", "localhost", "127.0.0.1:0"),
            ("[::1]:9", "::1", "[::1]:9"),
            (":8080", "", "0.0.0.0:8080"),
        ] {
            let expected = Address::Ip {
                host: host.to_owned(),
                addr: address.parse().unwrap(),
            };
            assert_eq!(listen_addr(text), Ok(expected), "{text}");
        }
        for (text, host) in [("Node-7.example.:80", "node-7.example."), ("my_host:80", "my_host")] {
            let expected = Address::Name {
                host: host.to_owned(),
                port: 80,
            };
            assert_eq!(listen_addr(text), Ok(expected), "{text}");
        }
        for text in [
            "8080",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:+1",
            "127.0.0.1:65536",
            "::1:80",
            "[127.0.0.1]:80",
            "user@example.com:80",
            "exa mple:80",
            "-x:80",
            "a..b:80",
            "http://localhost:80",
            "[example.com]:80",
            "[::1]",
        ] {
            assert!(
                listen_addr(text).unwrap_err().contains("invalid health.listen-addr"),
                "{text}"
            );
        }
    }
}
