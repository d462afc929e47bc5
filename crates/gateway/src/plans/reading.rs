//! The plan in what a coding agent said: the last block of JSON that has tasks, taken only if all of it makes sense.

use serde::Deserialize;

/// The most tasks of a plan.
const TASKS: usize = 20;
const TITLE_CHARS: usize = 100;
const PROMPT_BYTES: usize = 8 * 1024;
/// How many places are looked at where a plan may begin.
const PLACES: usize = 50;

/// Tasks in an order for people.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    pub(super) tasks: Vec<Task>,
}

/// A task of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Task {
    pub(super) title: String,
    pub(super) prompt: String,
    /// The places of the tasks that come before.
    #[serde(default)]
    pub(super) after: Vec<usize>,
}

/// Reads a plan.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub(super) fn plan(said: &str) -> Result<Plan, String> {
    // A text within the JSON has its quotes behind a backslash, so this is no such text.
    let begins = said.rmatch_indices("\"tasks\"").take(PLACES).find_map(|(at, _)| {
        let before = said[..at].trim_end();
        before.ends_with('{').then(|| before.len() - 1)
    });
    let Some(begins) = begins else { return Err("It has no block of JSON with tasks.".into()) };
    let mut read = serde_json::Deserializer::from_str(&said[begins..]).into_iter::<Plan>();
    let mut plan = match read.next() {
        Some(Ok(plan)) => plan,
        Some(Err(error)) => return Err(format!("Its tasks cannot be read: {error}.")),
        None => return Err("It has no tasks.".into()),
    };
    sensible(&mut plan)?;
    Ok(plan)
}

fn sensible(plan: &mut Plan) -> Result<(), String> {
    let all = plan.tasks.len();
    if !(1..=TASKS).contains(&all) {
        return Err(format!("It has {all} tasks; there may be 1 to {TASKS}."));
    }
    for (place, task) in plan.tasks.iter_mut().enumerate() {
        task.title = task.title.split_whitespace().collect::<Vec<_>>().join(" ");
        if !(1..=TITLE_CHARS).contains(&task.title.chars().count()) || task.title.contains(char::is_control) {
            return Err(format!("The title of task {place} has to have 1 to {TITLE_CHARS} characters."));
        }
        if task.prompt.trim().is_empty() || task.prompt.len() > PROMPT_BYTES || task.prompt.contains('\0') {
            return Err(format!("The prompt of task {place} has to have 1 to {PROMPT_BYTES} bytes."));
        }
        task.after.sort_unstable();
        task.after.dedup();
        if let Some(wrong) = task.after.iter().find(|after| **after >= all || **after == place) {
            return Err(format!("Task {place} cannot come after task {wrong}."));
        }
    }
    // Whoever comes after nobody that is left is taken away, until nobody is.
    let mut left: Vec<usize> = (0..all).collect();
    while !left.is_empty() {
        let before = left.len();
        let still = left.clone();
        left.retain(|place| plan.tasks[*place].after.iter().any(|after| still.contains(after)));
        if left.len() == before {
            return Err(format!("Tasks {left:?} wait for each other."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_the_last_block_with_tasks_whatever_stands_around_it() {
        let said = "Of {\"tasks\": 1} I think:\n```json\n{ \"tasks\" : [\n {\"title\":\"Look  at\\nit\",\"prompt\":\"a \\\"tasks\\\" b\"},
            {\"title\":\"Two\",\"prompt\":\"b\",\"after\":[0,0]}]}\n```\nThat is all.";
        let plan = plan(said).unwrap();
        assert_eq!(
            (plan.tasks[0].title.as_str(), plan.tasks[0].prompt.as_str()),
            ("Look at it", "a \"tasks\" b")
        );
        assert_eq!(plan.tasks[1].after, [0]);
    }

    #[test]
    fn a_plan_that_makes_no_sense_is_told_with_what_is_wrong() {
        let task = |after: &str| format!(r#"{{"title":"t","prompt":"p","after":[{after}]}}"#);
        let of = |tasks: &[String]| format!(r#"{{"tasks":[{}]}}"#, tasks.join(","));
        for (said, why) in [
            ("I would rather not.".to_owned(), "no block"),
            (of(&[]), "0 tasks"),
            (of(&vec![task(""); 21]), "21 tasks"),
            (of(&[task("1")]), "cannot come after task 1"),
            (of(&[task("0")]), "cannot come after task 0"),
            (of(&[task("1"), task("0")]), "wait for each other"),
            (of(&[task(""), task("3"), task("1"), task("2")]), "wait for each other"),
            (r#"{"tasks":[{"title":" ","prompt":"p"}]}"#.into(), "title of task 0"),
            (r#"{"tasks":[{"title":"t","prompt":" "}]}"#.into(), "prompt of task 0"),
            (r#"{"tasks":[{"title":"t"}]}"#.into(), "cannot be read"),
            (r#"{"tasks":[{"title":"t","prompt":"p","rm":1}]}"#.into(), "cannot be read"),
            (r#"{"tasks":[{"title":"t","prompt":"p""#.into(), "cannot be read"),
        ] {
            let wrong = plan(&said).unwrap_err();
            assert!(wrong.contains(why), "{said}: {wrong}");
        }
        assert!(plan(&of(&[task("2"), task("0"), task("")])).is_ok());
    }
}
