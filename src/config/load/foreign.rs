//! Variables that the existing client acts on and this one does not: refused when they would change anything.

use super::reader::Reader;
use crate::config::settings::{Origin, Source};
use crate::config::values::scalar::boolean;

/// Variables, with what to do instead.
const REFUSED: [(&str, &str); 3] = [
    (
        "TUNNEL_INTEGRATION_TUNNEL_SERVICE_SOCKET_PATH",
        "the control plane cannot be reached over a unix socket; unset it and set control-plane.base-url",
    ),
    ("CLOUDFLARED_TUNNEL_TOKEN", NO_CLOUDFLARED),
    ("CLOUDFLARED_MANAGED", NO_CLOUDFLARED),
];

const NO_CLOUDFLARED: &str =
    "this client does not run cloudflared; unset it and run cloudflared as a service of its own";

/// Reports those that are set to something else than off.
pub(super) fn refuse(reader: &mut Reader<'_>) {
    let environment = reader.sources.environment;
    for (name, instead) in REFUSED {
        let text = environment.value(name).map(|value| value.to_string_lossy());
        let is_off = text.is_none_or(|text| text.trim().is_empty() || boolean(text.trim()) == Some(false));
        if !is_off {
            reader.report(
                name,
                Origin::new(Source::Variable(name)),
                format!("{name} is not supported: {instead}"),
            );
        }
    }
}
