//! Proposing a record: it waits as a review, like what people say in data mode, and is marked as a model's.

use kernel::Result;
use serde_json::{Value, json};
use store::Scope;

use super::{Given, Toolbox, text, told};
use crate::catalogue::Catalogue;
use crate::ingest::Suggestion;

pub(super) fn describe(catalogue: &Catalogue) -> (&'static str, Value) {
    let kinds: Vec<&str> = catalogue.collections.iter().map(|collection| collection.singular).collect();
    let description =
        "Proposes a new record to the people of the project, who decide about it. Nothing is saved by this.";
    let arguments = json!({
        "type": "object", "additionalProperties": false, "required": ["type", "name", "description"],
        "properties": {
            "type": { "enum": kinds },
            "name": { "type": "string", "minLength": 1, "maxLength": 200 },
            "description": { "type": "string", "maxLength": 2_000 },
            "fields": {
                "type": "array", "maxItems": 24,
                "items": {
                    "type": "object", "additionalProperties": false, "required": ["name", "value"],
                    "properties": {
                        "name": { "type": "string", "maxLength": 60 },
                        "value": { "type": "string", "maxLength": 900 },
                    },
                },
            },
        },
    });
    (description, arguments)
}

impl Toolbox {
    pub(super) async fn propose(&self, scope: &Scope, by: &str, arguments: &Value) -> Result<Given> {
        let fields = arguments["fields"].as_array().into_iter().flatten();
        let suggestion = Suggestion {
            kind: text(arguments, "type").to_owned(),
            name: text(arguments, "name").to_owned(),
            description: text(arguments, "description").to_owned(),
            fields: fields.map(|field| (text(field, "name").to_owned(), field["value"].clone())).collect(),
            by: by.to_owned(),
        };
        let kept = self.ingest.suggest(scope, self.catalogue, suggestion).await;
        Ok(told(kept)?.map(|review| {
            (json!({ "proposed": review, "state": "It waits for a person's decision." }), Vec::new())
        }))
    }
}
