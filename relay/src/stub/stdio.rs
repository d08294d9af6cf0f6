//! Newline-delimited JSON on stdin and stdout; calls overlap.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::protocol::{Answer, Call, Misbehaviour, Parts, Stub, error};
use crate::json::{Kind, classify};

/// Serves until the end of stdin; calls that still run are then dropped.
pub(super) async fn serve(stub: Arc<Stub>) -> io::Result<()> {
    let (out, lines) = mpsc::channel(64);
    tokio::spawn(write(lines));
    let mut stdin = BufReader::new(tokio::io::stdin());
    let mut calls = JoinSet::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if stdin.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        // Those that have ended.
        while calls.try_join_next().is_some() {}
        match classify(&line) {
            Err(_) if line.trim_ascii().is_empty() => {}
            Err(cause) => send(&out, error("null", -32700, cause.reason())).await,
            Ok(Kind::Notification) => {
                stub.notifications.fetch_add(1, Ordering::Relaxed);
            }
            Ok(Kind::Response { .. }) => {
                stub.answered(&line);
            }
            Ok(Kind::Call { id, method }) => {
                calls.spawn(call(Arc::clone(&stub), out.clone(), id, method, line.clone()));
            }
        }
    }
}

async fn call(stub: Arc<Stub>, out: mpsc::Sender<String>, id: Box<str>, method: Box<str>, line: Vec<u8>) {
    let params = serde_json::from_slice::<Parts<'_>>(&line)
        .ok()
        .and_then(|parts| parts.params);
    let call = Call {
        id: &id,
        method: &method,
        params: params.map(|params| params.get()),
        stream: Some(out.clone()),
        headers: serde_json::json!({}),
    };
    match stub.answer(call).await {
        Answer::Message(message) => send(&out, message).await,
        Answer::Misbehave(way) => match way {
            Misbehaviour::Status(code) => send(&out, error(&id, -32000, &format!("status {code}"))).await,
            Misbehaviour::Garbage => send(&out, r#"{"jsonrpc": garb"#.into()).await,
            Misbehaviour::Html => send(&out, "<html><body>please log in</body></html>".into()).await,
            Misbehaviour::Drop => {
                use io::Write as _;
                let mut stdout = io::stdout().lock();
                let _ = stdout.write_all(br#"{"jsonrpc":"2.0","#).and_then(|()| stdout.flush());
                super::crash()
            }
            Misbehaviour::Crash => super::crash(),
            Misbehaviour::Hang | Misbehaviour::EndOfStream => {}
        },
    }
}

async fn send(out: &mpsc::Sender<String>, line: String) {
    // Nobody reads any more: the process is about to end.
    let _ = out.send(line).await;
}

async fn write(mut lines: mpsc::Receiver<String>) {
    let mut stdout = tokio::io::stdout();
    while let Some(mut line) = lines.recv().await {
        line.push('\n');
        if stdout.write_all(line.as_bytes()).await.is_err() || stdout.flush().await.is_err() {
            return;
        }
    }
}
