//! Bounds of the audit log in the client; those that the relay has too are in `audit_log::limits`.

use std::time::Duration;

/// Records that wait for the writer. At 7,000 commands a second, a disk that stalls for a seventh of a second loses none.
pub const AUDIT_QUEUE: usize = 1024;
/// Under `audit.on_failure: block`, commands that run or whose records wait: more than may run at once by default. The records of these
/// are kept when the file takes no more; further commands are refused.
pub const AUDIT_RESERVED: usize = 1024;
/// How long the writer waits for further records after one: at 20,000 commands a second, 100 are written for one wake-up, and they are a
/// tenth of the queue. A record is in the file so much later.
pub const AUDIT_PAUSE: Duration = Duration::from_millis(5);
/// Largest number of records between two anchors.
pub const AUDIT_ANCHOR_MAX: usize = 1_000_000;
/// How long the end of the process waits for the last records.
pub const AUDIT_END_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of a name that are searched for secrets before it is cut: the longest secret (16 KiB), with each byte spelled as three.
pub const AUDIT_SCRUB_MAX: usize = 64 * 1024;
/// Bytes of an initial key file, with room for white space.
pub const AUDIT_KEY_TEXT_MAX: usize = 4096;
/// Anchors of one verification: each a flag of the command line.
pub const AUDIT_ANCHORS_MAX: usize = 4096;
/// Largest backlog of records to be forwarded: two million records, which a collector takes a while for.
pub const AUDIT_BACKLOG_MAX: usize = 1 << 30;
/// Bytes of records that are handed to the forwarder at once. At a round trip of 20 ms, 6 MB a second.
pub const AUDIT_FORWARD_BATCH: usize = 128 * 1024;
/// Records of one batch, however short they are.
pub const AUDIT_FORWARD_RECORDS: usize = 1024;
/// How often the position of forwarding is stored. What is stored is the position of the time before, so that what a collector's host took
/// can be read by the collector: what was sent since is sent again after a kill or a broken connection. Nothing but time moves it.
pub const AUDIT_FORWARD_STORE: Duration = Duration::from_secs(1);
/// Records behind the stored position, with those that the sender has: the most that are sent twice. Where there is no room for another
/// batch, the sender waits for the next step of the position. A record is behind it for two steps at most, so half of them are sent each
/// second: 15 000 records at least.
pub const AUDIT_FORWARD_UNSETTLED: u64 = 32 * 1024;
/// Bytes that are read at a time while records that wait are counted or left out: the thread writes records in between.
pub const AUDIT_FORWARD_CHUNK: usize = 256 * 1024;
/// Pauses between looks at whether a collector's host has what was sent; each is twice as long as the one before.
pub const AUDIT_FORWARD_LOOK: Duration = Duration::from_millis(1);
/// The longest of these pauses.
pub const AUDIT_FORWARD_LOOK_MAX: Duration = Duration::from_millis(100);
/// How soon the forwarder asks again where it was not answered: the queue of the writer is full, or a datagram finds no memory.
pub const AUDIT_FORWARD_RETRY: Duration = Duration::from_millis(200);
/// How long the end of the process waits for records that a collector has not taken: it gets them after the next start.
pub const AUDIT_FORWARD_LAST_WAIT: Duration = Duration::from_secs(2);
