//! Rules that hold for any text: spans tile, nothing panics, what goes in comes out, and conversion keeps what is said.

use proptest::prelude::*;

use super::reading::said;
use super::*;

/// Every part's elements follow each other without gap and cover its source, and every piece lies in its element.
pub(super) fn assert_tiles(screenplay: &Screenplay) {
    for part in std::iter::once(&screenplay.front).chain(&screenplay.scenes) {
        let mut at = 0;
        for element in &part.elements {
            assert_eq!(element.span.start, at, "{element:?} in {:?}", part.source.text);
            assert!(element.span.end > at, "{element:?} in {:?}", part.source.text);
            at = element.span.end;
            let mut within = element.span.start;
            for piece in &element.pieces {
                assert!(within <= piece.span.start && piece.span.end <= element.span.end, "{element:?}");
                if piece.kind == PieceKind::Text && piece.text.len() == piece.span.len() {
                    assert_eq!(piece.span.of(&part.source.text).replace('\r', "\n"), piece.text);
                }
                within = piece.span.end;
            }
        }
        assert_eq!(at, part.source.text.len());
    }
}

fn assert_round_trip(format: Format, text: &str) -> Screenplay {
    let screenplay = parse(format, text).unwrap();
    assert_tiles(&screenplay);
    assert_eq!(screenplay.export(format).unwrap().text, text);
    let parts = screenplay.scenes.iter().map(|scene| scene.source.clone()).collect();
    let again =
        Screenplay::from_parts(screenplay.front.source.clone(), parts, screenplay.back.clone()).unwrap();
    assert_eq!(again.front, screenplay.front);
    assert_eq!(again.scenes, screenplay.scenes, "a scene reads the same alone as in its document");
    assert_eq!(again.title_page, screenplay.title_page);
    screenplay
}

fn everything(screenplay: &Screenplay) -> Vec<Element> {
    screenplay.elements().map(|(_, element)| element.clone()).collect()
}

/// Writes the screenplay in the other format and back, and compares what is said.
fn assert_survives(fountain: &str) {
    let original = assert_round_trip(Format::Fountain, fountain);
    let fdx = original.export(Format::Fdx).unwrap();
    let middle = assert_round_trip(Format::Fdx, &fdx.text);
    let back = middle.export(Format::Fountain).unwrap();
    let again = assert_round_trip(Format::Fountain, &back.text);
    assert_eq!(
        said(&everything(&again)),
        said(&everything(&original)),
        "\n--- original\n{fountain}\n--- fdx\n{}\n--- back\n{}",
        fdx.text,
        back.text
    );
    assert_eq!(again.title_page, original.title_page);
}

/// Lines that lie on the edges of Fountain's rules.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[A-Z]{1,6}( \\(V\\.O\\.\\)| \\^)?",
        4 => "(INT|EXT|I/E)[. ] ?[A-Za-z ]{0,8}( #[0-9A-Z]{1,3}#)?",
        6 => "[ -~]{0,24}",
        6 => "[a-zäÖ漢 .,*_/\\[\\]()!@#=<>~^:\\\\-]{0,20}",
        2 => "(\\.|!|@|>|~|#|=|===|> )[A-Za-z *_<]{0,10}",
        2 => "\\([a-z ]{1,8}\\)",
        1 => "[A-Z]{1,5} TO:",
        2 => "\\[\\[[a-z \\n]{0,8}\\]\\]",
        1 => "/\\*[a-z \\n]{0,8}\\*/",
        3 => "(\\*{1,3}|_)[a-z ]{1,5}(\\*{1,3}|_)[a-z]{0,3}",
        5 => Just(String::new()),
        1 => Just("  ".to_owned()),
        1 => Just("\t indented".to_owned()),
    ]
}

fn text() -> impl Strategy<Value = String> {
    (
        proptest::collection::vec(line(), 0..24),
        prop_oneof![4 => Just("\n"), 1 => Just("\r\n"), 1 => Just("\r")],
    )
        .prop_map(|(lines, end)| lines.join(end))
}

fn seeded() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(256);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(seeded())]

    #[test]
    fn any_characters_come_out_of_fountain_as_they_went_in(text in "\\PC{0,200}|(.|\n|\r){0,80}") {
        assert_round_trip(Format::Fountain, &text);
    }

    #[test]
    fn any_lines_come_out_of_fountain_as_they_went_in(text in text()) {
        assert_round_trip(Format::Fountain, &text);
    }

    #[test]
    fn any_lines_survive_the_way_to_final_draft_and_back(text in text()) {
        assert_survives(&text);
    }

    #[test]
    fn no_bytes_make_the_reader_of_final_draft_panic(text in "(<|>|/|Paragraph|Text|Content|FinalDraft|&amp;|&|\"|=| |a|<!|\\[|-|\\?){0,60}") {
        let _ = parse(Format::Fdx, &text);
        let _ = Part::scene(Source::fdx(text));
    }
}
