//! Topics and the patterns that choose among them.

/// Bytes of a topic at most.
const TOPIC_BYTES: usize = 200;

/// Which topics a subscriber wants, by their segments between dots: `beat.created` is that topic, `*` any one segment
/// (`*.created`), and a last `**` any segments that follow, at least one (`beat.**`; `**` alone is everything).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

/// A text that is neither a topic nor a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "topics are segments between dots, {TOPIC_BYTES} bytes at most, without spaces; `**` only ends a pattern"
)]
pub struct BadTopic;

impl Pattern {
    /// The pattern with this text.
    ///
    /// # Errors
    /// When a segment is empty or has other characters than a topic's, besides `*` and a last `**`.
    pub fn parse(text: &str) -> Result<Self, BadTopic> {
        let names = |segment: &str| segment == "*" || is_segment(segment);
        let (rest, last) = text.rsplit_once('.').map_or((None, text), |(rest, last)| (Some(rest), last));
        let good = text.len() <= TOPIC_BYTES
            && (names(last) || last == "**")
            && rest.is_none_or(|rest| rest.split('.').all(names));
        if good { Ok(Self(text.to_owned())) } else { Err(BadTopic) }
    }

    /// The pattern for one topic that stands in the program, and so is one.
    #[must_use]
    pub fn topic(topic: &'static str) -> Self {
        debug_assert!(is_topic(topic));
        Self(topic.to_owned())
    }

    /// Whether a topic is among those that are wanted.
    #[must_use]
    pub fn matches(&self, topic: &str) -> bool {
        let mut segments = topic.split('.');
        for wanted in self.0.split('.') {
            match segments.next() {
                Some(_) if wanted == "**" => return true,
                Some(segment) if wanted == "*" || wanted == segment => {}
                _ => return false,
            }
        }
        segments.next().is_none()
    }
}

/// Whether a message can be published under this text.
#[must_use]
pub fn is_topic(text: &str) -> bool {
    text.len() <= TOPIC_BYTES && text.split('.').all(is_segment)
}

fn is_segment(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c == '*' || c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, topic: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(topic)
    }

    #[test]
    fn a_star_is_one_segment_and_two_at_the_end_are_all_that_follow() {
        for (pattern, topic) in [
            ("beat.created", "beat.created"),
            ("beat.*", "beat.created"),
            ("*.created", "beat.created"),
            ("beat.**", "beat.created.late"),
            ("**", "beat"),
            ("*.*.**", "a.b.c"),
        ] {
            assert!(matches(pattern, topic), "{pattern} {topic}");
        }
        for (pattern, topic) in [
            ("beat.created", "beat.creator"),
            ("beat", "beat.created"),
            ("beat.*", "beat"),
            ("beat.*", "beat.created.late"),
            ("beat.**", "beat"),
            ("*", "beat.created"),
        ] {
            assert!(!matches(pattern, topic), "{pattern} {topic}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in ["", ".", "a.", ".a", "a..b", "a b", "a\n", "**.a", "a.b*", "***", &"a".repeat(201)] {
            assert_eq!(Pattern::parse(text), Err(BadTopic), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_topic_is_a_pattern_for_itself_and_for_nothing_else(one in "[ab*. ]{0,6}", other in "[ab.]{0,6}") {
            if is_topic(&one) {
                prop_assert_eq!(Pattern::parse(&one).unwrap().matches(&other), one == other);
            }
        }

        #[test]
        fn no_text_panics(pattern: String, topic: String) {
            if let Ok(pattern) = Pattern::parse(&pattern) {
                let _ = pattern.matches(&topic);
            }
        }
    }
}
