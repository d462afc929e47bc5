//! Looking into the project: its memory is asked, a record is read.

use kernel::{EntityId, Result};
use serde_json::{Value, json};
use store::{Scope, entities};
use wire::orchestrator::QueryFilters;

use super::{Given, LONGEST_ANSWER, Toolbox, text, told};
use crate::departments::engine::Citation;

/// Records that are found at once at most.
const MOST: u64 = 10;
/// The longest question, in characters.
const LONGEST: usize = 400;
/// Characters of a found record that are shown.
const EXCERPT: usize = 500;

pub(super) fn describe_recall() -> (&'static str, Value) {
    let description = "Asks the project's memory a question in words. Gives the records that answer it best, with their ids.";
    let arguments = json!({
        "type": "object", "additionalProperties": false, "required": ["question"],
        "properties": {
            "question": { "type": "string", "minLength": 1, "maxLength": LONGEST },
            "limit": { "type": "integer", "minimum": 1, "maximum": MOST },
        },
    });
    (description, arguments)
}

pub(super) fn describe_read() -> (&'static str, Value) {
    let arguments = json!({
        "type": "object", "additionalProperties": false, "required": ["id"],
        "properties": { "id": { "type": "string", "minLength": 1, "maxLength": 40 } },
    });
    ("Reads a record of the project by its id, with its text.", arguments)
}

impl Toolbox {
    pub(super) async fn recall(&self, scope: &Scope, arguments: &Value) -> Result<Given> {
        let limit = arguments["limit"].as_u64().unwrap_or(5).min(MOST) as usize;
        let (lexicon, question) = (self.catalogue.lexicon, text(arguments, "question"));
        let found = self.brain.query(scope, lexicon, question, QueryFilters::default(), limit).await?;
        let shown: Vec<Value> = found
            .results
            .iter()
            .map(|result| {
                let excerpt: String = result.excerpt.chars().take(EXCERPT).collect();
                json!({ "id": result.id, "type": result.r#type, "name": result.title, "excerpt": excerpt })
            })
            .collect();
        let cited = found.results.into_iter().map(|result| Citation {
            entity_id: result.id,
            collection: result.source.collection,
            name: result.title,
        });
        Ok(Ok((json!({ "answer": found.answer, "total": found.total, "records": shown }), cited.collect())))
    }

    pub(super) async fn read(&self, scope: &Scope, arguments: &Value) -> Result<Given> {
        let Ok(id) = text(arguments, "id").parse::<EntityId>() else {
            return Ok(Err("That is no id of a record.".into()));
        };
        let read = self.store.read_in(scope, move |t| entities::any(t, id)).await;
        let record = match told(read)? {
            Ok(record) => record,
            Err(why) => return Ok(Err(why)),
        };
        let mut body = record.body.unwrap_or_default();
        // The rest of the answer needs room, too.
        body.truncate(body.floor_char_boundary(LONGEST_ANSWER / 2));
        let shown = json!({
            "id": record.id,
            "type": self.catalogue.lexicon.singular(&record.collection),
            "name": record.name,
            "description": record.description,
            "attributes": record.metadata,
            "text": body,
        });
        let cited = Citation { entity_id: id, collection: record.collection, name: record.name };
        Ok(Ok((shown, vec![cited])))
    }
}
