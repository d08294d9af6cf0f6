//! The checked types: what everything past start-up sees. None of them can hold a value that is out of range.

mod audit;
mod child_environment;
mod config;
mod connection;
mod hardening;
mod lockdown;
mod log_server;
mod named;
mod page;
mod proxy;
mod secrets;
mod server_sandbox;
mod trust;

pub use audit::{Audit, Forward, OnFailure};
pub(in crate::config) use child_environment::holds;
pub use child_environment::{ChildEnvironment, Inheritance};
pub use config::{
    Binding, Config, ConfigFile, ControlPlane, Header, Health, Identity, Listen, Log, LogFormat, LogTarget, Mcp, Proxy,
    Settings, Target, Variable,
};
pub use connection::Timeouts;
pub use hardening::{Hardening, Mode, UserName};
pub use lockdown::Lockdown;
pub use log_server::LogServer;
pub use named::{FileRole, NamedFile};
pub use page::Page;
pub(in crate::config) use proxy::EnvironmentProxies;
pub use proxy::{Class, Proxies};
pub use server_sandbox::{Level, ServerNetwork, ServerSandbox};
pub use trust::{SystemStore, TlsVersion, Trust};
