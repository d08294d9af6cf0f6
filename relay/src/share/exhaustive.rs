//! Every order of a few steps on a small pool, for keys that share tunnels.
#![allow(clippy::print_stdout, reason = "audit/proofs.md has these numbers")]

use super::*;

const AMOUNT: usize = 8;

/// Number of a share, and what is done to it: grown to an amount, shrunk, charged to another holder.
type Step = (usize, fn(&mut Share, &[Holder]));

const STEPS: [Step; 12] = [
    (0, |share, _| grow(share, 1)),
    (0, |share, _| grow(share, 3)),
    (0, |share, _| share.shrink(1)),
    (0, |share, holders| pass(share, &holders[3])),
    (1, |share, _| grow(share, 2)),
    (1, |share, _| share.shrink(0)),
    (1, |share, holders| pass(share, &holders[0])),
    (2, |share, _| grow(share, 1)),
    (2, |share, _| grow(share, 4)),
    (2, |share, holders| pass(share, &holders[1])),
    (2, |share, holders| pass(share, &holders[2])),
    (2, |share, _| share.shrink(2)),
];

fn grow(share: &mut Share, amount: usize) {
    let before = share.amount;
    let grown = share.grow(amount);
    assert_eq!(share.amount, if grown { before.max(amount) } else { before });
}

fn pass(share: &mut Share, holder: &Holder) {
    let before = share.holder.clone();
    let passed = share.pass_to(holder.clone());
    assert_eq!(share.holder, if passed { holder.clone() } else { before });
}

fn check_accounts(pool: &Pool, shares: &[Share]) {
    let ledger = pool.lock();
    let taken: usize = shares.iter().map(|share| share.amount).sum();
    assert_eq!(ledger.free + taken, AMOUNT);
    let mut accounts = HashMap::new();
    for share in shares.iter().filter(|share| share.amount > 0) {
        for account in accounts_of(&share.holder) {
            *accounts.entry(account).or_insert(0) += share.amount;
        }
    }
    assert!(accounts == ledger.held);
    for (account, held) in &ledger.held {
        // No key and no tunnel has more than half, and no key of a tunnel more than a quarter.
        let most = if matches!(account, Account::KeyInTunnel(..)) {
            AMOUNT / 4
        } else {
            AMOUNT / 2
        };
        assert!(*held <= most);
    }
}

fn accounts_of(holder: &Holder) -> impl Iterator<Item = Account> {
    accounts(holder)
}

fn check(depth: u32) {
    let (one, other) = (TunnelId::random(), TunnelId::random());
    let holder = |key: &str, tunnel: Option<&TunnelId>| Holder {
        key: key.into(),
        tunnel: tunnel.cloned(),
    };
    let holders = [
        holder("a", None),
        holder("a", Some(&one)),
        holder("b", Some(&one)),
        holder("b", Some(&other)),
    ];
    let orders = STEPS.len().pow(depth);
    for order in 0..orders {
        let pool = Pool::new(AMOUNT);
        let mut shares = [&holders[0], &holders[1], &holders[2]].map(|holder| pool.share(holder.clone()));
        for place in 0..depth {
            let (share, step) = STEPS[order / STEPS.len().pow(place) % STEPS.len()];
            step(&mut shares[share], &holders);
            check_accounts(&pool, &shares);
        }
        drop(shares);
        assert!(pool.free() == AMOUNT && pool.lock().held.is_empty());
    }
    println!("shares: {orders} orders of {depth} steps");
}

#[test]
fn every_order_of_steps_keeps_all_accounts_and_bounds_and_gives_all_of_it_back() {
    check(4);
}

#[test]
#[ignore = "a larger bound, for the slow tests: five steps"]
fn every_order_of_five_steps_keeps_all_accounts_and_bounds() {
    check(5);
}
