//! Doors to the datagrams for the service manager and to its offer.

use std::time::{Duration, Instant};

use super::Offer;
use super::message::{Unsent, status_line};

/// Notifications that were not sent yet.
#[derive(Debug, Default)]
pub struct Notifications(Unsent);

/// One notification.
#[derive(Debug, Clone, Copy)]
pub enum Notification<'a> {
    /// The start, or a reload, is complete.
    Ready,
    /// A reload begins.
    Reloading(u64),
    /// The end begins.
    Stopping,
    /// More time is needed.
    Extend(Duration),
    /// State for people, any text.
    Status(&'a str),
    /// Sign of life.
    Alive,
}

impl Notifications {
    /// Adds one.
    pub fn add(&mut self, notification: Notification<'_>) {
        match notification {
            Notification::Ready => self.0.ready(),
            Notification::Reloading(since) => self.0.reloading(since.into()),
            Notification::Stopping => self.0.stopping(),
            Notification::Extend(within) => self.0.extend(within),
            Notification::Status(text) => self.0.status(status_line(text)),
            Notification::Alive => self.0.alive(),
        }
    }

    /// The next datagram, which is forgotten when it is `taken`.
    pub fn next(&mut self, taken: bool) -> Option<String> {
        let datagram = self.0.datagram(Instant::now())?;
        if taken {
            self.0.sent(datagram.part);
        }
        Some(datagram.text)
    }
}

/// Whether an offer names a socket, and how often it wants a sign of life.
pub fn offered(offer: &Offer) -> (bool, Option<Duration>) {
    (offer.address.is_some(), offer.watchdog)
}
