//! A machine joins over TLS, and speaks only with a server that it trusts.

use tests::fleet::{ended, script, told};
use tests::machine::{Machine, asked, runner, serving};
use tests::{secured, two_people};

#[tokio::test]
async fn a_machine_joins_over_tls_a_server_whose_authority_it_was_told_to_trust() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let (_, key) = runner(&ada, "forge").await;
    let url = secured::to(&app.url).await;
    let mut machine = Machine::start_trusting(&url, &key, &film, Some(&secured::authority()));
    machine.says("joined").await;
    let run = told(&ada, &film, &script("echo done")).await;
    assert_eq!(ended(&ada, &film, &run).await["run"]["state"], "complete");
}

#[tokio::test]
async fn a_server_whose_authority_is_unknown_is_told_nothing_and_that_is_said() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let (_, key) = runner(&ada, "forge").await;
    let url = secured::to(&app.url).await;
    let mut machine = Machine::start_trusting(&url, &key, &film, None);
    let line = machine.says("The next try is in").await;
    let why = "The server's certificate is not trusted: this machine does not know who has signed it.";
    assert!(line.starts_with(why) && line.contains("--authority"), "{line}");
    assert!(serving(&ada, &film, |_| true).await.iter().all(|one| one["present"] == false));
}

#[tokio::test]
async fn an_authority_that_is_none_is_refused_before_anything_is_said() {
    let project = "prj_00000000000000000000000001=/";
    for (file, why) in [("/nowhere.pem", "No such file"), ("/dev/null", "there is no certificate")] {
        let arguments = ["--project", project, "--authority", file];
        let (well, said) = asked(&arguments, &[("ATELIER_RUNNER_KEY", "atn_key")]).await;
        assert!(!well && said.contains(why), "{said}");
    }
}
