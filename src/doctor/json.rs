//! The report for programs (contract: cli, section 7).

use serde::Serialize;

use super::report::Report;

#[derive(Serialize)]
struct Document<'a> {
    result: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed_checks: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
    checks: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    status: &'static str,
    summary: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    evidence: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    next: &'a [String],
}

/// The whole report, with everything that `--explain` would say.
#[must_use]
pub fn render(report: &Report) -> String {
    let failed = report.failed();
    let checks = report.checks.iter().map(|check| Entry {
        id: &check.id,
        status: check.status.as_str(),
        summary: &check.summary,
        why: check.why(),
        evidence: &check.evidence,
        next: &check.next,
    });
    let document = Document {
        result: if failed.is_empty() { "ok" } else { "fail" },
        next: failed.is_empty().then_some(&report.run_command),
        failed_checks: failed,
        checks: checks.collect(),
    };
    // Strings in, a String out: there is nothing that could fail.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    // These three stand in strings only; escaped, the text may be pasted into a page.
    for (char, escape) in [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026")] {
        text = text.replace(char, escape);
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::report::Check;

    #[test]
    fn what_is_empty_is_left_out_and_markup_is_escaped() {
        let report = Report {
            checks: vec![Check::pass("x", "<a> & b")],
            run_command: "tunnel-client run".to_owned(),
        };
        assert_eq!(
            render(&report),
            "{\n  \"result\": \"ok\",\n  \"next\": \"tunnel-client run\",\n  \"checks\": [\n    {\n      \"id\": \"x\",\n      \
             \"status\": \"PASS\",\n      \"summary\": \"\\u003ca\\u003e \\u0026 b\"\n    }\n  ]\n}\n"
        );
    }

    #[test]
    fn a_failure_is_named_and_has_no_next_command() {
        let report = Report {
            checks: vec![Check::fail("tunnel_id", "x").next(["do"])],
            run_command: "tunnel-client run".to_owned(),
        };
        let value: serde_json::Value = serde_json::from_str(&render(&report)).unwrap_or_default();
        assert_eq!(value["result"], "fail");
        assert_eq!(value["failed_checks"], serde_json::json!(["tunnel_id"]));
        assert!(value.get("next").is_none());
        assert_eq!(value["checks"][0]["next"][0], "do");
        assert!(value["checks"][0]["why"].is_string() && value["checks"][0].get("evidence").is_none());
    }
}
