//! The manual pages.

mod client;
mod flags;
mod relay;
mod roff;
mod yaml;

pub(crate) use client::page as client;
pub(crate) use relay::page as relay;
pub(crate) use yaml::page as yaml;
