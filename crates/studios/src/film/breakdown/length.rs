//! How long a scene is on paper, in eighths of a page.
//!
//! A screenplay is set in 12-point Courier: ten characters to the inch, six lines to the inch. A letter page with
//! margins of an inch above and below holds 54 lines; action and headings are 6 inches wide (60 characters), speeches
//! 3.5 inches (35), parentheticals 2 inches (20). Source: Cole and Haag, "The Complete Guide to Standard Script Formats",
//! part I. Breakdown sheets count a scene in eighths of a page, and none as less than one.

use crate::film::screenplay::{Element, Kind, Part, Side};

/// Lines on a page.
const LINES: usize = 54;
const ACTION_WIDTH: usize = 60;
const SPEECH_WIDTH: usize = 35;
const PARENTHETICAL_WIDTH: usize = 20;
/// A column of two speeches at once: 2.75 inches.
const DUAL_WIDTH: usize = 27;

/// The length of a scene in eighths of a page, to the nearest, at least one: as Final Draft laid it out, if the file says
/// so, or else as it would stand on paper.
pub(super) fn eighths(scene: &Part) -> u32 {
    let told = scene.heading().and_then(|heading| heading.scene.as_ref()).and_then(|scene| scene.eighths);
    told.filter(|eighths| *eighths > 0).unwrap_or_else(|| {
        let lines = lines(&scene.elements);
        u32::try_from((lines * 8 + LINES / 2) / LINES).unwrap_or(u32::MAX).max(1)
    })
}

/// Lines on paper, with the empty ones between paragraphs.
pub(in crate::film) fn lines<'e>(elements: impl IntoIterator<Item = &'e Element>) -> usize {
    let mut lines = 0;
    // Lines of the left column of a dual speech that the right one has not yet used.
    let mut left = 0;
    for element in elements.into_iter().filter(|element| is_printed(element)) {
        let width = match element.kind {
            Kind::Dialogue | Kind::Lyrics if element.dual.is_some() => DUAL_WIDTH,
            Kind::Dialogue | Kind::Lyrics => SPEECH_WIDTH,
            Kind::Parenthetical => PARENTHETICAL_WIDTH,
            _ => ACTION_WIDTH,
        };
        let own = wrapped(&element.text(), width) + usize::from(!element.kind.is_speech());
        match element.dual {
            Some(Side::Left) => {
                left += own;
                lines += own;
            }
            // It stands beside the left column, and takes room only where it is longer.
            Some(Side::Right) => {
                lines += own.saturating_sub(left);
                left = left.saturating_sub(own);
            }
            None => {
                left = 0;
                lines += own;
            }
        }
    }
    lines
}

fn is_printed(element: &Element) -> bool {
    element.has_text()
        && !matches!(
            element.kind,
            Kind::Section(_)
                | Kind::Synopsis
                | Kind::Note
                | Kind::Boneyard
                | Kind::TitleField
                | Kind::PageBreak
        )
        && !element.kind.is_trivia()
}

/// How many lines a text takes in a column, broken at spaces.
fn wrapped(text: &str, width: usize) -> usize {
    let mut lines = 0;
    for paragraph in text.lines() {
        let mut used = 0;
        lines += 1;
        for word in paragraph.split_whitespace() {
            let length = word.chars().count();
            if used > 0 && used + 1 + length > width {
                lines += 1;
                used = 0;
            }
            used += length + usize::from(used > 0);
        }
    }
    lines.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::film::screenplay::Source;

    fn of(text: &str) -> u32 {
        eighths(&Part::scene(Source::fountain(text)).unwrap())
    }

    #[test]
    fn a_scene_of_a_line_counts_an_eighth() {
        assert_eq!(of("INT. HOUSE - DAY\n\nNothing.\n"), 1);
    }

    #[test]
    fn a_page_of_action_counts_eight_eighths() {
        // The heading takes two lines, each paragraph one and an empty one.
        let page = format!("INT. HOUSE - DAY\n\n{}", "She waits.\n\n".repeat(26));
        assert_eq!(of(&page), 8);
    }

    #[test]
    fn a_speech_is_narrower_than_action() {
        let words = "word ".repeat(200);
        let speech = of(&format!("INT. HOUSE - DAY\n\nMARA\n{words}\n"));
        let action = of(&format!("INT. HOUSE - DAY\n\n{words}\n"));
        assert!(speech > action, "{speech} {action}");
    }

    #[test]
    fn two_speeches_at_once_take_the_room_of_the_longer() {
        let line = "word ".repeat(60);
        let after = of(&format!("INT. HOUSE - DAY\n\nMARA\n{line}\n\nJOSS\n{line}\n"));
        let at_once = of(&format!("INT. HOUSE - DAY\n\nMARA\n{line}\n\nJOSS ^\n{line}\n"));
        assert!(at_once < after, "{at_once} {after}");
    }
}
