//! Grammars of single values: URLs, durations, networks, commands. They know no setting.

pub(in crate::config) mod argv;
pub(in crate::config) mod channel;
mod cidr;
pub(in crate::config) mod duration;
pub(in crate::config) mod harpoon;
mod no_proxy;
pub(in crate::config) mod scalar;
pub(in crate::config) mod shell;
mod url;

pub(crate) use channel::is_channel;
pub use cidr::{Cidr, NoNetwork};
pub(in crate::config) use no_proxy::NoProxy;
pub(crate) use scalar::{boolean, echo};
pub(in crate::config) use url::is_loopback;
pub use url::{HttpUrl, UrlError};
