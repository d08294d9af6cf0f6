//! What is in force of keys and certificates.

use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// `setting`: names of settings.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SettingLabel {
    setting: &'static str,
}

/// `outcome`: `in_force` or `refused`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

/// Metrics of rotation.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    generation: Gauge,
    reloads: Family<OutcomeLabel, Counter>,
    expiry: Family<SettingLabel, Gauge<f64, AtomicU64>>,
}

impl Credentials {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "credentials_generation",
            "How often keys and certificates were put in force",
            self.generation.clone(),
        );
        registry.register(
            "credentials_reloads",
            "Times that keys and certificates were read again",
            self.reloads.clone(),
        );
        registry.register_with_unit(
            "certificate_expiry_timestamp",
            "Unix time when the certificate of a setting ends, of several the first",
            Unit::Seconds,
            self.expiry.clone(),
        );
    }
}

impl super::Metrics {
    /// The number of the generation in force at start.
    pub fn generation(&self, number: u64) {
        self.credentials
            .generation
            .set(i64::try_from(number).unwrap_or(i64::MAX));
    }

    /// A new generation is in force.
    pub fn reloaded(&self, number: u64) {
        self.generation(number);
        self.reload_ended("in_force");
    }

    /// A new generation was refused.
    pub fn reload_refused(&self) {
        self.reload_ended("refused");
    }

    /// When the certificates in force end, by setting.
    pub fn certificates(&self, ends: impl Iterator<Item = (&'static str, SystemTime)>) {
        self.credentials.expiry.clear();
        for (setting, end) in ends {
            let end = end.duration_since(UNIX_EPOCH).unwrap_or_default();
            let gauge = self.credentials.expiry.get_or_create(&SettingLabel { setting });
            gauge.set(end.as_secs_f64());
        }
    }

    fn reload_ended(&self, outcome: &'static str) {
        self.credentials.reloads.get_or_create(&OutcomeLabel { outcome }).inc();
    }
}
