//! Rules of reading Final Draft documents.

use super::parse;
use crate::film::screenplay::{Kind, Reason, Screenplay, Side};

fn document(paragraphs: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<FinalDraft Version=\"5\">\n<Content>\n{paragraphs}\n</Content>\n</FinalDraft>\n"
    )
}

fn read(paragraphs: &str) -> Screenplay {
    parse(&document(paragraphs)).unwrap()
}

fn elements(paragraphs: &str) -> Vec<(Kind, String)> {
    let screenplay = read(paragraphs);
    let all = screenplay.elements().map(|(_, element)| element).filter(|element| !element.kind.is_trivia());
    all.map(|element| (element.kind, element.text())).collect()
}

#[test]
fn a_paragraph_is_what_its_type_says() {
    let text = "<Paragraph Type=\"Scene Heading\"><Text>INT. A - DAY</Text></Paragraph>
<Paragraph Type=\"Action\"><Text>Low &amp; </Text><Text Style=\"Bold\">slack</Text></Paragraph>
<Paragraph Type=\"Character\"><Text>MARA</Text></Paragraph>
<Paragraph Type=\"Dialogue\"><Text>Hi.</Text></Paragraph>
<Paragraph Type=\"Of My Own\"><Text>What</Text></Paragraph>";
    assert_eq!(
        elements(text),
        [
            (Kind::SceneHeading, "INT. A - DAY".into()),
            (Kind::Action, "Low & slack".into()),
            (Kind::Character, "MARA".into()),
            (Kind::Dialogue, "Hi.".into()),
            (Kind::Other, "What".into()),
        ]
    );
}

#[test]
fn a_heading_bears_number_length_and_summary() {
    let screenplay = read(
        "<Paragraph Type=\"Scene Heading\" Number=\"4A\"><SceneProperties Length=\"1 3/8\" Page=\"7\" Title=\"\">
<Summary><Paragraph><Text>Nets.</Text></Paragraph></Summary></SceneProperties><Text>INT. A</Text></Paragraph>",
    );
    let heading = screenplay.scenes[0].heading().unwrap();
    let scene = heading.scene.as_ref().unwrap();
    assert_eq!(heading.number.as_deref(), Some("4A"));
    assert_eq!((scene.eighths, scene.page.as_deref()), (Some(11), Some("7")));
    assert_eq!(scene.synopsis, ["Nets."]);
}

#[test]
fn dual_dialogue_has_two_sides() {
    let screenplay = read(
        "<Paragraph><DualDialogue><Paragraph Type=\"Character\"><Text>A</Text></Paragraph>\
<Paragraph Type=\"Dialogue\"><Text>One</Text></Paragraph><Paragraph Type=\"Character\"><Text>B</Text></Paragraph>\
<Paragraph Type=\"Dialogue\"><Text>One</Text></Paragraph></DualDialogue></Paragraph>",
    );
    let sides: Vec<Option<Side>> =
        screenplay.elements().filter(|(_, e)| !e.kind.is_trivia()).map(|(_, e)| e.dual).collect();
    assert_eq!(sides, [Some(Side::Left), Some(Side::Left), Some(Side::Right), Some(Side::Right)]);
}

#[test]
fn tags_are_read_by_their_numbers() {
    let content = "<Paragraph Type=\"Scene Heading\"><Text>INT. A</Text></Paragraph>\
<Paragraph Type=\"Action\"><Text>A </Text><Text TagNumber=\"3\">key</Text></Paragraph>";
    let data = "<TagData><TagCategories><TagCategory Id=\"c\" Name=\"Props\"/></TagCategories><TagDefinitions>\
<TagDefinition Id=\"d\" CatId=\"c\" Label=\"Brass key\"/></TagDefinitions><Tags><Tag Number=\"3\"><DefId>d</DefId>\
</Tag></Tags></TagData></FinalDraft>";
    let screenplay = parse(&document(content).replace("</FinalDraft>", data)).unwrap();
    let tag = screenplay.tags.get(3).unwrap();
    assert_eq!((tag.category.as_str(), tag.label.as_str()), ("Props", "Brass key"));
    let piece =
        screenplay.scenes[0].elements.iter().flat_map(|e| &e.pieces).find(|p| p.tag.is_some()).unwrap();
    assert_eq!((piece.text.as_str(), piece.tag), ("key", Some(3)));
}

#[test]
fn what_is_broken_is_told_with_its_line() {
    let error = parse("<FinalDraft>\n<Content>\n<Paragraph>\n</Content></FinalDraft>").unwrap_err();
    assert_eq!(error.line, 4);
    assert!(matches!(error.reason, Reason::Xml(_)), "{error}");
}

#[test]
fn what_is_not_final_draft_is_refused_by_name() {
    assert_eq!(parse("<html></html>").unwrap_err().reason, Reason::NotFinalDraft("html".into()));
    assert_eq!(parse("<FinalDraft></FinalDraft>").unwrap_err().reason, Reason::NoContent);
}

#[test]
fn a_bomb_of_entities_or_of_depth_is_refused() {
    let bomb = "<!DOCTYPE a [<!ENTITY b \"boom\">]><FinalDraft><Content/></FinalDraft>";
    assert_eq!(parse(bomb).unwrap_err().reason, Reason::Dtd);
    let deep = format!("{}{}", "<a>".repeat(5_000), "</a>".repeat(5_000));
    assert_eq!(parse(&document(&deep)).unwrap_err().reason, Reason::TooDeep);
}
