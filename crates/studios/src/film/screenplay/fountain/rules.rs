//! What a single line is, by Fountain's rules. The parser and the writer ask the same questions here.

/// Scene heading prefixes: those of the syntax, and the same pairs the other way round, as writers type them.
const PREFIXES: [&str; 9] =
    ["INT./EXT", "INT/EXT", "EXT./INT", "EXT/INT", "I./E", "I/E", "INT", "EXT", "EST"];

/// The length of a heading's prefix (`INT`, `I/E`), if the line has one that a dot or a space follows.
pub(in crate::film) fn heading_prefix(line: &str) -> Option<usize> {
    PREFIXES.iter().map(|prefix| prefix.len()).zip(PREFIXES).find_map(|(length, prefix)| {
        let head = line.get(..length)?;
        let follows = line.as_bytes().get(length);
        (head.eq_ignore_ascii_case(prefix) && matches!(follows, Some(b'.' | b' '))).then_some(length)
    })
}

/// A heading that is forced: one dot, then neither a dot nor white space.
pub(super) fn is_forced_heading(line: &str) -> bool {
    let mut chars = line.chars();
    chars.next() == Some('.') && chars.next().is_some_and(|c| c != '.' && !c.is_whitespace())
}

/// Whether a line has letters, and none of them small.
pub(in crate::film) fn is_upper(text: &str) -> bool {
    let mut upper = false;
    for c in text.chars() {
        if c.is_lowercase() {
            return false;
        }
        upper |= c.is_uppercase();
    }
    upper
}

/// `===`, and nothing but.
pub(super) fn is_page_break(line: &str) -> bool {
    line.len() >= 3 && line.bytes().all(|b| b == b'=')
}

/// `> so <`, with something in it.
pub(super) fn is_centered(line: &str) -> bool {
    line.len() >= 2
        && line.starts_with('>')
        && ends_unescaped(line, '<')
        && !line[1..line.len() - 1].trim().is_empty()
}

/// A line that begins with `mark` and goes on. A mark alone is text.
pub(super) fn is_marked(line: &str, mark: char) -> bool {
    line.strip_prefix(mark).is_some_and(|rest| !rest.trim().is_empty())
}

/// A transition by its looks: capitals that end with `TO:`.
pub(super) fn is_transition(line: &str) -> bool {
    line.ends_with("TO:") && is_upper(line)
}

/// A cue by its looks: a name in capitals, then perhaps extensions in parentheses, then perhaps `^`.
pub(super) fn is_cue(line: &str) -> bool {
    let line = line.strip_suffix('^').map_or(line, str::trim_end);
    let name = line.find('(').map_or(line, |at| &line[..at]);
    if !is_upper(name) {
        return false;
    }
    // After the first parenthesis everything must stand in parentheses: `HANS (on the radio) (CONT'D)`.
    let mut depth = 0_usize;
    for c in line[name.len()..].chars() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return false,
            ')' => depth -= 1,
            c if depth == 0 && c.is_lowercase() => return false,
            _ => {}
        }
    }
    depth == 0
}

/// `(so)`: one pair of parentheses around the whole line.
pub(super) fn is_parenthetical(line: &str) -> bool {
    if !line.starts_with('(') || !line.ends_with(')') {
        return false;
    }
    let (mut depth, mut escaped) = (0_usize, false);
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => {}
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1 == line.len();
                }
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    false
}

/// The scene number at the end of a heading: the offsets of its first `#` and of the number.
pub(super) fn scene_number(line: &str) -> Option<(usize, &str)> {
    let body = line.strip_suffix('#')?;
    if body.ends_with('\\') {
        return None;
    }
    let open = body.rfind('#')?;
    let number = &body[open + 1..];
    let valid = !number.is_empty()
        && !body[..open].ends_with('\\')
        && number.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.'));
    valid.then_some((open, number))
}

/// Whether a line ends with `mark` and no backslash takes its meaning away.
pub(super) fn ends_unescaped(line: &str, mark: char) -> bool {
    line.strip_suffix(mark).is_some_and(|rest| {
        let backslashes = rest.bytes().rev().take_while(|b| *b == b'\\').count();
        backslashes % 2 == 0
    })
}

/// Whether a line that should be action would be read as something else when it begins a paragraph.
pub(super) fn needs_force(line: &str, more_follows: bool) -> bool {
    let line = line.trim();
    line.starts_with(['!', '@', '.', '>', '~', '#', '='])
        || heading_prefix(line).is_some()
        || is_transition(line)
        || (more_follows && is_cue(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_prefix_needs_a_dot_or_a_space_after_it() {
        for line in ["INT. A", "ext b", "EST. C", "INT./EXT. D", "int/ext e", "I/E. F", "I./E. G", "INT - H"]
        {
            assert!(heading_prefix(line).is_some(), "{line}");
        }
        for line in ["INTERNAL AFFAIRS", "EXTRA", "ESTABLISHING", "I/EX", "INT", "ÉXT. A"] {
            assert!(heading_prefix(line).is_none(), "{line}");
        }
    }

    #[test]
    fn a_cue_is_capitals_whose_extensions_may_be_small() {
        for line in ["STEEL", "R2D2", "MOM (O. S.)", "HANS (on the radio)", "BRICK ^", "ÅSA (V.O.) (CONT'D)"]
        {
            assert!(is_cue(line), "{line}");
        }
        for line in ["Steel", "23", "(O.S.)", "HANS (on", "李雷", "HANS (a) said"] {
            assert!(!is_cue(line), "{line}");
        }
    }

    #[test]
    fn a_scene_number_is_letters_digits_dashes_and_dots_between_hashes() {
        assert_eq!(scene_number("INT. A #I-1-A#").map(|n| n.1), Some("I-1-A"));
        assert_eq!(scene_number("INT. A #1.#").map(|n| n.1), Some("1."));
        assert_eq!(scene_number("INT. A ##"), None);
        assert_eq!(scene_number("INT. A #a b#"), None);
        assert_eq!(scene_number(r"INT. A #5\#"), None);
    }

    #[test]
    fn a_parenthetical_is_one_pair_of_parentheses_around_the_line() {
        assert!(is_parenthetical("(beat)"));
        assert!(is_parenthetical("(a (b) c)"));
        assert!(!is_parenthetical("(beat) Hello (laughs)"));
        assert!(!is_parenthetical("(beat"));
    }
}
