//! The files of the page, which are part of the program (contract: status, section 2).

use http::{Method, StatusCode};

use crate::ops::answer::{Answer, TEXT, allow, answer};

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
        return answer(StatusCode::NOT_FOUND, TEXT, "404 page not found");
    };
    match *method {
        Method::GET | Method::HEAD => answer(StatusCode::OK, content_type, content),
        _ => allow(
            "GET, HEAD",
            answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, "method not allowed"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a program of some megabytes; a page that grows beyond this has a framework in it.
    const FILES_MAX: usize = 40 * 1024;

    #[test]
    fn the_files_are_small_and_ask_nobody_else() {
        let size: usize = FILES.iter().map(|(.., content)| content.len()).sum();
        assert!(size <= FILES_MAX, "{size}");
        for (path, _, content) in FILES {
            let text = String::from_utf8_lossy(content);
            assert!(!text.is_empty() && !text.contains("https://"), "{path}");
        }
    }
}
