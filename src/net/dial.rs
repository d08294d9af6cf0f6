//! Connecting to one of several addresses: the ones of both families in turn, each with a head start over the next (RFC 8305).

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::hop::Cause;
use super::unresolved::Unresolved;
use crate::limits::{ADDRESSES_MAX, CONNECT_STAGGER};

/// The first connection that stands, and its address. What else was begun is given up.
///
/// # Errors
/// Why the last address that failed did, or that the time is up.
pub(super) async fn first(addresses: Vec<SocketAddr>, within: Duration) -> Result<(TcpStream, SocketAddr), Cause> {
    // The usual case needs no race.
    if let [only] = addresses[..] {
        return match timeout(within, dial(only)).await {
            Ok(result) => result
                .map(|stream| (stream, only))
                .map_err(|error| Cause::Io(error.kind())),
            Err(_) => Err(Cause::Timeout),
        };
    }
    let mut turns = in_turn(addresses);
    turns.truncate(ADDRESSES_MAX);
    timeout(within, race(turns)).await.unwrap_or(Err(Cause::Timeout))
}

async fn race(addresses: Vec<SocketAddr>) -> Result<(TcpStream, SocketAddr), Cause> {
    let mut waiting = addresses.into_iter();
    let mut begun = JoinSet::new();
    let mut last = Cause::Unresolved(Unresolved::Nothing);
    let mut begin = true;
    loop {
        if std::mem::take(&mut begin)
            && let Some(address) = waiting.next()
        {
            begun.spawn(async move { (dial(address).await, address) });
        }
        let more = waiting.len() > 0;
        tokio::select! {
            ended = begun.join_next(), if !begun.is_empty() => match ended {
                Some(Ok((Ok(stream), address))) => return Ok((stream, address)),
                // One that failed gives its turn to the next at once (RFC 8305, section 5).
                Some(Ok((Err(error), _))) => {
                    last = Cause::Io(error.kind());
                    begin = true;
                }
                _ => begin = true,
            },
            () = sleep(CONNECT_STAGGER), if more => begin = true,
            else => return Err(last),
        }
    }
}

/// The families in turn, beginning with that of the first: each keeps the order that the resolver gave (RFC 8305, section 4).
fn in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = Vec::with_capacity(first.len() + second.len());
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return turns;
        }
        turns.extend(pair.into_iter().flatten());
    }
}

async fn dial(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // Small messages must not wait for an acknowledgement; a socket that refuses the option still works.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::Instant;

    use tokio::net::TcpListener;

    use super::*;

    fn all(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns_in_the_order_of_the_resolver() {
        let (a, b, c) = ("[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3]:1");
        let (d, e) = ("192.0.2.1:1", "192.0.2.2:1");
        assert_eq!(in_turn(all(&[a, b, c, d, e])), all(&[a, d, b, e, c]));
        assert_eq!(in_turn(all(&[d, a, e])), all(&[d, a, e]));
        assert_eq!(in_turn(Vec::new()), Vec::new());
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(future)
    }

    /// A listener whose queue is full answers no further connection: the kernel drops its first packet.
    async fn silent() -> (TcpListener, Vec<TcpStream>) {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut fillers = Vec::new();
        while let Ok(Ok(stream)) = timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
            fillers.push(stream);
        }
        (listener, fillers)
    }

    #[test]
    fn an_address_that_never_answers_costs_a_quarter_of_a_second() {
        block_on(async {
            let (silent, _fillers) = silent().await;
            let good = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addresses = vec![silent.local_addr().unwrap(), good.local_addr().unwrap()];
            let began = Instant::now();
            let (_, address) = first(addresses, Duration::from_secs(10)).await.unwrap();
            assert_eq!(address, good.local_addr().unwrap());
            assert!(began.elapsed() >= CONNECT_STAGGER && began.elapsed() < Duration::from_secs(9));
        });
    }

    #[test]
    fn an_address_that_refuses_gives_its_turn_to_the_next_at_once() {
        block_on(async {
            let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
            let good = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let began = Instant::now();
            let mut addresses = vec![closed; ADDRESSES_MAX - 1];
            addresses.push(good.local_addr().unwrap());
            first(addresses, Duration::from_secs(10)).await.unwrap();
            assert!(
                began.elapsed() < CONNECT_STAGGER * 7,
                "seven turns of a quarter of a second were not waited for"
            );
            let refused = first(vec![closed, closed], Duration::from_secs(10)).await.unwrap_err();
            assert_eq!(refused, Cause::Io(io::ErrorKind::ConnectionRefused));
        });
    }

    #[test]
    fn many_addresses_of_one_family_do_not_keep_out_the_other() {
        block_on(async {
            let good = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut addresses: Vec<SocketAddr> = vec!["[::1]:1".parse().unwrap(); 20];
            addresses.push(good.local_addr().unwrap());
            let (_, address) = first(addresses, Duration::from_secs(10)).await.unwrap();
            assert_eq!(address, good.local_addr().unwrap());
        });
    }

    #[test]
    fn the_whole_race_has_one_bound() {
        block_on(async {
            let (silent, _fillers) = silent().await;
            let address = silent.local_addr().unwrap();
            let began = Instant::now();
            let error = first(vec![address; 3], Duration::from_millis(600)).await.unwrap_err();
            assert_eq!(error, Cause::Timeout);
            assert!(began.elapsed() < Duration::from_secs(9));
        });
    }
}
