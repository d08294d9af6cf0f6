//! Numbers of the system calls that have a rule, for the tests that hold them against what is called and tried.

use std::collections::BTreeSet;

use super::{Error, Others, Rules, Sockets, main, own, server, strict};

/// Calls that the main thread may make once the sandbox is shut.
///
/// # Errors
/// [`Error::Make`].
pub fn allowed_to_main() -> Result<BTreeSet<i64>, Error> {
    Ok(numbers(own(main::CALLS, main::OVERLAY)?))
}

/// Calls that are refused to every stdio server, some of them for some arguments only.
///
/// # Errors
/// [`Error::Make`].
pub fn refused_to_servers() -> Result<BTreeSet<i64>, Error> {
    // Any process and any group: rules about them are made for those that there are.
    let others = Others {
        ids: vec![1],
        groups: vec![1],
    };
    let mut refused = numbers(server::refused(&others)?);
    refused.extend(numbers(server::refused_to_each()?));
    refused.extend(server::UNSEEN);
    Ok(refused)
}

/// Calls that are refused to strict servers alone: to one that may do nothing of what a configuration can allow. The rules about kinds
/// of sockets are left out, because the client's own threads have them, too.
///
/// # Errors
/// [`Error::Make`].
pub fn refused_to_strict_servers() -> Result<BTreeSet<i64>, Error> {
    let sockets = Sockets {
        unix: false,
        internet: false,
        datagrams: false,
        routes: false,
    };
    let refused = numbers(strict::refused(sockets, false)?);
    Ok(&refused - &numbers(sockets.refused()?))
}

fn numbers(rules: Rules) -> BTreeSet<i64> {
    rules.into_keys().collect()
}
