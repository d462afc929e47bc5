//! The strip schedule: an order of shooting that moves seldom, and keeps each day to its pages.
//!
//! Scenes are grouped by place; within a group by light (dawn, day, dusk, night), then area, then by who is in them, then by
//! the script. Groups come in several orders: as the script has them, longest first, and each next to that whose cast it
//! shares most. Each order is cut into days in two ways: filling each day from the order, or giving each place days of its
//! own and joining what is left over where it fits. In the first, two groups are swapped as long as that makes the plan
//! better; 2,000 swaps are tried at most. Each plan is tried once more with the places of every day in the order of their
//! light.
//!
//! Of these plans, and of the script's own order, those that need no more days than the script's order are weighed: fewest
//! moves first, then fewest days, then how often the light goes back within a day, then how often it changes, then days on
//! which somebody waits between two that they work on. So a plan is never worse than the script's order in days or moves.
//! A scene that is longer than a day has a day for itself, which is marked as over.

use std::collections::{BTreeMap, BTreeSet};

use kernel::EntityId;
use serde::{Deserialize, Serialize};

use super::{Light, Options};
use crate::film::departments::film::Film;
use crate::film::departments::scene::Scene;

/// The order of shooting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    #[allow(missing_docs)]
    pub days: Vec<Day>,
    /// How often the place changes from one strip to the next.
    pub moves: usize,
    /// How often it would, in the order of the script.
    pub moves_in_script_order: usize,
    /// How many days the order of the script would need.
    pub days_in_script_order: usize,
}

/// A day of shooting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Day {
    /// Counted from 1.
    pub number: usize,
    #[allow(missing_docs)]
    pub eighths: u32,
    /// Whether its one scene is longer than a day should be.
    pub over: bool,
    #[allow(missing_docs)]
    pub strips: Vec<Strip>,
}

/// A scene in the schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Strip {
    /// The scene's number.
    pub scene: String,
    #[allow(missing_docs)]
    pub record: EntityId,
    #[allow(missing_docs)]
    pub eighths: u32,
    #[allow(missing_docs)]
    pub light: Light,
    /// The name of its place.
    pub place: String,
    /// The scene's place in the script, counted from 0.
    pub at: usize,
}

/// The most plans that are tried by swapping.
const TRIES: usize = 2_000;

/// Scenes by their places in the script, a list for each day.
type Plan = Vec<Vec<usize>>;

/// Schedules every scene once.
pub(super) fn schedule(film: &Film, options: &Options) -> Schedule {
    let most = options.eighths_per_day;
    let script: Vec<usize> = (0..film.scenes.len()).collect();
    let naive = fill(film, &script, most);
    let mut plans = vec![naive.clone()];
    let mut tries = TRIES;
    for groups in orders(film) {
        plans.push(apart(film, &groups, most));
        plans.push(swapped(film, groups, most, &mut tries));
    }
    let lit: Vec<Plan> = plans.iter().map(|plan| lit(film, plan)).collect();
    plans.extend(lit);
    plans.retain(|plan| plan.len() <= naive.len());
    let best = plans.into_iter().min_by_key(|plan| weight(film, plan)).unwrap_or_default();
    let days = best.iter().enumerate().map(|(at, day)| {
        let eighths = length(film, day);
        let strips = day.iter().map(|at| strip(film, *at)).collect();
        Day { number: at + 1, eighths, over: eighths > most, strips }
    });
    Schedule {
        days: days.collect(),
        moves: moves(film, &best),
        moves_in_script_order: moves(film, &naive),
        days_in_script_order: naive.len(),
    }
}

fn strip(film: &Film, at: usize) -> Strip {
    let scene = &film.scenes[at];
    Strip {
        scene: scene.number.clone(),
        record: scene.id,
        eighths: scene.eighths,
        light: Light::of(scene),
        place: film.place_name(scene).to_owned(),
        at,
    }
}

fn length(film: &Film, scenes: &[usize]) -> u32 {
    scenes.iter().map(|at| film.scenes[*at].eighths).sum()
}

/// Fills each day from an order, and begins a new one when a scene does not fit.
fn fill(film: &Film, order: &[usize], most: u32) -> Plan {
    let mut plan: Plan = Vec::new();
    let mut used = 0;
    for at in order {
        let eighths = film.scenes[*at].eighths;
        match plan.last_mut() {
            Some(day) if used + eighths <= most => day.push(*at),
            _ => {
                plan.push(vec![*at]);
                used = 0;
            }
        }
        used += eighths;
    }
    plan
}

/// Fills days from groups, and swaps two of the groups as long as that makes the plan better.
fn swapped(film: &Film, mut groups: Vec<Vec<usize>>, most: u32, tries: &mut usize) -> Plan {
    let mut best = fill(film, &groups.concat(), most);
    let mut least = weight(film, &best);
    let mut better = true;
    while better {
        better = false;
        for one in 0..groups.len() {
            for other in one + 1..groups.len() {
                if *tries == 0 {
                    return best;
                }
                *tries -= 1;
                groups.swap(one, other);
                let plan = fill(film, &groups.concat(), most);
                let own = weight(film, &plan);
                if own < least {
                    (best, least, better) = (plan, own, true);
                } else {
                    groups.swap(one, other);
                }
            }
        }
    }
    best
}

/// Gives each place its own days, and joins its last, partly filled one to the first such day into which it fits.
fn apart(film: &Film, groups: &[Vec<usize>], most: u32) -> Plan {
    let mut plan: Plan = Vec::new();
    for group in groups {
        let mut own = fill(film, group, most);
        let rest = own.pop().unwrap_or_default();
        plan.append(&mut own);
        let room = plan.iter_mut().find(|day| length(film, day) + length(film, &rest) <= most);
        match room {
            Some(day) => day.extend(rest),
            None => plan.push(rest),
        }
    }
    plan
}

/// The plan with the places of every day in the order of their latest light, so that a day goes from morning to night.
fn lit(film: &Film, plan: &Plan) -> Plan {
    let in_order = |day: &Vec<usize>| {
        let same = |a: &usize, b: &usize| film.scenes[*a].place == film.scenes[*b].place;
        let mut blocks: Vec<&[usize]> = day.chunk_by(same).collect();
        blocks.sort_by_key(|block| block.iter().map(|at| Light::of(&film.scenes[*at])).max());
        blocks.concat()
    };
    plan.iter().map(in_order).collect()
}

/// The groups in each order that is tried.
fn orders(film: &Film) -> Vec<Vec<Vec<usize>>> {
    let mut by_place: BTreeMap<(usize, Option<usize>), Vec<usize>> = BTreeMap::new();
    let mut first: BTreeMap<Option<usize>, usize> = BTreeMap::new();
    for (at, scene) in film.scenes.iter().enumerate() {
        let first = *first.entry(scene.place).or_insert(at);
        by_place.entry((first, scene.place)).or_default().push(at);
    }
    let mut groups: Vec<Vec<usize>> = by_place.into_values().collect();
    for group in &mut groups {
        group.sort_by_cached_key(|at| {
            let scene = &film.scenes[*at];
            let cast: Vec<usize> = scene.on_set().collect();
            (Light::of(scene), scene.area.clone(), cast, *at)
        });
    }
    let mut longest = groups.clone();
    longest.sort_by_key(|group| std::cmp::Reverse(length(film, group)));
    vec![neighbours(film, &longest), groups, longest]
}

/// The groups, each followed by that of the others which shares most of its cast.
fn neighbours(film: &Film, groups: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let cast = |group: &[usize]| -> BTreeSet<usize> {
        group.iter().flat_map(|at| film.scenes[*at].on_set()).collect()
    };
    let mut left: Vec<&Vec<usize>> = groups.iter().collect();
    let mut ordered: Vec<Vec<usize>> = Vec::with_capacity(groups.len());
    while !left.is_empty() {
        let shared =
            |group: &[usize]| ordered.last().map_or(0, |last| cast(last).intersection(&cast(group)).count());
        // Of equals the first, which is the longest.
        let next = (0..left.len()).rev().max_by_key(|at| shared(left[*at])).unwrap_or(0);
        ordered.push(left.remove(next).clone());
    }
    ordered
}

/// What makes a plan worse, the worst first.
fn weight(film: &Film, plan: &Plan) -> (usize, usize, usize, usize, usize) {
    let (back, changes) = light_changes(film, plan);
    (moves(film, plan), plan.len(), back, changes, waiting(film, plan))
}

/// How often the place changes from one scene to the next. Scenes without a place are taken to be in one.
fn moves(film: &Film, plan: &Plan) -> usize {
    let places: Vec<Option<usize>> = plan.iter().flatten().map(|at| film.scenes[*at].place).collect();
    places.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

/// How often the light goes back within a day, and how often it changes.
fn light_changes(film: &Film, plan: &Plan) -> (usize, usize) {
    let light = |at: usize| Light::of(&film.scenes[at]);
    let pairs = || plan.iter().flat_map(|day| day.windows(2)).map(|pair| (light(pair[0]), light(pair[1])));
    (pairs().filter(|(a, b)| b < a).count(), pairs().filter(|(a, b)| a != b).count())
}

/// On how many days somebody waits between two on which they work.
fn waiting(film: &Film, plan: &Plan) -> usize {
    let works = |scene: &Scene, who: usize| scene.on_set().any(|other| other == who);
    (0..film.people.len())
        .map(|who| {
            let days: Vec<usize> = plan
                .iter()
                .enumerate()
                .filter(|(_, day)| day.iter().any(|at| works(&film.scenes[*at], who)))
                .map(|(at, _)| at)
                .collect();
            match (days.first(), days.last()) {
                (Some(first), Some(last)) => last - first + 1 - days.len(),
                _ => 0,
            }
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::film::departments::scripted::{film, sample};

    #[test]
    fn the_sample_moves_less_than_the_script_and_needs_no_more_days() {
        let schedule = schedule(&sample(), &Options::default());
        assert!(schedule.moves < schedule.moves_in_script_order, "{schedule:?}");
        assert!(schedule.days.len() <= schedule.days_in_script_order);
    }

    #[test]
    fn a_place_is_shot_by_day_before_it_is_shot_by_night() {
        let script = "INT. A - NIGHT\n\nX.\n\nINT. B - DAY\n\nX.\n\nINT. A - DAY\n\nX.\n";
        let schedule = schedule(&film(script), &Options::default());
        let order: Vec<&str> = schedule.days[0].strips.iter().map(|strip| strip.scene.as_str()).collect();
        assert_eq!(order, ["2", "3", "1"], "the place that ends at night comes last");
        assert_eq!((schedule.moves, schedule.moves_in_script_order), (1, 2));
    }

    #[test]
    fn a_scene_longer_than_a_day_has_a_day_for_itself_and_is_marked() {
        let long = "She waits.\n\n".repeat(80);
        let film = film(&format!("INT. A - DAY\n\nX.\n\nINT. A - DAY\n\n{long}INT. A - DAY\n\nX.\n"));
        let options = Options { eighths_per_day: 16, ..Options::default() };
        let schedule = schedule(&film, &options);
        let over: Vec<usize> =
            schedule.days.iter().filter(|day| day.over).map(|day| day.strips.len()).collect();
        assert_eq!(over, [1]);
    }

    /// A script of scenes by place, time, cast and length in paragraphs.
    fn script(scenes: &[(u8, u8, u8, u8)]) -> String {
        let mut text = String::new();
        for (place, time, cast, length) in scenes {
            let time = ["DAY", "NIGHT", "DAWN"][usize::from(*time)];
            text.push_str(&format!("INT. PLACE {} - {time}\n\n", (b'A' + place) as char));
            text.push_str(&"The rain does not stop.\n\n".repeat(usize::from(*length)));
            text.push_str(&format!("PERSON {}\nYes.\n\n", (b'A' + cast) as char));
        }
        text
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_scene_is_shot_once_within_its_day_and_never_worse_than_in_script_order(
            scenes in prop::collection::vec((0u8..5, 0u8..3, 0u8..4, 1u8..60), 1..24),
            eighths_per_day in 8u32..48,
        ) {
            let film = film(&script(&scenes));
            let schedule = schedule(&film, &Options { eighths_per_day, ..Options::default() });
            let mut shot: Vec<usize> =
                schedule.days.iter().flat_map(|day| &day.strips).map(|strip| strip.at).collect();
            shot.sort_unstable();
            prop_assert_eq!(shot, (0..scenes.len()).collect::<Vec<_>>());
            for day in &schedule.days {
                prop_assert_eq!(day.eighths, day.strips.iter().map(|strip| strip.eighths).sum::<u32>());
                prop_assert!(day.eighths <= eighths_per_day || day.strips.len() == 1);
                prop_assert_eq!(day.over, day.eighths > eighths_per_day);
            }
            prop_assert!(schedule.moves <= schedule.moves_in_script_order);
            prop_assert!(schedule.days.len() <= schedule.days_in_script_order);
            let total: u32 = schedule.days.iter().map(|day| day.eighths).sum();
            prop_assert_eq!(total, film.eighths());
        }
    }
}
