//! What Atelier knows of itself, for those who ask it without a language model.

/// Something that people ask of Atelier.
struct Topic {
    title: &'static str,
    /// Beginnings of words that ask for it, in lower case.
    words: &'static [&'static str],
    text: &'static str,
}

const TOPICS: &[Topic] = &[
    Topic {
        title: "bringing in a screenplay",
        words: &["import", "upload", "screenplay", "script", "fountain", "fdx", "pdf"],
        text: "Drop a screenplay on the project's home, or paste it under Import: Fountain and Final Draft are read \
               exactly, PDF and plain text as well as their columns allow. You see what was read before anything is \
               saved, and decide: ingest, modify or discard.",
    },
    Topic {
        title: "taking a screenplay out",
        words: &["export", "download"],
        text: "The project's home exports the screenplay as Fountain or Final Draft, with what you changed and \
               without losing the rest.",
    },
    Topic {
        title: "asking the project",
        words: &["query", "question", "search", "find"],
        text: "Query mode (Ctrl+1) answers from the project's records: \"Which scenes is Mara in?\", \"Who has the most \
               dialogue?\", \"What happens at the harbour at night?\". Each answer names its sources. It works without a \
               language model.",
    },
    Topic {
        title: "adding to the project",
        words: &["data", "add", "ingest", "csv", "json", "yaml"],
        text: "Data mode (Ctrl+2) reads what you write or paste (sentences, \"key: value\" lines, JSON, CSV, YAML), shows \
               what it understood with scores, and saves it when you say so. It works without a language model.",
    },
    Topic {
        title: "giving tasks to departments",
        words: &["task", "department", "agent"],
        text: "Task mode (Ctrl+3) comes when the departments are there; they are not yet.",
    },
    Topic {
        title: "setting a language model",
        words: &["model", "openai", "anthropic", "ollama", "llm", "key", "chat"],
        text: "An administrator sets a language model under Settings, Model: OpenAI or any server that speaks like it, \
               Anthropic, or Ollama on your own machine. The key is sealed in the browser and never shown again. With \
               a model, chat mode (Ctrl+4) talks of anything, and answers of the other modes become richer.",
    },
    Topic {
        title: "shortcuts",
        words: &["shortcut", "keyboard", "ctrl", "palette"],
        text: "Ctrl+K opens the palette, which finds every record and every action. Ctrl+B shows or hides the sidebar, \
               Ctrl+/ the orchestrator, and Ctrl+1 to Ctrl+4 choose its mode: query, data, task, chat.",
    },
    Topic {
        title: "working with others",
        words: &[
            "invite",
            "invitation",
            "member",
            "people",
            "role",
            "owner",
            "editor",
            "viewer",
            "share",
            "team",
        ],
        text: "An owner invites people under Settings, People: as a viewer, who reads and asks, as an editor, who changes \
               the project, or as another owner. Everyone sees changes as they happen.",
    },
    Topic {
        title: "taking something back",
        words: &["undo", "history", "version", "restore", "bin", "delete", "remove"],
        text: "Every change can be undone right after it was made. A record's history keeps its versions, and each can \
               be brought back; what was removed waits in the bin.",
    },
    Topic {
        title: "driving Atelier from scripts",
        words: &["api", "script", "token", "automat"],
        text: "Everything that the screens do goes through the API under /api/v1, described at /api/openapi.json. Make an \
               API key under Settings, API keys.",
    },
];

/// What Atelier says to `question`: what it knows of itself if that was asked, and always why it says no more.
pub(super) fn answer(question: &str, why: &str) -> String {
    let words: Vec<String> = question
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let hits = |topic: &Topic| {
        topic.words.iter().filter(|start| words.iter().any(|word| word.starts_with(*start))).count()
    };
    // Among equals the first: `max_by_key` takes the last, so it goes backwards.
    match TOPICS.iter().rev().max_by_key(|topic| hits(topic)).filter(|topic| hits(topic) > 0) {
        Some(topic) => format!("{why} This I know of Atelier itself, on {}:\n\n{}", topic.title, topic.text),
        None => {
            let titles: Vec<&str> = TOPICS.iter().map(|topic| topic.title).collect();
            format!(
                "{why} Questions about the project are answered in query mode (Ctrl+1) without one. Of Atelier itself \
                 you can ask me here about {}.",
                titles.join(", ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_of_atelier_itself_is_answered_and_anything_else_is_not_pretended() {
        for (question, text) in [
            ("How do I import my script?", "Drop a screenplay"),
            ("Which keyboard shortcuts are there?", "Ctrl+K"),
            ("Can I UNDO that?", "undone right after"),
            ("How can I invite my team?", "An owner invites"),
        ] {
            let answer = answer(question, "No model.");
            assert!(answer.starts_with("No model. ") && answer.contains(text), "{answer}");
        }
        let answer = answer("Tell me a joke", "No model.");
        assert!(answer.contains("query mode") && TOPICS.iter().all(|topic| answer.contains(topic.title)));
    }
}
