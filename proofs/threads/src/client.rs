//! Models of what threads of the client share: its own files, unchanged, over locks, channels and wake-ups of a model checker
//! (see `relay.rs`).
#![allow(
    dead_code,
    unused_imports,
    reason = "the included files have more than the models use"
)]
#![allow(missing_docs, reason = "a program of tests")]

extern crate exchanged_std as std;
extern crate exchanged_tokio as tokio;

mod run;

/// The switch that ends tasks.
#[path = "../../../src/shutdown/switch.rs"]
mod switch;

/// The models.
#[path = "client"]
mod models {
    pub(crate) mod resolver;
    pub(crate) mod switches;
}

mod limits {
    /// Requests that wait for a resolver; smaller than the client's, so that few askers fill it.
    pub(crate) const RESOLVE_QUEUE: usize = 1;
    pub(crate) const RESOLVED_MAX: usize = 8;
    pub(crate) const RESOLVER_STACK: usize = 1 << 20;
}

mod sandbox {
    #[derive(Debug)]
    pub(crate) struct Error;

    /// A cage that may refuse to be entered.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct ResolverCage(pub(crate) bool);

    impl ResolverCage {
        pub(crate) fn enter(self) -> Result<(), Error> {
            if self.0 { Ok(()) } else { Err(Error) }
        }
    }
}

mod sys {
    /// The C library's question, answered with the port that was asked for.
    pub(crate) mod lookup {
        use std::net::SocketAddr;

        #[derive(Debug)]
        pub(crate) struct Failure;

        pub(crate) fn addresses(host: &str, port: u16, most: usize) -> Result<Vec<SocketAddr>, Failure> {
            assert!(most > 0);
            shuttle::thread::yield_now();
            match host {
                "known" => Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]),
                _ => Err(Failure),
            }
        }
    }
}

#[path = "../../.."]
mod net {
    #[path = "src/net/resolver.rs"]
    mod resolver;

    pub(crate) use resolver::{Resolver, Resolvers};

    use crate::sandbox::ResolverCage;

    /// The resolvers of the hosts with the number of their threads.
    pub(crate) fn start(hosts: &[&str], cage: ResolverCage) -> Option<(Resolvers, usize)> {
        let resolvers = Resolvers::start(hosts.iter().copied(), cage).ok()?;
        let threads = resolvers.threads().len();
        Some((resolvers, threads))
    }

    pub(crate) mod hop {
        use super::unresolved::Unresolved;

        #[derive(Debug, PartialEq, Eq)]
        pub(crate) enum Cause {
            Unresolved(Unresolved),
            Timeout,
        }
    }

    pub(crate) mod unresolved {
        use std::time::Duration;

        use crate::sys::lookup::Failure;

        #[derive(Debug, PartialEq, Eq)]
        pub(crate) enum Unresolved {
            Unknown,
            Nothing,
            Busy,
            System,
        }

        impl Unresolved {
            pub(crate) fn of(_: &Failure, _: Duration) -> Self {
                Self::Unknown
            }
        }
    }
}

fn main() -> std::process::ExitCode {
    run::run(&[models::switches::MODELS, models::resolver::MODELS])
}
