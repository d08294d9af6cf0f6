//! A channel of bounded length.

use std::future::poll_fn;

use ::tokio::sync::mpsc;
pub use mpsc::{Permit, error};

use super::point;

/// As in tokio.
pub fn channel<T>(length: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = mpsc::channel(length);
    (Sender(sender), Receiver(receiver))
}

/// As in tokio.
#[derive(Debug)]
pub struct Sender<T>(mpsc::Sender<T>);

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Sender<T> {
    /// As in tokio.
    ///
    /// # Errors
    /// Those of tokio.
    pub async fn reserve(&self) -> Result<Permit<'_, T>, error::SendError<()>> {
        point();
        let permit = self.0.reserve().await;
        // Between the place and the message that takes it.
        point();
        permit
    }

    /// As in tokio.
    pub async fn closed(&self) {
        point();
        self.0.closed().await;
    }
}

/// As in tokio.
#[derive(Debug)]
pub struct Receiver<T>(mpsc::Receiver<T>);

impl<T> Receiver<T> {
    /// As in tokio.
    ///
    /// # Errors
    /// Those of tokio.
    pub fn try_recv(&mut self) -> Result<T, error::TryRecvError> {
        point();
        self.0.try_recv()
    }

    /// As in tokio.
    pub async fn recv(&mut self) -> Option<T> {
        poll_fn(|cx| {
            point();
            self.0.poll_recv(cx)
        })
        .await
    }
}
