//! Wake-ups.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::point;

/// As in tokio.
#[derive(Debug, Default)]
pub struct Notify(::tokio::sync::Notify);

impl Notify {
    /// As in tokio.
    pub fn notify_waiters(&self) {
        point();
        self.0.notify_waiters();
    }

    /// As in tokio.
    pub fn notified(&self) -> Notified<'_> {
        point();
        Notified(Box::pin(self.0.notified()))
    }
}

/// As in tokio. Boxed, so that it needs no projection.
#[derive(Debug)]
pub struct Notified<'a>(Pin<Box<::tokio::sync::futures::Notified<'a>>>);

impl Notified<'_> {
    /// As in tokio.
    pub fn enable(mut self: Pin<&mut Self>) -> bool {
        point();
        self.0.as_mut().enable()
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        point();
        self.0.as_mut().poll(cx)
    }
}
