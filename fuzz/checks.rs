//! What must hold for any input: shared by the fuzz targets and by the stable test over their corpus.

use kernel::{EntityId, Id};
use studios::film::breakdown::breakdown;
use studios::film::import::{State, prepare, read};
use studios::film::screenplay::{Format, Screenplay, parse};
use wire::projects::ProjectType;

/// Fountain of any kind is read, comes out as it went in, and reads the same from its parts.
pub(crate) fn fountain(text: &str) {
    if let Ok(screenplay) = parse(Format::Fountain, text) {
        comes_out_as_it_went_in(&screenplay, Format::Fountain, text);
        let fdx = screenplay.export(Format::Fdx).expect("what is Fountain can be written as Final Draft");
        parse(Format::Fdx, &fdx.text).expect("what was written can be read");
    }
}

/// Final Draft is refused, or comes out as it went in.
pub(crate) fn fdx(text: &str) {
    if let Ok(screenplay) = parse(Format::Fdx, text) {
        comes_out_as_it_went_in(&screenplay, Format::Fdx, text);
        let fountain = screenplay.export(Format::Fountain).expect("what was read can be written");
        parse(Format::Fountain, &fountain.text).expect("Fountain is never malformed");
    }
}

/// Any bytes under any name are refused, or become a proposal whose writes name only what it makes.
pub(crate) fn import(bytes: &[u8]) {
    for (name, kind) in [("a.fountain", ProjectType::Movie), ("a.txt", ProjectType::Series)] {
        let Ok(reading) = read(name, bytes) else { continue };
        let prepared = prepare(reading, &State::empty(kind));
        let mut next = 0;
        let draft = prepared
            .draft(|| {
                next += 1;
                EntityId::from_bits(next)
            })
            .expect("a proposal can be drafted");
        let made = 1..=next;
        for fact in &draft.facts {
            assert!(made.contains(&fact.subject.bits()));
            assert!(fact.object.is_none_or(|object| made.contains(&object.bits())));
        }
        assert_eq!(draft.facts.len() as i64, prepared.preview().relationships);
    }
}

fn comes_out_as_it_went_in(screenplay: &Screenplay, format: Format, text: &str) {
    assert_eq!(screenplay.export(format).expect("what was read can be written").text, text);
    let scenes = screenplay.scenes.iter().map(|scene| scene.source.clone()).collect();
    let again = Screenplay::from_parts(screenplay.front.source.clone(), scenes, screenplay.back.clone())
        .expect("parts that were read can be read");
    assert_eq!(again.scenes, screenplay.scenes);
    let read = breakdown(screenplay);
    assert_eq!(read.scenes.len(), screenplay.scenes.len());
    for scene in &read.scenes {
        assert!(scene.eighths > 0);
        assert!(scene.location.is_none_or(|at| at < read.locations.len()));
        assert!(scene.cast.iter().all(|appearance| appearance.character < read.characters.len()));
    }
}
