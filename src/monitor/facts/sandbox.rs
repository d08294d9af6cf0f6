//! Component `sandbox`: layers, which do not change once the cage is shut.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::monitor::component::{Brief, Moment, Status};

/// State of one layer: `enforced`, `partial`, `missing` or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// Its name.
    pub name: &'static str,
    /// Its state.
    pub state: &'static str,
}

/// Layers of the sandbox.
#[derive(Debug, Default)]
pub(in super::super) struct Sandbox {
    layers: BTreeMap<&'static str, &'static str>,
    since: Option<Moment>,
}

impl Sandbox {
    pub(in super::super) fn layers(&mut self, layers: impl Iterator<Item = Layer>) {
        self.layers = layers.map(|layer| (layer.name, layer.state)).collect();
        self.since = Some(Moment::now());
    }

    /// `partial` is what the kernel has, and no fault.
    pub(in super::super) fn brief(&self) -> Brief {
        let has = |wanted: &str| self.layers.values().any(|state| *state == wanted);
        match () {
            () if self.layers.is_empty() => Brief::new(Status::Unknown, "not_observed"),
            () if has("off") => Brief::new(Status::Degraded, "off").because(Some("hardening_off")),
            () if has("missing") => Brief::new(Status::Degraded, "missing").because(Some("layer_missing")),
            () if has("partial") => Brief::new(Status::Ok, "partial"),
            () => Brief::new(Status::Ok, "enforced"),
        }
    }

    pub(in super::super) fn observed_at(&self) -> Option<Moment> {
        self.since
    }

    pub(in super::super) fn details(&self) -> impl Serialize + '_ {
        Details { layers: &self.layers }
    }
}

#[derive(Serialize)]
struct Details<'a> {
    layers: &'a BTreeMap<&'static str, &'static str>,
}
