//! How the lists are written.

use seccompiler::{SeccompCmpArgLen, SeccompCmpOp};

/// A call, and what its arguments must be: one of these rows of tests, or anything when there is none.
pub(super) type Call = (i64, &'static [&'static [Test]]);

/// The place of an argument, from 0, the comparison, the value.
pub(super) type Test = (u8, SeccompCmpOp, u64);

/// Of every argument that is looked at the kernel takes 32 bits.
pub(super) const WIDTH: SeccompCmpArgLen = SeccompCmpArgLen::Dword;

/// A command of ioctl(2); its type differs between C libraries.
#[allow(clippy::unnecessary_cast, reason = "it is what differs")]
pub(super) const NON_BLOCKING: u64 = libc::FIONBIO as u64;
/// See above: how long a datagram is.
#[cfg(not(target_env = "musl"))]
pub(super) const READABLE: u64 = libc::FIONREAD;
/// See above: types a character into a terminal.
#[allow(clippy::unnecessary_cast, reason = "it is what differs")]
pub(super) const TYPE_CHARACTER: u64 = libc::TIOCSTI as u64;
/// See above: pastes into a console.
#[allow(clippy::unnecessary_cast, reason = "it is what differs")]
pub(super) const PASTE: u64 = libc::TIOCLINUX as u64;

pub(super) const ANY: &[&[Test]] = &[];
pub(super) const IS: SeccompCmpOp = SeccompCmpOp::Eq;
pub(super) const IS_NOT: SeccompCmpOp = SeccompCmpOp::Ne;

/// Memory that cannot be executed.
pub(super) const NOT_EXECUTABLE: &[&[Test]] = &[&[(2, SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64), 0)]];
