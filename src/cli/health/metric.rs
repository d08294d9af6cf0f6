//! One number out of the text of `/metrics`.

/// The highest value among the series of `name`, in Prometheus text or OpenMetrics; `None` when there is none.
pub(super) fn highest(text: &str, name: &str) -> Option<f64> {
    text.lines()
        .filter_map(|line| value(line.trim_start().strip_prefix(name)?))
        .filter(|value| value.is_finite())
        .reduce(f64::max)
}

/// What follows the name: labels in braces if any, then the value, then perhaps a timestamp or an exemplar.
fn value(rest: &str) -> Option<f64> {
    let rest = match rest.strip_prefix('{') {
        Some(labels) => labels.get(labels_end(labels)?..)?,
        None => rest,
    };
    if !rest.starts_with([' ', '\t']) {
        return None;
    }
    rest.split_ascii_whitespace().next()?.parse().ok()
}

/// Behind the closing brace; one inside a quoted value does not count.
fn labels_end(labels: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in labels.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'}' if !quoted => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_with_and_without_labels_timestamps_and_exemplars() {
        for (text, found) in [
            ("x 1", Some(1.0)),
            ("x 1.5e9 1700000000\n", Some(1.5e9)),
            (
                "# HELP x 7\n# TYPE x gauge\nx{a=\"}\\\"} 9\",b=\"\"} 2 # {t=\"1\"} 3\n# EOF",
                Some(2.0),
            ),
            ("x{a=\"1\"} 0\nx{a=\"2\"} 3\n", Some(3.0)),
            ("x_total 1\nxy{a=\"1\"} 2\n", None),
            ("x NaN\nx{a=\"b\" 1\nx\nx{}1\nx one", None),
            ("", None),
        ] {
            assert_eq!(highest(text, "x"), found, "{text}");
        }
    }
}
