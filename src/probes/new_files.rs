//! Can a stdio server make files in its own directories? This program, started by a broker in the server's place and in its cage, makes
//! one in each of them and removes it again.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::role::Role;
use super::trial::ROLE;
use crate::broker::{Instructions, Starting};
use crate::limits::SANDBOX_PROBE_OUTPUT_MAX;

/// This program, even when its file was replaced.
const SELF: &str = "/proc/self/exe";

/// A directory in which no file could be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The directory.
    pub directory: PathBuf,
    /// What the system said.
    pub error: String,
}

/// Makes a file in each directory, as the server of this channel; returns the directories in which it failed.
///
/// # Errors
/// The trial itself failed; a sentence.
pub async fn try_as_server(
    mut instructions: Instructions,
    channel: &str,
    directories: &[PathBuf],
    bound: Duration,
) -> Result<Vec<Failed>, String> {
    for server in &mut instructions.servers {
        server.argv = [SELF.to_owned(), "doctor".to_owned(), format!("--{ROLE}")].into();
    }
    let starting = Starting::launch().map_err(|error| error.to_string())?;
    let broker = starting
        .connect(&instructions)
        .await
        .map_err(|error| error.to_string())?;
    let said = match broker.start(channel).await {
        Ok((mut child, mut stdin, stdout)) => {
            let mut role = serde_json::to_vec(&Role::MakeFiles(directories.to_owned())).unwrap_or_default();
            role.push(b'\n');
            let mut said = Vec::new();
            let limit = u64::try_from(SANDBOX_PROBE_OUTPUT_MAX).unwrap_or(u64::MAX);
            let mut stdout = stdout.take(limit);
            let conversation = async {
                stdin.write_all(&role).await?;
                drop(stdin);
                stdout.read_to_end(&mut said).await
            };
            let ended = timeout(bound, conversation).await;
            child.stop().await;
            match ended {
                Ok(Ok(_)) => Ok(said),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("no answer in time".to_owned()),
            }
        }
        Err(error) => Err(error.to_string()),
    };
    broker.close().await;
    serde_json::from_slice(&said?).map_err(|_| "the process said nothing".to_owned())
}

/// Makes a file in each of these directories and removes it, and prints the failures.
pub(super) fn make(directories: &[PathBuf]) -> io::Result<()> {
    let failed: Vec<Failed> = directories
        .iter()
        .filter_map(|directory| {
            let error = make_one(directory).err()?;
            Some(Failed {
                directory: directory.clone(),
                error: error.to_string(),
            })
        })
        .collect();
    io::stdout().write_all(&serde_json::to_vec(&failed)?)
}

fn make_one(directory: &Path) -> io::Result<()> {
    let path = directory.join(format!(".tunnel-client-doctor-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    let written = file.write_all(b"x");
    fs::remove_file(path)?;
    written
}
