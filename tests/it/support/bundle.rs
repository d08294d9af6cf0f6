//! A support bundle, as others read it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::child::python;

/// The files of an archive, as Python reads it: name, then mode, owner, time, type and content.
#[track_caller]
pub fn unpacked(archive: &Path) -> Vec<(String, Value)> {
    let script = "
import json, sys, tarfile
with tarfile.open(sys.argv[1], 'r:gz') as archive:
    print(json.dumps([[m.name, {'mode': m.mode, 'uid': m.uid, 'gid': m.gid, 'mtime': m.mtime, 'file': m.isreg(),
                       'text': archive.extractfile(m).read().decode()}] for m in archive.getmembers()]))";
    let output = Command::new(python())
        .args(["-c", script])
        .arg(archive)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}
