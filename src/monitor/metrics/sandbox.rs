//! Which layers of the sandbox are in force.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

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
}

impl super::Metrics {
    /// Sets whether a layer is in this state.
    pub fn sandbox_layer(&self, layer: &'static str, state: &'static str, is_in_it: bool) {
        let label = LayerLabel { layer, state };
        self.sandbox.0.get_or_create(&label).set(i64::from(is_in_it));
    }
}
