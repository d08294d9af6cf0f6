//! Bounds of `/health`, of the log lines about it, and of the figures of the process.

use std::time::Duration;

use super::KIB;

/// Components of `/health` (contract: ops, section 9).
pub const HEALTH_COMPONENTS_MAX: usize = 16;
/// Characters of the name of one (contract: ops, section 9).
pub const HEALTH_COMPONENT_NAME_MAX: usize = 64;
/// One component as JSON; a larger one loses its details (contract: ops, section 9).
pub const HEALTH_COMPONENT_MAX: usize = 24 * KIB;
/// Kept free in it for what stands around the details.
pub const HEALTH_COMPONENT_RESERVE: usize = 512;
/// All components as JSON; details are left out until it fits (contract: ops, section 9).
pub const HEALTH_REPORT_MAX: usize = 64 * KIB;
/// The query of a request to `/health`; the longest that is accepted has 13 characters (contract: ops, section 9).
pub const HEALTH_QUERY_MAX: usize = 128;
/// Commands whose age `/health` knows; more may run where the administrator allows it.
pub const HEALTH_AGES_MAX: usize = 1024;
/// Calls in a row that fail as those of a dead server do, before `/health` says that a server that is not probed fails.
pub const HEALTH_CALLS_FAILED: u32 = 2;
/// Least time between two log lines about changes of one component: whoever flaps costs twelve lines a minute.
pub const COMPONENT_LINE_INTERVAL: Duration = Duration::from_secs(5);
/// `/health` names a certificate that ends within this, as the first alert does.
pub const CERTIFICATE_ENDS_SOON: Duration = Duration::from_secs(14 * 86_400);
/// `/proc/self/stat`: 52 numbers of at most twenty digits, and the name of the program.
pub const PROCESS_STAT_MAX: usize = 2 * KIB;
/// Descriptors that are looked at to count those in use. They are taken from below, so those beyond are not in use where there are
/// fewer.
pub const PROCESS_DESCRIPTORS_MAX: u64 = 65_536;
