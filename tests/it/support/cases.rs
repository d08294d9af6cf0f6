//! Tables of broken set-ups, and what `doctor` must make of each.

use std::mem::forget;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;

use rustix::net;

use super::doctor::Doctor;

/// A set-up that is broken in one way.
pub struct Case {
    pub name: &'static str,
    pub broken: fn() -> Doctor,
    /// The first check that fails.
    pub first: &'static str,
    /// A part of what it says.
    pub gist: &'static str,
}

pub const fn case(name: &'static str, broken: fn() -> Doctor, first: &'static str, gist: &'static str) -> Case {
    Case {
        name,
        broken,
        first,
        gist,
    }
}

/// A port that nobody listens on. It stays taken until the tests end, so that no other test gets it meanwhile.
pub fn closed_port() -> SocketAddr {
    let socket = net::socket(net::AddressFamily::INET, net::SocketType::STREAM, None).unwrap();
    net::bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = net::getsockname(&socket).unwrap();
    forget(socket);
    address.try_into().unwrap()
}

/// Tries each case, on a thread of its own: some wait out a bound.
#[track_caller]
pub fn all(cases: &'static [Case]) {
    let running: Vec<_> = cases.iter().map(|case| thread::spawn(|| tried(case))).collect();
    let wrong: Vec<String> = running
        .into_iter()
        .zip(cases)
        .filter_map(|(thread, case)| match thread.join() {
            Ok(outcome) => outcome.err(),
            Err(_) => Some(format!("{}: it panicked, see above", case.name)),
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

fn tried(case: &Case) -> Result<(), String> {
    let examined = (case.broken)().examine();
    let failed = examined.report["failed_checks"].clone();
    let first = failed[0].as_str().unwrap_or("nothing");
    let right = examined.code == 2
        && examined.report["result"] == "fail"
        && first == case.first
        && examined.summary(first).contains(case.gist)
        && examined.check(first)["next"].is_array();
    match right {
        true => Ok(()),
        false => Err(format!(
            "{}: {} with {:?} was expected, not {failed} with code {}: {}",
            case.name,
            case.first,
            case.gist,
            examined.code,
            examined
                .checks()
                .iter()
                .find(|check| check["id"] == first)
                .unwrap_or(&examined.report),
        )),
    }
}
