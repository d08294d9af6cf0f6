//! Admission of connections.
//!
//! A connection is anonymous until a request on it shows an accepted key. Anonymous connections have places of their
//! own, few for each address: when these are taken, the oldest one is closed, so that a flood without a key takes no
//! place of a known peer, and a new peer always has the chance to show its key. Known connections share their places by
//! key.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::activity::Activity;
use crate::error::{Code, Refusal};
use crate::limits;
use crate::share::is_fair;

/// All places of one relay.
#[derive(Debug)]
pub(super) struct Admission {
    table: Mutex<Table>,
    /// Bound on anonymous connections of one address; `None`: no limit.
    per_address: Option<usize>,
    /// Signal that a connection has ended.
    left: Notify,
}

#[derive(Debug)]
struct Table {
    anonymous: Class<IpAddr>,
    known: Class<Arc<str>>,
    /// Connections that have not ended, including those that were asked to end.
    open: usize,
    /// Number of the next connection.
    next: u64,
}

/// Connections of one kind, by address or key, in the order of arrival.
#[derive(Debug)]
struct Class<G> {
    places: usize,
    taken: usize,
    groups: HashMap<G, BTreeMap<u64, Arc<Activity>>>,
}

/// Whether a waiting connection may be closed to make room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MakeRoom {
    /// It may not be closed yet.
    No,
    /// The oldest connection may be closed.
    Yes,
}

/// Place of a connection, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    admission: Arc<Admission>,
    number: u64,
    group: Mutex<Group>,
    activity: Arc<Activity>,
}

#[derive(Debug)]
enum Group {
    Address(IpAddr),
    Key(Arc<str>),
}

impl Admission {
    /// Creates so many places, a part of them for anonymous connections.
    pub(super) fn new(places: usize, per_address: Option<usize>) -> Arc<Self> {
        let anonymous = (places / limits::ANONYMOUS_PART).max(1);
        Arc::new(Self {
            table: Mutex::new(Table {
                anonymous: Class::new(anonymous),
                known: Class::new(places.saturating_sub(anonymous).max(1)),
                open: 0,
                next: 0,
            }),
            per_address,
            left: Notify::new(),
        })
    }

    /// Takes a place for a connection from this address; also returns how many others were closed for it. `None`: there
    /// is no room.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr, make_room: MakeRoom) -> Option<(Place, usize)> {
        let address = network(address);
        let mut table = self.lock();
        // Closed connections need a moment to end; until then the relay's own descriptors hold them.
        if table.open >= table.anonymous.places + table.known.places + limits::CLOSING {
            return None;
        }
        let mut closed = 0;
        loop {
            let of_address = table.anonymous.count(&address);
            let full = if self.per_address.is_some_and(|limit| of_address >= limit) {
                address
            } else if table.anonymous.taken >= table.anonymous.places {
                table.anonymous.largest()?
            } else {
                break;
            };
            if make_room == MakeRoom::No {
                return None;
            }
            table.anonymous.oldest(&full)?.close();
            closed += 1;
        }
        let activity = Arc::new(Activity::default());
        let number = table.next;
        table.next += 1;
        table.open += 1;
        table.anonymous.insert(address, number, Arc::clone(&activity));
        let place = Place {
            admission: Arc::clone(self),
            number,
            group: Mutex::new(Group::Address(address)),
            activity,
        };
        Some((place, closed))
    }

    /// Completes when a connection has ended.
    pub(super) async fn left(&self) {
        self.left.notified().await;
    }

    /// Code that holds the lock does not panic, so a poisoned one is still consistent.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Activity of the connection.
    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// Records that a request has shown this key. The connection counts for the first key that it showed: a balancer
    /// may put requests of several keys on one connection.
    pub(super) fn show(&self, key: &Arc<str>) -> Result<(), Refusal> {
        if self.activity.is_known() {
            return Ok(());
        }
        let mut table = self.admission.lock();
        let mut group = self.group.lock().unwrap_or_else(PoisonError::into_inner);
        table.known.make_room(key).ok_or_else(|| {
            Refusal::new(
                Code::RateLimitExceeded,
                "this key has reached its limit of connections; reuse or close some",
            )
            .retry_after(1)
        })?;
        table.leave(&group, self.number);
        table
            .known
            .insert(Arc::clone(key), self.number, Arc::clone(&self.activity));
        *group = Group::Key(Arc::clone(key));
        self.activity.set_known();
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.admission.lock();
        let group = self.group.lock().unwrap_or_else(PoisonError::into_inner);
        table.leave(&group, self.number);
        table.open = table.open.saturating_sub(1);
        self.admission.left.notify_one();
    }
}

impl Table {
    fn leave(&mut self, group: &Group, number: u64) {
        // `None` if it was closed to make room.
        let _ = match group {
            Group::Address(address) => self.anonymous.remove(address, number),
            Group::Key(key) => self.known.remove(key, number),
        };
    }
}

impl<G: Hash + Eq + Clone> Class<G> {
    fn new(places: usize) -> Self {
        Self {
            places,
            taken: 0,
            groups: HashMap::new(),
        }
    }

    fn count(&self, group: &G) -> usize {
        self.groups.get(group).map_or(0, BTreeMap::len)
    }

    fn insert(&mut self, group: G, number: u64, activity: Arc<Activity>) {
        self.groups.entry(group).or_default().insert(number, activity);
        self.taken += 1;
    }

    fn remove(&mut self, group: &G, number: u64) -> Option<Arc<Activity>> {
        let members = self.groups.get_mut(group)?;
        let removed = members.remove(&number)?;
        if members.is_empty() {
            self.groups.remove(group);
        }
        self.taken = self.taken.saturating_sub(1);
        Some(removed)
    }

    /// The group with the most connections.
    fn largest(&self) -> Option<G> {
        let (group, _) = self.groups.iter().max_by_key(|(_, members)| members.len())?;
        Some(group.clone())
    }

    /// Removes the oldest connection of a group.
    fn oldest(&mut self, group: &G) -> Option<Arc<Activity>> {
        let (number, _) = self.groups.get(group)?.first_key_value()?;
        let number = *number;
        self.remove(group, number)
    }

    /// Removes the connection of a group that has been idle for longest.
    fn longest_idle(&mut self, group: &G) -> Option<Arc<Activity>> {
        let members = self.groups.get(group)?;
        let (_, number) = members
            .iter()
            .filter_map(|(number, activity)| activity.idle_since().map(|since| (since, *number)))
            .min()?;
        self.remove(group, number)
    }
}

impl Class<Arc<str>> {
    /// Makes sure that a key may have one more connection, if need be by closing an idle one: one of its own or, when
    /// another key has more, one of the key that has most. `None`: all candidates are in use.
    fn make_room(&mut self, key: &Arc<str>) -> Option<()> {
        let own = self.count(key);
        let free = self.places.saturating_sub(self.taken);
        if free > 0 && is_fair(own + 1, free - 1) {
            return Some(());
        }
        let gives_way = self.longest_idle(key).or_else(|| {
            let largest = self.largest().filter(|largest| self.count(largest) > own + 1)?;
            self.longest_idle(&largest)
        });
        match gives_way {
            Some(activity) => activity.close(),
            // The last places are for keys without a connection.
            None if own == 0 && free > 0 => {}
            None => return None,
        }
        Some(())
    }
}

/// An address for this limit: an IPv4 address, or an IPv6 network of 64 bits, the unit that one subscriber gets.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from(network))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use super::*;

    fn enter(admission: &Arc<Admission>, address: &str) -> Place {
        admission.enter(address.parse().unwrap(), MakeRoom::Yes).unwrap().0
    }

    fn is_closing(place: &Place) -> bool {
        use std::future::Future as _;
        let mut closing = std::pin::pin!(place.activity.closing());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        closing.as_mut().poll(&mut cx).is_ready()
    }

    #[test]
    fn the_oldest_anonymous_connection_of_a_full_address_gives_way() {
        let admission = Admission::new(100, Some(2));
        let places = [enter(&admission, "192.0.2.1"), enter(&admission, "192.0.2.1")];
        let other = enter(&admission, "192.0.2.2");
        assert!(admission.enter("192.0.2.1".parse().unwrap(), MakeRoom::No).is_none());
        let _third = enter(&admission, "192.0.2.1");
        assert!(is_closing(&places[0]) && !is_closing(&places[1]) && !is_closing(&other));
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address_and_a_mapped_address_as_ipv4() {
        let network = |address: &str| network(address.parse().unwrap());
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }

    #[test]
    fn a_flood_from_many_addresses_closes_its_own_connections_first() {
        let admission = Admission::new(5 * limits::ANONYMOUS_PART, None);
        let quiet = enter(&admission, "192.0.2.1");
        let flood: Vec<_> = (0..40).map(|_| enter(&admission, "198.51.100.1")).collect();
        assert!(!is_closing(&quiet));
        assert_eq!(flood.iter().filter(|place| is_closing(place)).count(), 36);
    }

    #[test]
    fn anonymous_connections_take_no_places_of_known_ones() {
        let admission = Admission::new(20, None);
        let flood: Vec<_> = (0..20).map(|_| enter(&admission, "198.51.100.1")).collect();
        let place = enter(&admission, "192.0.2.1");
        place.show(&"key".into()).unwrap();
        let more: Vec<_> = (0..20).map(|_| enter(&admission, "198.51.100.1")).collect();
        assert!(!is_closing(&place));
        drop((flood, more));
        assert_eq!(admission.lock().anonymous.taken, 0);
        drop(place);
        let table = admission.lock();
        assert_eq!((table.known.taken, table.open), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_at_its_limit_loses_what_has_been_idle_for_longest_and_nothing_that_is_served() {
        let admission = Admission::new(10 * limits::ANONYMOUS_PART, None);
        let key: Arc<str> = "key".into();
        let mut places = Vec::new();
        let mut served = Vec::new();
        loop {
            tokio::time::advance(Duration::from_millis(1)).await;
            let place = enter(&admission, "192.0.2.1");
            served.push(place.activity.serve());
            if place.show(&key).is_err() {
                break;
            }
            places.push(place);
        }
        // Half of the places for known connections; others are still admitted.
        assert_eq!(places.len(), 10 * (limits::ANONYMOUS_PART - 1) / 2);
        enter(&admission, "192.0.2.1").show(&"other".into()).unwrap();
        // Two connections become idle, the second one first.
        drop(served.remove(1));
        tokio::time::advance(Duration::from_millis(1)).await;
        drop(served.remove(0));
        places.push(enter(&admission, "192.0.2.1"));
        places.last().unwrap().show(&key).unwrap();
        assert!(is_closing(&places[1]) && !is_closing(&places[0]));
    }
}
