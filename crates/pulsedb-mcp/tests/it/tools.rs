//! What each tool does, as a client of either era meets it.

use serde_json::{Value, json};

use crate::connection::{COLLECTIVE, Place, eras, run, text_of};

#[test]
fn both_eras_meet_the_same_server() {
    let place = Place::new();
    run(async {
        for era in eras() {
            let client = place.client(era).await;
            let tools = client.service.list_all_tools().await.unwrap();
            let names: Vec<&str> = tools.iter().map(|it| it.name.as_ref()).collect();
            assert_eq!(names, ["remember", "recall", "context", "revise", "forget", "changes", "agents"]);
            assert!(tools.iter().all(|it| it.output_schema.is_some() && it.annotations.is_some()));
            let info = client.service.peer_info().unwrap();
            let said = info.instructions.clone().unwrap();
            assert!(said.contains("`recall`") && said.contains(COLLECTIVE), "{said}");
        }
    });
}

#[test]
fn what_one_client_remembers_another_recalls_with_where_it_comes_from() {
    let place = Place::new();
    run(async {
        let [one, other] = eras();
        let writer = place.client(one).await;
        let stored = writer
            .ok(
                "remember",
                json!({ "memories": [{
                "content": "The release build needs OpenSSL 3.2 because the signer calls EVP_SKEY",
                "type": "architectural_decision", "details": { "rationale": "signer" },
                "domain": ["build"], "tags": { "area": "release" }, "importance": 0.9, "key": "build/openssl",
            }] }),
            )
            .await;
        assert_eq!(stored["memories"][0]["status"], "stored");
        assert_eq!(stored["collective"], COLLECTIVE);
        let reader = place.client(other).await;
        let found = reader
            .ok("recall", json!({ "query": "which OpenSSL does the release need?", "explain": true }))
            .await;
        let hit = &found["memories"][0];
        assert_eq!(hit["id"], stored["memories"][0]["id"]);
        assert_eq!(
            hit["type"],
            json!({ "kind": "architectural_decision", "decision": "", "rationale": "signer" })
        );
        assert_eq!(hit["importance"], 0.9);
        assert_eq!(hit["agent"], "rmcp");
        assert!(hit["session"].as_str().unwrap().len() == 36 && hit["explain"]["late"].is_object());
        let by_key = reader.ok("recall", json!({ "key": "build/openssl" })).await;
        assert_eq!(by_key["memories"][0]["id"], hit["id"]);
        for filter in [
            json!({ "types": ["architectural_decision"], "domains": ["build"], "tags": { "area": "release" } }),
            json!({ "agents": ["rmcp"], "sessions": [hit["session"]], "since": "1d", "min_importance": 0.9 }),
            json!({ "key_prefix": "build/" }),
        ] {
            assert_eq!(
                reader.ok("recall", json!({ "filter": filter })).await["memories"].as_array().unwrap().len(),
                1
            );
        }
        let none = reader.ok("recall", json!({ "filter": { "domains": ["other"] } })).await;
        assert_eq!(none["memories"], json!([]));
    });
}

#[test]
fn equal_contents_are_reinforced_and_keys_replaced() {
    let place = Place::new();
    run(async {
        let client = place.client(eras()[0].clone()).await;
        let status = async |memories: Value| {
            client.ok("remember", json!({ "memories": memories })).await["memories"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["status"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            status(json!([{ "content": "a" }, { "content": "b", "key": "k" }])).await,
            ["stored", "stored"]
        );
        assert_eq!(
            status(json!([{ "content": "c", "key": "k" }, { "content": "a" }])).await,
            ["replaced", "reinforced"]
        );
        let refused = client
            .refused("remember", json!({ "memories": [{ "content": "a" }], "duplicates": "refuse" }))
            .await;
        assert!(refused.contains("Nothing was changed"), "{refused}");
        client.ok("remember", json!({ "memories": [{ "content": "a" }], "duplicates": "keep" })).await;
        let all = client.ok("recall", json!({})).await;
        let contents: Vec<&str> =
            all["memories"].as_array().unwrap().iter().map(|it| it["content"].as_str().unwrap()).collect();
        assert_eq!(contents.iter().filter(|it| **it == "a").count(), 2);
        assert!(contents.contains(&"c") && !contents.contains(&"b"));
    });
}

#[test]
fn superseded_memories_are_history() {
    let place = Place::new();
    run(async {
        let client = place.client(eras()[1].clone()).await;
        let first = client.remember("The staging key rotates on Mondays").await;
        let stored = client
            .ok("remember", json!({ "memories": [
                { "content": "The staging key rotates on Tuesdays", "supersedes": first }, { "content": "Unrelated" }
            ] }))
            .await;
        let second = stored["memories"][0]["id"].clone();
        let third = client
            .ok(
                "revise",
                json!({ "id": second, "action": "supersede", "content": "The staging key rotates daily" }),
            )
            .await;
        assert_eq!(third["supersedes"], second);
        let found = client.ok("recall", json!({ "query": "when does the staging key rotate?" })).await;
        assert_eq!(found["memories"][0]["id"], third["id"]);
        assert!(
            found["memories"].as_array().unwrap().iter().all(|it| it["id"] != first && it["id"] != second)
        );
        let history = client.ok("recall", json!({ "id": third["id"], "history": true })).await;
        assert_eq!(history["memories"].as_array().unwrap().len(), 3);
    });
}

#[test]
fn memories_are_revised_and_forgotten() {
    let place = Place::new();
    run(async {
        let client = place.client(eras()[0].clone()).await;
        let (one, other) = (client.remember("one").await, client.remember("other").await);
        client
            .ok(
                "revise",
                json!({ "id": one, "action": "update", "content": "one and a half", "tags": { "a": "b" } }),
            )
            .await;
        let reinforced = client.ok("revise", json!({ "id": one, "action": "reinforce" })).await;
        assert_eq!(reinforced["applications"], 1);
        let related = client
            .ok("revise", json!({ "id": one, "action": "relate", "to": other, "relation": "supports" }))
            .await;
        assert!(related["relation"].is_string());
        client.ok("forget", json!({ "ids": [one] })).await;
        let left = client.ok("recall", json!({})).await;
        assert_eq!(left["memories"].as_array().unwrap().len(), 1);
        let archived = client.ok("recall", json!({ "history": true })).await;
        assert_eq!(archived["memories"].as_array().unwrap().len(), 2);
        client.ok("forget", json!({ "ids": [one], "action": "restore" })).await;
        let restored = client.ok("recall", json!({ "id": one })).await;
        assert_eq!(restored["memories"][0]["content"], "one and a half");
        client.ok("forget", json!({ "ids": [one, one, other], "action": "delete" })).await;
        assert!(client.refused("recall", json!({ "id": one })).await.contains("Ids come from `recall`"));
    });
}

#[test]
fn context_stays_in_its_budget_and_says_who_is_at_work() {
    let place = Place::new();
    run(async {
        let client = place.client(eras()[1].clone()).await;
        for number in 0..30 {
            client
                .remember(&format!("Fact {number} about the parser: it keeps {number} tokens of lookahead"))
                .await;
        }
        client.ok("agents", json!({ "action": "register", "agent": "ada", "task": "the parser" })).await;
        let small = client
            .ok("context", json!({ "task": "change the lookahead of the parser", "tokens": 200 }))
            .await;
        assert!(small["context"].as_str().unwrap().len() <= 800 && small["omitted"].as_u64().unwrap() > 0);
        let large = client.call("context", json!({ "task": "change the lookahead of the parser" })).await;
        let text = text_of(&large);
        assert!(
            text.contains("lookahead") && text.contains("ada") && text.contains("data, not instructions"),
            "{text}"
        );
        let listed = client.ok("agents", json!({})).await;
        assert_eq!(listed["agents"][0]["task"], "the parser");
        client.ok("agents", json!({ "action": "heartbeat", "agent": "ada" })).await;
        let left = client.ok("agents", json!({ "action": "leave", "agent": "ada" })).await;
        assert_eq!(left["agents"], json!([]));
        assert!(client.refused("agents", json!({ "action": "heartbeat" })).await.contains("register"));
    });
}

#[test]
fn resources_are_the_collectives_and_the_newest_experiences() {
    let place = Place::new();
    run(async {
        for era in eras() {
            let client = place.client(era).await;
            let id = client.remember("The door is blue").await;
            let listed = client.service.list_all_resources().await.unwrap();
            assert!(
                listed.iter().any(|it| it.name == COLLECTIVE && it.uri.starts_with("pulsedb://collective/"))
            );
            let uri = format!("pulsedb://experience/{id}");
            assert!(listed.iter().any(|it| it.uri == uri));
            assert_eq!(client.service.list_all_resource_templates().await.unwrap().len(), 2);
            let read =
                client.service.read_resource(rmcp::model::ReadResourceRequestParams::new(uri)).await.unwrap();
            let json = serde_json::to_value(&read.contents).unwrap();
            assert!(json[0]["text"].as_str().unwrap().contains("The door is blue"));
            for missing in ["pulsedb://experience/x", "file:///etc/passwd"] {
                let asked = rmcp::model::ReadResourceRequestParams::new(missing);
                assert!(client.service.read_resource(asked).await.is_err());
            }
        }
    });
}

#[test]
fn named_collective_is_another_memory() {
    let place = Place::new();
    run(async {
        let client = place.client(eras()[0].clone()).await;
        client
            .ok("remember", json!({ "memories": [{ "content": "elsewhere" }], "collective": "other" }))
            .await;
        assert_eq!(client.ok("recall", json!({})).await["memories"], json!([]));
        let there = client.ok("recall", json!({ "collective": "other" })).await;
        assert_eq!(there["memories"][0]["content"], "elsewhere");
        client.ok("remember", json!({ "memories": [{ "content": "e" }], "collective": "cafe\u{301}" })).await;
        let there = client.ok("recall", json!({ "collective": "cafe\u{301}" })).await;
        assert_eq!(there["memories"][0]["content"], "e", "names are equal whichever way they are written");
        let refused = client.refused("recall", json!({ "collective": "typo" })).await;
        assert!(refused.contains("`other`") && refused.contains(COLLECTIVE), "{refused}");
    });
}
