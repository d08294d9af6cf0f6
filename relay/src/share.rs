//! Bounded amounts that keys and tunnels share, so that no single one can take all.
//!
//! The rule is that of dynamic thresholds (Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory
//! Packet Switches", 1998): a key may hold as much as remains free. One key gets at most half, the next one half of the
//! rest, and so on: room for another always remains, and no unneeded part is set aside. The same rule applies to a
//! tunnel, and within a tunnel to the keys that use it: a key may hold as much of its tunnel's part as remains, so that
//! one key on one tunnel gets at most a quarter.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::auth::Key;
use crate::ids::TunnelId;

/// Whether a holder may hold so much when so much then remains free.
pub(crate) fn is_fair(held: usize, free: usize) -> bool {
    held <= free
}

/// Accounts to which an amount is charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Name of the key.
    pub(crate) key: Arc<str>,
    /// The tunnel; `None` for an amount that concerns no single tunnel.
    pub(crate) tunnel: Option<TunnelId>,
}

impl Holder {
    /// A key that uses a tunnel.
    pub(crate) fn of_tunnel(key: &Arc<str>, tunnel: &TunnelId) -> Self {
        Self {
            key: Arc::clone(key),
            tunnel: Some(tunnel.clone()),
        }
    }

    /// A key that manages tunnels.
    pub(crate) fn manager(key: &Key) -> Self {
        Self {
            key: Arc::clone(&key.name),
            tunnel: None,
        }
    }
}

/// A bounded amount that holders share.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Mutex<Ledger>>);

struct Ledger {
    free: usize,
    held: HashMap<Account, usize>,
}

#[derive(PartialEq, Eq, Hash)]
enum Account {
    Key(Arc<str>),
    Tunnel(TunnelId),
    KeyInTunnel(Arc<str>, TunnelId),
}

impl Pool {
    /// Creates an amount that is all free.
    pub(crate) fn new(amount: usize) -> Self {
        Self(Arc::new(Mutex::new(Ledger {
            free: amount,
            held: HashMap::new(),
        })))
    }

    /// Creates an empty share.
    pub(crate) fn share(&self, holder: Holder) -> Share {
        Share {
            pool: self.clone(),
            holder,
            amount: 0,
        }
    }

    /// Code that holds the lock does not panic, so a poisoned one is still consistent.
    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(any(test, fuzzing))]
    pub(crate) fn free(&self) -> usize {
        self.lock().free
    }

    #[cfg(any(test, fuzzing))]
    pub(crate) fn accounts(&self) -> usize {
        self.lock().held.len()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({} free)", self.lock().free)
    }
}

impl Ledger {
    fn take(&mut self, holder: &Holder, more: usize) -> bool {
        let Some(free) = self.free.checked_sub(more) else {
            return false;
        };
        if !is_fair(self.held(&Account::Key(Arc::clone(&holder.key))) + more, free) {
            return false;
        }
        if let Some(tunnel) = &holder.tunnel {
            let of_key = self.held(&Account::KeyInTunnel(Arc::clone(&holder.key), tunnel.clone())) + more;
            let of_tunnel = self.held(&Account::Tunnel(tunnel.clone())) + more;
            // The tunnel may grow until it holds as much as remains free: by half of the difference.
            let left = free.checked_sub(of_tunnel).map(|difference| difference / 2);
            if !left.is_some_and(|left| is_fair(of_key, left)) {
                return false;
            }
        }
        self.free = free;
        for account in accounts(holder) {
            *self.held.entry(account).or_default() += more;
        }
        true
    }

    fn give_back(&mut self, holder: &Holder, less: usize) {
        self.free += less;
        for account in accounts(holder) {
            if let Some(held) = self.held.get_mut(&account) {
                *held = held.saturating_sub(less);
                if *held == 0 {
                    self.held.remove(&account);
                }
            }
        }
    }

    fn held(&self, account: &Account) -> usize {
        self.held.get(account).copied().unwrap_or(0)
    }
}

fn accounts(holder: &Holder) -> impl Iterator<Item = Account> {
    let key = Account::Key(Arc::clone(&holder.key));
    let of_tunnel = holder.tunnel.as_ref().map(|tunnel| {
        [
            Account::Tunnel(tunnel.clone()),
            Account::KeyInTunnel(Arc::clone(&holder.key), tunnel.clone()),
        ]
    });
    std::iter::once(key).chain(of_tunnel.into_iter().flatten())
}

/// A holder's part of a pool, given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    pool: Pool,
    holder: Holder,
    amount: usize,
}

impl Share {
    /// Grows the share to at least this size; false when that would be more than the holder may have.
    pub(crate) fn grow(&mut self, amount: usize) -> bool {
        let more = amount.saturating_sub(self.amount);
        if more > 0 && !self.pool.lock().take(&self.holder, more) {
            return false;
        }
        self.amount += more;
        true
    }

    /// Shrinks the share to at most this size.
    pub(crate) fn shrink(&mut self, amount: usize) {
        let less = self.amount.saturating_sub(amount);
        if less > 0 {
            self.pool.lock().give_back(&self.holder, less);
            self.amount -= less;
        }
    }

    /// Charges the share to another holder; false, without any change, when that would be more than it may have.
    pub(crate) fn pass_to(&mut self, holder: Holder) -> bool {
        if self.holder == holder || self.amount == 0 {
            self.holder = holder;
            return true;
        }
        let mut ledger = self.pool.lock();
        ledger.give_back(&self.holder, self.amount);
        let taken = ledger.take(&holder, self.amount);
        if taken {
            self.holder = holder;
        } else {
            ledger.restore(&self.holder, self.amount);
        }
        taken
    }
}

impl Ledger {
    /// Undoes [`Ledger::give_back`].
    fn restore(&mut self, holder: &Holder, amount: usize) {
        self.free = self.free.saturating_sub(amount);
        for account in accounts(holder) {
            *self.held.entry(account).or_default() += amount;
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

#[cfg(test)]
#[path = "share/exhaustive.rs"]
mod exhaustive;

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(key: &str, tunnel: Option<&TunnelId>) -> Holder {
        Holder {
            key: key.into(),
            tunnel: tunnel.cloned(),
        }
    }

    /// Takes as many shares of one as the holder gets.
    fn greedy(pool: &Pool, holder: &Holder) -> Vec<Share> {
        std::iter::repeat_with(|| pool.share(holder.clone()))
            .map_while(|mut share| share.grow(1).then_some(share))
            .collect()
    }

    #[test]
    fn however_many_keys_are_greedy_the_next_one_gets_as_much() {
        let pool = Pool::new(1200);
        let mut taken = Vec::new();
        for key in 0..20 {
            let shares = greedy(&pool, &holder(&key.to_string(), None));
            assert!(shares.len() + 1 >= pool.free(), "key {key} leaves {}", pool.free());
            assert!(pool.free() > 0 || key > 9);
            taken.push(shares);
        }
        assert_eq!(taken[0].len(), 600);
    }

    #[test]
    fn a_key_leaves_room_in_its_own_tunnel_and_in_others() {
        let pool = Pool::new(1200);
        let (one, other) = (TunnelId::random(), TunnelId::random());
        let evil = greedy(&pool, &holder("evil", Some(&one)));
        assert_eq!(evil.len(), 300);
        assert!(greedy(&pool, &holder("good", Some(&one))).len() >= 100);
        assert!(greedy(&pool, &holder("good", Some(&other))).len() >= 200);
    }

    #[test]
    fn one_key_on_many_tunnels_takes_no_more_than_half() {
        let pool = Pool::new(1200);
        let shares: Vec<_> = (0..50)
            .flat_map(|_| greedy(&pool, &holder("evil", Some(&TunnelId::random()))))
            .collect();
        assert!(shares.len() <= 600);
        assert!(greedy(&pool, &holder("good", Some(&TunnelId::random()))).len() >= 100);
    }

    #[test]
    fn many_keys_on_one_tunnel_take_no_more_than_half() {
        let pool = Pool::new(1200);
        let one = TunnelId::random();
        let shares: Vec<_> = (0..50)
            .flat_map(|key| greedy(&pool, &holder(&key.to_string(), Some(&one))))
            .collect();
        assert!(shares.len() <= 600);
        assert!(greedy(&pool, &holder("good", Some(&TunnelId::random()))).len() >= 100);
    }

    #[test]
    fn a_share_that_cannot_be_passed_on_stays_where_it_is() {
        let pool = Pool::new(1200);
        let full = greedy(&pool, &holder("full", None));
        let mut share = pool.share(holder("from", None));
        assert!(share.grow(10));
        assert!(!share.pass_to(holder("full", None)));
        drop(full);
        assert!(share.pass_to(holder("full", None)));
        drop(share);
        assert_eq!(pool.free(), 1200);
        assert_eq!(pool.accounts(), 0);
    }
}
