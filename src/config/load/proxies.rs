//! The proxies that settings and the environment name (spec: config, section 6).

use crate::config::checked::Proxy;
use crate::config::proxy::{EnvironmentProxies, Proxies};
use crate::config::reader::{Checked, Reader};
use crate::config::sources::{Origin, Source};
use crate::config::table::{self, Setting};

/// All of them. Variables of the environment count only while there is no global proxy, so only then are they mistakes.
pub(super) fn proxies(reader: &mut Reader<'_>) -> Checked<Proxies> {
    let global = proxy(reader, &table::HTTP_PROXY);
    let control_plane = proxy(reader, &table::CONTROL_PROXY);
    let mcp = proxy(reader, &table::MCP_PROXY);
    let harpoon = proxy(reader, &table::HARPOON_PROXY);
    let environment = if matches!(global, Ok(None)) {
        environment(reader)
    } else {
        Ok(EnvironmentProxies::default())
    };
    Ok(Proxies {
        control_plane: control_plane?,
        mcp: mcp?,
        harpoon: harpoon?,
        global: global?,
        environment: environment?,
    })
}

fn proxy(reader: &mut Reader<'_>, setting: &'static Setting) -> Checked<Option<Proxy>> {
    let environment = reader.sources.environment;
    reader.optional(setting, |text| {
        Proxy::of_setting(environment, text, setting.flag).map_err(|error| format!("{} {error}", setting.flag))
    })
}

fn environment(reader: &mut Reader<'_>) -> Checked<EnvironmentProxies> {
    let (proxies, errors) = EnvironmentProxies::of_environment(reader.sources.environment);
    let mut outcome = Ok(proxies);
    for (name, error) in errors {
        let problem = format!("{name} {error}; or set http-proxy, which takes its place");
        outcome = Err(reader.report(table::HTTP_PROXY.flag, Origin::new(Source::Variable(name)), problem));
    }
    outcome
}
