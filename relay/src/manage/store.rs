//! The tunnels there are, in memory and, if asked, in a file that is always whole.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::tunnel::Tunnel;
use crate::error::{Code, Refusal};
use crate::files;
use crate::ids::TunnelId;
use crate::limits;

/// All tunnels of one relay.
#[derive(Debug)]
pub(crate) struct Tunnels {
    all: Mutex<BTreeMap<TunnelId, Tunnel>>,
    /// Held while a change is made, disk included; readers do not wait for it.
    changing: Mutex<()>,
    file: Option<PathBuf>,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    tunnels: Vec<Tunnel>,
}

impl Tunnels {
    /// Reads the file if it exists and adds the tunnels given up front (a stored record wins over a given one).
    pub(crate) fn load(file: Option<PathBuf>, given: Vec<(TunnelId, String)>) -> Result<Self, String> {
        let mut all = BTreeMap::new();
        if let Some(path) = &file {
            for tunnel in read(path).map_err(|reason| format!("--tunnels-file {}: {reason}", path.display()))? {
                let id = TunnelId::parse(&tunnel.id)
                    .ok_or_else(|| format!("--tunnels-file {}: malformed tunnel id {:?}", path.display(), tunnel.id))?;
                if all.contains_key(&id) {
                    return Err(format!(
                        "--tunnels-file {}: the tunnel {id} stands there twice",
                        path.display()
                    ));
                }
                all.insert(id, tunnel);
            }
        }
        for (id, name) in given {
            all.entry(id.clone()).or_insert_with(|| Tunnel::named(&id, &name));
        }
        Ok(Self {
            all: Mutex::new(all),
            changing: Mutex::new(()),
            file,
        })
    }

    /// One tunnel's record.
    pub(crate) fn find(&self, id: &TunnelId) -> Option<Tunnel> {
        self.lock().get(id).cloned()
    }

    /// Whether there is such a tunnel.
    pub(crate) fn exists(&self, id: &TunnelId) -> bool {
        self.lock().contains_key(id)
    }

    /// Those that `choose` chooses, by id.
    pub(crate) fn list(&self, choose: impl Fn(&Tunnel) -> bool) -> Vec<Tunnel> {
        self.lock().values().filter(|tunnel| choose(tunnel)).cloned().collect()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Adds a tunnel.
    pub(crate) fn insert(&self, tunnel: Tunnel) -> Result<(), Refusal> {
        let id =
            TunnelId::parse(&tunnel.id).ok_or_else(|| Refusal::new(Code::InvalidTunnelId, "malformed tunnel id"))?;
        self.change(|all| {
            if all.len() >= limits::TUNNELS {
                return Err(Refusal::new(
                    Code::RateLimitExceeded,
                    format!("the relay has {} tunnels, as many as it takes", limits::TUNNELS),
                ));
            }
            all.insert(id, tunnel);
            Ok(())
        })
    }

    /// Changes a tunnel; `None` if there is none.
    pub(crate) fn update(
        &self,
        id: &TunnelId,
        change: impl FnOnce(Tunnel) -> Result<Tunnel, Refusal>,
    ) -> Result<Option<Tunnel>, Refusal> {
        self.change(|all| {
            let Some(tunnel) = all.get_mut(id) else { return Ok(None) };
            *tunnel = change(tunnel.clone())?;
            Ok(Some(tunnel.clone()))
        })
    }

    /// Removes a tunnel; false if there is none.
    pub(crate) fn remove(&self, id: &TunnelId) -> Result<bool, Refusal> {
        self.change(|all| Ok(all.remove(id).is_some()))
    }

    /// A change happens in the file first: what cannot be stored did not happen.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut BTreeMap<TunnelId, Tunnel>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = self.lock().clone();
        let value = change(&mut changed)?;
        // Without a file as well: it bounds the memory, and the answer that lists them all.
        let text = written(&changed)?;
        if let Some(path) = &self.file {
            files::replace(path, &text).map_err(|error| {
                crate::log::warn(
                    "tunnels file cannot be written",
                    &[("path", &path.display()), ("error", &error)],
                );
                Refusal::new(Code::Internal, "the change cannot be stored; see the relay's log")
            })?;
        }
        *self.lock() = changed;
        Ok(value)
    }

    /// Nothing panics while it holds the lock, so a poisoned one is still consistent.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<TunnelId, Tunnel>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path) -> Result<Vec<Tunnel>, String> {
    let file = match files::open_replaced(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.to_string()),
    };
    let mut text = Vec::new();
    let limit = u64::try_from(limits::TUNNELS_FILE).unwrap_or(u64::MAX);
    file.take(limit + 1)
        .read_to_end(&mut text)
        .map_err(|error| error.to_string())?;
    if text.len() > limits::TUNNELS_FILE {
        return Err(format!("larger than {} bytes", limits::TUNNELS_FILE));
    }
    let stored: Stored = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    Ok(stored.tunnels)
}

/// The file's text, if [`read`] would take it.
fn written(tunnels: &BTreeMap<TunnelId, Tunnel>) -> Result<Vec<u8>, Refusal> {
    let stored = Stored {
        tunnels: tunnels.values().cloned().collect(),
    };
    let text = serde_json::to_vec_pretty(&stored).map_err(|error| {
        Refusal::new(
            Code::Internal,
            format!("the tunnels cannot be written as JSON: {error}"),
        )
    })?;
    if text.len() > limits::TUNNELS_FILE {
        let message = format!(
            "the relay's tunnels would need more than the {} bytes that it keeps: remove some, or shorten descriptions",
            limits::TUNNELS_FILE
        );
        return Err(Refusal::new(Code::RateLimitExceeded, message));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::fs;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("relay-store-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn tunnels_survive_a_restart_and_no_scrap_is_left() {
        let folder = folder("restart");
        let file = folder.join("tunnels.json");
        let id = TunnelId::random();
        let tunnels = Tunnels::load(Some(file.clone()), Vec::new()).unwrap();
        tunnels.insert(Tunnel::named(&id, "kept")).unwrap();
        let again = Tunnels::load(Some(file.clone()), vec![(id.clone(), "given".into())]).unwrap();
        assert_eq!(again.find(&id).unwrap().name, "kept");
        assert!(again.remove(&id).unwrap());
        assert!(!again.remove(&id).unwrap());
        assert_eq!(Tunnels::load(Some(file), Vec::new()).unwrap().len(), 0);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_change_that_cannot_be_stored_does_not_happen() {
        let file = PathBuf::from("/nonexistent/folder/tunnels.json");
        let tunnels = Tunnels::load(Some(file), Vec::new()).unwrap();
        let id = TunnelId::random();
        assert_eq!(
            tunnels.insert(Tunnel::named(&id, "x")).unwrap_err().code,
            Code::Internal
        );
        assert!(!tunnels.exists(&id));
    }

    #[test]
    fn a_change_that_would_make_the_file_too_large_to_be_read_again_does_not_happen() {
        let folder = folder("large");
        let file = folder.join("tunnels.json");
        let tunnels = Tunnels::load(Some(file.clone()), Vec::new()).unwrap();
        let (kept, large) = (TunnelId::random(), TunnelId::random());
        tunnels.insert(Tunnel::named(&kept, "kept")).unwrap();
        let described = Tunnel {
            // Its text is longer than it is itself.
            description: "\n".repeat(limits::TUNNELS_FILE / 2),
            ..Tunnel::named(&large, "large")
        };
        assert_eq!(tunnels.insert(described).unwrap_err().code, Code::RateLimitExceeded);
        assert!(!tunnels.exists(&large));
        let again = Tunnels::load(Some(file), Vec::new()).unwrap();
        assert!(again.len() == 1 && again.exists(&kept));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_broken_file_is_refused_with_its_name() {
        let folder = folder("broken");
        let file = folder.join("t.json");
        fs::write(
            &file,
            r#"{"tunnels":[{"id":"x","name":"","description":"","created_at":""}]}"#,
        )
        .unwrap();
        assert!(
            Tunnels::load(Some(file.clone()), Vec::new())
                .unwrap_err()
                .contains("t.json")
        );
        fs::write(&file, "{").unwrap();
        assert!(Tunnels::load(Some(file), Vec::new()).is_err());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn nothing_in_the_file_is_passed_over() {
        let folder = folder("surplus");
        let file = folder.join("t.json");
        let id = TunnelId::random();
        let one = format!(r#"{{"id":"{id}","name":"a","description":"","created_at":""}}"#);
        for text in [
            format!(r#"{{"tunnels":[{one}]}}{{"tunnels":[]}}"#),
            format!(r#"{{"tunnels":[{one}]}}{}---{}"#, '\n', '\n'),
            format!(r#"{{"tunnels":[{one}],"tunnels":[]}}"#),
            format!(r#"{{"tunnels":[{one},{one}]}}"#),
        ] {
            fs::write(&file, &text).unwrap();
            let refused = Tunnels::load(Some(file.clone()), Vec::new()).unwrap_err();
            assert!(refused.contains("t.json"), "{refused}");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
