//! What the kernel knows of a TCP connection (`TCP_INFO`, tcp(7)).

use std::mem::size_of_val;
use std::os::fd::{AsFd, AsRawFd as _};
use std::ptr::from_mut;

/// What became of the bytes that were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The peer's host has all of them.
    Received,
    /// Some are on their way. Of all that were ever sent, the peer's host has acknowledged so many.
    Underway(u64),
    /// The connection is broken, and some may be lost.
    Lost,
}

/// Words of `struct tcp_info` (linux/tcp.h) up to the last one that is read, which Linux 4.6 added.
const WORDS: usize = 37;
/// The place of `tcpi_unacked`: segments that were sent and not acknowledged.
const UNACKNOWLEDGED: usize = 6;
/// The place of `tcpi_bytes_acked`: bytes that the peer's host has acknowledged, in two words.
const ACKNOWLEDGED: usize = 30;
/// The place of `tcpi_notsent_bytes`: bytes that wait.
const WAITING: usize = 36;
/// States in which a connection takes what is sent (net/tcp_states.h): established, and closed by the peer alone.
const OPEN: [u8; 2] = [1, 8];

/// What became of the bytes that a socket has sent; `None` where the kernel does not say, and for sockets of another kind.
pub fn sent(socket: impl AsFd) -> Option<Sent> {
    let mut info = [0_u32; WORDS];
    let mut length = libc::socklen_t::try_from(size_of_val(&info)).ok()?;
    // SAFETY: the descriptor is open as long as `socket` lives; the kernel writes at most `length` bytes into `info`, which has as many,
    // and any bytes are valid numbers.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            from_mut(&mut info).cast(),
            &raw mut length,
        )
    };
    if answer != 0 || usize::try_from(length).ok()? < size_of_val(&info) {
        return None;
    }
    let [state, ..] = info[0].to_ne_bytes();
    if !OPEN.contains(&state) {
        return Some(Sent::Lost);
    }
    match (info[UNACKNOWLEDGED], info[WAITING]) {
        (0, 0) => Some(Sent::Received),
        _ => {
            let [a, b, c, d] = info[ACKNOWLEDGED].to_ne_bytes();
            let [e, f, g, h] = info[ACKNOWLEDGED + 1].to_ne_bytes();
            Some(Sent::Underway(u64::from_ne_bytes([a, b, c, d, e, f, g, h])))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io::{ErrorKind, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;
    use std::time::{Duration, Instant};

    use super::*;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (stream, listener.accept().unwrap().0)
    }

    fn becomes(stream: &TcpStream, expected: Sent) {
        let start = Instant::now();
        while sent(stream) != Some(expected) {
            assert!(start.elapsed() < Duration::from_secs(60), "{:?}", sent(stream));
            std::thread::yield_now();
        }
    }

    #[test]
    fn bytes_are_underway_until_the_peers_host_has_them() {
        let (mut stream, mut peer) = pair();
        assert_eq!(sent(&stream), Some(Sent::Received));
        stream.set_nonblocking(true).unwrap();
        let mut written = 0;
        loop {
            match stream.write(&[b'x'; 65_536]) {
                Ok(count) => written += count,
                Err(error) => break assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
        // More than the peer's host has room for.
        let underway = || match sent(&stream) {
            Some(Sent::Underway(acknowledged)) => acknowledged,
            _ => u64::MAX,
        };
        let before = underway();
        assert!(before < written as u64, "{before} of {written}");
        // Some more is acknowledged as soon as there is room for it.
        let mut buffer = vec![0; written];
        peer.read_exact(&mut buffer[..written / 2]).unwrap();
        let start = Instant::now();
        while !matches!(sent(&stream), Some(Sent::Received)) && underway() <= before {
            assert!(start.elapsed() < Duration::from_secs(60));
            std::thread::yield_now();
        }
        peer.read_exact(&mut buffer[written / 2..]).unwrap();
        becomes(&stream, Sent::Received);
    }

    #[test]
    fn bytes_that_the_peer_did_not_take_are_lost() {
        let (mut stream, peer) = pair();
        drop(peer);
        stream.write_all(b"too late").unwrap();
        becomes(&stream, Sent::Lost);
    }

    #[test]
    fn of_another_socket_nothing_is_known() {
        assert_eq!(sent(UnixStream::pair().unwrap().0), None);
    }
}
