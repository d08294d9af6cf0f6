//! The log file after it was renamed (logrotate(8)).

use ::log::{info, warn};

use super::{SINK, places};

/// Opens the log file anew, and says how that went. A log that is no file stays as it is.
pub fn reopen() {
    let Some((sink, (path, trusted))) = SINK.get().and_then(|sink| Some((sink, sink.place.as_ref()?))) else {
        return;
    };
    match places::append(path, *trusted) {
        Ok(file) => {
            sink.output().output.replace(file);
            info!(file:% = path.display(); "log file opened again");
        }
        Err(error) => warn!(
            file:% = path.display(), error:% = error,
            action = "still writing to the file that is open; let the client's user create the file in a directory that holds logs alone, have logrotate create it there, or use copytruncate";
            "log file not opened again"
        ),
    }
}
