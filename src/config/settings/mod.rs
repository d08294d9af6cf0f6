//! What can be set, and what was written: the table of settings, the sources and their order, the places of values.

mod effective;
mod embedded;
mod entry;
mod error;
mod fingerprint;
mod origin;
mod recorder;
mod references;
mod sources;
pub(in crate::config) mod table;
mod written;

pub(in crate::config) use effective::effective;
pub use effective::{Effective, EffectiveValue, shown_origin, shown_variable};
pub use embedded::{Embedded, EmbeddedMode, EmbeddedPlace, embedded_text};
pub(in crate::config) use entry::{Parts, RecordEntry};
pub(in crate::config) use error::name_at;
pub use error::{ConfigError, ConfigErrors};
pub use fingerprint::Fingerprint;
pub use origin::{Location, Origin, Source};
pub(in crate::config) use recorder::Recorder;
pub(in crate::config) use references::{reference, refers, socket_path};
pub use sources::Flags;
pub(in crate::config) use sources::{HeaderEntry, Sources, Written, variable};
pub use table::{ADMIN_SETTINGS, Field, Kind, SELECTORS, SETTINGS, Separator, Setting, Shape, Shown};
pub use written::{Entry, FieldValue, File, Record, Text, Value};
