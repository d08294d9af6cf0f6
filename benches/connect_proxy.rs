//! The least that an HTTP proxy can do for CONNECT, to measure what a proxy in between costs the client and not what a certain
//! proxy costs the machine: it opens the tunnel and has the kernel move the bytes (std copies between sockets with splice(2)).
//!
//!     rustc -O --edition 2024 -o /tmp/connect_proxy benches/connect_proxy.rs && /tmp/connect_proxy 127.0.0.1:3128

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3128".to_owned());
    for client in TcpListener::bind(address)?.incoming().flatten() {
        thread::spawn(move || drop(serve(client)));
    }
    Ok(())
}

fn serve(client: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    // Nobody sends before the tunnel stands, so nothing behind the head is lost in the buffer.
    let mut reader = BufReader::new(client.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    while line.trim() != "" {
        line.clear();
        reader.read_line(&mut line)?;
    }
    let server = TcpStream::connect(target)?;
    server.set_nodelay(true)?;
    (&client).write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (from, to) = (client.try_clone()?, server.try_clone()?);
    let upward = thread::spawn(move || copy(&from, &to));
    copy(&server, &client)?;
    upward.join().unwrap_or(Ok(()))
}

fn copy(mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
    io::copy(&mut from, &mut to)?;
    to.shutdown(Shutdown::Write)
}
