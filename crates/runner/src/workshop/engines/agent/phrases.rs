//! What people read of what an agent says: a sentence of bounded length, and the text of any content.

use agent_client_protocol::v1::schema::{ContentBlock, EmbeddedResourceResource};
use wire::runner::NAME;

/// In one line, of no more characters than a sentence may have.
pub(super) fn short(text: &str) -> String {
    let mut line = String::new();
    for (number, word) in text.split_whitespace().enumerate() {
        if number > 0 {
            line.push(' ');
        }
        line.extend(word.chars().filter(|character| !character.is_control()));
        if line.len() > 4 * NAME {
            break;
        }
    }
    if line.chars().count() > NAME {
        line = line.chars().take(NAME - 1).chain(['…']).collect();
    }
    line
}

/// What people read of a piece of content.
pub(super) fn words(content: &ContentBlock) -> String {
    match content {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(_) => "[an image]\n".to_owned(),
        ContentBlock::Audio(_) => "[a sound]\n".to_owned(),
        ContentBlock::ResourceLink(link) => format!("{}\n", link.uri),
        ContentBlock::Resource(resource) => match &resource.resource {
            EmbeddedResourceResource::TextResourceContents(text) => text.text.clone(),
            EmbeddedResourceResource::BlobResourceContents(blob) => format!("{}\n", blob.uri),
            _ => String::new(),
        },
        _ => String::new(),
    }
}
