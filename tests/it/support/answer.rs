//! Scripted HTTP answers: the bytes, and where they pause, stop or break.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// One step of an answer.
#[derive(Clone)]
pub enum Step {
    /// Write these bytes.
    Send(Vec<u8>),
    /// Write these bytes again and again, at most so many in all; ends early when the peer goes.
    Flood(Vec<u8>, usize),
    /// Wait that long.
    Pause(Duration),
    /// Wait until the gate opens.
    Hold(Gate),
    /// Wait until the peer gives up.
    Stall,
    /// Close the connection in order.
    Close,
    /// Close the connection with a reset.
    Reset,
}

/// What a scripted server does with one request. Without [`Step::Close`] or [`Step::Reset`] the connection stays.
#[derive(Clone, Default)]
pub struct Answer {
    pub steps: Vec<Step>,
}

impl Answer {
    /// A complete answer with `Content-Length`.
    pub fn new(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut bytes = head(status, headers);
        if status != 204 {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body);
        Self::raw(bytes)
    }

    pub fn json(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self::new(status, &[("Content-Type", "application/json")], body)
    }

    pub fn empty(status: u16) -> Self {
        Self::new(status, &[], "")
    }

    /// Exactly these bytes.
    pub fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Self::default().send(bytes)
    }

    /// A JSON answer that promises more bytes than its body has.
    pub fn short(status: u16, body: &str) -> Self {
        let mut bytes = head(status, &[("Content-Type", "application/json")]);
        bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n{body}", body.len() + 100).as_bytes());
        Self::raw(bytes)
    }

    /// The head of a chunked event stream; go on with [`Self::event`] and [`Self::end`].
    pub fn sse(headers: &[(&str, &str)]) -> Self {
        let mut all = vec![("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")];
        all.extend_from_slice(headers);
        let mut bytes = head(200, &all);
        bytes.extend_from_slice(b"\r\n");
        Self::raw(bytes)
    }

    /// One `message` event with one data line.
    pub fn event(self, data: impl AsRef<str>) -> Self {
        self.chunk(format!("event: message\ndata: {}\n\n", data.as_ref()))
    }

    /// One HTTP chunk.
    pub fn chunk(self, data: impl AsRef<[u8]>) -> Self {
        let data = data.as_ref();
        let mut bytes = format!("{:x}\r\n", data.len()).into_bytes();
        bytes.extend_from_slice(data);
        bytes.extend_from_slice(b"\r\n");
        self.send(bytes)
    }

    /// The last chunk.
    pub fn end(self) -> Self {
        self.send("0\r\n\r\n")
    }

    pub fn send(self, bytes: impl AsRef<[u8]>) -> Self {
        self.step(Step::Send(bytes.as_ref().to_vec()))
    }

    pub fn flood(self, bytes: impl AsRef<[u8]>, at_most: usize) -> Self {
        self.step(Step::Flood(bytes.as_ref().to_vec(), at_most))
    }

    pub fn pause(self, time: Duration) -> Self {
        self.step(Step::Pause(time))
    }

    pub fn hold(self, gate: &Gate) -> Self {
        self.step(Step::Hold(gate.clone()))
    }

    pub fn stall(self) -> Self {
        self.step(Step::Stall)
    }

    pub fn close(self) -> Self {
        self.step(Step::Close)
    }

    pub fn reset(self) -> Self {
        self.step(Step::Reset)
    }

    /// What `self` does, then what `next` does; bytes that follow each other go out in one write.
    pub fn then(mut self, next: Self) -> Self {
        for step in next.steps {
            match (self.steps.last_mut(), step) {
                (Some(Step::Send(sent)), Step::Send(more)) => sent.extend(more),
                (_, step) => self.steps.push(step),
            }
        }
        self
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

fn head(status: u16, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status} Scripted\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.into_bytes()
}

/// Holds scripted answers until the test opens it.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// Waits at most that long; true when the gate is open.
    pub fn wait(&self, time: Duration) -> bool {
        let guard = self.0.0.lock().unwrap();
        *self.0.1.wait_timeout_while(guard, time, |open| !*open).unwrap().0
    }
}
