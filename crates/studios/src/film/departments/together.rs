//! Outputs of single scenes put together: what comes of it is what the engine gives for all of them at once.

use super::audio::{self, Ambience, Audio, Spoken};
use super::scores::Scores;
use super::video::Animatic;
use super::visual::{Look, Visual};

impl Visual {
    /// One of those of single scenes, in the order of the script.
    #[must_use]
    pub fn together(scenes: Vec<Self>) -> Self {
        let scores = Scores::together(scenes.iter().map(|scene| &scene.scores));
        let (mut shots, mut looks): (_, Vec<Look>) = (Vec::new(), Vec::new());
        for scene in scenes {
            shots.extend(scene.shots);
            for look in scene.looks {
                let same = |own: &&mut Look| {
                    (&own.place, own.side, own.daypart) == (&look.place, look.side, look.daypart)
                };
                match looks.iter_mut().find(same) {
                    Some(own) => {
                        own.scenes.extend(look.scenes);
                        own.cues.extend(look.cues);
                    }
                    None => looks.push(look),
                }
            }
        }
        Self { shots, looks, scores }
    }
}

impl Animatic {
    /// One of those of single scenes, in the order of the script: each begins where the one before it ends.
    #[must_use]
    pub fn together(parts: Vec<Self>) -> Self {
        let scores = Scores::together(parts.iter().map(|part| &part.scores));
        let (mut millis, mut by_pages_millis) = (0, 0);
        let (mut scenes, mut clips) = (Vec::new(), Vec::new());
        for part in parts {
            scenes.extend(part.scenes.into_iter().map(|mut scene| {
                (scene.starts, scene.ends) = (scene.starts + millis, scene.ends + millis);
                scene
            }));
            clips.extend(part.clips.into_iter().map(|mut clip| {
                (clip.starts, clip.ends) = (clip.starts + millis, clip.ends + millis);
                clip
            }));
            millis += part.millis;
            by_pages_millis += part.by_pages_millis;
        }
        Self { millis, by_pages_millis, scenes, clips, scores }
    }
}

impl Audio {
    /// One of those of single scenes, in the order of the script.
    #[must_use]
    pub fn together(scenes: Vec<Self>) -> Self {
        let scores = Scores::together(scenes.iter().map(|scene| &scene.scores));
        let (mut cues, mut ambience, mut sheet) = (Vec::new(), Vec::new(), Vec::new());
        for scene in scenes {
            cues.extend(scene.cues);
            scene.ambience.into_iter().for_each(|bed| lie_under(&mut ambience, bed));
            scene.sheet.into_iter().for_each(|spoken| speak(&mut sheet, spoken));
        }
        audio::most_words_first(&mut sheet);
        Self { cues, ambience, sheet, scores }
    }
}

/// Adds how a place sounds in one more scene. What a bed begins with follows from the light; each sound after it has a source.
fn lie_under(ambience: &mut Vec<Ambience>, bed: Ambience) {
    let same =
        |own: &&mut Ambience| (&own.place, own.side, own.daypart) == (&bed.place, bed.side, bed.daypart);
    let Some(own) = ambience.iter_mut().find(same) else { return ambience.push(bed) };
    own.scenes.extend(bed.scenes);
    for (sound, source) in bed.bed.into_iter().skip(1).zip(bed.sources) {
        if !own.bed.contains(&sound) {
            own.bed.push(sound);
            own.sources.push(source);
        }
    }
}

/// Adds what somebody says in one more scene.
fn speak(sheet: &mut Vec<Spoken>, spoken: Spoken) {
    let Some(own) = sheet.iter_mut().find(|own| own.name == spoken.name) else { return sheet.push(spoken) };
    own.lines += spoken.lines;
    own.words += spoken.words;
    own.off_screen += spoken.off_screen;
    own.voice_over += spoken.voice_over;
    let again = usize::from(own.scenes.last() == spoken.scenes.first());
    own.scenes.extend(spoken.scenes.into_iter().skip(again));
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::film::Film;
    use super::super::scripted::sample;
    use super::super::{audio, video, visual};
    use super::*;

    fn animatic(film: &Film) -> Animatic {
        video::animatic(film, &visual::visual(film).shots, &video::Options::default())
    }

    /// What an engine gives for each scene by itself.
    fn scenes<T>(film: &Film, of: impl Fn(&Film) -> T) -> Vec<T> {
        film.scenes.iter().map(|scene| of(&film.alone(scene.id).unwrap())).collect()
    }

    pub(crate) fn holds_of(film: &Film) {
        assert_eq!(Visual::together(scenes(film, visual::visual)), visual::visual(film));
        assert_eq!(Audio::together(scenes(film, audio::audio)), audio::audio(film));
        assert_eq!(Animatic::together(scenes(film, animatic)), animatic(film));
    }

    #[test]
    fn scene_by_scene_gives_what_all_at_once_gives() {
        let film = sample();
        assert!(film.scenes.len() > 10);
        holds_of(&film);
    }
}
