//! The report for people and for scripts that read lines (contract: cli, section 7).

use std::fmt::Write as _;

use super::report::{Check, Report, Status};

/// How the text looks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// Why, evidence and what to do, for every check that did not pass.
    pub explain: bool,
    /// Colours, for a terminal.
    pub colour: bool,
}

/// The whole report.
#[must_use]
pub fn render(report: &Report, style: Style) -> String {
    let mut out = String::new();
    for check in &report.checks {
        let status = painted(check.status, style);
        line(
            &mut out,
            format_args!("CHECK {:<24} {status} {}", check.id, check.summary),
        );
    }
    out.push('\n');
    let failed = report.failed();
    if failed.is_empty() {
        line(&mut out, format_args!("RESULT ok"));
        line(&mut out, format_args!("NEXT   {}", report.run_command));
    } else {
        line(&mut out, format_args!("RESULT fail"));
        line(&mut out, format_args!("FAILED_CHECKS {}", failed.join(",")));
        line(&mut out, format_args!("EXIT_CODE 2"));
    }
    if style.explain {
        let unclear = report.checks.iter().filter(|check| check.status != Status::Pass);
        unclear.for_each(|check| explain(&mut out, check, style));
    }
    out
}

fn explain(out: &mut String, check: &Check, style: Style) {
    let status = painted(check.status, style);
    line(out, format_args!("\nCHECK {}   {status}", check.id));
    // What was not looked at needs no reason but its summary.
    if let Some(why) = check.why().filter(|_| check.status != Status::Skip) {
        line(out, format_args!("Why this matters:\n  {why}"));
    }
    if !check.evidence.is_empty() {
        line(out, format_args!("Evidence:"));
        for seen in &check.evidence {
            line(out, format_args!("  - {seen}"));
        }
    }
    if !check.next.is_empty() {
        line(out, format_args!("What to do next:"));
        for (step, number) in check.next.iter().zip(1..) {
            line(out, format_args!("  {number}. {step}"));
        }
    }
}

/// The status in four columns.
fn painted(status: Status, style: Style) -> String {
    let text = status.as_str();
    let colour = match status {
        _ if !style.colour => return text.to_owned(),
        Status::Pass => 32,
        Status::Warn => 33,
        Status::Fail => 31,
        Status::Skip => 90,
    };
    format!("\u{1b}[{colour}m{text}\u{1b}[0m")
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(checks: Vec<Check>) -> Report {
        Report {
            checks,
            run_command: "tunnel-client run --profile p".to_owned(),
        }
    }

    #[test]
    fn a_good_report_ends_with_the_command_that_runs_it() {
        let text = render(
            &report(vec![Check::pass("tunnel_id", "t"), Check::warn("name_resolution", "w")]),
            Style::default(),
        );
        assert_eq!(
            text,
            "CHECK tunnel_id                PASS t\n\
             CHECK name_resolution          WARN w\n\
             \n\
             RESULT ok\n\
             NEXT   tunnel-client run --profile p\n"
        );
    }

    #[test]
    fn a_bad_report_names_the_failures_and_explains_them_when_asked() {
        let checks = vec![
            Check::fail("tunnel_id", "x").evidence(["seen"]).next(["do", "then"]),
            Check::pass("ui", "y"),
        ];
        let plain = "CHECK tunnel_id                FAIL x\n\
                     CHECK ui                       PASS y\n\
                     \n\
                     RESULT fail\n\
                     FAILED_CHECKS tunnel_id\n\
                     EXIT_CODE 2\n";
        let report = report(checks);
        assert_eq!(render(&report, Style::default()), plain);
        let style = Style {
            explain: true,
            colour: false,
        };
        let explained = render(&report, style);
        let more = explained.strip_prefix(plain).unwrap_or_default();
        assert!(
            more.starts_with("\nCHECK tunnel_id   FAIL\nWhy this matters:\n  "),
            "{more}"
        );
        assert!(
            more.ends_with("Evidence:\n  - seen\nWhat to do next:\n  1. do\n  2. then\n"),
            "{more}"
        );
    }

    #[test]
    fn colour_touches_the_status_only() {
        let style = Style {
            explain: false,
            colour: true,
        };
        let text = render(&report(vec![Check::pass("ui", "y")]), style);
        assert!(
            text.starts_with("CHECK ui                       \u{1b}[32mPASS\u{1b}[0m y\n"),
            "{text}"
        );
    }
}
