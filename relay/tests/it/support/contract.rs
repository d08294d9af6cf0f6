//! Every answer keeps our OpenAPI document: the path and method stand in it, the status is listed there, required
//! headers are sent, and the body is of the listed type and shape.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::http::{Answer, Request};

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../openapi.json")).unwrap());

/// The document.
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// Fails the test if the answer breaks the document.
pub fn check(request: &Request, answer: &Answer) {
    let what = format!("{} {} -> {answer:?}", request.method, request.path);
    let id = answer
        .header("x-request-id")
        .unwrap_or_else(|| panic!("no x-request-id: {what}"));
    assert!(id.starts_with("req_"), "{what}");
    let path = request.path.split('?').next().unwrap();
    let Some(operations) = path_item(path) else {
        assert_eq!(answer.status, 404, "a path outside the document: {what}");
        assert_shape(
            &json!({"$ref": "#/components/schemas/APIErrorResponse"}),
            &answer.json(),
            &what,
        );
        return;
    };
    let Some(operation) = operations.get(request.method.to_ascii_lowercase()) else {
        assert_eq!(answer.status, 405, "a method outside the document: {what}");
        assert!(answer.header("allow").is_some(), "{what}");
        return;
    };
    let response =
        response(operation, answer.status).unwrap_or_else(|| panic!("a status outside the document: {what}"));
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        check_header(name, resolve(header), answer, &what);
    }
    check_body(response, answer, &what);
}

/// The entry whose template the path fits.
fn path_item(path: &str) -> Option<&'static Value> {
    let fits = |template: &str| {
        let (template, path) = (
            template.split('/').collect::<Vec<_>>(),
            path.split('/').collect::<Vec<_>>(),
        );
        template.len() == path.len()
            && template
                .iter()
                .zip(&path)
                .all(|(part, text)| part.starts_with('{') || part == text)
    };
    DOCUMENT["paths"]
        .as_object()
        .unwrap()
        .iter()
        .find(|(template, _)| fits(template))
        .map(|(_, item)| item)
}

/// The status itself, or its range.
fn response(operation: &'static Value, status: u16) -> Option<&'static Value> {
    let responses = &operation["responses"];
    responses
        .get(status.to_string())
        .or_else(|| responses.get(format!("{}XX", status / 100)))
}

fn resolve(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(pointer) => DOCUMENT.pointer(pointer.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

fn check_header(name: &str, header: &Value, answer: &Answer, what: &str) {
    match answer.header(name) {
        Some(value) => assert_shape(&header["schema"], &value.into(), what),
        None => assert_ne!(header["required"], true, "{name} is missing: {what}"),
    }
}

fn check_body(response: &Value, answer: &Answer, what: &str) {
    let Some(contents) = response["content"].as_object() else {
        assert!(answer.body.is_empty(), "a body where none is documented: {what}");
        return;
    };
    if answer.body.is_empty() && response["x-body-optional"] == true {
        return;
    }
    let sent = answer
        .header("content-type")
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap();
    let content = contents
        .get(sent)
        .unwrap_or_else(|| panic!("content type {sent:?} outside the document: {what}"));
    match sent {
        "application/json" => {
            let value = answer.json();
            assert_shape(&content["schema"], &value, what);
            // A code that the operation does not list is not documented. JSON-RPC errors of servers have their own.
            let code = value["error"]["code"]
                .as_str()
                .or(value["error"]["data"]["code"].as_str());
            if let (Some(code), Some(listed)) = (code, response["x-tunnel-error-codes"].as_array()) {
                assert!(
                    listed.iter().any(|listed| listed == code),
                    "code {code} is not listed: {what}"
                );
            }
        }
        "text/event-stream" => {
            for event in answer.events() {
                assert_shape(&content["x-event-schema"], &serde_json::from_str(&event).unwrap(), what);
            }
        }
        _ => assert_shape(&content["schema"], &answer.text().into(), what),
    }
}

/// Fails unless the value fits a schema of the document.
pub fn assert_shape(schema: &Value, value: &Value, what: &str) {
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "components": DOCUMENT["components"],
        "allOf": [schema],
    });
    let validator = jsonschema::validator_for(&whole).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{what}");
}
