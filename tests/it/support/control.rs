//! The scriptable control plane: a queue of commands behind a long poll, scripted misbehaviour for polls and for each
//! delivery attempt, and a record of everything.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustls::ServerConfig;

use super::answer::Answer;
use super::command::{Command, poll_body};
use super::http::{Peer, Request, Seen, Server};
use super::post::Post;
use super::wait::{BOUND, within};

/// The tunnel every test uses.
pub const TUNNEL: &str = "tunnel_0123456789abcdef0123456789abcdef";

/// Parameters of an `initialize` that the children of tests answer and do not record.
const INTRODUCTION: &str =
    r#"{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"introduction","version":"1"}}"#;

/// A running control plane.
pub struct ControlPlane {
    state: Arc<State>,
    server: Server,
    barriers: AtomicU32,
}

struct State {
    start: Instant,
    path_prefix: String,
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    queue: VecDeque<Command>,
    polls: VecDeque<Answer>,
    every_poll: Option<Answer>,
    deliveries: HashMap<(String, String), VecDeque<Answer>>,
    every_delivery: Option<Answer>,
    poll_headers: Vec<(String, String)>,
    hold_polls: bool,
    ignore_limit: bool,
    seen: Vec<Seen>,
    posts: Vec<Post>,
    handed_out: usize,
    bad_posts: Vec<String>,
    /// Names of sessions in commands, and the sessions that they stand for.
    sessions: HashMap<String, String>,
}

impl ControlPlane {
    pub fn http() -> Self {
        Self::start(None, "")
    }

    pub fn https(tls: Arc<ServerConfig>) -> Self {
        Self::start(Some(tls), "")
    }

    /// A control plane whose paths begin with `prefix`.
    pub fn below(prefix: &str) -> Self {
        Self::start(None, prefix)
    }

    fn start(tls: Option<Arc<ServerConfig>>, prefix: &str) -> Self {
        let inner = Mutex::new(Inner {
            hold_polls: true,
            ..Inner::default()
        });
        let state = State {
            start: Instant::now(),
            path_prefix: prefix.to_owned(),
            inner,
            changed: Condvar::new(),
        };
        let state = Arc::new(state);
        let handler = Arc::clone(&state);
        let server = Server::tcp(
            tls,
            Arc::new(move |request: &Request, peer: &Peer| handler.answer(request, peer)),
        );
        Self {
            state,
            server,
            barriers: AtomicU32::new(0),
        }
    }

    pub fn url(&self) -> String {
        self.server.origin()
    }

    pub fn server(&self) -> &Server {
        &self.server
    }

    // ---- scripts ----

    /// Queues a command.
    pub fn push(&self, command: Command) {
        self.push_all([command]);
    }

    /// Queues commands so that one poll gets them all (up to its limit).
    pub fn push_all(&self, commands: impl IntoIterator<Item = Command>) {
        self.with(|inner| {
            let commands = commands.into_iter().map(|command| command.in_sessions(&inner.sessions));
            inner.queue.extend(commands);
        });
    }

    /// Queues a command before all others.
    pub fn push_front(&self, command: Command) {
        self.with(|inner| {
            let command = command.in_sessions(&inner.sessions);
            inner.queue.push_front(command);
        });
    }

    /// Scripts the next poll that no earlier script takes.
    pub fn on_poll(&self, answer: Answer) {
        self.with(|inner| inner.polls.push_back(answer));
    }

    /// Answers every poll like this from now on; `None` goes back to the queue.
    pub fn on_every_poll(&self, answer: Option<Answer>) {
        self.with(|inner| inner.every_poll = answer);
    }

    /// Adds a header to every poll answer made from the queue.
    pub fn poll_header(&self, name: &str, value: &str) {
        self.with(|inner| inner.poll_headers.push((name.to_owned(), value.to_owned())));
    }

    /// Says that this service takes server-to-client requests.
    pub fn offer_server_requests(&self) {
        self.poll_header("X-Tunnel-Service-Capabilities", "server-requests-v1");
    }

    /// Answers polls at once with 204 while nothing is queued.
    pub fn do_not_hold_polls(&self) {
        self.with(|inner| inner.hold_polls = false);
    }

    /// Hands out everything that is queued, whatever the limit in the query.
    pub fn ignore_limit(&self) {
        self.with(|inner| inner.ignore_limit = true);
    }

    /// Scripts the next delivery attempt of `resp_type` for a command; later attempts take later scripts, then 200.
    pub fn on_delivery(&self, request_id: &str, resp_type: &str, answer: Answer) {
        let key = (request_id.to_owned(), resp_type.to_owned());
        self.with(|inner| inner.deliveries.entry(key).or_default().push_back(answer));
    }

    /// Answers every delivery like this from now on; `None` takes them again.
    pub fn on_every_delivery(&self, answer: Option<Answer>) {
        self.with(|inner| inner.every_delivery = answer);
    }

    // ---- the record ----

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.inner.lock().unwrap().seen.clone()
    }

    pub fn polls(&self) -> Vec<Seen> {
        self.seen()
            .into_iter()
            .filter(|request| request.path().ends_with("/poll"))
            .collect()
    }

    /// Every post so far, repeated attempts included.
    pub fn posts(&self) -> Vec<Post> {
        self.state.inner.lock().unwrap().posts.clone()
    }

    pub fn posts_of(&self, request_id: &str) -> Vec<Post> {
        self.posts()
            .into_iter()
            .filter(|post| post.request_id == request_id)
            .collect()
    }

    /// Begins the record of posts anew.
    pub fn forget_posts(&self) {
        self.with(|inner| inner.posts.clear());
    }

    /// Commands handed out so far.
    pub fn handed_out(&self) -> usize {
        self.state.inner.lock().unwrap().handed_out
    }

    /// Commands that wait for a poll.
    pub fn waiting(&self) -> usize {
        self.state.inner.lock().unwrap().queue.len()
    }

    /// Different connections that carried a request.
    pub fn connections(&self) -> usize {
        let mut connections: Vec<u64> = self.seen().iter().map(|request| request.connection).collect();
        connections.sort_unstable();
        connections.dedup();
        connections.len()
    }

    /// Connections that are open now.
    pub fn open_connections(&self) -> usize {
        self.server.open_connections()
    }

    // ---- waiting ----

    #[track_caller]
    pub fn await_polls(&self, count: usize) -> Vec<Seen> {
        within(BOUND, &format!("{count} polls"), || {
            Some(self.polls()).filter(|polls| polls.len() >= count)
        })
    }

    /// Waits for the terminal answer of a command.
    #[track_caller]
    pub fn terminal(&self, request_id: &str) -> Post {
        self.terminal_within(BOUND, request_id)
    }

    #[track_caller]
    pub fn terminal_within(&self, bound: Duration, request_id: &str) -> Post {
        within(bound, &format!("terminal answer of {request_id}"), || {
            self.posts_of(request_id).into_iter().find(Post::is_terminal)
        })
    }

    /// Waits for so many posts of one command.
    #[track_caller]
    pub fn await_posts(&self, request_id: &str, count: usize) -> Vec<Post> {
        within(BOUND, &format!("{count} posts of {request_id}"), || {
            Some(self.posts_of(request_id)).filter(|posts| posts.len() >= count)
        })
    }

    /// Queues a call, waits for its terminal answer.
    #[track_caller]
    pub fn call(&self, command: Command, request_id: &str) -> Post {
        self.push(command);
        self.terminal(request_id)
    }

    /// Initializes the stdio server of the main channel, as every caller does first; gives the session.
    #[track_caller]
    pub fn introduce(&self) -> String {
        self.introduce_as(|command| command)
    }

    /// The same for another channel.
    #[track_caller]
    pub fn introduce_on(&self, channel: &str) -> String {
        self.introduce_as(|command| command.channel(channel))
    }

    /// The same by a caller whose commands look like this. A session that they name is from now on another name of the one that
    /// was opened; it is opened once.
    #[track_caller]
    pub fn introduce_as(&self, dress: impl Fn(Command) -> Command) -> String {
        let id = format!("introduction-{}", self.barriers.fetch_add(1, Ordering::SeqCst));
        let (command, name) = dress(Command::call(&id, "initialize", INTRODUCTION)).outside_sessions();
        if let Some(open) = name
            .as_ref()
            .and_then(|name| self.with(|inner| inner.sessions.get(name).cloned()))
        {
            return open;
        }
        let post = self.call(command, &id);
        let session = post.resp_header("Mcp-Session-Id");
        let session = session.unwrap_or_else(|| panic!("no session: {post:#?}")).to_owned();
        if let Some(name) = name {
            self.with(|inner| inner.sessions.insert(name, session.clone()));
        }
        let done = format!("{id}-done");
        self.push(dress(Command::notification(&done, "notifications/initialized", "{}")));
        assert_eq!(self.terminal(&done).resp_type, "notify_ack");
        session
    }

    /// Sends a command that the client answers by itself through the whole loop and waits for its answer: what was
    /// handed out before has been looked at by then.
    #[track_caller]
    pub fn barrier(&self) {
        let id = format!("barrier-{}", self.barriers.fetch_add(1, Ordering::SeqCst));
        self.push(Command::call(&id, "ping", "{}").channel("nobody-has-this-channel"));
        self.terminal(&id);
    }

    /// The one terminal answer of a command, after a barrier that lets a second one show up.
    #[track_caller]
    pub fn only_terminal(&self, request_id: &str) -> Post {
        self.terminal(request_id);
        self.barrier();
        let posts = self.posts_of(request_id);
        let mut terminals = posts.iter().filter(|post| post.is_terminal());
        let first = terminals.next().unwrap().clone();
        assert!(
            terminals.next().is_none(),
            "{request_id} has several terminal answers: {posts:#?}"
        );
        assert!(
            posts.last().unwrap().is_terminal(),
            "{request_id} has a post after its terminal answer: {posts:#?}"
        );
        first
    }

    /// Checks that nothing was posted for a command by the time of a barrier.
    #[track_caller]
    pub fn assert_unanswered(&self, request_id: &str) {
        self.barrier();
        let posts = self.posts_of(request_id);
        assert!(posts.is_empty(), "{request_id} has posts: {posts:#?}");
    }

    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        let result = change(&mut self.state.inner.lock().unwrap());
        self.state.changed.notify_all();
        result
    }

    fn dump(&self) {
        let inner = self
            .state
            .inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        eprintln!("--- control plane saw {} requests:", inner.seen.len());
        for request in inner.seen.iter().rev().take(80).rev() {
            eprintln!("{}", request.line(self.state.start));
        }
        eprintln!("--- still queued: {}", inner.queue.len());
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.dump();
            return;
        }
        let inner = self
            .state
            .inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        assert!(
            inner.bad_posts.is_empty(),
            "posts the contract does not allow: {:#?}",
            inner.bad_posts
        );
    }
}

impl State {
    fn answer(&self, request: &Request, peer: &Peer) -> Answer {
        self.inner.lock().unwrap().seen.push(request.clone());
        self.changed.notify_all();
        let base = format!("{}/v1/tunnels/{TUNNEL}", self.path_prefix);
        match (request.method.as_str(), request.path().strip_prefix(&base)) {
            ("GET", Some("")) => Answer::json(
                200,
                format!(r#"{{"id":"{TUNNEL}","name":"test tunnel","description":"loopback"}}"#),
            ),
            ("GET", Some("/poll")) => self.poll(request, peer),
            ("POST", Some("/response")) => self.response(request),
            _ => Answer::json(
                404,
                r#"{"error":{"message":"no such path","type":"invalid_request_error","code":null}}"#,
            ),
        }
    }

    fn poll(&self, request: &Request, peer: &Peer) -> Answer {
        let limit: usize = request.query("limit").and_then(|text| text.parse().ok()).unwrap_or(25);
        let wait = request
            .query("timeout_ms")
            .and_then(|text| text.parse().ok())
            .unwrap_or(30_000);
        let deadline = Instant::now() + Duration::from_millis(wait);
        let mut inner = self.inner.lock().unwrap();
        // No command goes into a connection that a test closed before it queued the command.
        if peer.gone() {
            return Answer::default().close();
        }
        loop {
            if let Some(answer) = inner.polls.pop_front().or_else(|| inner.every_poll.clone()) {
                return answer;
            }
            let headers = inner.poll_headers.clone();
            let mut headers: Vec<(&str, &str)> = headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            if !inner.queue.is_empty() {
                let limit = if inner.ignore_limit { usize::MAX } else { limit };
                let count = limit.min(inner.queue.len());
                let commands: Vec<Command> = inner.queue.drain(..count).collect();
                inner.handed_out += count;
                headers.push(("Content-Type", "application/json"));
                return Answer::new(200, &headers, poll_body(&commands));
            }
            if !inner.hold_polls || Instant::now() >= deadline {
                return Answer::new(204, &headers, "");
            }
            inner = self.changed.wait_timeout(inner, Duration::from_millis(20)).unwrap().0;
            if peer.gone() {
                return Answer::default().close();
            }
        }
    }

    fn response(&self, request: &Request) -> Answer {
        let mut inner = self.inner.lock().unwrap();
        let post = match Post::read(request.clone()) {
            Ok(post) => post,
            Err(error) => {
                inner.bad_posts.push(error);
                return Answer::json(
                    400,
                    r#"{"error":{"message":"bad body","type":"invalid_request_error"}}"#,
                );
            }
        };
        let key = (post.request_id.clone(), post.resp_type.clone());
        let scripted = inner.deliveries.get_mut(&key).and_then(VecDeque::pop_front);
        let scripted = scripted.or_else(|| inner.every_delivery.clone());
        inner.posts.push(post);
        self.changed.notify_all();
        scripted.unwrap_or_else(|| Answer::json(200, r#"{"status":"ok"}"#))
    }
}
