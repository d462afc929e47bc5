//! Limits: exact in any window, counted by all servers together.

use std::sync::Arc;
use std::time::{Duration, Instant};

use resilience::limiter::{ORCHESTRATOR, Params, Verdict};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::stage::{Stage, within};

const MINUTE: i64 = ORCHESTRATOR.window_ms;

fn passes(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Allowed { .. })
}

on_both! {
    async fn of_a_thousand_at_once_against_ten_exactly_ten_pass(stage) {
        let limiters = [&stage.one, &stage.two].map(|server| server.limiter("chat", ORCHESTRATOR));
        let start = Arc::new(Barrier::new(1_000));
        let mut asking = JoinSet::new();
        for n in 0..1_000 {
            // In memory both servers are one, and share what they count in.
            let limiter = if stage.is_shared() { limiters[n % 2].clone() } else { limiters[0].clone() };
            let start = start.clone();
            asking.spawn(async move {
                start.wait().await;
                passes(limiter.check("ada").await)
            });
        }
        assert_eq!(within(asking.join_all()).await.into_iter().filter(|passed| *passed).count(), 10);
    }

    async fn a_call_leaves_the_window_a_minute_after_it_passed_and_not_with_the_clocks_minute(stage) {
        let limiter = stage.one.limiter("chat", ORCHESTRATOR);
        let pass = async || {
            let mut passed = 0;
            while passes(limiter.check("ada").await) {
                passed += 1;
            }
            passed
        };
        for _ in 0..5 {
            assert!(passes(limiter.check("ada").await));
        }
        stage.pass(MINUTE / 2);
        assert_eq!(pass().await, 5);
        stage.pass(MINUTE / 2);
        assert_eq!(pass().await, 5, "those of the first half");
        stage.pass(MINUTE / 4);
        assert_eq!(pass().await, 0);
        stage.pass(MINUTE / 4);
        assert_eq!(pass().await, 5, "those of the second half");
    }

    async fn who_passes_is_told_what_remains_and_who_does_not_when_to_come_back(stage) {
        let limiter = stage.one.limiter("chat", Params { limit: 2, ..ORCHESTRATOR });
        for expected in [1, 0] {
            let Verdict::Allowed { remaining, .. } = limiter.check("ada").await else { panic!("refused") };
            assert_eq!(remaining, expected);
        }
        stage.pass(MINUTE - 20_000);
        let Verdict::Refused { retry_after_ms } = limiter.check("ada").await else { panic!("allowed") };
        // Redis' own clock has gone on since.
        assert!((10_000..=20_000).contains(&retry_after_ms), "{retry_after_ms}");
        stage.pass(i64::try_from(retry_after_ms).unwrap());
        assert!(passes(limiter.check("ada").await));
    }

    async fn keys_and_limits_do_not_touch_each_other(stage) {
        let one = Params { limit: 1, ..ORCHESTRATOR };
        let (chat, query) = (stage.one.limiter("chat", one), stage.one.limiter("query", one));
        assert!(passes(chat.check("ada").await) && passes(chat.check("ben").await));
        assert!(passes(query.check("ada").await));
        assert!(!passes(chat.check("ada").await));
    }

    async fn a_refused_call_is_not_counted(stage) {
        let limiter = stage.one.limiter("chat", Params { limit: 1, ..ORCHESTRATOR });
        assert!(passes(limiter.check("ada").await));
        stage.pass(MINUTE / 2);
        assert!(!passes(limiter.check("ada").await));
        stage.pass(MINUTE / 2);
        assert!(passes(limiter.check("ada").await));
    }

    async fn a_call_that_is_taken_back_is_as_one_that_was_never_made(stage) {
        let limiters = [&stage.one, &stage.two].map(|server| server.limiter("sign-in", Params { limit: 2, ..ORCHESTRATOR }));
        // In memory both servers are one, and share what they count in.
        let [one, two] = if stage.is_shared() { limiters.each_ref() } else { [&limiters[0]; 2] };
        for _ in 0..5 {
            let passed = one.pass("ada").await.unwrap();
            two.take_back(&passed).await;
        }
        let kept = one.pass("ada").await.unwrap();
        stage.pass(MINUTE / 2);
        let taken = two.pass("ada").await.unwrap();
        one.take_back(&taken).await;
        assert!(two.pass("ada").await.is_ok(), "one of two was taken back");
        let wait = one.pass("ada").await.unwrap_err();
        assert!(wait <= MINUTE.unsigned_abs() / 2, "the one that was kept is still the oldest: {wait}");
        stage.pass(MINUTE);
        one.take_back(&kept).await;
        assert!(one.pass("ada").await.is_ok(), "what has left the window is gone anyhow");
    }

    async fn a_clock_set_back_keeps_nobody_longer_than_a_window(stage) {
        let limiter = stage.one.limiter("chat", Params { limit: 1, ..ORCHESTRATOR });
        assert!(passes(limiter.check("ada").await));
        stage.pass(-100 * MINUTE);
        let Verdict::Refused { retry_after_ms } = limiter.check("ada").await else { panic!("allowed") };
        assert!(retry_after_ms <= 60_000, "{retry_after_ms}");
        stage.pass(MINUTE);
        assert!(passes(limiter.check("ada").await));
    }
}

/// On Redis' own clock, which this test can only see from outside: a call was decided between asking and answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_no_window_of_redis_clock_do_more_pass_than_the_limit_and_none_is_refused_without_need() {
    let Some(stage) = Stage::redis().await else { return };
    let params = Params { limit: 5, window_ms: 100, keys: 10 };
    let window = Duration::from_millis(100);
    let mut asking = JoinSet::new();
    let begin = Instant::now();
    for server in [&stage.one, &stage.two, &stage.one, &stage.two] {
        let limiter = server.limiter("quick", params);
        asking.spawn(async move {
            let mut seen = Vec::new();
            while begin.elapsed() < Duration::from_millis(600) {
                let asked = begin.elapsed();
                let passed = passes(limiter.check("ada").await);
                seen.push((asked, begin.elapsed(), passed));
            }
            seen
        });
    }
    let seen: Vec<(Duration, Duration, bool)> = asking.join_all().await.into_iter().flatten().collect();
    let mut passed: Vec<_> = seen.iter().filter(|(.., passed)| *passed).collect();
    passed.sort();
    assert!(passed.len() > 2 * 5, "several windows went by");
    for (early, late) in passed.iter().zip(passed.iter().skip(5)) {
        // A millisecond, because Redis' clock is read in whole ones.
        assert!(
            late.1 + Duration::from_millis(1) >= early.0 + window,
            "six within a window: {early:?} {late:?}"
        );
    }
    for (asked, answered, _) in seen.iter().filter(|(.., passed)| !passed) {
        let since = asked.saturating_sub(window + Duration::from_millis(1));
        let reasons = passed.iter().filter(|(from, to, _)| *to >= since && from <= answered).count();
        assert!(reasons >= 5, "refused at {asked:?} for {reasons} calls");
    }
}
