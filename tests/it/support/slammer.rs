//! A server that takes connections and closes them at once.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::wait::eventually;

/// Takes connections and closes them, until it is dropped.
pub struct Slammer {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Slammer {
    pub fn at(address: SocketAddr) -> Self {
        let listener = eventually("the address of the server before", || TcpListener::bind(address).ok());
        let address = listener.local_addr().unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            while !ends.load(Ordering::SeqCst) {
                drop(listener.accept());
            }
        });
        Self {
            address,
            is_over,
            thread: Some(thread),
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Slammer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        drop(std::net::TcpStream::connect(self.address));
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}
