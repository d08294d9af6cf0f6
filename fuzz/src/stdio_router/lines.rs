//! Who gets a line of the server.

use tunnel_client::fuzzing::processes::router::{Got, Routed};

use super::{Expected, IDS, Line, Model, is_one, names, number};

impl Model {
    pub(super) fn line(&mut self, line: Line) -> Expected {
        self.lines += 1;
        let mark = self.lines;
        match line {
            Line::Answer { call, form, is_error } => {
                let Some(call) = self.call(call) else {
                    return Expected::Nothing;
                };
                let named = number(self.calls[call].pipe, form);
                let what = if is_error {
                    format!("\"error\":{{\"code\":{mark},\"message\":\"\"}}")
                } else {
                    format!("\"result\":{{\"mark\":{mark}}}")
                };
                let text = |id: &str| format!("{{ {what},\"id\" : {id},\"jsonrpc\":\"2.0\"}}");
                let routed = self.pipe.route(&text(&named));
                if !self.calls[call].is_open {
                    if let Some(at) = self.aftermath.iter().position(|ended| *ended == call) {
                        self.aftermath.remove(at);
                        self.serve(call);
                    }
                    assert!(matches!(routed, Routed::Dropped));
                    return Expected::Nothing;
                }
                assert!(matches!(routed, Routed::Taken));
                self.serve(call);
                self.calls[call].is_open = false;
                Expected::Bytes(call, text(self.calls[call].id), true)
            }
            Line::AnswerToNobody => {
                let routed = self.pipe.route(&format!(
                    "{{\"jsonrpc\":\"2.0\",\"id\":99999999,\"result\":{{\"mark\":{mark}}}}}"
                ));
                assert!(matches!(routed, Routed::Dropped));
                self.suspect()
            }
            Line::ErrorWithoutId => {
                let sole = self.sole();
                let routed = self.pipe.route(&format!(
                    "{{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{{\"code\":{mark},\"message\":\"\"}}}}"
                ));
                let Some(call) = sole else {
                    assert!(matches!(routed, Routed::Dropped));
                    return self.suspect();
                };
                assert!(matches!(routed, Routed::Taken));
                self.serve(call);
                self.calls[call].is_open = false;
                Expected::Unnamed(call)
            }
            Line::Progress { call, form } => {
                let Some(call) = self.call(call) else {
                    return Expected::Nothing;
                };
                let text = |token: &str| {
                    format!(
                        "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{{\"progress\":{mark},\"progressToken\":{token}}}}}"
                    )
                };
                let token = self.calls[call].token.filter(|_| self.calls[call].is_open);
                let routed = self.pipe.route(&text(&number(self.calls[call].pipe, form)));
                self.named(call, token.map(text), &routed)
            }
            Line::Subscription { call, form } => {
                let Some(call) = self.call(call) else {
                    return Expected::Nothing;
                };
                let text = |id: &str| {
                    let meta = format!("{{\"io.modelcontextprotocol/subscriptionId\":{id}}}");
                    format!(
                        "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\",\"params\":{{\"mark\":{mark},\"_meta\":{meta}}}}}"
                    )
                };
                let id = Some(self.calls[call].id).filter(|_| self.calls[call].is_open);
                let routed = self.pipe.route(&text(&number(self.calls[call].pipe, form)));
                self.named(call, id.map(text), &routed)
            }
            Line::Log => {
                let sole = self.sole();
                let text = format!(
                    "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{{\"data\":{mark}}}}}"
                );
                let routed = self.pipe.route(&text);
                assert_eq!(matches!(routed, Routed::Taken), sole.is_some());
                sole.map_or(Expected::Nothing, |call| Expected::Bytes(call, text, false))
            }
            Line::Request { id } => {
                let id = IDS[usize::from(id) % IDS.len()];
                let asked = self.sole().filter(|call| self.calls[*call].asks);
                let (before, after) = (
                    "{\"jsonrpc\":\"2.0\",\"id\":".to_owned(),
                    format!(",\"method\":\"roots/list\",\"params\":{{\"mark\":{mark}}}}}"),
                );
                let routed = self.pipe.route(&format!("{before}{id}{after}"));
                match (asked, routed) {
                    (Some(call), Routed::Taken) => Expected::Request(call, before, after, id),
                    (None, Routed::Answered(answer)) => {
                        assert!(names(&answer, id));
                        Expected::Nothing
                    }
                    (asked, routed) => panic!("{asked:?} {routed:?}"),
                }
            }
            Line::CancelRequest { id } => {
                let id = IDS[usize::from(id) % IDS.len()];
                let text = |id: &str| {
                    format!(
                        "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{{\"requestId\":{id}}}}}"
                    )
                };
                // A server that uses an id for two requests cancels any of them.
                let meant: Vec<usize> = (0..self.asked.len())
                    .filter(|asked| is_one(self.asked[*asked].id, id))
                    .collect();
                let routed = self.pipe.route(&text(id));
                let [asked] = meant[..] else {
                    if meant.is_empty() {
                        assert!(matches!(routed, Routed::Dropped));
                        return Expected::Nothing;
                    }
                    return self.any_of(&meant);
                };
                let asked = self.asked.swap_remove(asked);
                let is_open = self.calls[asked.call].is_open;
                assert_eq!(matches!(routed, Routed::Taken), is_open);
                match is_open {
                    true => Expected::Bytes(asked.call, text(&asked.wire_id), false),
                    false => Expected::Nothing,
                }
            }
        }
    }

    /// One of several requests was cancelled: the call gets it, and which it was is read from that.
    fn any_of(&mut self, meant: &[usize]) -> Expected {
        let got = meant.iter().find_map(|asked| {
            let Some(Got::Notification(text)) = self.calls[self.asked[*asked].call].receiver.next() else {
                return None;
            };
            let text = String::from_utf8_lossy(&text).into_owned();
            meant
                .iter()
                .copied()
                .find(|asked| text.contains(&self.asked[*asked].wire_id))
        });
        let gone = got.unwrap_or_else(|| {
            let is_refused = |asked: &&usize| self.pipe.refuse(&self.asked[**asked].wire_id).is_none();
            *meant.iter().find(is_refused).expect("one is cancelled")
        });
        // Those that were looked for are refused now.
        if got.is_none() {
            let before = &meant[..meant.iter().position(|asked| *asked == gone).unwrap_or(0)];
            let mut ended: Vec<usize> = before.iter().copied().chain([gone]).collect();
            ended.sort_unstable();
            ended
                .iter()
                .rev()
                .for_each(|asked| drop(self.asked.swap_remove(*asked)));
        } else {
            self.asked.swap_remove(gone);
        }
        Expected::Nothing
    }

    fn named(&self, call: usize, text: Option<String>, routed: &Routed) -> Expected {
        assert_eq!(matches!(routed, Routed::Taken), text.is_some());
        text.map_or(Expected::Nothing, |text| Expected::Bytes(call, text, false))
    }

    /// A wrong answer: the only call that waits learns of it, and sees it when no other can be meant.
    fn suspect(&self) -> Expected {
        match (&self.open()[..], self.aftermath.is_empty()) {
            ([call], true) => Expected::Suspect(*call, self.sole().is_some()),
            _ => Expected::Nothing,
        }
    }
}
