//! The papers of a shoot as tables.

use super::calls::clock;
use super::{Production, pages, sheets};
use crate::film::departments::film::{Daypart, Side};
use crate::film::departments::tables::{Table, Tables, row, said};

impl Tables for Production {
    fn tables(&self) -> Vec<Table> {
        vec![self.sheet_table(), self.strip_table(), self.days_out_table(), self.call_table()]
    }
}

impl Production {
    fn sheet_table(&self) -> Table {
        let names = |needed: &[sheets::Needed]| {
            needed.iter().map(|needed| needed.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let rows = self.sheets.iter().map(|sheet| {
            let (side, time) = (said(sheet.side, Side::as_str), said(sheet.daypart, Daypart::as_str));
            let cast: Vec<&str> = sheet.cast.iter().map(|player| player.name.as_str()).collect();
            row![
                sheet.scene,
                side,
                sheet.set,
                time,
                sheet.story_day,
                pages(sheet.eighths),
                sheet.eighths,
                cast.join(", "),
                sheet.voices.join(", "),
                names(&sheet.background),
                names(&sheet.props),
                names(&sheet.sounds),
                names(&sheet.special),
                sheet.synopsis
            ]
        });
        Table {
            name: "breakdown",
            header: &[
                "Scene",
                "Int./Ext.",
                "Set",
                "Time",
                "Story day",
                "Pages",
                "Eighths",
                "Cast",
                "Voices",
                "Background",
                "Props",
                "Sounds",
                "Special",
                "Synopsis",
            ],
            rows: rows.collect(),
        }
    }

    fn strip_table(&self) -> Table {
        let rows = self.schedule.days.iter().flat_map(|day| {
            day.strips.iter().filter_map(|strip| {
                // A person may have left the sheets out.
                let sheet = self.sheets.get(strip.at)?;
                let (side, time) = (said(sheet.side, Side::as_str), said(sheet.daypart, Daypart::as_str));
                let cast: Vec<String> = sheet.cast.iter().map(|player| player.number.to_string()).collect();
                Some(row![
                    day.number,
                    strip.scene,
                    side,
                    sheet.set,
                    time,
                    pages(strip.eighths),
                    cast.join(" "),
                    sheet.synopsis
                ])
            })
        });
        Table {
            name: "schedule",
            header: &["Day", "Scene", "Int./Ext.", "Set", "Time", "Pages", "Cast", "Synopsis"],
            rows: rows.collect(),
        }
    }

    fn days_out_table(&self) -> Table {
        let rows = self.days_out.rows.iter().flat_map(|of| {
            let days = of.symbols.iter().enumerate();
            days.filter_map(move |(day, symbol)| Some(row![of.number, of.name, day + 1, (*symbol)?.as_str()]))
        });
        Table { name: "day-out-of-days", header: &["Number", "Name", "Day", "Status"], rows: rows.collect() }
    }

    fn call_table(&self) -> Table {
        let rows = self.calls.iter().flat_map(|call| {
            call.cast.iter().map(|player| {
                let (called, on_set) = (clock(player.call), clock(player.on_set));
                row![
                    call.day,
                    player.number,
                    player.name,
                    player.status.as_str(),
                    called,
                    on_set,
                    player.scenes.join(" ")
                ]
            })
        });
        Table {
            name: "calls",
            header: &["Day", "Number", "Name", "Status", "Call", "On set", "Scenes"],
            rows: rows.collect(),
        }
    }
}
