//! Reading keys and certificates again: on SIGHUP, and when their files change.

use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::Signal;
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep_until};

use super::stamps::Stamps;
use crate::mistake::Mistake;
use crate::notify::ServiceManager;
use crate::relay::Relay;
use crate::{limits, log};

/// Keeps what is in use as new as the files are.
pub(crate) struct Reload {
    relay: Arc<Relay>,
    manager: ServiceManager,
    hangup: Signal,
    /// Between two looks at the files; `None`: they are read on SIGHUP only.
    interval: Option<Duration>,
    /// The files as they were when they were last read.
    read: Stamps,
    /// The files at the last look, when they were different then, and how many looks found them so.
    restless: Option<(Stamps, u32)>,
}

impl Reload {
    /// Logs what is wrong with the certificates in use. `hangup` is SIGHUP.
    pub(crate) fn new(relay: Arc<Relay>, manager: ServiceManager, hangup: Signal, interval: Option<Duration>) -> Self {
        let credentials = &relay.credentials;
        if let Some(tls) = &credentials.current().tls {
            tls.warn(&credentials.sources.names, SystemTime::now());
        }
        Self {
            read: Stamps::look(credentials.files()),
            relay,
            manager,
            hangup,
            interval,
            restless: None,
        }
    }

    /// Never returns.
    pub(crate) async fn run(mut self) {
        let mut look = self.interval.map(|interval| Instant::now() + interval);
        let mut dates = Instant::now() + limits::EXPIRY_LOOK;
        loop {
            tokio::select! {
                received = self.hangup.recv() => {
                    if received.is_none() {
                        return;
                    }
                    self.manager.reloading();
                    let accepted = block_in_place(|| {
                        if let Some(audit) = &self.relay.audit {
                            audit.reopen();
                        }
                        self.renew("SIGHUP")
                    });
                    self.manager.reloaded(accepted);
                }
                () = until(look) => {
                    block_in_place(|| self.look());
                    let pause = if self.restless.is_some() { Some(limits::RELOAD_SETTLE) } else { self.interval };
                    look = pause.map(|pause| Instant::now() + pause);
                }
                () = sleep_until(dates) => {
                    let credentials = &self.relay.credentials;
                    if let Some(tls) = &credentials.current().tls {
                        tls.warn_of_certificates(&credentials.sources.names, SystemTime::now());
                    }
                    dates = Instant::now() + limits::EXPIRY_LOOK;
                }
            }
        }
    }

    /// Reads the files when they have changed and come to rest: a certificate and its key do not change in one moment.
    fn look(&mut self) {
        let now = Stamps::look(self.relay.credentials.files());
        if now == self.read {
            self.restless = None;
            return;
        }
        match self.restless.take() {
            Some((before, looks)) if before == now || looks >= limits::RELOAD_SETTLE_LOOKS => {
                let accepted = self.renew("file change");
                self.manager.read_again(accepted);
            }
            Some((_, looks)) => self.restless = Some((now, looks + 1)),
            None => self.restless = Some((now, 1)),
        }
    }

    /// Returns whether what was read is in use.
    fn renew(&mut self, cause: &str) -> bool {
        let credentials = &self.relay.credentials;
        // Before they are read: a change in between is found by the next look.
        let stamps = Stamps::look(credentials.files());
        let changed = stamps.changed(&self.read).join(",");
        let renewed = credentials.renew(SystemTime::now());
        let accepted = renewed.is_ok();
        match renewed {
            Ok(revoked) => {
                let after = credentials.current();
                self.relay.end_revoked_calls();
                let fields: [(&str, &dyn Display); 5] = [
                    ("cause", &cause),
                    ("changed", &changed),
                    ("generation", &after.number),
                    ("keys", &after.keys.len()),
                    ("revoked", &names(&revoked)),
                ];
                log::info("credentials reloaded", &fields);
                if let Some(tls) = &after.tls {
                    tls.warn(&credentials.sources.names, SystemTime::now());
                }
            }
            Err(mistakes) => reject(&mistakes, cause),
        }
        self.read = stamps;
        self.restless = None;
        accepted
    }
}

/// One line for each of the first mistakes.
fn reject(mistakes: &[Mistake], cause: &str) {
    let all = mistakes.len();
    for mistake in mistakes.iter().take(limits::MISTAKES_LOGGED) {
        let file = mistake.file.as_ref().map(|file| file.display().to_string());
        let file = file.unwrap_or_default();
        let mut fields: Vec<(&str, &dyn Display)> =
            vec![("cause", &cause), ("setting", &mistake.setting), ("file", &file)];
        if let Some(line) = &mistake.line {
            fields.push(("line", line));
        }
        let action = "keeping the current keys and certificates; correct the file and send SIGHUP again";
        fields.extend([("reason", &mistake.reason as &dyn Display), ("action", &action)]);
        if all > limits::MISTAKES_LOGGED {
            fields.push(("mistakes", &all));
        }
        log::warn("credential reload rejected", &fields);
    }
}

/// The first few names, and that there are more.
fn names(revoked: &[Arc<str>]) -> String {
    let mut text = revoked
        .iter()
        .take(limits::MISTAKES_LOGGED)
        .map(|name| &**name)
        .collect::<Vec<_>>()
        .join(",");
    if revoked.len() > limits::MISTAKES_LOGGED {
        text.push_str(",...");
    }
    text
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
