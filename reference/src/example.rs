//! An example of a configuration file.

/// A configuration with every section that acts in this version. A test loads it.
pub(crate) const YAML: &str = include_str!("example.yaml");
