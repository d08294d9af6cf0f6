//! What operators and machines see of the process: the health listener, the banner, its files.

pub mod banner;
pub mod files;
mod hosts;
pub mod janitor;
pub mod listener;
mod own_file;
mod server;
pub mod unix_url;

pub use listener::Listener;
pub use server::Server;
