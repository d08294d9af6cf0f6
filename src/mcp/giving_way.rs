//! What gives way where callers share a bounded place: the sessions of a channel, and their cookies.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::wire::caller::Holder;

/// The entry that gives way: the least recently used one of the caller with most, so that one caller cannot displace the others'.
/// Keys come first, because whoever holds one can show any credentials beside it. `entries`: of whom, when last used, and what.
pub(super) fn gives_way<U: Ord + Copy, T>(entries: impl Iterator<Item = (Holder, U, T)>) -> Option<T> {
    // Of each caller, and of each key: how many entries it has, and the last use of the oldest.
    let mut callers: HashMap<Holder, (usize, U, T)> = HashMap::new();
    for (holder, used, what) in entries {
        match callers.get_mut(&holder) {
            Some((count, oldest, which)) => {
                *count += 1;
                if used < *oldest {
                    (*oldest, *which) = (used, what);
                }
            }
            None => {
                callers.insert(holder, (1, used, what));
            }
        }
    }
    let mut keys: HashMap<Option<u64>, (usize, Reverse<U>)> = HashMap::new();
    for (holder, (count, used, _)) in &callers {
        let (all, oldest) = keys.entry(holder.key()).or_insert((0, Reverse(*used)));
        *all += count;
        *oldest = (*oldest).max(Reverse(*used));
    }
    let (key, _) = keys.into_iter().max_by_key(|(_, rank)| *rank)?;
    let of_key = callers.into_iter().filter(|(holder, _)| holder.key() == key);
    let most = of_key.max_by_key(|(_, (count, used, _))| (*count, Reverse(*used)));
    most.map(|(_, (.., what))| what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::caller::Caller;
    use crate::wire::command::Headers;

    fn holder(key: Option<&str>, token: &str) -> Holder {
        let header = (Box::from("X-API-Key"), Box::from(token));
        Caller::new(&Headers(vec![header]), key).holder()
    }

    fn first(entries: &[(Option<&str>, &str)]) -> Option<usize> {
        let entries = entries.iter().zip(0..);
        gives_way(entries.map(|((key, token), used)| (holder(*key, token), used, used)))
    }

    #[test]
    fn the_oldest_entry_of_the_caller_with_most_gives_way() {
        assert_eq!(first(&[]), None);
        assert_eq!(first(&[(None, "a"), (None, "b"), (None, "b")]), Some(1));
        assert_eq!(first(&[(None, "a"), (None, "b"), (None, "a"), (None, "b")]), Some(0));
        assert_eq!(first(&[(Some("k"), "a"), (Some("l"), "a"), (Some("l"), "a")]), Some(1));
    }

    #[test]
    fn credentials_of_every_kind_beside_one_key_displace_no_other_key() {
        let victim = [(Some("k"), "own"), (Some("k"), "own")];
        let attacker = ["1", "2", "3"].map(|token| (Some("l"), token));
        assert_eq!(first(&[victim.as_slice(), &attacker].concat()), Some(2));
    }
}
