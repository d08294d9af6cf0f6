//! The files of the page, which are part of the program (contract: status, section 2).

use http::{Method, StatusCode};

use crate::ops::answer::{Answer, TEXT, allow, answer, last};

/// Path, media type and content of each.
const FILES: [(&str, &str, &[u8]); 3] = [
    ("/ui/", "text/html; charset=utf-8", include_bytes!("../web/index.html")),
    (
        "/ui/style.css",
        "text/css; charset=utf-8",
        include_bytes!("../web/style.css"),
    ),
    (
        "/ui/app.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../web/app.js"),
    ),
];

/// Answers a request for one of them.
pub(super) fn answer_file(path: &str, method: &Method) -> Answer {
    let path = match path {
        "/" | "/ui" => "/ui/",
        other => other,
    };
    let Some((_, content_type, content)) = FILES.into_iter().find(|(name, ..)| *name == path) else {
        return last(answer(StatusCode::NOT_FOUND, TEXT, "404 page not found"));
    };
    match *method {
        Method::GET | Method::HEAD => answer(StatusCode::OK, content_type, content),
        _ => last(allow(
            "GET, HEAD",
            answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, "method not allowed"),
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// Of a program of some megabytes; a page that grows beyond this has a framework in it.
    const FILES_MAX: usize = 42 * 1024;

    #[test]
    fn the_files_are_small_and_ask_nobody_else() {
        let size: usize = FILES.iter().map(|(.., content)| content.len()).sum();
        assert!(size <= FILES_MAX, "{size}");
        for (path, _, content) in FILES {
            let text = String::from_utf8_lossy(content);
            assert!(!text.is_empty() && !text.contains("https://"), "{path}");
        }
    }

    #[test]
    fn refusals_end_their_connection() {
        for (path, method, status) in [
            ("/ui/none", Method::GET, StatusCode::NOT_FOUND),
            ("/ui/", Method::POST, StatusCode::METHOD_NOT_ALLOWED),
            ("/ui/", Method::GET, StatusCode::OK),
        ] {
            let answer = answer_file(path, &method);
            let is_last = answer.headers().contains_key(http::header::CONNECTION);
            assert_eq!((answer.status(), is_last), (status, status != StatusCode::OK), "{path}");
        }
    }

    /// Each reason code that the page has advice for is one of a component.
    #[test]
    fn advice_is_for_reasons_that_there_are() {
        let page = include_str!("../web/app.js");
        let (_, table) = page.split_once("const ADVICE = {").unwrap();
        let (table, _) = table.split_once("\n};").unwrap();
        let mut sources = String::new();
        let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/monitor/facts")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => sources += &std::fs::read_to_string(path).unwrap(),
                }
            }
        }
        let keys = table
            .lines()
            .filter_map(|line| line.strip_prefix("    ")?.split_once(": '"));
        let keys: Vec<&str> = keys.map(|(key, _)| key).collect();
        assert!(keys.len() > 8 && keys.contains(&"calls_unanswered"), "{keys:?}");
        for key in keys {
            assert!(sources.contains(&format!("\"{key}\"")), "{key}");
        }
    }
}
