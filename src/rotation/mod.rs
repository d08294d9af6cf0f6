//! Keys, certificates and proxies' credentials are exchanged while the client runs: when their files change, and on SIGHUP.
//!
//! Files are looked at, not watched: a look is one `stat(2)` a file, follows whatever links lead to it (Kubernetes exchanges
//! a link two directories up), and works on every file system.

#![forbid(unsafe_code)]

mod expiry;
mod settings;
mod stamps;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use log::{error, info, warn};
use tokio::signal::unix::Signal;
use tokio::time::{Instant, sleep_until};

use crate::limits::{RELOAD_SETTLE, RELOAD_SETTLE_LOOKS};
use crate::monitor::Monitor;
use crate::net::Network;
use crate::secrets::SecludedFile;
use crate::service_manager::ServiceManager;
use crate::telemetry::log as sink;
use expiry::Expiry;
pub use settings::SettingsFile;
use stamps::Stamps;

/// Keeps what is in force as new as the files are.
#[derive(Debug)]
pub struct Rotation {
    network: Arc<Network>,
    monitor: Arc<Monitor>,
    manager: ServiceManager,
    hangup: Signal,
    settings: Option<SettingsFile>,
    /// `None`: on SIGHUP only.
    interval: Option<Duration>,
    /// The files as they were when they were last read.
    read: Stamps,
    /// The files at the last look, when they were different then.
    restless: Option<(Stamps, u32)>,
    expiry: Expiry,
}

impl Rotation {
    /// Says which certificates in force end soon. `hangup` is SIGHUP, which has `settings` looked at again too.
    pub fn new(
        network: Arc<Network>,
        monitor: Arc<Monitor>,
        manager: ServiceManager,
        hangup: Signal,
        settings: Option<SettingsFile>,
        interval: Option<Duration>,
    ) -> Self {
        let mut rotation = Self {
            manager,
            hangup,
            settings,
            read: Stamps::first(&network),
            network,
            monitor,
            interval,
            restless: None,
            expiry: Expiry::default(),
        };
        let generation = rotation.network.live().number();
        rotation.monitor.metrics.generation(generation);
        rotation.monitor.health.generation(generation);
        rotation.tell();
        rotation
    }

    /// Never returns.
    pub async fn run(mut self) {
        let mut files = self.interval.map(|interval| Instant::now() + interval);
        let mut dates = self.next_dates();
        loop {
            tokio::select! {
                _ = self.hangup.recv() => {
                    self.manager.reloading();
                    sink::reopen();
                    info!("SIGHUP: reading keys, certificates and proxies' credentials again");
                    self.renew();
                    self.settings.iter().for_each(SettingsFile::look);
                    self.manager.reloaded(&self.monitor.status());
                }
                () = until(files) => {
                    self.look();
                    let pause = if self.restless.is_some() { Some(RELOAD_SETTLE) } else { self.interval };
                    files = pause.map(|pause| Instant::now() + pause);
                }
                () = sleep_until(dates) => {
                    // An anchor has no date: the authority that has ended is left out of the next generation.
                    if self.expiry.look(&self.network, &self.monitor) {
                        self.renew();
                    }
                    dates = self.next_dates();
                }
            }
            // Another certificate may end sooner.
            dates = dates.min(self.next_dates());
        }
    }

    /// When the dates of certificates are looked at next.
    fn next_dates(&self) -> Instant {
        Instant::now() + self.expiry.pause(SystemTime::now())
    }

    /// Reads the files when they have changed and come to rest: a certificate and its key do not change in one moment.
    fn look(&mut self) {
        let now = Stamps::look(self.network.files());
        if now == self.read {
            self.restless = None;
            return;
        }
        match self.restless.take() {
            Some((before, looks)) if before == now || looks >= RELOAD_SETTLE_LOOKS => self.renew(),
            Some((_, looks)) => self.restless = Some((now, looks + 1)),
            None => self.restless = Some((now, 1)),
        }
    }

    /// Reads everything again and puts it in force, or says why not.
    fn renew(&mut self) {
        let now = Stamps::look(self.network.files());
        let changed = match now.changed(&self.read, self.network.files()).join(", ") {
            none if none.is_empty() => "nothing".to_owned(),
            settings => settings,
        };
        let in_force = self.network.live().number();
        match self.network.renew() {
            Ok(()) => {
                let generation = self.network.live().number();
                info!(generation, changed; "keys and certificates were read again and are in force");
                self.monitor.metrics.reloaded(generation);
                self.monitor.health.generation(generation);
                self.monitor.health.reloaded(true);
                self.tell();
            }
            Err(refusal) => {
                error!(generation = in_force, changed, error:% = refusal;
                    "keys and certificates were read again and are refused: those in force stay; correct that, it is read again on SIGHUP and when the file changes");
                self.monitor.metrics.reload_refused();
                self.monitor.health.reloaded(false);
            }
        }
        self.read = now;
        self.restless = None;
    }

    /// How things are with what is in force.
    fn tell(&mut self) {
        for note in self.network.live().current().notes() {
            warn!("{note}; remove or replace it");
        }
        let generation = self.network.live().current();
        generation.secluded().iter().for_each(SecludedFile::warn);
        self.expiry.look(&self.network, &self.monitor);
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
