//! The component definition of `audit/oscal` has the form that NIST publishes.

use serde_json::{Value, json};

const SCHEMA: &str = include_str!("../../audit/oscal/schema/oscal_component_schema.json");
const DOCUMENT: &str = include_str!("../../audit/oscal/component-definition.json");

fn document() -> Value {
    serde_json::from_str(DOCUMENT).unwrap()
}

/// What the schema says about a document, one line for each fault.
fn faults(document: &Value) -> Vec<String> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::draft7::new(&schema).unwrap();
    validator
        .iter_errors(document)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect()
}

#[test]
fn the_component_definition_fits_the_published_schema() {
    let faults = faults(&document());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_schema_refuses_what_is_missing_unknown_or_malformed() {
    let requirement = "/component-definition/components/0/control-implementations/0/implemented-requirements/0";
    let spoils: [(&str, &str, Value); 6] = [
        ("/component-definition/metadata", "version", Value::Null),
        ("/component-definition/metadata", "last-modified", json!("yesterday")),
        ("/component-definition", "invented", json!(true)),
        (requirement, "uuid", json!("not-a-uuid")),
        (requirement, "control-id", json!("1.2 3")),
        (requirement, "props", json!([{"name": "setting", "value": " "}])),
    ];
    for (place, member, value) in spoils {
        let mut spoiled = document();
        let object = spoiled.pointer_mut(place).unwrap().as_object_mut().unwrap();
        if value.is_null() {
            object.remove(member);
        } else {
            object.insert(member.to_owned(), value);
        }
        assert!(!faults(&spoiled).is_empty(), "{place}: {member}");
    }
}
