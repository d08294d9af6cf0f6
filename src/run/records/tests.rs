#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::*;

/// More than the buffers of a connection have room for.
const MUCH: usize = 16 << 20;

fn connected() -> (Stream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    stream.set_nonblocking(true).unwrap();
    let peer = listener.accept().unwrap().0;
    (Stream::Tcp(tokio::net::TcpStream::from_std(stream).unwrap()), peer)
}

#[tokio::test]
async fn a_collector_that_is_slow_gets_all_of_it() {
    let (mut stream, mut peer) = connected();
    let stall = Duration::from_secs(2);
    let reader = thread::spawn(move || {
        let mut part = vec![0; MUCH / 16];
        for _ in 0..16 {
            // Slow: all of it takes longer than the bound.
            thread::sleep(stall / 6);
            peer.read_exact(&mut part).unwrap();
        }
    });
    let start = Instant::now();
    deliver(&mut stream, &vec![b'x'; MUCH], stall).await.unwrap();
    // Its host has the last of it before it reads that.
    assert!(start.elapsed() > stall / 2, "{:?}", start.elapsed());
    reader.join().unwrap();
}

#[tokio::test]
async fn a_collector_that_takes_nothing_is_given_up() {
    let (mut stream, _peer) = connected();
    let failed = deliver(&mut stream, &vec![b'x'; MUCH], Duration::from_millis(300)).await;
    assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_collector_that_is_gone_is_a_failure_at_once() {
    let (mut stream, peer) = connected();
    drop(peer);
    let failed = deliver(&mut stream, &vec![b'x'; MUCH], Duration::from_secs(600)).await;
    assert_ne!(failed.unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_socket_of_this_host_that_takes_nothing_is_given_up_and_tried_again() {
    let (sender, receiver) = UnixDatagram::pair().unwrap();
    sender.set_nonblocking(true).unwrap();
    while sender.send(b"record").is_ok() {}
    let sender = tokio::net::UnixDatagram::from_std(sender).unwrap();
    let failed = pass(&sender, b"record", Duration::from_millis(100)).await;
    assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::TimedOut);
    // The kernel tells the sender once most of the room is free.
    receiver.set_nonblocking(true).unwrap();
    while receiver.recv(&mut [0; 64]).is_ok() {}
    pass(&sender, b"record", Duration::from_secs(60)).await.unwrap();
}
