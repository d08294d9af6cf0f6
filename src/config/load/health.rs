//! The health listener.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::config::checked::{Health, Listen};
use crate::config::reader::{Checked, Reader};
use crate::config::references::socket_path;
use crate::config::sources::Origin;
use crate::config::table;

use super::lockdown;

/// The section `health`. A unix socket takes the place of the address, which must make sense all the same.
pub(super) fn health(reader: &mut Reader<'_>) -> Checked<Health> {
    let address = reader.required(&table::HEALTH_ADDR, "health.listen-addr is missing", listen_addr);
    let socket = socket(reader);
    let url_file = reader.path(&table::HEALTH_URL_FILE);
    let allowed_hosts = lockdown::entries(reader, &table::HEALTH_HOSTS, |text| {
        lockdown::host(text, &table::HEALTH_HOSTS)
    });
    let (host, addr) = address?;
    Ok(Health {
        listen: match socket? {
            Some(path) => Listen::Unix(path),
            None => Listen::Tcp { host, addr },
        },
        url_file: url_file?,
        allowed_hosts: allowed_hosts?,
    })
}

fn socket(reader: &mut Reader<'_>) -> Checked<Option<PathBuf>> {
    let setting = &table::HEALTH_SOCKET;
    let Some(path) = reader.path(setting)? else {
        return Ok(None);
    };
    socket_path(path).map(Some).map_err(|problem| {
        let origin = reader
            .sources
            .one(setting)
            .map_or(Origin::UNSET, |written| written.origin);
        reader.report(setting.flag, origin, format!("{} {problem}", setting.flag))
    })
}

/// `HOST:PORT`, with the host as written and the address it means. Names other than `localhost` are refused: what a
/// resolver answers must not decide who can reach the listener.
fn listen_addr(text: &str) -> Result<(String, SocketAddr), String> {
    let error = |problem: &str| {
        Err(format!(
            "invalid health.listen-addr: {problem}; write an IP address and a port, such as 127.0.0.1:8080"
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
    let Some(address) = address else {
        return error("the host is neither an IP address nor localhost");
    };
    Ok((unbracketed.unwrap_or(host).to_owned(), SocketAddr::new(address, port)))
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
            let (written, parsed) = listen_addr(text).unwrap();
            assert_eq!(
                (written.as_str(), parsed.to_string().as_str()),
                (host, address),
                "{text}"
            );
        }
        for text in [
            "8080",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:+1",
            "127.0.0.1:65536",
            "::1:80",
            "[127.0.0.1]:80",
            "example.com:80",
            "[::1]",
        ] {
            assert!(
                listen_addr(text).unwrap_err().contains("invalid health.listen-addr"),
                "{text}"
            );
        }
    }
}
