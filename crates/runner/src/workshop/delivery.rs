//! What is done with a task's changes besides the diff: a branch in the project's repository, and its push.

use std::time::Duration;

use wire::fleet::{Deliver, End, Engine, Outcome};

use super::checkout::Checkout;
use super::git::{Failure, Git, SHORT};
use super::spool::Begun;

/// How long a push may take.
const PUSH: Duration = Duration::from_secs(120);
/// The most characters of an order in a commit's message.
const TITLE: usize = 60;
const NAME: &str = "Atelier";
const EMAIL: &str = "atelier@localhost";

/// Commits the changes, which were taken into the checkout's index before, and pushes them if that was ordered.
pub(crate) async fn deliver(checkout: &Checkout, begun: &Begun, outcome: &mut Outcome) {
    let deliver = begun.submit.order.deliver;
    if deliver == Deliver::Diff {
        return;
    }
    if outcome.end != End::Complete {
        outcome.notes.push("Nothing was committed, since it did not end well.".to_owned());
        return;
    }
    let name = format!("atelier/{}", begun.submit.task.step_id);
    let committed = match checkout.git(true) {
        Ok(git) => branch(&git, checkout, begun, &name).await.map(|there| (git, there)),
        Err(failure) => Err(failure),
    };
    let git = match committed {
        Ok((git, true)) => git,
        Ok((_, false)) => {
            outcome.notes.push("Nothing changed, and so there is no branch.".to_owned());
            return;
        }
        Err(failure) => {
            outcome.end = End::Failed;
            outcome.message = format!("What it changed could not be committed: {failure}.");
            return;
        }
    };
    outcome.branch = Some(name.clone());
    if deliver == Deliver::Push {
        let reference = format!("+refs/heads/{name}:refs/heads/{name}");
        if let Err(failure) = git.run(&["push", "--no-verify", "origin", &reference], PUSH).await {
            outcome.end = End::Failed;
            outcome.message = format!(
                "It could not be pushed: {failure}. The branch is in the project's repository on the runner."
            );
        }
    }
}

/// Makes the branch, if there is anything to be on it.
async fn branch(git: &Git, checkout: &Checkout, begun: &Begun, name: &str) -> Result<bool, Failure> {
    let start = checkout.start.as_str();
    let tree = git.text(&["write-tree"], SHORT).await?;
    // The command may have committed by itself. What does not go on from where it began is not taken for that.
    let head = git.text(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], SHORT).await;
    let parent = match head {
        Ok(head) if git.run(&["merge-base", "--is-ancestor", start, &head], SHORT).await.is_ok() => head,
        _ => start.to_owned(),
    };
    let before = git.text(&["rev-parse", "--verify", &format!("{parent}^{{tree}}")], SHORT).await?;
    let commit = if tree == before {
        if parent == start {
            return Ok(false);
        }
        parent
    } else {
        let git = signed(git).await;
        git.text(&["commit-tree", &tree, "-p", &parent, "-m", &message(begun)], SHORT).await?
    };
    git.run(&["branch", "--force", "--no-track", name, &commit], SHORT).await?;
    Ok(true)
}

/// Git under the name that is configured, or one of our own.
async fn signed(git: &Git) -> Git {
    let configured =
        async |key| git.text(&["config", "--get", key], SHORT).await.is_ok_and(|set| !set.is_empty());
    if configured("user.name").await && configured("user.email").await {
        return git.clone();
    }
    let git = git.clone().with("GIT_AUTHOR_NAME", NAME).with("GIT_AUTHOR_EMAIL", EMAIL);
    git.with("GIT_COMMITTER_NAME", NAME).with("GIT_COMMITTER_EMAIL", EMAIL)
}

/// What was ordered, in a line, and by which run.
fn message(begun: &Begun) -> String {
    let order = match &begun.submit.order.engine {
        Engine::Command { argv } => argv.join(" "),
        Engine::Agent { prompt, .. } => prompt.clone(),
        Engine::Mcp { server, tool, .. } => format!("{server}: {tool}"),
    };
    let line = order.split_whitespace().collect::<Vec<_>>().join(" ");
    let title: String = line.chars().filter(|character| !character.is_control()).take(TITLE).collect();
    let more = if line.chars().count() > TITLE { "…" } else { "" };
    format!("{title}{more} ({})", begun.submit.task.task_id)
}
