//! What texts of every form are understood as.

use serde_json::{Value, json};
use wire::orchestrator::EnrichmentLevel;

use super::super::{Prepared, prepare};
use super::film::{FILM, tides};

fn read(text: &str) -> Vec<Prepared> {
    prepare(text, None, &FILM, &tides(), EnrichmentLevel::Minimal)
}

/// A proposal in short: kind, name, attributes and relationships.
fn short(prepared: &Prepared) -> Value {
    let proposal = &prepared.proposal;
    let links: Vec<String> = proposal
        .links
        .iter()
        .map(|link| {
            let known = if link.target_id.is_some() { "" } else { "?" };
            format!("{} {}{known}", link.predicate, link.target)
        })
        .collect();
    json!([proposal.collection, proposal.name, proposal.metadata, links])
}

fn shorts(text: &str) -> Value {
    read(text).iter().map(short).collect()
}

#[test]
fn probe() {
    for text in [
        "Mara Voss, a 34-year-old ferry captain, is Joss's sister. She lives at the Harbour.",
        "Add a character named Mara Voss. She is 34 years old and works as a ferry captain at the Harbour. Her brother is Joss. Her hair is red.",
        "Mara appears in scenes 4, 7 and 9. She wants to leave the island.",
        "The Lantern Room is a small building in the Harbour. It is owned by Ana Okoye.",
        "Scene 12: EXT. QUAY - NIGHT. Joss meets Ana at the Harbour.",
        "Scene 12: Joss meets Ana Okoye at the Harbour.",
        "name: Mara Voss\nage: thirty-four\noccupation: ferry captain\nsister: Joss\nlives at: the Harbour\nshoe size: 38",
        "Character: Mara Voss\nAge: 34\n\nLocation: Quay\nOwner: Ana",
        r#"{"name":"Mara Voss","age":"34","traits":"brave, stubborn","scenes":[4,"scene 7"],"alive":"yes"}"#,
        r#"{"characters":[{"name":"Mara"},{"name":"Tom"}],"locations":[{"name":"Quay"}]}"#,
        "name,age,role\nMara,34,captain\nTom,old,cook\n",
        "- name: Mara\n  age: 34\n  traits: [brave, stubborn]\n- name: Tom\n  role: cook\n",
        "Zoë Ångström is a 41-year-old smuggler. Joss is her brother. Tom Bright, a cook, works for her.",
        "名前: x",
        "[[[[",
        "hello",
        "The theme of the tides is a symbol of time.",
    ] {
        println!("{text}");
        for p in read(text) {
            println!(
                "   {} conf {:.2} s {:?} {:?}",
                short(&p),
                p.proposal.kind_confidence,
                p.assessment.scores,
                p.assessment.recommendation
            );
            println!("      {} | {:?}", p.assessment.reasoning, p.assessment.validation);
        }
    }
    assert_eq!(shorts(""), json!([]));
}
