//! Leases: one holder at a time, for a time, each with a larger fence.

use tokio::task::JoinSet;

use crate::stage::{until, within};

const TTL: u32 = 10_000;

on_both! {
    async fn a_name_is_leased_to_one_at_a_time(stage) {
        let held = stage.one.leases().acquire("relay", TTL).await.unwrap().unwrap();
        assert_eq!(held.name(), "relay");
        assert!(stage.two.leases().acquire("relay", TTL).await.unwrap().is_none());
        assert!(stage.one.leases().acquire("relay", TTL).await.unwrap().is_none());
        assert!(stage.two.leases().acquire("sweep", TTL).await.unwrap().is_some());
        held.release().await.unwrap();
        assert!(stage.two.leases().acquire("relay", TTL).await.unwrap().is_some());
    }

    async fn of_many_who_ask_at_once_one_gets_it(stage) {
        let mut asking = JoinSet::new();
        for n in 0..200 {
            let server = if n % 2 == 0 { stage.one.clone() } else { stage.two.clone() };
            asking.spawn(async move { server.leases().acquire("relay", TTL).await.unwrap() });
        }
        assert_eq!(within(asking.join_all()).await.iter().flatten().count(), 1);
    }

    async fn a_lease_ends_with_its_time_and_then_is_neither_renewed_nor_taken_from_the_next(stage) {
        let mut early = stage.one.leases().acquire("relay", TTL).await.unwrap().unwrap();
        stage.pass(i64::from(TTL));
        let mut late = stage.two.leases().acquire("relay", TTL).await.unwrap().unwrap();
        assert!(!early.renew().await.unwrap());
        early.release().await.unwrap();
        assert!(late.renew().await.unwrap());
    }

    async fn a_lease_that_ended_is_not_renewed_even_if_nobody_took_it(stage) {
        let mut lease = stage.one.leases().acquire("relay", TTL).await.unwrap().unwrap();
        stage.pass(i64::from(TTL));
        assert!(!lease.renew().await.unwrap());
        assert!(stage.two.leases().acquire("relay", TTL).await.unwrap().is_some());
    }

    async fn a_hold_takes_its_name_again_when_it_was_lost_and_gives_it_back_in_the_end(stage) {
        let mut hold = stage.one.leases().hold("relay", 300);
        assert!(hold.take().await.unwrap());
        assert!(!stage.two.leases().hold("relay", 300).take().await.unwrap());
        stage.pass(300);
        let another = stage.two.leases().acquire("relay", TTL).await.unwrap().unwrap();
        let taken = async {
            another.release().await.unwrap();
            until(async || match stage.two.leases().acquire("relay", TTL).await.unwrap() {
                Some(lease) => {
                    lease.release().await.unwrap();
                    false
                }
                None => true,
            })
            .await;
        };
        tokio::select! {
            () = hold.keep() => unreachable!("it has no end"),
            () = taken => {}
        }
        // It may have been stopped just as the lease came: then that is given back, too.
        hold.release().await;
        until(async || stage.two.leases().acquire("relay", TTL).await.unwrap().is_some()).await;
    }

    async fn renewing_begins_the_time_anew(stage) {
        let mut lease = stage.one.leases().acquire("relay", TTL).await.unwrap().unwrap();
        let until = lease.until();
        for _ in 0..5 {
            stage.pass(i64::from(TTL) * 2 / 3);
            assert!(lease.renew().await.unwrap());
        }
        assert_eq!(lease.until().since(until), i64::from(TTL) * 2 / 3 * 5);
        assert!(stage.two.leases().acquire("relay", TTL).await.unwrap().is_none());
    }

    async fn each_lease_has_a_larger_fence_than_all_before(stage) {
        let mut latest = 0;
        for n in 0..20 {
            let server = if n % 2 == 0 { &stage.one } else { &stage.two };
            let name = ["relay", "sweep", "embedder"][n % 3];
            let lease = server.leases().acquire(name, TTL).await.unwrap().unwrap();
            assert!(lease.fence() > latest);
            latest = lease.fence();
            if n % 5 == 0 { lease.release().await.unwrap() } else { stage.pass(i64::from(TTL)) }
        }
    }

    async fn a_clock_set_back_gives_no_smaller_fence(stage) {
        let early = stage.one.leases().acquire("relay", TTL).await.unwrap().unwrap();
        let fence = early.fence();
        early.release().await.unwrap();
        stage.pass(-1_000_000);
        assert!(stage.one.leases().acquire("relay", TTL).await.unwrap().unwrap().fence() > fence);
    }
}
