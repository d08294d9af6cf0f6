//! Keys, certificates and authorities in use. They are read from files, and exchanged together while the relay runs.

mod reload;
mod stamps;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::watch;

use crate::auth::{Keys, Lines, keys};
use crate::files::{self, Opened, Pipes};
use crate::mistake::Mistake;
use crate::tls::{self, Tls, TlsFiles};

pub(crate) use reload::Reload;

/// Where they come from.
#[derive(Debug)]
pub(crate) struct Sources {
    /// The keys file.
    pub(crate) keys_file: Option<PathBuf>,
    /// Keys of the environment.
    pub(crate) variable: Lines,
    /// None: plain HTTP.
    pub(crate) tls: Option<TlsFiles>,
    /// Names that callers use for the relay.
    pub(crate) names: Vec<Box<str>>,
}

/// What was read at one moment.
pub(crate) struct Generation {
    /// From 1.
    pub(crate) number: u64,
    /// Who may do what.
    pub(crate) keys: Keys,
    /// None: plain HTTP.
    pub(crate) tls: Option<Tls>,
    /// The first generation whose authorities of clients this one still accepts: connections made before it were let in
    /// by an authority that is accepted no more.
    pub(crate) clients_since: u64,
}

/// The generation in use.
pub(crate) struct Credentials {
    sources: Sources,
    /// The keys of a pipe, which is read once.
    piped: Option<Lines>,
    current: watch::Sender<Arc<Generation>>,
}

impl Credentials {
    /// Reads the first generation; all mistakes are reported at once.
    pub(crate) fn load(sources: Sources) -> Result<Self, Vec<Mistake>> {
        let mut piped = None;
        let mut mistakes = Vec::new();
        let keys = read_keys(&sources, Pipes::Taken, &mut piped);
        let keys = keys.map_err(|more| mistakes.extend(more)).ok();
        let tls = read_tls(&sources, Pipes::Taken)
            .map_err(|mistake| mistakes.push(mistake))
            .ok();
        let (Some(keys), Some(tls)) = (keys, tls) else {
            return Err(mistakes);
        };
        let generation = Generation {
            number: 1,
            keys,
            tls,
            clients_since: 1,
        };
        Ok(Self {
            sources,
            piped,
            current: watch::Sender::new(Arc::new(generation)),
        })
    }

    /// The generation in use.
    pub(crate) fn current(&self) -> Arc<Generation> {
        Arc::clone(&self.current.borrow())
    }

    /// Tells when another generation is in use.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Generation>> {
        self.current.subscribe()
    }

    /// Reads everything again and puts it in the place of the present generation. Returns the names of the keys that
    /// were removed or allow less now. After a mistake everything remains as it is.
    fn renew(&self, now: SystemTime) -> Result<Vec<Arc<str>>, Vec<Mistake>> {
        let before = self.current();
        let mut mistakes = Vec::new();
        let mut piped = self.piped.clone();
        let keys = read_keys(&self.sources, Pipes::Refused, &mut piped);
        let keys = keys.map_err(|more| mistakes.extend(more)).ok();
        let tls = read_tls(&self.sources, Pipes::Refused)
            .map_err(|mistake| mistakes.push(mistake))
            .ok();
        if let (Some(Some(new)), Some(old)) = (&tls, &before.tls) {
            mistakes.extend(new.is_step_back(old, now));
        }
        let (Some(keys), Some(tls), true) = (keys, tls, mistakes.is_empty()) else {
            return Err(mistakes);
        };
        let number = before.number + 1;
        let keeps_clients = match (&tls, &before.tls) {
            (Some(new), Some(old)) => new.accepts_all_of(old),
            _ => true,
        };
        let generation = Arc::new(Generation {
            number,
            keys: keys.following(&before.keys),
            tls,
            clients_since: if keeps_clients { before.clients_since } else { number },
        });
        let mut revoked = Vec::new();
        self.current.send_modify(|current| {
            // Before anybody is told of the new generation.
            revoked = before.keys.revoke_missing(&generation.keys);
            *current = generation;
        });
        Ok(revoked)
    }

    /// The files, with the options that name them.
    fn files(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let keys = self.sources.keys_file.as_deref().filter(|_| self.piped.is_none());
        let tls = self.sources.tls.as_ref();
        [
            (keys::FILE, keys),
            (tls::CERT, tls.map(|files| files.cert.as_path())),
            (tls::KEY, tls.map(|files| files.key.as_path())),
            (tls::CLIENT_CA, tls.and_then(|files| files.client_ca.as_deref())),
        ]
        .into_iter()
        .filter_map(|(option, path)| Some((option, path?)))
    }
}

fn open(option: &'static str, path: &Path, pipes: Pipes) -> Result<Opened, Mistake> {
    files::open_seen(path, pipes).map_err(|error| Mistake::of_file(option, path, error.to_string()))
}

/// Reads the keys; `piped` holds, and gets, the lines of a pipe.
fn read_keys(sources: &Sources, pipes: Pipes, piped: &mut Option<Lines>) -> Result<Keys, Vec<Mistake>> {
    let file = match (&sources.keys_file, &piped) {
        (None, _) => None,
        (Some(path), Some(lines)) => Some((path.as_path(), lines.clone())),
        (Some(path), None) => {
            let read = open(keys::FILE, path, pipes).and_then(|opened| {
                let is_pipe = !opened.file.metadata().is_ok_and(|metadata| metadata.is_file());
                Ok((keys::read(path, opened.file)?, is_pipe))
            });
            match read {
                Ok((lines, is_pipe)) => {
                    if is_pipe {
                        *piped = Some(lines.clone());
                    }
                    Some((path.as_path(), lines))
                }
                Err(mistake) => {
                    let mut mistakes = vec![mistake];
                    mistakes.extend(Keys::mistakes_of(&sources.variable));
                    return Err(mistakes);
                }
            }
        }
    };
    Keys::join(file, sources.variable.clone())
}

fn read_tls(sources: &Sources, pipes: Pipes) -> Result<Option<Tls>, Mistake> {
    let files = sources.tls.as_ref();
    files
        .map(|files| Tls::load(files, |option, path| open(option, path, pipes)))
        .transpose()
}
