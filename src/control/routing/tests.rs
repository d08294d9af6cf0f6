//! The rules one by one, and all of them over random series.

use super::*;

fn correction(revision: u64, token: &str) -> Correction {
    Correction {
        revision,
        token: token.into(),
    }
}

fn token(routing: &Routing) -> Option<&str> {
    routing.token().map(|token| token.expose_secret())
}

/// What a poll that is sent now and ends like this makes of it.
fn now(routing: &mut Routing, ended: Ended<'_>) {
    routing.ended(routing.attempt(), ended);
}

fn corrected(routing: &mut Routing, revision: u64, token: &str) {
    now(routing, Ended::Corrected(&correction(revision, token)));
}

/// After one correction, and a poll that was answered.
fn settled(revision: u64, token: &str) -> Routing {
    let mut routing = Routing::default();
    corrected(&mut routing, revision, token);
    now(&mut routing, Ended::Answered);
    routing
}

#[test]
fn a_newer_revision_replaces_the_token_and_an_older_one_changes_nothing() {
    let mut routing = settled(5, "a");
    assert_eq!(token(&routing), Some("a"));
    corrected(&mut routing, 4, "b");
    assert_eq!(token(&routing), Some("a"));
    corrected(&mut routing, 6, "c");
    assert_eq!(token(&routing), Some("c"));
}

#[test]
fn revision_zero_is_one() {
    assert_eq!(token(&settled(0, "a")), Some("a"));
}

#[test]
fn an_equal_revision_with_another_token_clears_it_and_only_the_accepted_one_comes_back() {
    let mut routing = settled(5, "a");
    corrected(&mut routing, 5, "b");
    assert_eq!(token(&routing), None);
    now(&mut routing, Ended::Answered);
    corrected(&mut routing, 5, "b");
    assert_eq!(token(&routing), None);
    now(&mut routing, Ended::Answered);
    corrected(&mut routing, 5, "a");
    assert_eq!(token(&routing), Some("a"));
}

#[test]
fn three_corrections_without_an_answered_poll_drop_the_token_and_count_anew() {
    let mut routing = Routing::default();
    for (revision, sent) in [(1, true), (2, true), (3, false), (4, true), (5, true), (6, false)] {
        corrected(&mut routing, revision, "t");
        assert_eq!(routing.token().is_some(), sent, "{revision}");
    }
    // Older and identical ones count as well, and refusals between them change nothing.
    let mut routing = settled(9, "a");
    corrected(&mut routing, 9, "a");
    now(&mut routing, Ended::Refused);
    corrected(&mut routing, 8, "b");
    now(&mut routing, Ended::Failed);
    assert_eq!(token(&routing), Some("a"));
    corrected(&mut routing, 9, "a");
    assert_eq!(token(&routing), None);
    // The revision stays: an older one cannot come in now.
    corrected(&mut routing, 8, "b");
    assert_eq!(token(&routing), None);
    corrected(&mut routing, 9, "a");
    assert_eq!(token(&routing), Some("a"));
}

#[test]
fn an_answered_poll_keeps_the_token_and_begins_the_counts_anew() {
    let mut routing = settled(1, "a");
    for revision in 2..20 {
        now(&mut routing, Ended::Failed);
        now(&mut routing, Ended::Failed);
        corrected(&mut routing, revision, "a");
        assert_eq!(token(&routing), Some("a"));
        now(&mut routing, Ended::Answered);
    }
}

#[test]
fn three_failures_in_a_row_with_a_token_drop_it() {
    let mut routing = settled(1, "a");
    now(&mut routing, Ended::Failed);
    now(&mut routing, Ended::Failed);
    for _ in 0..10 {
        now(&mut routing, Ended::Refused);
    }
    assert_eq!(token(&routing), Some("a"));
    now(&mut routing, Ended::Failed);
    assert_eq!(token(&routing), None);
    // Without a token failures do not count for the next one.
    for _ in 0..10 {
        now(&mut routing, Ended::Failed);
    }
    corrected(&mut routing, 1, "a");
    now(&mut routing, Ended::Failed);
    now(&mut routing, Ended::Failed);
    assert_eq!(token(&routing), Some("a"));
}

#[test]
fn a_valid_correction_begins_the_count_of_failures_anew() {
    let mut routing = settled(1, "a");
    now(&mut routing, Ended::Failed);
    now(&mut routing, Ended::Failed);
    corrected(&mut routing, 0, "older");
    now(&mut routing, Ended::Failed);
    now(&mut routing, Ended::Failed);
    assert_eq!(token(&routing), Some("a"));
}

#[test]
fn a_late_answer_to_a_poll_that_carried_another_token_changes_nothing() {
    let mut routing = Routing::default();
    let before = routing.attempt();
    corrected(&mut routing, 1, "a");
    routing.ended(before, Ended::Corrected(&correction(2, "b")));
    for _ in 0..10 {
        routing.ended(before, Ended::Failed);
    }
    assert_eq!(token(&routing), Some("a"));
    corrected(&mut routing, 1, "a");
    routing.ended(before, Ended::Answered);
    corrected(&mut routing, 1, "a");
    assert_eq!(token(&routing), None, "the late answer was counted");
}

#[test]
fn no_form_shows_a_token() {
    let shown = format!("{:?}", settled(7, "sekret"));
    assert!(shown.contains('7') && !shown.contains("sekret"), "{shown}");
}

/// xorshift64*: the same series each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }
}

#[test]
fn no_series_of_polls_breaks_a_rule() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let tokens = ["a", "b", "c"];
    let (mut sent_in_all, mut late_in_all) = (0, 0);
    for _ in 0..2_000 {
        let mut routing = Routing::default();
        let mut open = Vec::new();
        // By the rules, from the series alone: the first token of the highest revision, and the counts.
        let mut highest: Option<(u64, &str)> = None;
        let (mut corrections, mut failures) = (0, 0);
        for _ in 0..60 {
            // Up to three polls are open at once, and end in any order.
            let wanted = 1 + random.below(3);
            while (open.len() as u64) < wanted {
                open.push((routing.attempt(), token(&routing).map(str::to_owned)));
            }
            let index = usize::try_from(random.below(open.len() as u64)).unwrap_or_default();
            let (attempt, carried) = open.swap_remove(index);
            let is_late = attempt != routing.attempt();
            let before = token(&routing).map(str::to_owned);
            assert!(is_late || carried == before, "a token changed within a generation");
            let given = correction(
                random.below(4),
                tokens[usize::try_from(random.below(3)).unwrap_or_default()],
            );
            let (revision, named) = (given.revision, given.token.expose_secret().to_owned());
            let kind = random.below(8);
            routing.ended(
                attempt,
                match kind {
                    0..=3 => Ended::Corrected(&given),
                    4 | 5 => Ended::Failed,
                    6 => Ended::Refused,
                    _ => Ended::Answered,
                },
            );
            let after = token(&routing).map(str::to_owned);
            if is_late {
                late_in_all += 1;
                assert_eq!(after, before, "a late answer changed the token");
                continue;
            }
            let expected = match kind {
                0..=3 => {
                    (corrections, failures) = (corrections + 1, 0);
                    let now = match highest {
                        Some((known, _)) if revision < known => before.clone(),
                        Some((known, token)) if revision == known => (token == named).then(|| named.clone()),
                        _ => Some(named.clone()),
                    };
                    if highest.is_none_or(|(known, _)| revision > known) {
                        let kept = tokens.iter().find(|token| **token == named).copied();
                        highest = kept.map(|kept| (revision, kept));
                    }
                    match corrections {
                        3 => {
                            corrections = 0;
                            None
                        }
                        _ => now,
                    }
                }
                4 | 5 => {
                    failures += u32::from(before.is_some());
                    before.clone().filter(|_| failures < 3)
                }
                6 => before.clone(),
                _ => {
                    (corrections, failures) = (0, 0);
                    before.clone()
                }
            };
            if expected.is_none() {
                failures = 0;
            }
            assert_eq!(after, expected);
            if let Some(sent) = &after {
                sent_in_all += 1;
                assert_eq!(highest.map(|(_, token)| token), Some(sent.as_str()));
            }
        }
    }
    assert!(
        sent_in_all > 10_000 && late_in_all > 10_000,
        "{sent_in_all} polls with a token and {late_in_all} late ones show too little"
    );
}
