//! Every file that a configuration names or was read from, with its use. The sets of files that are watched, read again, hidden
//! from stdio servers or protected from their changes all derive from this list: each type lists its own files, by a pattern that
//! names every field.

use std::path::Path;

use super::{Audit, Forward, Health, Identity, Listen, Log, Mcp, Settings, Target, Trust};
use crate::config::settings::EmbeddedPlace;

/// A file of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedFile<'a> {
    /// Setting that names it; for a file that is found in another way, its description.
    pub setting: &'a str,
    /// Path as it was written.
    pub path: &'a Path,
    /// Use of the file.
    pub role: FileRole,
}

/// Use of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileRole {
    /// Read together with the configuration: the configuration itself, a secret, a value.
    Read,
    /// Client certificate, or its key.
    Identity,
    /// Trust anchors. They are public, and a user who can change them chooses the client's peers.
    Trust,
    /// File that the client writes, or listens on.
    Made,
}

impl Trust {
    /// Lists the files of trust anchors, and those of the certificate that is shown to proxies.
    pub fn files(&self) -> impl Iterator<Item = NamedFile<'_>> {
        let Self {
            webpki: _,
            system,
            bundle,
            min_version: _,
            proxy_bundle,
            proxy_identity,
        } = self;
        let store = system.as_ref().and_then(|store| store.file.as_ref());
        let anchors = [
            ("ca-bundle", bundle.as_ref()),
            ("proxy.ca-bundle", proxy_bundle.as_ref()),
            ("the system's store of certificate authorities", store),
        ];
        let anchors = anchors.into_iter().filter_map(|(setting, path)| {
            Some(NamedFile {
                setting,
                path: path?,
                role: FileRole::Trust,
            })
        });
        anchors.chain(proxy_identity.iter().flat_map(Identity::files))
    }
}

impl Identity {
    /// The certificate and its key.
    pub fn files(&self) -> impl Iterator<Item = NamedFile<'_>> {
        let Self {
            certificate,
            key,
            setting,
        } = self;
        [certificate, key].into_iter().map(|path| NamedFile {
            setting,
            path,
            role: FileRole::Identity,
        })
    }
}

impl Settings {
    /// Lists every file, some more than once.
    pub fn files(&self) -> impl Iterator<Item = NamedFile<'_>> {
        let Self {
            control_plane,
            trust,
            lockdown: _,
            timeouts: _,
            reload_interval: _,
            proxies: _,
            mcp: Mcp { bindings, .. },
            embedded,
            log: Log { file: log, .. },
            audit,
            log_server,
            health:
                Health {
                    listen,
                    url_file,
                    allowed_hosts: _,
                    show_details: _,
                },
            page: _,
            pid_file,
            announce_ui: _,
            hardening: _,
            selection: _,
            file: _,
            files_read,
            credentials: _,
            secret_variables: _,
            inheritance: _,
            secluded: _,
            warnings: _,
        } = self;
        // The recorder has read the configuration file and the files of the key, the token, proxies, headers and variables.
        let read = files_read.iter().map(|path| NamedFile {
            setting: "a file that the configuration refers to",
            path,
            role: FileRole::Read,
        });
        let of_servers = bindings.iter().filter_map(|binding| match &binding.target {
            Target::Http { identity, .. } => identity.as_ref(),
            Target::Stdio { .. } => None,
        });
        let of_audit = audit.as_ref().and_then(Audit::server);
        let of_log = log_server.iter().chain(of_audit);
        let of_log = of_log.filter_map(|server| server.identity.as_ref());
        let identities = of_servers.chain(&control_plane.identity).chain(of_log);
        let identities = identities.flat_map(Identity::files);
        let socket = match listen {
            Listen::Unix(path) => Some(path),
            Listen::Tcp { .. } | Listen::Named { .. } => None,
        };
        let stub = match embedded.as_ref().map(|embedded| &embedded.place) {
            Some(EmbeddedPlace::Unix(path)) => Some(path),
            Some(EmbeddedPlace::Tcp(_)) | None => None,
        };
        let records = audit.as_ref().map(|Audit { file, .. }| file);
        let position = audit.as_ref().and_then(|Audit { forward, .. }| forward.as_ref());
        let position = position.map(|Forward { position, .. }| position);
        let key_file = audit.as_ref().and_then(|Audit { key_file, .. }| key_file.as_ref());
        let made = [
            ("log.file", log.as_ref()),
            ("audit.file", records),
            ("audit.key_file", key_file),
            ("audit.forward", position),
            ("pid.file", pid_file.as_ref()),
            ("health.url-file", url_file.as_ref()),
            ("health.unix-socket", socket),
            ("embedded-mcp-unix-socket", stub),
        ];
        let made = made.into_iter().filter_map(|(setting, path)| {
            Some(NamedFile {
                setting,
                path: path?,
                role: FileRole::Made,
            })
        });
        read.chain(trust.files()).chain(identities).chain(made)
    }

    /// Lists the files that no other process needs: all but trust anchors, which are public.
    pub fn own_files(&self) -> impl Iterator<Item = &Path> {
        let own = self.files().filter(|file| file.role != FileRole::Trust);
        own.map(|file| file.path)
    }

    /// Lists the files of trust anchors: anybody may read them, and no server may change them.
    pub fn trust_files(&self) -> impl Iterator<Item = NamedFile<'_>> {
        self.files().filter(|file| file.role == FileRole::Trust)
    }
}
