//! The connection to a syslog server: kept, opened again, never waited for by anything else.
//!
//! A record counts as sent once the connection took it (RFC 5425 has no acknowledgement): what was on its way when a connection broke
//! is lost without a count.

use std::io;
use std::time::Duration;

use log::debug;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{sleep, timeout};

use crate::limits::{
    LOG_SERVER_LAST_WAIT, LOG_SERVER_PAUSE, LOG_SERVER_PAUSE_MAX, LOG_SERVER_STALL, LOG_SERVER_UNEXPECTED,
};
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
    let (mut sent_any, mut heard) = (false, 0);
    loop {
        let (batch, count) = tokio::select! {
            biased;
            // A server says nothing; its end shows here before a record is lost to it.
            ended = ended(&mut reader, &mut heard) => match ended {
                Ok(()) if sent_any => return End::Closed,
                Ok(()) => return End::Failed("the server closed the connection and took nothing".to_owned()),
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

/// Reads on until the connection ends: the server has nothing to say. `heard` counts its bytes, over all calls, because one that does not
/// stop keeps the event loop from sending.
pub(super) async fn ended(reader: &mut (impl AsyncRead + Unpin), heard: &mut usize) -> io::Result<()> {
    let mut unexpected = [0; 64];
    while *heard <= LOG_SERVER_UNEXPECTED {
        match reader.read(&mut unexpected).await? {
            0 => return Ok(()),
            count => *heard += count,
        }
    }
    Err(io::Error::other("the server sends data, which no syslog server does"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_may_greet_and_end_and_may_not_go_on_and_on() {
        let mut heard = 0;
        assert!(ended(&mut &b"hello"[..], &mut heard).await.is_ok());
        assert_eq!(heard, 5);
        let half = vec![0; LOG_SERVER_UNEXPECTED / 2];
        assert!(ended(&mut half.as_slice(), &mut heard).await.is_ok());
        // Over all calls.
        assert!(ended(&mut half.as_slice(), &mut heard).await.is_err());
        let mut heard = 0;
        assert!(ended(&mut tokio::io::repeat(0), &mut heard).await.is_err());
        assert!(heard < 2 * LOG_SERVER_UNEXPECTED, "{heard}");
    }
}
