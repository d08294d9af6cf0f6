//! Who is asked, and with which token.

use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::cli::health::locator::{Base, Locator};
use crate::cli::health::{text, value};
use crate::cli::page_token::PageToken;
use crate::cli::{Error, settings};
use crate::config::{self, Health, Listen};
use crate::secrets::{Disk, Environment};
use crate::telemetry::redact;

/// A listener.
pub(super) struct Source {
    /// Where it is.
    pub(super) base: Base,
    /// The token of the status page, where the configuration has one that can be read.
    pub(super) token: Option<PageToken>,
}

impl Source {
    /// The listener that the arguments name, otherwise that of the configuration.
    pub(super) fn find(matches: &ArgMatches, environment: &Environment) -> Result<Self, Error> {
        let named = named(matches)?;
        let config = config::read(&settings::flags(matches), environment, &Disk::default());
        if let Ok(config) = &config {
            config.for_each_secret(redact::protect);
        }
        let (locator, config) = match (named, config) {
            // Whoever names the listener needs no configuration.
            (Some(locator), config) => (locator, config.ok()),
            (None, Ok(config)) => (configured(&config.health)?, Some(config)),
            (None, Err(errors)) => return Err(Error::Config(errors)),
        };
        let base = locator.resolve().map_err(Error::Message)?;
        Ok(Self {
            token: config.and_then(|config| PageToken::of(&config, &base)),
            base,
        })
    }
}

fn named(matches: &ArgMatches) -> Result<Option<Locator>, Error> {
    let names = ["url", "url-file", "port", "unix-socket"].map(|name| value(matches, name));
    match names {
        [None, None, None, None] => Ok(None),
        [Some(url), None, None, None] => Ok(Some(Locator::Url(text(url, "--url")?.to_owned()))),
        [None, Some(path), None, None] => Ok(Some(Locator::UrlFile(PathBuf::from(path)))),
        [None, None, Some(port), None] => {
            let port = text(port, "--port")?.parse().ok().filter(|port| *port != 0);
            let port = port.ok_or_else(|| Error::Message("--port must be a number from 1 to 65535".to_owned()));
            port.map(|port| Some(Locator::Port(port)))
        }
        [None, None, None, Some(path)] => socket(Path::new(path)).map(Some),
        _ => Err(Error::Message(
            "choose at most one of --url, --url-file, --port and --unix-socket".to_owned(),
        )),
    }
}

fn socket(path: &Path) -> Result<Locator, Error> {
    Locator::socket(path).map_err(|error| Error::Message(format!("{}: {error}", path.display())))
}

/// The listener of a configuration. Its URL file has the port that was chosen, if there is one.
fn configured(health: &Health) -> Result<Locator, Error> {
    if let Some(path) = health.url_file.as_ref().filter(|path| path.exists()) {
        return Ok(Locator::UrlFile(path.clone()));
    }
    let (host, port) = match &health.listen {
        Listen::Unix(path) => return socket(path),
        Listen::Tcp { addr, .. } if addr.ip().is_unspecified() => ("127.0.0.1".to_owned(), addr.port()),
        Listen::Tcp { addr, .. } if addr.is_ipv6() => (format!("[{}]", addr.ip()), addr.port()),
        Listen::Tcp { addr, .. } => (addr.ip().to_string(), addr.port()),
        Listen::Named { host, port, .. } => (host.clone(), *port),
    };
    match port {
        0 => Err(Error::Message(
            "health.listen_addr has port 0, so that the port is not known; set health.url_file, or give --port or --url".to_owned(),
        )),
        port => Ok(Locator::Url(format!("http://{host}:{port}"))),
    }
}
