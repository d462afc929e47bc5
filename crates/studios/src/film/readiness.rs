//! Readiness (F11): how far a film is prepared, department by department, by what its records say and what was saved of its
//! departments' work; and what to do next.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use agents::deliverables::{CITES, COLLECTION};
use agents::departments::Departments;
use kernel::{EntityId, Result, Timestamp};
use serde_json::Value;
use store::reviews;
use store::{Scope, Store, Tenant, entities, events, facts};
use wire::readiness::{
    DepartmentReadiness, Readiness, ReadinessAction, ReadinessNext, ReadinessPoint, ReadinessState,
};
use wire::reviews::CitedRecord;

use super::departments::{Film, Person, Place, Scene};

/// From this score on a department, and a project, is ready.
const READY: u32 = 80;
/// From this score on a project needs work; below it is not ready.
const NEEDS_WORK: u32 = 60;
/// What the saved work of its agents counts for, in hundredths of a department's score; its records count for the rest.
const WORK: u32 = 40;
/// Records that a point names at most.
const NAMED: usize = 10;
/// Things to do next that are told at most.
const NEXT: usize = 5;

/// How the departments' work stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Work {
    /// What was saved.
    pub saved: Vec<Saved>,
    /// How many outputs of each department wait for a decision.
    pub waiting: BTreeMap<String, usize>,
}

/// An output that was saved.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Saved {
    pub department: String,
    pub agent: String,
    pub record: CitedRecord,
    /// Whether a scene that it rests on was changed or removed since its agent looked at it.
    pub stale: bool,
}

/// How far a project is, or what one episode of it needs, as it is at `now`: ten queries, whatever its size.
///
/// # Errors
/// `NOT_FOUND` when there is no such episode; or when the database fails.
pub async fn readiness(
    store: &Store,
    scope: &Scope,
    departments: &Departments,
    episode: Option<EntityId>,
    now: Timestamp,
) -> Result<Readiness> {
    let departments = departments.clone();
    store
        .read_in(scope, move |t| {
            let film = Film::read(t, episode)?;
            let own = episode.map(|_| film.scenes.iter().map(|scene| scene.id).collect());
            let work = Work::read(t, own.as_ref())?;
            Ok(weigh(&film, &work, &departments, now))
        })
        .await
}

/// Names what a project's readiness follows from: it is the same while this is. A few small queries.
///
/// # Errors
/// When the database fails.
pub fn basis(t: &mut Tenant<'_, '_>) -> Result<String> {
    let mut basis = events::records_as_of(t)?;
    for (department, count) in waiting(t)? {
        let _ = write!(basis, ".{department}-{count}");
    }
    Ok(basis)
}

/// How many outputs of each department wait for a decision.
fn waiting(t: &mut Tenant<'_, '_>) -> Result<BTreeMap<String, usize>> {
    let mut waiting: BTreeMap<String, usize> = BTreeMap::new();
    for (line, count) in reviews::waiting_lines(t)? {
        let department = line.split('/').next().unwrap_or_default();
        *waiting.entry(department.to_owned()).or_default() += count;
    }
    Ok(waiting)
}

impl Work {
    /// What is stale is so by any scene, or by those of `own` if only they count.
    fn read(t: &mut Tenant<'_, '_>, own: Option<&HashSet<EntityId>>) -> Result<Self> {
        let mut changed: BTreeMap<EntityId, Timestamp> = BTreeMap::new();
        for (output, scene, at) in facts::resting(t, CITES, "scenes")? {
            if own.is_none_or(|own| own.contains(&scene)) {
                let latest = changed.entry(output).or_insert(at);
                *latest = at.max(*latest);
            }
        }
        let saved = entities::outlines_in(t, COLLECTION)?.into_iter().filter_map(|outline| {
            let metadata: Value = serde_json::from_str(&outline.metadata).ok()?;
            let text = |name: &str| metadata[name].as_str().map(str::to_owned);
            // What was saved before this was kept was made before it was saved.
            let made = text("asOf").and_then(|at| at.parse().ok()).unwrap_or(outline.updated_at);
            Some(Saved {
                department: text("department")?,
                agent: text("agent")?,
                stale: changed.get(&outline.id).is_some_and(|at| *at > made),
                record: record(outline.id, COLLECTION, &outline.name),
            })
        });
        let saved = saved.collect();
        Ok(Self { saved, waiting: waiting(t)? })
    }
}

/// Weighs a film. Departments come in the order in which they work; the project's score is their mean.
#[must_use]
pub fn weigh(film: &Film, work: &Work, departments: &Departments, now: Timestamp) -> Readiness {
    let weighed: Vec<DepartmentReadiness> = departments
        .all()
        .iter()
        .map(|department| {
            let name = department.name.as_str();
            let mut points = of_records(name, film);
            let agents: Vec<(&str, &str)> = department
                .specialists
                .iter()
                .map(|agent| (agent.name.as_str(), agent.title.as_str()))
                .collect();
            // Where nobody is at work, the records alone count.
            if !agents.is_empty() {
                points.push(of_work(name, &agents, work, !film.scenes.is_empty()));
            }
            let full: u32 = points.iter().map(|point| point.weight).sum();
            let score = points.iter().map(gained).sum::<f64>() * 100.0 / f64::from(full.max(1));
            let score = (score + 1e-9) as u32;
            DepartmentReadiness {
                name: name.to_owned(),
                score,
                threshold: READY,
                ready: score >= READY,
                points,
            }
        })
        .collect();
    let sum: u32 = weighed.iter().map(|department| department.score).sum();
    let score = sum / u32::try_from(weighed.len()).unwrap_or(u32::MAX).max(1);
    let state = match score {
        READY.. => ReadinessState::Ready,
        NEEDS_WORK.. => ReadinessState::NeedsWork,
        _ => ReadinessState::NotReady,
    };
    Readiness { score, state, next: next(&weighed), departments: weighed, as_of: now }
}

/// What of its weight a point has, a little above, so that sums which should meet a bound do.
fn gained(point: &ReadinessPoint) -> f64 {
    match point.of {
        0 => 0.0,
        of => f64::from(point.weight) * point.met as f64 / of as f64 + 1e-9,
    }
}

/// What brings most, first.
fn next(departments: &[DepartmentReadiness]) -> Vec<ReadinessNext> {
    let mut all: Vec<ReadinessNext> = Vec::new();
    for department in departments {
        for point in &department.points {
            let gain = (f64::from(point.weight) - gained(point)).round() as u32;
            let Some(action) = point.next.clone().filter(|_| gain > 0) else { continue };
            // One screenplay that is missing is one thing to do, not one for each department.
            if all.iter().any(|other| other.action == action) {
                continue;
            }
            let what = format!("{} of {} {}", point.met, point.of, point.what);
            all.push(ReadinessNext { department: department.name.clone(), gain, what, action });
        }
    }
    all.sort_by_key(|next| std::cmp::Reverse(next.gain));
    all.truncate(NEXT);
    all
}

/// What a department needs of the records.
fn of_records(department: &str, film: &Film) -> Vec<ReadinessPoint> {
    let scenes = |weight, what, has: fn(&Scene) -> bool| {
        let all = film.scenes.iter().map(|scene| (scene_of(scene), has(scene)));
        point(film, weight, ("scene", what), "scenes", all.collect())
    };
    let shown: Vec<&Person> = (0..film.people.len())
        .filter(|who| film.scenes.iter().any(|scene| scene.present.iter().any(|one| one.person == *who)))
        .map(|who| &film.people[who])
        .collect();
    let people = |weight, what, has: fn(&Person) -> bool| {
        let all = shown.iter().map(|person| (record(person.id, "characters", &person.name), has(person)));
        point(film, weight, ("character", what), "characters", all.collect())
    };
    let places = |weight, what, has: fn(&Place) -> bool| {
        let own = film.places.iter().filter_map(|place| Some((place.id?, place)));
        let all = own.map(|(id, place)| (record(id, "locations", &place.name), has(place)));
        point(film, weight, ("location", what), "locations", all.collect())
    };
    match department {
        "story" => vec![
            scenes(30, "have a text", |scene| !scene.paragraphs.is_empty()),
            scenes(30, "have a time of day", |scene| scene.daypart.is_some()),
        ],
        "character" => vec![
            people(35, "have a description", |person| !person.description.is_empty()),
            people(25, "have an age or words on their look", |person| {
                person.age.is_some() || !person.appearance.is_empty()
            }),
        ],
        "visual" => vec![
            scenes(30, "have a place", |scene| scene.place.is_some()),
            places(30, "have a description", |place| !place.description.is_empty()),
        ],
        "audio" => vec![
            scenes(35, "have only speakers who are known", |scene| {
                scene.speeches.iter().all(|speech| !speech.speakers.is_empty())
            }),
            places(25, "have an atmosphere or a description", |place| {
                !place.atmosphere.is_empty() || !place.description.is_empty()
            }),
        ],
        "image-quality" => vec![
            people(35, "have a picture as a reference", |person| !person.references.is_empty()),
            places(25, "have a picture as a reference", |place| !place.references.is_empty()),
        ],
        "video" => vec![
            scenes(30, "have action or dialogue to time", |scene| {
                scene.action_share > 0.0 || !scene.speeches.is_empty()
            }),
            scenes(30, "are inside or outside", |scene| scene.side.is_some()),
        ],
        "production" => vec![
            scenes(20, "have a place", |scene| scene.place.is_some()),
            scenes(20, "have a time of day", |scene| scene.daypart.is_some()),
            scenes(20, "have at least one character", |scene| !scene.present.is_empty()),
        ],
        _ => Vec::new(),
    }
}

/// What is said of so many: `scene has a text`, `scenes have a text`.
fn said_of(of: usize, (one, what): (&str, &str)) -> String {
    let of_one = [("have ", "has "), ("are ", "is ")];
    let verb = of_one.into_iter().find_map(|(many, one)| Some((one, what.strip_prefix(many)?)));
    match verb {
        Some((verb, rest)) if of == 1 => format!("{one} {verb}{rest}"),
        _ => format!("{one}s {what}"),
    }
}

/// A point that each of some records meets or lacks.
fn point(
    film: &Film,
    weight: u32,
    what: (&str, &str),
    collection: &str,
    all: Vec<(CitedRecord, bool)>,
) -> ReadinessPoint {
    let (of, met) = (all.len(), all.iter().filter(|(_, has)| *has).count());
    let lacking: Vec<CitedRecord> =
        all.into_iter().filter(|(_, has)| !has).map(|(record, _)| record).take(NAMED).collect();
    let next = match lacking.first() {
        Some(first) => {
            Some(ReadinessAction::Open { collection: first.collection.clone(), entity_id: first.entity_id })
        }
        None if of > 0 => None,
        // Without scenes there is nothing to count; a screenplay brings people and places, too.
        None if film.scenes.is_empty() => Some(ReadinessAction::Upload),
        None => Some(ReadinessAction::Create { collection: collection.to_owned() }),
    };
    ReadinessPoint { what: said_of(of, what), weight, met, of, stale: 0, lacking, next }
}

/// What of a department's work is saved and up to date.
fn of_work(department: &str, agents: &[(&str, &str)], work: &Work, scenes: bool) -> ReadinessPoint {
    let by = |agent: &str| -> Vec<&Saved> {
        work.saved.iter().filter(|saved| saved.department == department && saved.agent == agent).collect()
    };
    let (there, missing): (Vec<_>, Vec<_>) = agents.iter().partition(|(agent, _)| !by(agent).is_empty());
    let stale: Vec<_> =
        there.into_iter().filter(|(agent, _)| by(agent).iter().all(|saved| saved.stale)).collect();
    let to_do: Vec<&str> = missing.iter().chain(&stale).map(|(_, title)| *title).collect();
    let next = match to_do.as_slice() {
        [] => None,
        _ if work.waiting.get(department).is_some_and(|count| *count > 0) => {
            Some(ReadinessAction::Review { department: department.to_owned() })
        }
        _ if !scenes => Some(ReadinessAction::Upload),
        to_do => Some(ReadinessAction::Order { department: department.to_owned(), task: to_do.join("; ") }),
    };
    let lacking = stale.iter().filter_map(|(agent, _)| Some(by(agent).first()?.record.clone()));
    ReadinessPoint {
        what: said_of(agents.len(), ("output", "are saved and up to date")),
        weight: WORK,
        met: agents.len() - to_do.len(),
        of: agents.len(),
        stale: stale.len(),
        lacking: lacking.take(NAMED).collect(),
        next,
    }
}

fn scene_of(scene: &Scene) -> CitedRecord {
    record(scene.id, "scenes", &scene.heading)
}

fn record(entity_id: EntityId, collection: &str, name: &str) -> CitedRecord {
    CitedRecord { entity_id, collection: collection.to_owned(), name: name.to_owned() }
}

#[cfg(test)]
mod tests {
    use kernel::Ambient;

    use super::*;
    use crate::film::crew::studio;
    use crate::film::departments::scripted::{film, sample};

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn of<'r>(readiness: &'r Readiness, name: &str) -> &'r DepartmentReadiness {
        readiness.departments.iter().find(|department| department.name == name).unwrap()
    }

    fn departments() -> Departments {
        Departments::clone(studio().unwrap().departments())
    }

    fn all_saved() -> Work {
        let departments = departments();
        let saved = departments.all().iter().flat_map(|department| {
            let agents = department.specialists.iter();
            agents.map(|agent| Saved {
                department: department.name.clone(),
                agent: agent.name.clone(),
                record: record(Ambient::system().id(), COLLECTION, &agent.title),
                stale: false,
            })
        });
        Work { saved: saved.collect(), ..Work::default() }
    }

    #[test]
    fn the_points_of_every_department_make_a_hundred() {
        for film in [Film::default(), sample()] {
            let readiness = weigh(&film, &Work::default(), &departments(), NOW);
            for department in readiness.departments {
                assert_eq!(
                    department.points.iter().map(|point| point.weight).sum::<u32>(),
                    100,
                    "{}",
                    department.name
                );
            }
        }
    }

    #[test]
    fn a_project_without_a_screenplay_is_told_to_import_one_and_that_once() {
        let readiness = weigh(&Film::default(), &Work::default(), &departments(), NOW);
        assert_eq!((readiness.score, readiness.state), (0, ReadinessState::NotReady));
        assert_eq!(readiness.next.len(), 1);
        assert_eq!(readiness.next[0].action, ReadinessAction::Upload);
    }

    #[test]
    fn saved_work_is_worth_forty_of_a_hundred() {
        let (film, departments) = (sample(), departments());
        let before = weigh(&film, &Work::default(), &departments, NOW);
        let after = weigh(&film, &all_saved(), &departments, NOW);
        for (before, after) in before.departments.iter().zip(&after.departments) {
            assert_eq!(after.score, before.score + 40, "{}", before.name);
        }
        assert!(after.score > before.score);
        assert_eq!(of(&after, "story").score, 100);
    }

    #[test]
    fn a_department_in_which_nobody_is_at_work_is_measured_by_its_records_alone() {
        let (film, staffed) = (sample(), departments());
        let unstaffed = staffed.staffed(BTreeMap::new());
        let readiness = weigh(&film, &Work::default(), &unstaffed, NOW);
        assert_eq!(of(&readiness, "story").score, 100);
        assert!(of(&readiness, "story").points.iter().all(|point| point.what.starts_with("scenes")));
    }

    #[test]
    fn what_is_out_of_date_counts_as_not_there_is_named_and_to_be_ordered_anew() {
        let (film, departments) = (sample(), departments());
        let mut work = all_saved();
        let cues = work.saved.iter_mut().find(|saved| saved.agent == "cues").unwrap();
        cues.stale = true;
        let named = cues.record.clone();
        let readiness = weigh(&film, &work, &departments, NOW);
        let point = of(&readiness, "audio").points.last().unwrap();
        assert_eq!((point.met, point.of, point.stale, &point.lacking), (0, 1, 1, &vec![named]));
        assert!(
            matches!(&point.next, Some(ReadinessAction::Order { department, .. }) if department == "audio"),
            "{:?}",
            point.next
        );
        // Another saved output of the same agent that is up to date is enough.
        let fresh = Saved { stale: false, ..work.saved.iter().find(|saved| saved.stale).unwrap().clone() };
        work.saved.push(fresh);
        assert_eq!(of(&weigh(&film, &work, &departments, NOW), "audio").points.last().unwrap().met, 1);
    }

    #[test]
    fn what_waits_is_to_be_decided_before_more_is_ordered() {
        let (film, departments) = (sample(), departments());
        let mut work = Work::default();
        let action = |work: &Work| {
            let readiness = weigh(&film, work, &departments, NOW);
            of(&readiness, "audio").points.last().unwrap().next.clone().unwrap()
        };
        assert!(matches!(action(&work), ReadinessAction::Order { department, .. } if department == "audio"));
        work.waiting.insert("audio".into(), 1);
        assert_eq!(action(&work), ReadinessAction::Review { department: "audio".into() });
    }

    #[test]
    fn what_a_record_lacks_is_named_and_can_be_opened() {
        let film = film("INT. BAR\n\nMARA waits.\n\nMARA\nWell.\n\nEXT. PIER - DAY\n\nMARA runs.\n");
        let readiness = weigh(&film, &Work::default(), &departments(), NOW);
        let point = &of(&readiness, "story").points[1];
        assert_eq!((point.met, point.of), (1, 2));
        assert_eq!(point.lacking[0].name, film.scenes[0].heading);
        let open = ReadinessAction::Open { collection: "scenes".into(), entity_id: film.scenes[0].id };
        assert_eq!(point.next, Some(open));
    }

    #[test]
    fn what_is_counted_reads_as_people_write_also_where_there_is_one_of_it() {
        let film = film("INT. BAR\n\nMARA waits.\n");
        let readiness = weigh(&film, &Work::default(), &departments(), NOW);
        let told = |at: usize| of(&readiness, "story").points[at].what.as_str();
        assert_eq!([told(0), told(1)], ["scene has a text", "scene has a time of day"]);
        assert_eq!(told(2), "output is saved and up to date");
        let scenes = |of: usize, what| said_of(of, ("scene", what));
        assert_eq!(
            [scenes(0, "have a text"), scenes(2, "are inside")],
            ["scenes have a text", "scenes are inside"]
        );
    }

    #[test]
    fn what_brings_most_comes_first() {
        let readiness = weigh(&sample(), &Work::default(), &departments(), NOW);
        let gains: Vec<u32> = readiness.next.iter().map(|next| next.gain).collect();
        assert!(gains.is_sorted_by(|a, b| a >= b) && gains.len() == NEXT, "{gains:?}");
    }
}
