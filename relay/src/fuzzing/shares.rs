//! Shares of a pool.

use crate::ids::TunnelId;
use crate::share::{Holder, Pool, Share};

/// A pool and shares of it.
#[derive(Debug)]
pub struct Shares {
    pool: Pool,
    tunnels: Vec<TunnelId>,
    shares: Vec<Option<Share>>,
}

impl Shares {
    /// A pool of this amount, with so many shares by key and tunnel.
    #[must_use]
    pub fn new(amount: usize, tunnels: usize) -> Self {
        Self {
            pool: Pool::new(amount),
            tunnels: (0..tunnels).map(|_| TunnelId::random()).collect(),
            shares: Vec::new(),
        }
    }

    fn holder(&self, key: u8, tunnel: Option<usize>) -> Holder {
        Holder {
            key: format!("key-{key}").into(),
            tunnel: tunnel.and_then(|index| self.tunnels.get(index).cloned()),
        }
    }

    /// Adds an empty share.
    pub fn add(&mut self, key: u8, tunnel: Option<usize>) {
        let share = self.pool.share(self.holder(key, tunnel));
        self.shares.push(Some(share));
    }

    /// Grows a share.
    pub fn grow(&mut self, share: usize, amount: usize) -> Option<bool> {
        Some(self.shares.get_mut(share)?.as_mut()?.grow(amount))
    }

    /// Shrinks a share.
    pub fn shrink(&mut self, share: usize, amount: usize) {
        if let Some(Some(share)) = self.shares.get_mut(share) {
            share.shrink(amount);
        }
    }

    /// Passes a share on.
    pub fn pass(&mut self, share: usize, key: u8, tunnel: Option<usize>) -> Option<bool> {
        let holder = self.holder(key, tunnel);
        Some(self.shares.get_mut(share)?.as_mut()?.pass_to(holder))
    }

    /// Drops a share.
    pub fn end(&mut self, share: usize) {
        if let Some(share) = self.shares.get_mut(share) {
            share.take();
        }
    }

    /// What is free.
    #[must_use]
    pub fn free(&self) -> usize {
        self.pool.free()
    }

    /// Number of accounts with an amount.
    #[must_use]
    pub fn accounts(&self) -> usize {
        self.pool.accounts()
    }
}
