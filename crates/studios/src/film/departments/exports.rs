//! Outputs as files: each of their tables as CSV, and what a set has on paper as PDF.

use kernel::{Error, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;
use wire::reviews::ExportFile;

use super::pages::{self, Size};
use super::production::Production;
use super::tables::Tables;
use super::{audio, character, continuity, image, story, video, visual};

/// The tables of each form of output, by the name of its engine: each with its title.
const FORMS: &[(&str, &[(&str, &str)])] = &[
    ("film.structure", &[("pacing", "Pacing"), ("acts", "Acts"), ("loose-ends", "Loose ends")]),
    (
        "film.cast",
        &[
            ("cast", "Cast"),
            ("together", "Who is with whom"),
            ("talks", "Who speaks to whom"),
            ("names", "Names that may be slips"),
        ],
    ),
    ("film.shots", &[("shot-list", "Shot list"), ("looks", "Looks of places")]),
    ("film.references", &[("references", "References"), ("contradictions", "Contradictions")]),
    ("film.animatic", &[("timeline", "Timeline"), ("scene-times", "Times of scenes")]),
    ("film.cues", &[("cues", "Cue list"), ("ambience", "Ambience"), ("dialogue", "Dialogue sheet")]),
    (
        PRODUCTION,
        &[
            ("breakdown", "Breakdown"),
            ("schedule", "Strip schedule"),
            ("day-out-of-days", "Day-out-of-days"),
            ("calls", "Calls"),
        ],
    ),
    ("film.continuity", &[("continuity", "Continuity")]),
];
const PRODUCTION: &str = "film.production";

type Draw = fn(&Production, Size) -> Result<Vec<u8>>;

/// What a set has on paper, each with its title.
const PAPERS: &[(&str, &str, Draw)] = &[
    ("breakdown-sheets", "Breakdown sheets", pages::breakdown),
    ("strip-board", "Strip board", pages::strip_board),
    ("day-out-of-days", "Day-out-of-days", pages::day_out_of_days),
    ("call-sheets", "Call sheets", pages::call_sheets),
];

/// The files that outputs of a form can be had as; none if the form is none of ours.
#[must_use]
pub fn files(form: &str) -> Vec<ExportFile> {
    let named = |file: String, title: &str| ExportFile { file, title: title.to_owned() };
    let papers = PAPERS.iter().filter(|_| form == PRODUCTION);
    let papers = papers.map(|(name, title, _)| named(format!("{name}.pdf"), title));
    let tables = tables_of(form).iter().map(|(name, title)| named(format!("{name}.csv"), title));
    papers.chain(tables).collect()
}

fn tables_of(form: &str) -> &'static [(&'static str, &'static str)] {
    FORMS.iter().find(|(known, _)| *known == form).map_or(&[], |(_, tables)| tables)
}

/// Writes one of the files of an output. A long film takes a processor for a while.
///
/// # Errors
/// `NOT_FOUND` when the form has no such file; `UNREADABLE_DOCUMENT` when the content is not of that form.
pub fn file(form: &str, content: Value, file: &str, size: Size) -> Result<Vec<u8>> {
    match file.rsplit_once('.') {
        Some((name, "pdf")) if form == PRODUCTION => {
            let paper = PAPERS.iter().find(|(known, ..)| *known == name);
            let (.., draw) = paper.ok_or_else(|| Error::not_found("export"))?;
            draw(&read(content)?, size)
        }
        Some((name, "csv")) if tables_of(form).iter().any(|(known, _)| *known == name) => {
            let tables = tables(form, content)?.tables();
            let table = tables.iter().find(|table| table.name == name);
            table.ok_or_else(|| Error::not_found("export"))?.csv()
        }
        _ => Err(Error::not_found("export")),
    }
}

fn tables(form: &str, content: Value) -> Result<Box<dyn Tables>> {
    Ok(match form {
        "film.structure" => Box::new(read::<story::Story>(content)?),
        "film.cast" => Box::new(read::<character::Characters>(content)?),
        "film.shots" => Box::new(read::<visual::Visual>(content)?),
        "film.references" => Box::new(read::<image::Image>(content)?),
        "film.animatic" => Box::new(read::<video::Animatic>(content)?),
        "film.cues" => Box::new(read::<audio::Audio>(content)?),
        PRODUCTION => Box::new(read::<Production>(content)?),
        "film.continuity" => Box::new(read::<continuity::Continuity>(content)?),
        _ => return Err(Error::not_found("export")),
    })
}

fn read<T: DeserializeOwned>(content: Value) -> Result<T> {
    serde_json::from_value(content).map_err(|error| {
        let what = "This was made by another version of Atelier, and can no longer be written as a file. Order it anew.";
        Error::new(kernel::Code::UnreadableDocument, what).caused_by(error)
    })
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::super::scripted::sample;
    use super::*;

    fn value(output: &impl Serialize) -> Value {
        serde_json::to_value(output).unwrap()
    }

    /// The sample's output of each form.
    fn outputs() -> Vec<(&'static str, Value)> {
        let film = sample();
        let visual = visual::visual(&film);
        vec![
            ("film.structure", value(&story::story(&film, &story::Options::default()))),
            ("film.cast", value(&character::characters(&film))),
            ("film.references", value(&image::image(&film))),
            ("film.animatic", value(&video::animatic(&film, &visual.shots, &video::Options::default()))),
            ("film.shots", value(&visual)),
            ("film.cues", value(&audio::audio(&film))),
            (PRODUCTION, value(&super::super::production::production(&film, &Default::default()))),
            ("film.continuity", value(&continuity::continuity(&film))),
        ]
    }

    #[test]
    fn every_file_that_is_named_can_be_had_and_every_table_is_named() {
        let outputs = outputs();
        assert_eq!(outputs.len(), FORMS.len());
        for (form, content) in outputs {
            let mut named: Vec<String> = files(form).into_iter().map(|file| file.file).collect();
            for name in &named {
                let bytes = file(form, content.clone(), name, Size::A4).unwrap();
                let begins: &[u8] = if name.ends_with(".pdf") { b"%PDF-" } else { b"" };
                assert!(!bytes.is_empty() && bytes.starts_with(begins), "{form} {name}");
            }
            named.retain(|name| name.ends_with(".csv"));
            let tables = tables(form, content).unwrap().tables();
            let made: Vec<String> = tables.iter().map(|table| format!("{}.csv", table.name)).collect();
            assert_eq!(named, made, "{form}");
        }
    }

    #[test]
    fn what_is_not_there_and_what_cannot_be_read_are_told_apart() {
        let code = |form, content, name| file(form, content, name, Size::A4).unwrap_err().code();
        assert_eq!(code("film.cast", Value::Null, "cast.pdf"), kernel::Code::NotFound);
        assert_eq!(code("film.cast", Value::Null, "shot-list.csv"), kernel::Code::NotFound);
        assert_eq!(code("film.trailer", Value::Null, "cast.csv"), kernel::Code::NotFound);
        assert_eq!(code("film.cast", Value::Null, "cast.csv"), kernel::Code::UnreadableDocument);
    }

    #[test]
    fn an_output_without_one_of_its_lists_can_still_be_written() {
        for (form, mut content) in outputs() {
            for part in content.as_object_mut().unwrap().values_mut().filter(|part| part.is_array()) {
                *part = Value::Array(Vec::new());
            }
            for ExportFile { file: name, .. } in files(form) {
                file(form, content.clone(), &name, Size::Letter).unwrap();
            }
        }
    }
}
