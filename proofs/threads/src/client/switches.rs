//! The switch that ends tasks, thrown while tasks begin to wait for it.

use shuttle::future::{block_on, spawn};

use crate::run::Model;
use crate::switch::Signal;

pub(crate) const MODELS: &[Model] = &[(
    "shutdown: a switch that is thrown reaches every task, whenever it begins to wait",
    reaches_all,
)];

fn reaches_all() {
    block_on(async {
        let signal = Signal::default();
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let signal = signal.clone();
                spawn(async move {
                    signal.wait().await;
                    assert!(signal.is_set());
                    // Thrown once, it stays so.
                    signal.wait().await;
                })
            })
            .collect();
        let throwing = signal.clone();
        let thrown = spawn(async move { throwing.set() });
        for task in waiting.into_iter().chain([thrown]) {
            assert!(task.await.is_ok());
        }
    });
}
