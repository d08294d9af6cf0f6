//! Whose listener is at the other end of a connection to this host.

use std::fs::File;
use std::io::{self, Read as _};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::stream::Stream;
use crate::limits::SOCKET_TABLE_MAX;

/// State of a listening socket in `/proc/net/tcp` (proc_net_tcp(5)).
const LISTENING: &str = "0A";
/// Listening sockets may be in either: one for IPv6 takes connections over IPv4, too.
const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// Users whose listeners are sent a request.
#[derive(Debug, Clone)]
pub struct Owners(Vec<u32>);

impl Owners {
    /// These users and root, who can read everything anyway.
    pub fn root_and(uids: impl IntoIterator<Item = u32>) -> Self {
        Self([0].into_iter().chain(uids).collect())
    }

    #[cfg(test)]
    pub(crate) fn only(uid: u32) -> Self {
        Self(vec![uid])
    }

    /// Whether the other end is shown to belong to one of them. What is not understood belongs to nobody.
    pub(super) fn own(&self, stream: &Stream) -> bool {
        if let Some(unix) = stream.unix() {
            // Of the process that called listen(2) (unix(7)).
            return unix.peer_cred().is_ok_and(|peer| self.0.contains(&peer.uid()));
        }
        let peer = stream.tcp().and_then(|tcp| tcp.peer_addr().ok());
        peer.is_some_and(|peer| self.own_listeners(peer).unwrap_or(false))
    }

    /// Whether there are listeners for an address of this host, all of them theirs.
    fn own_listeners(&self, address: SocketAddr) -> io::Result<bool> {
        let mut uids = Vec::new();
        for table in TABLES {
            match read(table) {
                Ok(text) => uids.extend(listeners(&text, address).ok_or(io::ErrorKind::InvalidData)?),
                // A kernel without IPv6 has no second table.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let is_local = address.ip().to_canonical().is_loopback();
        Ok(is_local && !uids.is_empty() && uids.iter().all(|uid| self.0.contains(uid)))
    }
}

fn read(table: &str) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(table)?.take(SOCKET_TABLE_MAX).read_to_string(&mut text)?;
    match u64::try_from(read) {
        Ok(read) if read < SOCKET_TABLE_MAX => Ok(text),
        _ => Err(io::ErrorKind::FileTooLarge.into()),
    }
}

/// Users of the listening sockets that take connections to an address; `None` when a line is not understood.
fn listeners(table: &str, address: SocketAddr) -> Option<Vec<u32>> {
    let mut uids = Vec::new();
    for line in table.lines().skip(1) {
        let mut words = line.split_ascii_whitespace();
        let (local, state) = (words.nth(1)?, words.nth(1)?);
        let uid = words.nth(3)?.parse().ok()?;
        let (ip, port) = parse(local)?;
        let is_meant = ip.is_unspecified() || ip == address.ip().to_canonical();
        if state == LISTENING && port == address.port() && is_meant {
            uids.push(uid);
        }
    }
    Some(uids)
}

/// `0100007F:1F90`: words of the address in the machine's byte order, then the port.
fn parse(text: &str) -> Option<(IpAddr, u16)> {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
    let (ip, port) = text.split_once(':').filter(|(_, port)| is_hex && port.len() == 4)?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| Some(u32::from_str_radix(ip.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    let ip = match ip.len() {
        8 => IpAddr::from(word(0)?),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            Ipv6Addr::from(bytes).to_canonical()
        }
        _ => return None,
    };
    Some((ip, port))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rustix::process::geteuid;
    use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

    use super::*;

    const HEAD: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

    fn line(local: &str, state: &str, uid: &str) -> String {
        format!("   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  {uid}        0 3\n")
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn every_listener_for_an_address_counts() {
        let address = "127.0.0.1:8080".parse().unwrap();
        let table = [
            line("0100007F:1F90", "0A", "7"),
            line("00000000:1F90", "0A", "8"),
            line("0200007F:1F90", "0A", "9"),
            line("0100007F:1F91", "0A", "9"),
            line("0100007F:1F90", "01", "9"),
            line("0000000000000000FFFF00000100007F:1F90", "0A", "10"),
            line("00000000000000000000000000000000:1F90", "0A", "11"),
            line("00000000000000000000000001000000:1F90", "0A", "9"),
        ];
        assert_eq!(
            listeners(&(HEAD.to_owned() + &table.concat()), address),
            Some(vec![7, 8, 10, 11])
        );
        assert_eq!(listeners("", address), Some(vec![]));
    }

    #[test]
    fn a_table_that_is_not_understood_names_nobody() {
        let address = "127.0.0.1:8080".parse().unwrap();
        for bad in [
            line("0100007F", "0A", "0"),
            line("0100007:1F90", "0A", "0"),
            line("0100007F:+F90", "0A", "0"),
            line("0100007F:11F90", "0A", "0"),
            line("0100007F:1F90", "0A", "-1"),
            line("0100007F:1F90", "0A", "root"),
            "   0: 0100007F:1F90 00000000:0000 0A\n".to_owned(),
        ] {
            assert_eq!(listeners(&(HEAD.to_owned() + &bad), address), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn listeners_belong_to_the_user_who_made_them() {
        let own = geteuid().as_raw();
        let ours = Owners::root_and([own]);
        let others = Owners::only(own + 1);
        for address in ["127.0.0.1:0", "[::]:0"] {
            let Ok(listener) = TcpListener::bind(address).await else {
                assert_eq!(address, "[::]:0", "a kernel without IPv6");
                continue;
            };
            let port = listener.local_addr().unwrap().port();
            let stream = Stream::Tcp(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
            assert!(ours.own(&stream) && !others.own(&stream), "{address}");
        }
        let nobody = "127.0.0.1:0".parse().unwrap();
        assert!(!ours.own_listeners(nobody).unwrap(), "no listener has port 0");
        let path = std::env::temp_dir().join(format!("tunnel-client-owner-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let _listener = UnixListener::bind(&path).unwrap();
        let stream = Stream::Unix(UnixStream::connect(&path).await.unwrap());
        assert!(ours.own(&stream) && !others.own(&stream));
        std::fs::remove_file(&path).unwrap();
    }
}
