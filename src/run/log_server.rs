//! The connection to a syslog server: kept, opened again, never waited for by anything else.
//!
//! A record counts as sent once the connection took it (RFC 5425 has no acknowledgement): what was on its way when a connection broke
//! is lost without a count.

use std::time::Duration;

use log::debug;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{sleep, timeout};

use crate::limits::{LOG_SERVER_LAST_WAIT, LOG_SERVER_PAUSE, LOG_SERVER_PAUSE_MAX, LOG_SERVER_STALL};
use crate::net::{Connector, Stream};
use crate::shutdown::Signal;
use crate::telemetry::log as sink;

/// Sends records to the server until `stop` is set, and then what still waits, within a bound.
pub(super) async fn send(connector: Connector, stop: Signal) {
    let last = async {
        stop.wait().await;
        sleep(LOG_SERVER_LAST_WAIT).await;
    };
    tokio::select! {
        () = keep_sending(&connector, &stop) => {}
        () = last => {}
    }
}

async fn keep_sending(connector: &Connector, stop: &Signal) {
    let mut pause = LOG_SERVER_PAUSE;
    loop {
        // No connection before there is something to send.
        tokio::select! {
            biased;
            _ = sink::first() => {}
            () = stop.wait() => return,
        }
        let end = match connector.stream().await {
            Ok(stream) => over(stream, stop, &mut pause).await,
            Err(error) => End::Failed(error.to_string()),
        };
        match end {
            End::Done => return,
            End::Closed => {}
            End::Failed(error) => sink::trouble(error),
        }
        sleep(pause).await;
        pause = pause.saturating_mul(2).min(LOG_SERVER_PAUSE_MAX);
    }
}

/// How a connection ended.
enum End {
    /// All is sent and no more will come.
    Done,
    /// By the server, while there was nothing to send.
    Closed,
    /// By a fault.
    Failed(String),
}

/// Sends over one connection.
async fn over(stream: Stream, stop: &Signal, pause: &mut Duration) -> End {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut sent_any = false;
    loop {
        let mut unexpected = [0; 64];
        let (batch, count) = tokio::select! {
            biased;
            // A server says nothing; its end shows here before a record is lost to it.
            read = reader.read(&mut unexpected) => match read {
                Ok(0) if sent_any => return End::Closed,
                Ok(0) => return End::Failed("the server closed the connection and took nothing".to_owned()),
                Ok(_) => continue,
                Err(error) => return End::Failed(error.to_string()),
            },
            found = sink::first() => found,
            () = stop.wait() => {
                let _ = timeout(LOG_SERVER_LAST_WAIT, writer.shutdown()).await;
                return End::Done;
            }
        };
        let write = async {
            writer.write_all(batch.as_bytes()).await?;
            writer.flush().await
        };
        match timeout(LOG_SERVER_STALL, write).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return End::Failed(error.to_string()),
            Err(_) => {
                let seconds = LOG_SERVER_STALL.as_secs();
                return End::Failed(format!("the server took nothing for {seconds} s"));
            }
        }
        *pause = LOG_SERVER_PAUSE;
        sink::taken(count);
        if !sent_any {
            sent_any = true;
            debug!("log server reached");
        }
    }
}
