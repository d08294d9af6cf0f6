//! The standard library as the programs name it, with the locks, atomics, channels and threads of the model checker. A crate that
//! declares this one as `std` compiles the programs' files unchanged.

pub use ::std::*;

/// Locks, atomics and channels whose every use is a point where another thread may go on.
pub mod sync {
    pub use ::std::sync::*;

    pub use shuttle::sync::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic, mpsc};
}

/// Threads that the model checker schedules.
pub mod thread {
    pub use shuttle::thread::*;
}
