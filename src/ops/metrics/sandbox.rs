//! Which layers of the sandbox are in force.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::sandbox::{Finding, State, Status};

/// `layer` and `state`: words of this program.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LayerLabel {
    layer: &'static str,
    state: &'static str,
}

/// Metrics of the sandbox.
#[derive(Debug, Default)]
pub(super) struct Sandbox(Family<LayerLabel, Gauge>);

impl Sandbox {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "sandbox_layer",
            "1 for the state that a layer of the sandbox is in, 0 for the others",
            self.0.clone(),
        );
    }

    fn set(&self, finding: &Finding) {
        for state in State::ALL {
            let label = LayerLabel {
                layer: finding.layer.as_str(),
                state: state.as_str(),
            };
            self.0.get_or_create(&label).set(i64::from(state == finding.state));
        }
    }
}

impl super::Metrics {
    /// The layers at start, which do not change.
    pub fn sandbox(&self, status: &Status) {
        status.findings().iter().for_each(|finding| self.sandbox.set(finding));
    }
}
