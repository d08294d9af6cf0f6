//! The proxies that settings and the environment name (contract: config, section 7).

use super::reader::{Checked, Reader};
use crate::config::checked::{Class, EnvironmentProxies, Proxies, Proxy};
use crate::config::settings::{Origin, Setting, Source, table};
use crate::config::values::HttpUrl;

/// All of them.
pub(super) fn proxies(reader: &mut Reader<'_>) -> Checked<Proxies> {
    let shared = toward_control_plane(reader);
    let mcp = proxy(reader, &table::MCP_PROXY);
    let harpoon = proxy(reader, &table::HARPOON_PROXY);
    Ok(Proxies {
        mcp: mcp?,
        harpoon: harpoon?,
        ..shared?
    })
}

/// Those that can lead to the control plane: all that commands without MCP servers need.
pub(super) fn toward_control_plane(reader: &mut Reader<'_>) -> Checked<Proxies> {
    let global = proxy(reader, &table::HTTP_PROXY);
    let control_plane = proxy(reader, &table::CONTROL_PROXY);
    Ok(Proxies {
        global: global?,
        control_plane: control_plane?,
        environment: EnvironmentProxies::of_environment(reader.sources.environment),
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
        Proxy::of_setting(&sources, text, setting.flag).map_err(|error| format!("{} {error}", setting.flag))
    })
}
