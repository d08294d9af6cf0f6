//! The thread that resolves a name: tasks that ask at once, a task that gives up, and the end of the thread with its last owner.

use std::time::Duration;

use shuttle::future::{block_on, spawn};

use crate::net::hop::Cause;
use crate::net::start;
use crate::net::unresolved::Unresolved;
use crate::run::Model;
use crate::sandbox::ResolverCage;

pub(crate) const MODELS: &[Model] = &[
    (
        "resolver: each task gets its own answer, or learns that too many wait",
        own_answer,
    ),
    (
        "resolver: a task that gives up leaves the thread to the others",
        given_up,
    ),
    ("resolver: a thread that cannot enter its cage is no resolver", no_cage),
];

const WITHIN: Duration = Duration::from_secs(5);

fn own_answer() {
    block_on(async {
        let Some((resolvers, threads)) = start(&["known", "127.0.0.1", "known"], ResolverCage(true)) else {
            unreachable!("it enters its cage")
        };
        assert_eq!(threads, 1);
        let tasks: Vec<_> = (1..=3_u16)
            .map(|port| {
                let resolver = resolvers.of("known");
                spawn(async move { (port, resolver.resolve("known", port, WITHIN).await) })
            })
            .collect();
        // The thread ends with the last clone; a thread that does not is a schedule that never ends.
        drop(resolvers);
        let mut answered = 0;
        for task in tasks {
            match task.await {
                Ok((port, Ok(addresses))) => {
                    assert!(addresses.iter().all(|address| address.port() == port));
                    answered += 1;
                }
                Ok((_, Err(cause))) => assert_eq!(cause, Cause::Unresolved(Unresolved::Busy)),
                Err(_) => unreachable!("a task was ended"),
            }
        }
        assert!(answered > 0);
    });
}

fn given_up() {
    block_on(async {
        let Some((resolvers, _)) = start(&["known"], ResolverCage(true)) else {
            unreachable!("it enters its cage")
        };
        let leaving = resolvers.of("known");
        let left = spawn(async move {
            let asking = leaving.resolve("known", 1, WITHIN);
            // A task that is dropped at any point of its question.
            tokio::select! {
                biased;
                _ = asking => {}
                () = shuttle::future::yield_now() => {}
            }
        });
        let staying = resolvers.of("known");
        let stayed = spawn(async move {
            loop {
                match staying.resolve("known", 2, WITHIN).await {
                    Err(Cause::Unresolved(Unresolved::Busy)) => shuttle::future::yield_now().await,
                    other => break other,
                }
            }
        });
        drop(resolvers);
        assert!(left.await.is_ok());
        assert!(
            stayed
                .await
                .is_ok_and(|found| found.is_ok_and(|addresses| addresses[0].port() == 2))
        );
    });
}

fn no_cage() {
    assert!(start(&["known"], ResolverCage(false)).is_none());
    assert!(start(&["127.0.0.1"], ResolverCage(false)).is_some());
}
