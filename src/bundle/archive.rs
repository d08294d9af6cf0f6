//! A tar archive (POSIX ustar) in gzip, of the little that a bundle needs: regular files of root that only their owner reads.

use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::{Compression, GzBuilder};
use tokio::task::yield_now;

use super::Entry;
use crate::limits::BUNDLE_WINDOW;
use crate::telemetry::utc::Utc;

/// Headers and contents are filled up to it.
const BLOCK: usize = 512;

/// Name of an archive that is made now.
#[must_use]
pub fn name_of(at: SystemTime) -> String {
    let Utc {
        year,
        month,
        day,
        hour,
        minute,
        second,
        millisecond: _,
    } = Utc::of(at);
    format!("tunnel-client-logs-{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z.tar.gz")
}

/// The archive. The same entries at the same time give the same bytes. Others may run after each step.
pub(super) async fn archive(entries: &[Entry], at: SystemTime) -> Vec<u8> {
    let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let time = u32::try_from(seconds).unwrap_or(u32::MAX);
    // 255: unknown, so that the bytes are the same on every system.
    let mut gzip = GzBuilder::new()
        .mtime(time)
        .operating_system(255)
        .write(Vec::new(), Compression::default());
    for entry in entries {
        let content = entry.text.as_str().as_bytes();
        let padding = content.len().next_multiple_of(BLOCK) - content.len();
        for bytes in [
            &header(entry.name, content.len(), seconds)[..],
            content,
            &[0; BLOCK][..padding],
        ] {
            for piece in bytes.chunks(BUNDLE_WINDOW) {
                // A vector takes everything.
                let _ = gzip.write_all(piece);
                yield_now().await;
            }
        }
    }
    let _ = gzip.write_all(&[0; 2 * BLOCK]);
    gzip.finish().unwrap_or_default()
}

/// Header of one file. Names and lengths of a bundle fit into their fields: names are constants, texts are bounded.
fn header(name: &str, length: usize, seconds: u64) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| {
        for (to, byte) in header.iter_mut().skip(at).zip(bytes) {
            *to = *byte;
        }
    };
    put(0, name.as_bytes());
    put(100, b"0000600\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{length:011o}\0").as_bytes());
    put(136, format!("{seconds:011o}\0").as_bytes());
    // The sum counts its own field as blanks.
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    put(265, b"root");
    put(297, b"root");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    for (to, byte) in header.iter_mut().skip(148).zip(format!("{sum:06o}\0 ").bytes()) {
        *to = byte;
    }
    header
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bundle::Outgoing;
    use crate::bundle::windows::to_the_end;

    #[test]
    fn an_archive_is_named_after_its_time() {
        let at = UNIX_EPOCH + Duration::from_secs(1_795_395_723);
        assert_eq!(name_of(at), "tunnel-client-logs-20261123T010203Z.tar.gz");
    }

    #[test]
    fn the_same_entries_give_the_same_bytes() {
        let at = UNIX_EPOCH + Duration::from_secs(1_795_395_723);
        let packed = |text: &str, at| {
            let entry = Entry {
                name: "a",
                text: to_the_end(Outgoing::of(text)),
            };
            to_the_end(archive(&[entry], at))
        };
        assert_eq!(packed("x", at), packed("x", at));
        assert_ne!(packed("x", at), packed("y", at));
        assert_ne!(packed("x", at), packed("x", at + Duration::from_secs(1)));
    }
}
