//! Rules of reading Fountain.

use super::parse;
use crate::film::screenplay::{Element, Kind, PieceKind, Screenplay, Side, WarningKind};

fn read(text: &str) -> Screenplay {
    parse(text).unwrap()
}

/// The elements of a text that are no trivia, each with what a reader reads of it.
fn elements(text: &str) -> Vec<(Kind, String)> {
    let screenplay = read(text);
    let all = screenplay.elements().map(|(_, element)| element).filter(|element| !element.kind.is_trivia());
    all.map(|element| (element.kind, element.text())).collect()
}

fn kinds(text: &str) -> Vec<Kind> {
    elements(text).into_iter().map(|(kind, _)| kind).collect()
}

fn find(screenplay: &Screenplay, kind: Kind) -> Element {
    screenplay.elements().map(|(_, element)| element).find(|element| element.kind == kind).unwrap().clone()
}

#[test]
fn a_heading_begins_a_scene() {
    for heading in ["INT. A - DAY", "ext. a", "I/E A", "INT./EXT. A", "EST. A", "INT A", ".A PLACE"] {
        assert_eq!(read(&format!("{heading}\n\nX.\n")).scenes.len(), 1, "{heading}");
    }
    for text in ["INTERIOR A", "..A PLACE", "INTA. DAY", "He said:\nINT. A - DAY"] {
        assert_eq!(read(&format!("{text}\n\nX.\n")).scenes.len(), 0, "{text}");
    }
}

#[test]
fn a_heading_bears_its_number_apart_from_its_text() {
    let screenplay = read("INT. A - DAY #12A#\n\nX.\n");
    let heading = find(&screenplay, Kind::SceneHeading);
    assert_eq!((heading.text().trim(), heading.number.as_deref()), ("INT. A - DAY", Some("12A")));
}

#[test]
fn a_cue_begins_a_speech_with_parentheticals_and_lyrics() {
    let text = "X.\n\nMARA (V.O.)\n(low)\nHello.\n~La la\nBye.\n\nShe goes.\n";
    assert_eq!(
        elements(text),
        [
            (Kind::Action, "X.".into()),
            (Kind::Character, "MARA (V.O.)".into()),
            (Kind::Parenthetical, "(low)".into()),
            (Kind::Dialogue, "Hello.".into()),
            (Kind::Lyrics, "La la".into()),
            (Kind::Dialogue, "Bye.".into()),
            (Kind::Action, "She goes.".into()),
        ]
    );
}

#[test]
fn capitals_that_nothing_follows_are_action() {
    assert_eq!(kinds("X.\n\nBANG\n\nY.\n"), [Kind::Action; 3]);
    assert_eq!(kinds("X.\n\n!MARA\nHello.\n"), [Kind::Action, Kind::Action]);
}

#[test]
fn marks_force_what_a_line_is() {
    assert_eq!(kinds("X.\n\n@McAvoy\nYes.\n"), [Kind::Action, Kind::Character, Kind::Dialogue]);
    assert_eq!(kinds("X.\n\n> Fade out.\n"), [Kind::Action, Kind::Transition]);
    assert_eq!(kinds("X.\n\n> THE END <\n"), [Kind::Action, Kind::Centered]);
    assert_eq!(kinds("X.\n\nCUT TO:\n\nY.\n"), [Kind::Action, Kind::Transition, Kind::Action]);
    assert_eq!(
        kinds("X.\n\n===\n\n# Act\n\n## Part\n\n= Sum.\n"),
        [Kind::Action, Kind::PageBreak, Kind::Section(1), Kind::Section(2), Kind::Synopsis]
    );
}

#[test]
fn a_caret_sets_two_speeches_side_by_side() {
    let screenplay = read("X.\n\nMARA\nOne!\n\nJOSS ^\nOne!\n\nMARA\nTwo.\n");
    let sides: Vec<Option<Side>> = screenplay
        .elements()
        .filter(|(_, element)| element.kind == Kind::Character)
        .map(|(_, element)| element.dual)
        .collect();
    assert_eq!(sides, [Some(Side::Left), Some(Side::Right), None]);
}

#[test]
fn the_title_page_is_keys_with_lines() {
    let screenplay = read("Title: Tides\nAuthor:\n\tAda\n\tBen\n\nINT. A - DAY\n");
    let fields: Vec<(&str, Vec<&str>)> = screenplay
        .title_page
        .iter()
        .map(|field| (field.key.as_str(), field.lines.iter().map(String::as_str).collect()))
        .collect();
    assert_eq!(fields, [("Title", vec!["Tides"]), ("Author", vec!["Ada", "Ben"])]);
    assert!(read("INT. A - DAY\n\nTitle: no page\n").title_page.is_empty());
}

#[test]
fn notes_and_boneyards_are_no_part_of_what_is_read() {
    let screenplay = read("He [[why?]] waits /* or not */ here.\n");
    let action = find(&screenplay, Kind::Action);
    assert_eq!(action.text().split_whitespace().collect::<Vec<_>>(), ["He", "waits", "here."]);
    let kinds: Vec<PieceKind> = action.pieces.iter().map(|piece| piece.kind).collect();
    assert!(kinds.contains(&PieceKind::Note) && kinds.contains(&PieceKind::Boneyard));
}

#[test]
fn a_scene_within_a_boneyard_is_none() {
    assert_eq!(read("INT. A - DAY\n\nX.\n\n/*\n\nINT. B - DAY\n\nY.\n\n*/\n").scenes.len(), 1);
}

#[test]
fn emphasis_is_style_and_a_backslash_takes_it_away() {
    let screenplay = read("A *b* **c** ***d*** _e_ \\*f\\*\n");
    let action = find(&screenplay, Kind::Action);
    assert_eq!(action.text(), "A b c d e *f*");
    let styled = |text: &str| action.pieces.iter().find(|piece| piece.text == text).unwrap().style;
    assert!(styled("b").italic && !styled("b").bold);
    assert!(styled("c").bold && !styled("c").italic);
    assert!(styled("d").bold && styled("d").italic);
    assert!(styled("e").underline);
}

#[test]
fn what_is_left_open_is_warned_of_with_its_line() {
    let screenplay = read("INT. A - DAY\n\nX. /* open\n");
    let warning = screenplay.warnings.iter().find(|w| w.kind == WarningKind::UnclosedBoneyard).unwrap();
    assert_eq!(warning.line, Some(3));
    assert!(read("No scene.\n").warnings.iter().any(|w| w.kind == WarningKind::NoScene));
}
