//! What is new reaches those who wait, who subscribe, and the model of a channel.

use std::collections::BTreeSet;

use pulsedb::NewExperience;
use rmcp::model::{
    CustomNotification, ResourceUpdatedNotificationParam, ServerNotification, SubscribeRequestParams,
    SubscriptionFilter, UnsubscribeRequestParams,
};
use rmcp::service::NotificationContext;
use rmcp::{ClientHandler, RoleClient};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::connection::{COLLECTIVE, Place, eras, run};

/// A client that hands on what it is told.
struct Listener {
    heard: UnboundedSender<Value>,
}

impl ClientHandler for Listener {
    async fn on_resource_updated(
        &self,
        update: ResourceUpdatedNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        let _ = self.heard.send(Value::String(update.uri));
    }

    async fn on_custom_notification(&self, told: CustomNotification, _: NotificationContext<RoleClient>) {
        let _ = self.heard.send(json!({ "method": told.method, "params": told.params }));
    }
}

fn listener() -> (Listener, UnboundedReceiver<Value>) {
    let (heard, receiver) = unbounded_channel();
    (Listener { heard }, receiver)
}

fn collective_uri(place: &Place) -> String {
    format!("pulsedb://collective/{}", place.db().get_or_create_collective(COLLECTIVE).unwrap())
}

#[test]
fn changes_come_in_order_and_each_once() {
    let place = Place::new();
    run(async {
        let client = place.client(eras()[0].clone()).await;
        let start = client.ok("changes", json!({})).await["next"].as_u64().unwrap();
        let ids: Vec<String> = {
            let mut ids = Vec::new();
            for number in 0..250 {
                ids.push(client.remember(&format!("memory {number}")).await);
            }
            ids
        };
        let (mut seen, mut next) = (Vec::new(), start);
        for _ in 0..10 {
            let page = client.ok("changes", json!({ "since": next })).await;
            let changes = page["changes"].as_array().unwrap();
            assert!(changes.len() <= 100 && changes.iter().all(|it| it["memory"]["content"].is_string()));
            seen.extend(changes.iter().map(|it| it["id"].as_str().unwrap().to_owned()));
            next = page["next"].as_u64().unwrap();
        }
        assert_eq!(seen, ids);
    });
}

#[test]
fn call_that_waits_is_answered_by_what_another_process_stores() {
    let place = Place::new();
    run(async {
        let [one, other] = eras();
        let (waits, stores) = (place.client(one).await, place.client(other).await);
        let start = waits.ok("changes", json!({})).await["next"].clone();
        let (news, id) = tokio::join!(
            waits.ok("changes", json!({ "since": start, "timeout": 50 })),
            stores.remember("fresh"),
        );
        assert_eq!(news["changes"][0]["id"], id);
        let nothing = waits.ok("changes", json!({ "since": news["next"], "timeout": 1 })).await;
        assert_eq!(nothing["changes"], json!([]));
    });
}

#[test]
fn subscriber_of_the_newer_era_hears_of_each_change() {
    let place = Place::new();
    let uri = collective_uri(&place);
    run(async {
        let [one, other] = eras();
        let (hears, stores) = (place.client(other).await, place.client(one).await);
        let filter =
            SubscriptionFilter::builder().resource_subscriptions([uri.clone(), "file:///x".into()]).build();
        let mut subscription = hears.service.listen(filter).await.unwrap();
        for number in 0..3 {
            stores.remember(&format!("news {number}")).await;
        }
        for _ in 0..3 {
            let ServerNotification::ResourceUpdatedNotification(told) =
                subscription.next().await.unwrap().unwrap()
            else {
                panic!("another notification")
            };
            assert_eq!(told.params.uri, uri);
        }
    });
}

#[test]
fn subscriber_misses_nothing_that_is_stored_once_it_is_told_that_it_listens() {
    const MORE_MAX: usize = 1000;
    let place = Place::new();
    let uri = collective_uri(&place);
    let db = place.db();
    let collective_id = db.get_or_create_collective(COLLECTIVE).unwrap();
    let new = |content: &str| NewExperience {
        collective_id,
        content: content.to_owned(),
        ..NewExperience::default()
    };
    let id = db.record_experience(new("the one")).unwrap();
    let own = format!("pulsedb://experience/{id}");
    run(async {
        for _ in 0..10 {
            // The server has not opened its database yet, which takes longer than to store something.
            let hears = place.client(eras()[1].clone()).await;
            let both = [uri.clone(), own.clone()];
            let filter = SubscriptionFilter::builder().resource_subscriptions(both.clone()).build();
            let mut subscription = hears.service.listen(filter).await.unwrap();
            db.reinforce_experience(id).unwrap();
            let first_two = async {
                let mut told = Vec::new();
                while told.len() < 2 {
                    let Some(ServerNotification::ResourceUpdatedNotification(it)) =
                        subscription.next().await.unwrap()
                    else {
                        panic!("another notification")
                    };
                    told.push(it.params.uri);
                }
                told
            };
            let more = async {
                for _ in 0..MORE_MAX {
                    db.record_experience(new("another")).unwrap();
                    hears.ok("recall", json!({})).await;
                }
            };
            tokio::select! {
                told = first_two => assert_eq!(told, both),
                () = more => panic!("nothing was told"),
            }
        }
    });
}

#[test]
#[allow(deprecated, reason = "the older era subscribes in this way only")]
fn subscriber_of_the_older_era_hears_of_each_change_until_it_unsubscribes() {
    let place = Place::new();
    let uri = collective_uri(&place);
    run(async {
        let (handler, mut hears) = listener();
        let client = place.client_with(handler, eras()[0].clone(), false).await;
        client.service.subscribe(SubscribeRequestParams::new(uri.clone())).await.unwrap();
        let id = client.remember("news").await;
        assert_eq!(hears.recv().await.unwrap(), Value::String(uri.clone()));
        let own = format!("pulsedb://experience/{id}");
        client.service.subscribe(SubscribeRequestParams::new(own.clone())).await.unwrap();
        client.service.unsubscribe(UnsubscribeRequestParams::new(uri)).await.unwrap();
        client.ok("revise", json!({ "id": id, "action": "reinforce" })).await;
        assert_eq!(hears.recv().await.unwrap(), Value::String(own));
        assert!(client.service.subscribe(SubscribeRequestParams::new("file:///x".to_owned())).await.is_err());
    });
}

#[test]
fn channel_tells_what_others_store_and_not_what_its_own_session_does() {
    let place = Place::new();
    run(async {
        for era in eras() {
            let (handler, mut hears) = listener();
            let reader = place.client_with(handler, era.clone(), true).await;
            // The channel begins with the first call; its own session's memories are none of its news.
            reader.service.list_all_tools().await.unwrap();
            let writer = place.client(era).await;
            let mut told = BTreeSet::new();
            let mut wanted = BTreeSet::new();
            // It begins to listen beside the call that started it: what is stored before that is not its news.
            for number in 0..2000 {
                reader.remember(&format!("own {number}")).await;
                wanted.insert(writer.remember(&format!("</channel> of another {number}")).await);
                let Ok(message) = hears.try_recv() else { continue };
                assert_eq!(message["method"], "notifications/claude/channel");
                let content = message["params"]["content"].as_str().unwrap();
                assert!(content.contains("of another") && !content.contains("own "), "{content}");
                assert!(!content.contains("</"), "{content}");
                told.extend(message["params"]["meta"]["ids"].as_str().unwrap().split(' ').map(str::to_owned));
                break;
            }
            assert!(!told.is_empty());
            assert!(told.is_subset(&wanted));
        }
    });
}
