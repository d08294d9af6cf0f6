//! The document itself: whole, consistent, and true to the contract that clients were written for.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::contract::{assert_shape, document};

/// Calls `visit` with every value of the document.
fn walk(value: &Value, visit: &mut dyn FnMut(&Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Object(members) => members.values().for_each(|member| walk(member, visit)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_one() {
    walk(document(), &mut |value| {
        if let Some(pointer) = value.get("$ref").and_then(Value::as_str) {
            let target = document().pointer(pointer.strip_prefix('#').unwrap());
            assert!(target.is_some(), "{pointer}");
        }
    });
    for (name, schema) in document()["components"]["schemas"].as_object().unwrap() {
        assert!(jsonschema::meta::is_valid(schema), "{name}");
    }
}

#[test]
fn operations_have_names_of_their_own_and_answers_name_themselves() {
    let mut names = BTreeSet::new();
    for item in document()["paths"].as_object().unwrap().values() {
        for (method, operation) in item.as_object().unwrap() {
            if method == "parameters" {
                continue;
            }
            assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()));
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert!(response["headers"].get("X-Request-Id").is_some(), "{method} {status}");
            }
        }
    }
    assert!(names.len() > 10);
}

#[test]
fn codes_that_operations_list_are_explained() {
    let known = &document()["components"]["schemas"]["APIErrorBody"]["properties"]["code"];
    let explained = known["description"].as_str().unwrap();
    walk(document(), &mut |value| {
        for code in value
            .get("x-tunnel-error-codes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            assert!(known["enum"].as_array().unwrap().contains(code), "{code}");
            assert!(
                explained.contains(&format!("- `{}`:", code.as_str().unwrap())),
                "{code}"
            );
        }
    });
}

#[test]
fn payloads_of_the_contract_fit_and_others_do_not() {
    let payload = json!({"$ref": "#/components/schemas/TunnelResponsePayload"});
    let examples = [
        json!({"request_id": "r", "resp_code": 200}),
        json!({"request_id": "r", "resp_code": 202, "resp_type": "notify_ack", "channel": null, "resp_json": null}),
        json!({"request_id": "r", "resp_code": 502, "resp_headers": {"Content-Type": ["application/json"]}, "resp_json": {}}),
    ];
    for example in examples {
        assert_shape(&payload, &example, "a payload of the contract");
    }
    let strange = json!({"request_id": "r", "resp_code": 200, "shard_token": "s"});
    assert!(std::panic::catch_unwind(|| assert_shape(&payload, &strange, "")).is_err());
}
