//! `/api/logs` (contract: status, section 6).

use http::StatusCode;

use super::json::of_scrubbed;
use crate::limits::API_BODY_MAX;
use crate::ops::answer::Answer;
use crate::telemetry::log::Kept;

/// What stands around the lines.
const FRAME: usize = 64;

/// The last lines, the oldest first, as many as were asked for and as fit. They were scrubbed when they were made.
pub(super) fn answer(kept: &Kept, most: usize) -> Answer {
    // Markup in a line takes more room in the answer, so that the first try may not fit.
    let mut room = API_BODY_MAX - FRAME;
    loop {
        let batch = kept.last(most, room);
        let mut text = String::with_capacity(room.min(most * 256));
        text.push_str("{\"events\":[");
        for (number, members) in &batch.lines {
            if !text.ends_with('[') {
                text.push(',');
            }
            text.push_str(&event(*number, members));
        }
        text.push_str("],\"truncated\":");
        text.push_str(if batch.is_cut { "true}" } else { "false}" });
        let answer = of_scrubbed(StatusCode::OK, &text);
        if answer.status() == StatusCode::OK || room == 0 {
            return answer;
        }
        room /= 2;
    }
}

/// A line as an object.
pub(super) fn event(number: u64, members: &str) -> String {
    format!("{{\"seq\":{number},{members}")
}
