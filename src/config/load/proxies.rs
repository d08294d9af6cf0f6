//! The proxies that settings and the environment name (contract: config, section 7).

use std::ffi::OsStr;

use secrecy::ExposeSecret as _;

use super::reader::{Checked, Reader, checked};
use crate::config::checked::{Class, EnvironmentProxies, Proxies, Proxy};
use crate::config::settings::{Origin, Setting, Source, Sources, reference, refers, table};
use crate::config::values::HttpUrl;
use crate::limits::SECRET_FILE_MAX;
use crate::secrets::{Prefix, SeenFile};

/// All of them.
pub(super) fn proxies(reader: &mut Reader<'_>) -> Checked<Proxies> {
    let shared = toward_control_plane(reader);
    checked!(Proxies {
        mcp: proxy(reader, &table::MCP_PROXY),
        harpoon: proxy(reader, &table::HARPOON_PROXY),
        ..shared?
    })
}

/// Those that can lead to the control plane: all that commands without MCP servers need.
pub(super) fn toward_control_plane(reader: &mut Reader<'_>) -> Checked<Proxies> {
    checked!(Proxies {
        global: proxy(reader, &table::HTTP_PROXY),
        control_plane: proxy(reader, &table::CONTROL_PROXY),
        environment: Ok(EnvironmentProxies::of_environment(reader.sources.environment)),
        ..Proxies::default()
    })
}

/// The proxy on the way to the control plane.
pub(super) fn to_control_plane(reader: &mut Reader<'_>, proxies: &Proxies, url: &HttpUrl) -> Checked<Option<Proxy>> {
    proxies.checked(Class::ControlPlane, url).map_err(|broken| {
        let origin = Origin::new(Source::Variable(broken.name));
        reader.report(table::CONTROL_PROXY.flag, origin, broken)
    })
}

fn proxy(reader: &mut Reader<'_>, setting: &'static Setting) -> Checked<Option<Proxy>> {
    let sources = reader.sources;
    reader.optional(setting, |text| {
        proxy_of(&sources, text, setting.flag).map_err(|error| format!("{} {error}", setting.flag))
    })
}

/// A proxy as a setting names it: a URL, or a reference to the variable or the secret file that holds one. The text is not part of a
/// message: it may hold a password.
pub(super) fn proxy_of(sources: &Sources<'_>, text: &str, setting: &str) -> Result<Proxy, String> {
    let parse = |text: &str| Proxy::parse(text, setting).map_err(|error| error.to_string());
    let Some(reference) = reference(OsStr::new(text), Prefix::Exact, "a URL, ")? else {
        return parse(text);
    };
    let unread = |error| refers(&reference, error);
    let path = reference.file(sources.environment).map_err(unread)?;
    let file = path.and_then(|path| SeenFile::look(&path)).map(Box::new);
    let url = sources.secret(&reference, SECRET_FILE_MAX).map_err(unread)?;
    Ok(Proxy {
        file,
        ..parse(url.expose_secret().trim())?
    })
}
