//! The process as operators and machines see it: the health listener, the status page, the banner, its files.

mod answer;
mod api;
pub mod banner;
pub mod embedded;
pub mod files;
mod health;
mod hosts;
pub mod janitor;
pub mod listener;
mod own_file;
mod page;
mod process;
mod recent;
mod report;
mod server;
mod stall;
pub mod unix_url;

pub use health::Shown;
pub use listener::Listener;
pub use page::Setup as PageSetup;
pub use process::OwnProcess;
pub use server::Server;
