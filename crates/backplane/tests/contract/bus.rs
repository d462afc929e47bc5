//! The bus: who hears what, in which order, and how it is told that something is missing.

use backplane::bus::{Delivery, MESSAGE_BYTES, Missed, Refused};

use crate::stage::{QUEUE, next, subscribe, text};

on_both! {
    async fn what_is_published_is_heard_on_every_server_in_the_order_of_publishing(stage) {
        let mut subscribers = [subscribe(&stage.one, "beat.created"), subscribe(&stage.two, "beat.created")];
        for n in 0..QUEUE {
            stage.one.bus().publish("beat.created", n.to_string()).unwrap();
        }
        for subscriber in &mut subscribers {
            for n in 0..QUEUE {
                assert_eq!(text(subscriber).await, n.to_string());
            }
        }
    }

    async fn only_topics_of_the_pattern_are_heard(stage) {
        let mut subscribers =
            ["beat.*", "*.created", "beat.**"].map(|pattern| subscribe(&stage.two, pattern));
        for topic in ["beat", "melody.changed", "beats.changed", "beat.created"] {
            stage.one.bus().publish(topic, topic.to_owned()).unwrap();
        }
        for subscriber in &mut subscribers {
            assert_eq!(text(subscriber).await, "beat.created");
        }
    }

    async fn a_message_says_which_server_published_it_and_under_what(stage) {
        let mut subscriber = subscribe(&stage.two, "beat.**");
        stage.one.bus().publish("beat.created", vec![0, 255]).unwrap();
        let Delivery::Message(message) = next(&mut subscriber).await else { panic!("nothing is missing") };
        assert_eq!((message.node, &*message.topic), (stage.one.node(), "beat.created"));
        assert_eq!(*message.payload, [0, 255]);
    }

    async fn a_request_is_answered_under_a_topic_of_who_asked(stage) {
        // As agents do it: the answer goes to a topic that bears the asking server's name.
        let mut requests = subscribe(&stage.two, "agents.story");
        let reply = format!("reply.{}", stage.one.node());
        let mut replies = subscribe(&stage.one, &reply);
        stage.one.bus().publish("agents.story", reply.clone()).unwrap();
        let to = text(&mut requests).await;
        stage.two.bus().publish(&to, "done").unwrap();
        assert_eq!(text(&mut replies).await, "done");
    }

    async fn a_subscriber_that_lags_is_told_where_and_goes_on_and_slows_no_other(stage) {
        let (mut slow, mut quick) = (subscribe(&stage.one, "beat.**"), subscribe(&stage.one, "beat.**"));
        for n in 0..2 * QUEUE {
            stage.one.bus().publish("beat.created", n.to_string()).unwrap();
            assert_eq!(text(&mut quick).await, n.to_string());
        }
        for n in 0..QUEUE {
            assert_eq!(text(&mut slow).await, n.to_string());
        }
        assert_eq!(next(&mut slow).await, Delivery::Missed(Missed::Lagged));
        stage.one.bus().publish("beat.created", "after").unwrap();
        assert_eq!(text(&mut slow).await, "after");
    }

    async fn whatever_is_missing_is_told_in_its_place(stage) {
        let mut subscriber = subscribe(&stage.two, "beat.**");
        let (count, bus) = (50 * QUEUE, stage.one.bus().clone());
        let publishing = tokio::task::spawn_blocking(move || {
            for n in 0..count {
                bus.publish("beat.created", n.to_string()).unwrap();
            }
        });
        publishing.await.unwrap();
        let (mut expected, mut heard, mut missing) = (0, 0, false);
        while expected <= count {
            match next(&mut subscriber).await {
                Delivery::Message(message) => {
                    let n: usize = std::str::from_utf8(&message.payload).unwrap().parse().unwrap();
                    assert!(n == expected || (n > expected && missing), "{n} after {expected}, told: {missing}");
                    (expected, heard, missing) = (n + 1, heard + 1, false);
                }
                Delivery::Missed(_) => {
                    missing = true;
                    // The end may be what is missing: one more message shows it.
                    stage.one.bus().publish("beat.created", count.to_string()).unwrap();
                }
            }
        }
        assert!(heard >= QUEUE, "only {heard} came");
    }

    async fn what_is_too_large_or_has_no_topic_is_refused(stage) {
        let bus = stage.one.bus();
        assert_eq!(bus.publish("beat", vec![0; MESSAGE_BYTES]), Ok(()));
        assert_eq!(bus.publish("beat", vec![0; MESSAGE_BYTES + 1]), Err(Refused::TooLarge));
        for topic in ["", "beat.", "beat.*", "a b", &"b".repeat(201)] {
            assert!(matches!(bus.publish(topic, ""), Err(Refused::Topic(_))), "{topic:?}");
        }
    }
}
