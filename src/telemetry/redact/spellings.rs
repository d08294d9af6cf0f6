//! Spellings of a secret, for tests.
#![allow(clippy::unwrap_used, reason = "tests")]

/// Every spelling in which a peer may repeat `secret`.
pub(in crate::telemetry) fn spellings(secret: &str) -> Vec<String> {
    const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let base64 = |text: &str| {
        let mut out = String::new();
        for group in text.as_bytes().chunks(3) {
            let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
            for digit in 0..=group.len() {
                out.push(char::from(STANDARD[(bits >> (18 - 6 * digit)) as usize & 63]));
            }
        }
        out
    };
    let chars = |write: &dyn Fn(u32) -> String| secret.chars().map(|char| write(u32::from(char))).collect::<String>();
    let units = |write: &dyn Fn(u16) -> String| secret.encode_utf16().map(write).collect::<String>();
    let each = |write: &dyn Fn(u8) -> String| secret.bytes().map(write).collect::<String>();
    let mut all = vec![
        each(&|b| format!("%{b:02x}")),
        each(&|b| format!("%{b:02X}")),
        each(&|b| format!("%25{b:02X}")),
        each(&|b| {
            if b.is_ascii_alphanumeric() {
                char::from(b).into()
            } else {
                format!("%{b:02X}")
            }
        }),
        each(&|b| format!("\\x{b:02x}")),
        each(&|b| format!("\\{b:03o}")),
        each(&|b| format!("{b:02x}")),
        each(&|b| format!("{b:02X}")),
        each(&|b| format!("{b:02x}"))
            .chars()
            .enumerate()
            .map(|(n, c)| if n % 2 == 0 { c.to_ascii_uppercase() } else { c })
            .collect(),
        each(&|b| format!("{b:02x}:")),
        each(&|b| format!("{b:02X} ")),
        chars(&|c| format!("&#{c};")),
        chars(&|c| format!("&#x{c:x};")),
        units(&|unit| format!("\\u{unit:04x}")),
        units(&|unit| format!("\\\\u{unit:04X}")),
        secret
            .replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('\'', "&apos;")
            .replace('<', "&lt;")
            .replace('>', "&gt;"),
        form(secret),
        serde_json::to_string(secret).unwrap(),
        serde_json::to_string(&serde_json::to_string(secret).unwrap()).unwrap(),
        format!("{secret:?}"),
    ];
    for before in ["", "x", "xy", "user:"] {
        for after in ["", "1", "12"] {
            let standard = base64(&format!("{before}{secret}{after}"));
            all.push(standard.replace('+', "-").replace('/', "_"));
            all.push(format!("{standard}=="));
            all.push(standard.replace('+', "%2B").replace('/', "\\/"));
            all.push(
                standard
                    .as_bytes()
                    .chunks(20)
                    .map(|line| std::str::from_utf8(line).unwrap())
                    .collect::<Vec<_>>()
                    .join("\r\n"),
            );
        }
    }
    all
}

/// `application/x-www-form-urlencoded`.
fn form(secret: &str) -> String {
    secret
        .bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
