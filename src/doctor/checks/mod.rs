//! The checks, one file for each part of the way.

pub(super) mod files;
pub(super) mod health;
pub(super) mod names;
pub(super) mod settings;
