//! A channel for one value.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::sync::oneshot;
pub use oneshot::error;

use super::point;

/// As in tokio.
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = oneshot::channel();
    (Sender(sender), Receiver(receiver))
}

/// As in tokio.
#[derive(Debug)]
pub struct Sender<T>(oneshot::Sender<T>);

impl<T> Sender<T> {
    /// As in tokio.
    ///
    /// # Errors
    /// Those of tokio.
    pub fn send(self, value: T) -> Result<(), T> {
        point();
        self.0.send(value)
    }

    /// As in tokio.
    pub fn is_closed(&self) -> bool {
        point();
        self.0.is_closed()
    }
}

/// As in tokio.
#[derive(Debug)]
pub struct Receiver<T>(oneshot::Receiver<T>);

impl<T> Future for Receiver<T> {
    type Output = Result<T, error::RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        point();
        Pin::new(&mut self.0).poll(cx)
    }
}
