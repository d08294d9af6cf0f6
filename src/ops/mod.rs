//! The process as operators and machines see it: the health listener, the banner, its files.

pub mod banner;
pub mod files;
mod hosts;
pub mod janitor;
pub mod listener;
mod own_file;
mod process;
mod report;
mod server;
pub mod unix_url;

pub use listener::Listener;
pub use process::OwnProcess;
pub use server::{Server, Shown};
