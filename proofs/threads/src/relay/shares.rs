//! Amounts that keys and tunnels share: threads that take, pass on and give back.

use std::sync::Arc;

use shuttle::thread;

use crate::ids::TunnelId;
use crate::run::Model;
use crate::share::{Holder, Pool};

pub(crate) const MODELS: &[Model] = &[(
    "shares: all that is taken comes back, and no more is taken than there is",
    accounts,
)];

const AMOUNT: usize = 12;

fn accounts() {
    let (pool, tunnel) = (Pool::new(AMOUNT), TunnelId::random());
    let threads: Vec<_> = ["a", "b", "a"]
        .into_iter()
        .enumerate()
        .map(|(number, key)| {
            let (pool, tunnel) = (pool.clone(), tunnel.clone());
            thread::spawn(move || {
                let key: Arc<str> = key.into();
                let mut share = pool.share(Holder {
                    key: Arc::clone(&key),
                    tunnel: None,
                });
                let mut held = 0;
                for amount in [1, 2 + number, 1, 4] {
                    if share.grow(amount) {
                        held = held.max(amount);
                    }
                    share.shrink(amount);
                    held = held.min(amount);
                    assert!(held <= AMOUNT / 2);
                    share.pass_to(Holder::of_tunnel(&key, &tunnel));
                }
            })
        })
        .collect();
    for thread in threads {
        assert!(thread.join().is_ok());
    }
    // All of it is there again: half for one key, as at the beginning.
    let mut share = pool.share(Holder {
        key: "c".into(),
        tunnel: None,
    });
    assert!(share.grow(AMOUNT / 2) && !share.grow(AMOUNT / 2 + 1));
    assert_eq!(format!("{pool:?}"), format!("Pool({} free)", AMOUNT / 2));
}
