//! Time that does not pass: nothing that waits for it goes on.

use std::future::{Future, pending};
use std::time::Duration;

pub use ::tokio::time::Instant;

/// Why a bound was exceeded; there is no such case.
#[derive(Debug)]
pub enum Elapsed {}

/// Waits for ever.
pub async fn sleep(_: Duration) {
    pending().await
}

/// Waits for ever.
pub async fn sleep_until(_: Instant) {
    pending().await
}

/// Waits for the future.
///
/// # Errors
/// None.
pub async fn timeout<F: Future>(_: Duration, future: F) -> Result<F::Output, Elapsed> {
    Ok(future.await)
}
