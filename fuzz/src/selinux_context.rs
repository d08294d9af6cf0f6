//! The security context of the client, and the broker's beside it (`src/sandbox/selinux.rs`).
//!
//! Oracle: the broker's context is asked for only by a client in exactly its own domain, and differs from the client's in the type alone.

use tunnel_client::fuzzing::processes::selinux::beside;

const CLIENT: &str = "tunnel_client_t";
const BROKER: &str = "tunnel_client_broker_t";

/// Feeds `data` as the kernel's text.
pub fn check(data: &[u8]) {
    let found = beside(data);
    let text = std::str::from_utf8(data).ok();
    let text = text.map(|text| text.strip_suffix('\n').unwrap_or(text));
    let text = text.map(|text| text.strip_suffix('\0').unwrap_or(text));
    let fields: Vec<&str> = text.map(|text| text.split(':').collect()).unwrap_or_default();
    match found {
        Some(context) => {
            assert_eq!(fields[2], CLIENT);
            let again: Vec<&str> = context.split(':').collect();
            assert_eq!((again.len(), again[2]), (fields.len(), BROKER));
            assert!((0..fields.len()).all(|at| at == 2 || again[at] == fields[at]));
        }
        None => {
            let is_plain = fields
                .iter()
                .all(|field| !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_graphic()));
            assert!(fields.len() < 3 || fields[2] != CLIENT || !is_plain);
        }
    }
}
