//! The fleet over a bad link, with machines and servers that are killed: each task ends once, what it wrote is whole, and the order
//! within a project holds.
//!
//! Twelve faults; `ATELIER_NIGHTLY=1` does fifty, and sends 100 MB instead of 10.

use std::time::Duration;

use kernel::SeededRandom;
use serde_json::Value;
use tests::fleet::{command, ended, executions, script, stream, told};
use tests::hosts::{Way, on_two_hosts};
use tests::machine::{Machine, runner};
use tests::{Atelier, below, two_people};

/// What the faults are made of. A seed that once failed stays here.
const SEED: u64 = 20_261_122;
const LINES: usize = 40;

fn is_nightly() -> bool {
    std::env::var_os("ATELIER_NIGHTLY").is_some_and(|value| value == "1")
}

#[cfg(target_os = "linux")]
#[test]
fn whatever_happens_to_the_link_and_to_both_ends_each_task_ends_once_and_whole_and_in_order() {
    on_two_hosts(SEED, async |hosts| {
        let faults = if is_nightly() { 50 } else { 12 };
        let mut app = Atelier::start_at(&hosts.listen()).await;
        let ada = app.first_person().await;
        let film = ada.film("Tides").await;
        let (_, key) = runner(&ada, "forge").await;
        let mut machine = hosts.there(|| Machine::start(&app, &key, &film));
        machine.says("joined").await;
        let mut runs = Vec::new();
        for n in 0..faults {
            let text = format!("for i in $(seq {LINES}); do echo {n}: line $i; sleep 0.03; done");
            runs.push(told(&ada, &film, &script(&text)).await);
        }
        let random = SeededRandom::new(SEED);
        for fault in 0..faults {
            // The faults are to come at moments that nothing else decides: this is the one test that has to wait for a time.
            tokio::time::sleep(Duration::from_millis(200 + below(&random, 1_500))).await;
            let lasts = Duration::from_millis(below(&random, 1_500));
            match fault % 6 {
                0 => hosts.become_(Way::Unplugged),
                1 => hosts.become_(Way::Dead),
                2 => hosts.become_(Way::Late(Duration::from_millis(80))),
                3 => hosts.become_(Way::Lossy(30)),
                4 => app.kill().await,
                _ => machine.kill().await,
            }
            tokio::time::sleep(lasts).await;
            match fault % 6 {
                4 => app.start_again().await,
                5 => hosts.there(|| machine.start_again()),
                _ => hosts.become_(Way::Good),
            }
        }
        let mut last = String::new();
        for (n, run) in runs.iter().enumerate() {
            let seen = ended(&ada, &film, run).await;
            assert_eq!(seen["run"]["state"], "complete", "{seen}");
            let accepted = seen["attempts"].as_array().expect("attempts").iter();
            assert_eq!(accepted.filter(|one| one["outcome"] == "complete").count(), 1, "{seen}");
            let done = executions(&ada, &film, run).await;
            let complete: Vec<&Value> =
                done.iter().filter(|done| done["outcome"]["end"] == "complete").collect();
            assert_eq!(complete.len(), 1, "{done:?}");
            let output = stream(&ada, &film, complete[0], "output").await;
            let expected: String = (1..=LINES).map(|line| format!("{n}: line {line}\n")).collect();
            assert_eq!(String::from_utf8(output).expect("a text"), expected);
            let at = |field: &str| complete[0][field].as_str().expect("a time").to_owned();
            assert!(
                last <= at("beganAt"),
                "{run} began at {}, the one before ended at {last}",
                at("beganAt")
            );
            last = at("endedAt");
        }
    });
}

/// The most memory that a process had so far, in MiB.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    peak.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_passes_whole_however_much_it_is_and_neither_side_holds_it() {
    let megabytes: usize = if is_nightly() { 100 } else { 10 };
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let (_, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start(&app, &key, &film);
    machine.says("joined").await;
    let before = (peak(app.pid()), peak(machine.pid()));
    let length = megabytes * 1_000_000;
    let run =
        told(&ada, &film, &command(&["sh", "-c", &format!("yes 0123456789abcde | head -c {length}")])).await;
    assert_eq!(ended(&ada, &film, &run).await["run"]["state"], "complete");
    let grown = (peak(app.pid()) - before.0, peak(machine.pid()) - before.1);
    assert!(grown.0 < 64 && grown.1 < 24, "MiB of the server and of the machine: {grown:?}");
    let done = executions(&ada, &film, &run).await;
    let output = stream(&ada, &film, &done[0], "output").await;
    assert_eq!(output.len(), length);
    assert!(output.chunks(16).all(|line| b"0123456789abcde\n".starts_with(line)));
}
