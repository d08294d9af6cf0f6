//! Paths: the file that a name leads to, and the users who can make it lead elsewhere.
//!
//! Every file that is read because a setting names it, and every file that is written, is reached by one walk: component by
//! component, by descriptors (`O_PATH`, `O_NOFOLLOW`), so that a directory or link that was judged is the one that is used.
//! A symbolic link is followed only where its exchange is up to users who are trusted anyway:
//!
//! | file | links on the way | last component |
//! |---|---|---|
//! | read ([`Rule::reading`]) | of root or of this process's user, in a directory that only these can write | likewise |
//! | profile, written ([`Rule::reading`]) | likewise, because `run` reads it by that rule | never followed |
//! | log, PID file, URL file, socket ([`Rule::creating`]) | of root, in a directory that only root can write | never followed |
//!
//! The user that the process becomes (`process.user`) is not trusted while it still is root: that user's link would have root
//! read or write elsewhere. As an ordinary user's process, the stdio servers may be that user too; a link in place of a log's
//! directory would have the client append to its own configuration, so only root's links count for what is created.

#![forbid(unsafe_code)]

mod account;
mod error;
mod groups;
mod mounts;
mod rule;
mod spot;
mod trusted;
mod walk;

#[cfg(test)]
mod tests;

pub use account::{Account, Replaceable};
pub(crate) use error::shown;
pub use error::{Error, Fault};
#[cfg(fuzzing)]
pub(crate) use groups::fuzzing as groups_fuzzing;
pub(crate) use mounts::Mounts;
#[cfg(fuzzing)]
pub(crate) use mounts::fuzzing as mounts_fuzzing;
pub use mounts::other_names;
pub use rule::Rule;
pub use spot::{Identity, Spot, give, path_by_descriptor};
pub use trusted::Trusted;
pub use walk::{Found, Missing, find, find_kept_from, make_directory};
