//! tokio as the programs name it, for models: its own channels, semaphores and wake-ups, without its runtime. Each use of them is one
//! step that nothing interrupts, and before each step another thread may go on. Time does not pass.

pub use ::tokio::{pin, select};

pub mod sync;
pub mod time;
