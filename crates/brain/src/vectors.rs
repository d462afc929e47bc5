//! The vector arm: each project's vectors in memory, in 8 bits, scanned whole, and the best compared anew in floats.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use embedding::{DIMENSIONS, Vector};
use kernel::{EntityId, PassageId, ProjectId, Result};
use store::passages::{self, Embedded};
use store::{Tenant, events};

use crate::lexicon::Lexicon;

/// Bytes of vectors that are kept in memory over all projects, about 300,000 passages. Beyond that the project that was
/// not asked for longest is read anew when it is; the one that is asked is kept, whatever its size.
const MOST_BYTES: usize = 128 << 20;
/// The most events that are followed one by one; beyond that the vectors are read anew.
const FOLLOWED: u32 = 500;
/// The most entities whose waiting passages are looked up one by one.
const WAITED_FOR: usize = 500;
/// Passages that are compared in floats.
const RESCORED: usize = 120;
/// Cosines below this say nothing: most pairs of passages of one text have more.
const LEAST_COSINE: f32 = 0.2;

/// A passage that means something near the question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Near {
    pub(crate) passage: PassageId,
    pub(crate) entity: EntityId,
    pub(crate) cosine: f32,
}

/// The vectors of the projects that were asked last.
#[derive(Default)]
pub(crate) struct Vectors(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_project: HashMap<ProjectId, Place>,
    uses: u64,
}

struct Place {
    index: Arc<RwLock<Index>>,
    used: u64,
    bytes: usize,
}

impl Vectors {
    /// The passages nearest to `question` among the entities of the lexicon that `admits` lets in, best first, one for each
    /// entity.
    pub(crate) fn search(
        &self,
        t: &mut Tenant<'_, '_>,
        lexicon: &Lexicon,
        question: &Vector,
        admits: impl Fn(EntityId) -> bool,
    ) -> Result<Vec<Near>> {
        let (project, newest) = (t.project(), events::newest(t)?);
        let index = self.index(project);
        let current = index.read().unwrap_or_else(PoisonError::into_inner).is_current(t, newest)?;
        if !current {
            let mut index = index.write().unwrap_or_else(PoisonError::into_inner);
            index.follow(t, lexicon, newest)?;
            self.weigh(project, index.bytes());
        }
        let rough = index.read().unwrap_or_else(PoisonError::into_inner).nearest(question, admits);
        rescore(t, question, &rough)
    }

    fn index(&self, project: ProjectId) -> Arc<RwLock<Index>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let used = kept.uses;
        let fresh = || Place { index: Arc::default(), used, bytes: 0 };
        let place = kept.by_project.entry(project).or_insert_with(fresh);
        place.used = used;
        place.index.clone()
    }

    /// Notes a project's size, and lets go of others while there is too much.
    fn weigh(&self, project: ProjectId, bytes: usize) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = kept.by_project.get_mut(&project) {
            place.bytes = bytes;
        }
        while kept.by_project.values().map(|place| place.bytes).sum::<usize>() > MOST_BYTES {
            let others = kept.by_project.iter().filter(|(other, _)| **other != project);
            let Some(oldest) = others.min_by_key(|(_, place)| place.used).map(|(other, _)| *other) else {
                break;
            };
            kept.by_project.remove(&oldest);
        }
    }
}

/// A project's vectors as of an event of its stream.
#[derive(Default)]
struct Index {
    /// The event; `None` while nothing was read, or when an update broke off.
    seq: Option<i64>,
    /// How many vectors the project kept when they were last read.
    kept: i64,
    rows: Vec<Row>,
    /// The rows' numbers, [`DIMENSIONS`] each.
    numbers: Vec<i8>,
    /// Where an entity's rows are.
    places: HashMap<EntityId, Vec<usize>>,
    /// Entities with passages that have no vector yet.
    waiting: HashSet<EntityId>,
}

struct Row {
    passage: PassageId,
    entity: EntityId,
    /// What a number of the row stands for.
    scale: f32,
}

impl Index {
    fn bytes(&self) -> usize {
        self.rows.len() * (DIMENSIONS + size_of::<Row>() + 2 * size_of::<(EntityId, Vec<usize>)>())
    }

    /// Whether there is nothing to read. While passages wait, what the embedder adds is taken in when it is done, or when
    /// there is a quarter more: to read all anew at each batch would cost more than the batch.
    fn is_current(&self, t: &mut Tenant<'_, '_>, newest: i64) -> Result<bool> {
        if self.seq.is_none_or(|seq| seq < newest) {
            return Ok(false);
        }
        if self.waiting.is_empty() {
            return Ok(true);
        }
        let added = passages::vectors_kept(t)? - self.kept;
        Ok(added == 0 || (self.waiting.len() > WAITED_FOR && added < self.kept / 4))
    }

    fn follow(&mut self, t: &mut Tenant<'_, '_>, lexicon: &Lexicon, newest: i64) -> Result<()> {
        // Another question may have done it, or know more already.
        if self.is_current(t, newest)? {
            return Ok(());
        }
        let changed = match self.seq.take() {
            Some(seq) if newest - seq <= i64::from(FOLLOWED) && self.waiting.len() <= WAITED_FOR => {
                let events = events::after(t, seq, FOLLOWED)?;
                let told =
                    events.iter().filter_map(|event| event.payload.get("entityId")?.as_str()?.parse().ok());
                Some(told.chain(self.waiting.iter().copied()).collect::<HashSet<EntityId>>())
            }
            _ => None,
        };
        self.kept = passages::vectors_kept(t)?;
        let collections = lexicon.names();
        match changed {
            Some(changed) => {
                let changed: Vec<EntityId> = changed.into_iter().collect();
                changed.iter().for_each(|entity| self.take_out(*entity));
                passages::embedded_of(t, &changed, &collections)?
                    .iter()
                    .for_each(|passage| self.put(passage));
            }
            None => {
                *self = Self { kept: self.kept, ..Self::default() };
                passages::embedded(t, &collections)?.iter().for_each(|passage| self.put(passage));
            }
        }
        self.seq = Some(newest);
        Ok(())
    }

    fn put(&mut self, passage: &Embedded) {
        let Some(vector) = passage.vector.as_deref().and_then(from_bytes) else {
            self.waiting.insert(passage.entity);
            return;
        };
        let (numbers, scale) = shorten(&vector);
        self.places.entry(passage.entity).or_default().push(self.rows.len());
        self.rows.push(Row { passage: passage.id, entity: passage.entity, scale });
        self.numbers.extend_from_slice(&numbers);
    }

    /// Takes an entity's rows out; the last rows move into their places.
    fn take_out(&mut self, entity: EntityId) {
        self.waiting.remove(&entity);
        let mut places = self.places.remove(&entity).unwrap_or_default();
        places.sort_unstable_by(|a, b| b.cmp(a));
        for place in places {
            let last = self.rows.len() - 1;
            self.rows.swap_remove(place);
            if place != last {
                self.numbers.copy_within(last * DIMENSIONS.., place * DIMENSIONS);
                let moved = self.places.get_mut(&self.rows[place].entity);
                if let Some(at) = moved.and_then(|at| at.iter_mut().find(|at| **at == last)) {
                    *at = place;
                }
            }
            self.numbers.truncate(last * DIMENSIONS);
        }
    }

    /// The rows nearest to `question`, in no particular order, by their short numbers.
    fn nearest(&self, question: &Vector, admits: impl Fn(EntityId) -> bool) -> Vec<PassageId> {
        let (question, _) = shorten(question);
        let rows = self.rows.iter().zip(self.numbers.chunks_exact(DIMENSIONS)).enumerate();
        let mut scored: Vec<(f32, usize)> = rows
            .filter(|(_, (row, _))| admits(row.entity))
            .map(|(place, (row, numbers))| (product(numbers, &question) as f32 * row.scale, place))
            .collect();
        if scored.len() > RESCORED {
            scored.select_nth_unstable_by(RESCORED, |a, b| b.0.total_cmp(&a.0));
            scored.truncate(RESCORED);
        }
        scored.into_iter().map(|(_, place)| self.rows[place].passage).collect()
    }
}

/// Compares the passages by their whole numbers.
fn rescore(t: &mut Tenant<'_, '_>, question: &Vector, passages: &[PassageId]) -> Result<Vec<Near>> {
    let mut near: Vec<Near> = passages::embedded_many(t, passages)?
        .iter()
        .filter_map(|passage| {
            let vector = passage.vector.as_deref().and_then(from_bytes)?;
            let cosine = question.iter().zip(&vector).map(|(a, b)| a * b).sum();
            Some(Near { passage: passage.id, entity: passage.entity, cosine })
        })
        .filter(|near| near.cosine >= LEAST_COSINE)
        .collect();
    near.sort_by(|a, b| b.cosine.total_cmp(&a.cosine).then(a.passage.cmp(&b.passage)));
    let mut seen = HashSet::new();
    near.retain(|near| seen.insert(near.entity));
    Ok(near)
}

/// A vector in 8 bits, and what one step of them stands for.
fn shorten(vector: &Vector) -> ([i8; DIMENSIONS], f32) {
    let most = vector.iter().fold(f32::MIN_POSITIVE, |most, number| most.max(number.abs()));
    let scale = most / 127.0;
    let mut short = [0; DIMENSIONS];
    for (short, number) in short.iter_mut().zip(vector) {
        // Within -127 and 127 by the choice of the scale.
        #[expect(clippy::cast_possible_truncation, reason = "rounded, and within the range")]
        let rounded = (number / scale).round() as i8;
        *short = rounded;
    }
    (short, scale)
}

fn product(a: &[i8], b: &[i8; DIMENSIONS]) -> i32 {
    a.iter().zip(b).map(|(a, b)| i32::from(i16::from(*a) * i16::from(*b))).sum()
}

/// The bytes that a vector is kept as.
pub(crate) fn to_bytes(vector: &Vector) -> Vec<u8> {
    vector.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// The vector of such bytes; `None` if they are of another model.
fn from_bytes(bytes: &[u8]) -> Option<Vector> {
    let mut vector = [0.0; DIMENSIONS];
    let (parts, []) = bytes.as_chunks::<4>() else { return None };
    if parts.len() != DIMENSIONS {
        return None;
    }
    for (number, part) in vector.iter_mut().zip(parts) {
        *number = f32::from_le_bytes(*part);
    }
    Some(vector)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vector() -> impl Strategy<Value = Vector> {
        prop::collection::vec(-1.0f32..1.0, DIMENSIONS).prop_map(|numbers| {
            let length = numbers.iter().map(|n| n * n).sum::<f32>().sqrt().max(1e-3);
            std::array::from_fn(|place| numbers[place] / length)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn short_numbers_give_nearly_the_same_cosine(a in vector(), b in vector()) {
            let exact: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            let ((short_a, scale_a), (short_b, scale_b)) = (shorten(&a), shorten(&b));
            let short = product(&short_a, &short_b) as f32 * scale_a * scale_b;
            prop_assert!((exact - short).abs() < 0.02, "{exact} {short}");
        }

        #[test]
        fn a_vector_is_kept_to_the_last_bit(a in vector()) {
            prop_assert_eq!(from_bytes(&to_bytes(&a)).unwrap(), a);
        }

        #[test]
        fn rows_stay_with_their_entities_whatever_comes_and_goes(steps in prop::collection::vec((0u8..12, any::<bool>()), 1..60)) {
            let ambient = kernel::Ambient::system();
            let entities: Vec<EntityId> = (0..12).map(|_| ambient.id()).collect();
            let mut index = Index::default();
            let mut expected: HashMap<EntityId, i8> = HashMap::new();
            for (at, (which, put)) in steps.into_iter().enumerate() {
                let entity = entities[usize::from(which)];
                index.take_out(entity);
                expected.remove(&entity);
                if put {
                    let mut vector = [0.0; DIMENSIONS];
                    vector[at] = 1.0;
                    let passage = Embedded { id: ambient.id(), entity, vector: Some(to_bytes(&vector)) };
                    index.put(&passage);
                    index.put(&Embedded { id: ambient.id(), ..passage });
                    expected.insert(entity, at as i8);
                }
                prop_assert_eq!(index.rows.len(), 2 * expected.len());
                prop_assert_eq!(index.numbers.len(), index.rows.len() * DIMENSIONS);
                for (row, numbers) in index.rows.iter().zip(index.numbers.chunks_exact(DIMENSIONS)) {
                    prop_assert_eq!(numbers[expected[&row.entity] as usize], 127);
                }
            }
        }
    }

    #[test]
    fn bytes_of_another_length_are_no_vector() {
        assert!(from_bytes(&[0; 12]).is_none());
    }
}
