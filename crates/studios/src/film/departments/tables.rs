//! Outputs as tables, and tables as CSV (RFC 4180).
//!
//! A cell that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, also as a full-width letter, or
//! with a tab or the end of a line) gets an apostrophe before it, as OWASP advises against CSV injection.

use kernel::{Error, Result};

use super::audio::Audio;
use super::character::Characters;
use super::cited::Citation;
use super::continuity::Continuity;
use super::image::Image;
use super::production::pages;
use super::story::Story;
use super::video::{Animatic, timecode};
use super::visual::Visual;

/// Rows under a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it is, as a file is named: `shot-list`.
    pub name: &'static str,
    /// The columns.
    pub header: &'static [&'static str],
    /// A cell for each column.
    pub rows: Vec<Vec<String>>,
}

/// An output that can be written as tables.
pub trait Tables {
    /// Its tables, each with a name of its own.
    fn tables(&self) -> Vec<Table>;
}

impl Table {
    /// The table as CSV in UTF-8: a header, lines that end with CR LF, cells quoted where they must be.
    ///
    /// # Errors
    /// `INTERNAL` when it cannot be written.
    pub fn csv(&self) -> Result<Vec<u8>> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        writer.write_record(self.header).map_err(Error::internal)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(|cell| guarded(cell))).map_err(Error::internal)?;
        }
        writer.into_inner().map_err(|error| Error::internal(error.into_error()))
    }
}

/// What a cell begins with that a spreadsheet may take for a formula.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The cell, so that no spreadsheet takes it for a formula.
fn guarded(cell: &str) -> String {
    let formula = cell.starts_with(FORMULA);
    if formula { format!("'{cell}") } else { cell.to_owned() }
}

pub(super) fn cited(source: &Citation) -> [String; 3] {
    let line = source.line.map_or_else(String::new, |line| line.to_string());
    [source.scene.clone().unwrap_or_default(), line, source.quote.clone()]
}

/// A row of cells that are texts or can be told.
macro_rules! row {
    ($($cell:expr),* $(; $source:expr)?) => {{
        #[allow(unused_mut)]
        let mut row: Vec<String> = vec![$($cell.to_string()),*];
        $(row.extend($crate::film::departments::tables::cited(&$source));)?
        row
    }};
}
pub(super) use row;

pub(super) fn said<T>(value: Option<T>, label: impl Fn(T) -> &'static str) -> &'static str {
    value.map_or("", label)
}

impl Tables for Story {
    fn tables(&self) -> Vec<Table> {
        let pacing = self.pacing.iter().map(|pace| {
            let share = format!("{:.2}", pace.dialogue_share);
            let tension = format!("{:.2}", pace.tension);
            row![
                pace.scene,
                pages(pace.starts),
                pages(pace.eighths),
                pace.speeches,
                pace.words,
                share,
                tension
            ]
        });
        let acts = self.acts.iter().map(|act| {
            row![
                act.name,
                act.from,
                act.to,
                pages(act.eighths),
                format!("{:.2}", act.tension),
                act.turn.join("; ")
            ]
        });
        let ends = self.loose_ends.iter().map(|end| row![end.kind, end.name; end.source]);
        vec![
            Table {
                name: "pacing",
                header: &["Scene", "Starts at page", "Pages", "Speeches", "Words", "Dialogue", "Tension"],
                rows: pacing.collect(),
            },
            Table {
                name: "acts",
                header: &["Act", "From scene", "To scene", "Pages", "Tension", "Turns"],
                rows: acts.collect(),
            },
            Table {
                name: "loose-ends",
                header: &["Kind", "Name", "Scene", "Line", "Text"],
                rows: ends.collect(),
            },
        ]
    }
}

impl Tables for Characters {
    fn tables(&self) -> Vec<Table> {
        let scene = |citation: &Option<Citation>| {
            citation.as_ref().and_then(|citation| citation.scene.clone()).unwrap_or_default()
        };
        let cast = self.cast.iter().map(|member| {
            let share = format!("{:.3}", member.share);
            let scenes = member.scenes.join(" ");
            row![
                member.name,
                member.scenes.len(),
                member.lines,
                member.words,
                share,
                scene(&member.first),
                scene(&member.last),
                scenes
            ]
        });
        let pairs = self
            .together
            .iter()
            .map(|pair| row![pair.one, pair.other, pair.scenes.len(), pair.scenes.join(" ")]);
        let talks = self.talks.iter().map(|talk| row![talk.from, talk.to, talk.lines, talk.words]);
        let slips = self.slips.iter().map(|slip| row![slip.written, slip.meant; slip.source]);
        vec![
            Table {
                name: "cast",
                header: &[
                    "Name",
                    "Scenes",
                    "Lines",
                    "Words",
                    "Share",
                    "First scene",
                    "Last scene",
                    "In scenes",
                ],
                rows: cast.collect(),
            },
            Table {
                name: "together",
                header: &["One", "Other", "Scenes together", "In scenes"],
                rows: pairs.collect(),
            },
            Table { name: "talks", header: &["From", "To", "Lines", "Words"], rows: talks.collect() },
            Table {
                name: "names",
                header: &["Written", "Perhaps meant", "Scene", "Line", "Text"],
                rows: slips.collect(),
            },
        ]
    }
}

impl Tables for Visual {
    fn tables(&self) -> Vec<Table> {
        let shots = self.shots.iter().map(|shot| {
            let (side, time) = (said(shot.side, |s| s.as_str()), said(shot.daypart, |d| d.as_str()));
            let (size, movement) = (shot.size.label(), shot.movement.label());
            let line = shot.source.line.map_or_else(String::new, |line| line.to_string());
            row![
                shot.number,
                shot.scene,
                side,
                shot.set,
                time,
                size,
                movement,
                shot.subject.join(", "),
                shot.description,
                line
            ]
        });
        let looks = self.looks.iter().map(|look| {
            let (side, time) = (said(look.side, |s| s.as_str()), said(look.daypart, |d| d.as_str()));
            let cues: Vec<String> =
                look.cues.iter().map(|cue| format!("{} ({})", cue.quote, cue.place())).collect();
            row![look.place, side, time, look.scenes.join(" "), look.light, cues.join(" / ")]
        });
        vec![
            Table {
                name: "shot-list",
                header: &[
                    "Shot",
                    "Scene",
                    "Int./Ext.",
                    "Set",
                    "Time",
                    "Size",
                    "Movement",
                    "Subject",
                    "Description",
                    "Line",
                ],
                rows: shots.collect(),
            },
            Table {
                name: "looks",
                header: &["Place", "Int./Ext.", "Time", "Scenes", "Light", "In the script"],
                rows: looks.collect(),
            },
        ]
    }
}

impl Tables for Image {
    fn tables(&self) -> Vec<Table> {
        let checks = self.checks.iter().map(|check| {
            row![check.collection, check.name, check.scenes, check.references.join(" "), check.missing.join("; "); check.source]
        });
        let contradictions = self.contradictions.iter().map(|found| {
            let [one, other] = &found.sources;
            row![found.person, found.attribute, found.one, one.place(), found.other, other.place()]
        });
        vec![
            Table {
                name: "references",
                header: &["Kind", "Name", "Scenes", "References", "Missing", "Scene", "Line", "Text"],
                rows: checks.collect(),
            },
            Table {
                name: "contradictions",
                header: &["Person", "Attribute", "One", "Where", "Other", "Where else"],
                rows: contradictions.collect(),
            },
        ]
    }
}

impl Tables for Animatic {
    fn tables(&self) -> Vec<Table> {
        let clips = self.clips.iter().map(|clip| {
            let shot = clip.shot.clone().unwrap_or_default();
            row![
                clip.scene,
                shot,
                timecode(clip.starts),
                timecode(clip.ends),
                timecode(clip.ends - clip.starts)
            ]
        });
        let scenes = self.scenes.iter().map(|time| {
            let (starts, ends) = (timecode(time.starts), timecode(time.ends));
            row![
                time.scene,
                starts,
                ends,
                timecode(time.ends - time.starts),
                timecode(time.dialogue),
                timecode(time.action)
            ]
        });
        vec![
            Table {
                name: "timeline",
                header: &["Scene", "Shot", "In", "Out", "Length"],
                rows: clips.collect(),
            },
            Table {
                name: "scene-times",
                header: &["Scene", "In", "Out", "Length", "Dialogue", "Action"],
                rows: scenes.collect(),
            },
        ]
    }
}

impl Tables for Audio {
    fn tables(&self) -> Vec<Table> {
        let cues = self.cues.iter().map(|cue| {
            let asked = if cue.marked { "asked for" } else { "suggested" };
            row![cue.kind.label(), cue.name, asked; cue.source]
        });
        let ambience = self.ambience.iter().map(|bed| {
            let (side, time) = (said(bed.side, |s| s.as_str()), said(bed.daypart, |d| d.as_str()));
            row![bed.place, side, time, bed.scenes.join(" "), bed.bed.join(", ")]
        });
        let sheet = self.sheet.iter().map(|spoken| {
            let scenes = spoken.scenes.join(" ");
            row![spoken.name, spoken.lines, spoken.words, spoken.off_screen, spoken.voice_over, scenes]
        });
        vec![
            Table {
                name: "cues",
                header: &["Kind", "Cue", "By", "Scene", "Line", "Text"],
                rows: cues.collect(),
            },
            Table {
                name: "ambience",
                header: &["Place", "Int./Ext.", "Time", "Scenes", "Bed"],
                rows: ambience.collect(),
            },
            Table {
                name: "dialogue",
                header: &["Name", "Lines", "Words", "Off screen", "Voice over", "Scenes"],
                rows: sheet.collect(),
            },
        ]
    }
}

impl Tables for Continuity {
    fn tables(&self) -> Vec<Table> {
        let findings = self.findings.iter().map(|finding| {
            let sources: Vec<String> = finding
                .sources
                .iter()
                .map(|source| format!("{}: {}", source.place(), source.quote))
                .collect();
            row![
                format!("{:?}", finding.severity).to_lowercase(),
                finding.fault.label(),
                finding.message,
                sources.join(" / ")
            ]
        });
        let header = &["Severity", "Fault", "Message", "Where"];
        vec![Table { name: "continuity", header, rows: findings.collect() }]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::scripted::sample;
    use super::super::{audio, character, continuity, image, production, story, video, visual};
    use super::*;

    fn read(csv: &[u8]) -> Vec<Vec<String>> {
        let reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv);
        let rows = reader.into_records().map(|row| row.unwrap().iter().map(str::to_owned).collect());
        rows.collect()
    }

    #[test]
    fn every_table_of_the_sample_comes_back_as_it_was_written() {
        let film = sample();
        let visual = visual::visual(&film);
        let outputs: Vec<Box<dyn Tables>> = vec![
            Box::new(story::story(&film, &story::Options::default())),
            Box::new(character::characters(&film)),
            Box::new(image::image(&film)),
            Box::new(video::animatic(&film, &visual.shots, &video::Options::default())),
            Box::new(audio::audio(&film)),
            Box::new(production::production(&film, &production::Options::default())),
            Box::new(continuity::continuity(&film)),
            Box::new(visual),
        ];
        let mut names = Vec::new();
        for table in outputs.iter().flat_map(|output| output.tables()) {
            let rows = read(&table.csv().unwrap());
            assert_eq!(rows[0], table.header, "{}", table.name);
            let guarded: Vec<Vec<String>> =
                table.rows.iter().map(|row| row.iter().map(|cell| guarded(cell)).collect()).collect();
            assert_eq!(rows[1..], guarded, "{}", table.name);
            names.push(table.name);
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "each table has a name of its own");
    }

    #[test]
    fn a_cell_that_looks_like_a_formula_is_guarded() {
        let rows = vec![vec!["=1+1".to_owned(), "a, \"b\"\nc".to_owned()]];
        let table = Table { name: "t", header: &["A", "B"], rows };
        assert_eq!(String::from_utf8(table.csv().unwrap()).unwrap(), "A,B\r\n'=1+1,\"a, \"\"b\"\"\nc\"\r\n");
    }

    proptest! {
        #[test]
        fn any_cells_come_back_and_none_begins_a_formula(
            rows in prop::collection::vec(prop::collection::vec("\\PC*|[=+@＝＠\\-\t\r\n\",;]{1,4}.*", 3), 0..8),
        ) {
            let table = Table { name: "t", header: &["A", "B", "C"], rows: rows.clone() };
            let back = read(&table.csv().unwrap());
            prop_assert_eq!(back.len(), rows.len() + 1);
            for (row, back) in rows.iter().zip(&back[1..]) {
                for (cell, back) in row.iter().zip(back) {
                    prop_assert!(!back.starts_with(FORMULA));
                    prop_assert!(back == cell || back.strip_prefix('\'') == Some(cell));
                }
            }
        }
    }
}
