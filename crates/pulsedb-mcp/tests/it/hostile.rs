//! Hostile input: every fault is an answer that says what would be right, and the server goes on.

use rmcp::model::CallToolRequestParams;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::connection::{Place, eras, run};

#[test]
fn wrong_arguments_are_refused_with_what_would_be_right() {
    let place = Place::new();
    run(async {
        let client = place.client(eras()[0].clone()).await;
        let id = client.remember("here").await;
        let cases: Vec<(&'static str, Value, &str)> = vec![
            ("remember", json!({}), "missing field `memories`"),
            ("remember", json!({ "memories": [] }), "1 to 100"),
            ("remember", json!({ "memories": vec![json!({ "content": "x" }); 101] }), "1 to 100"),
            ("remember", json!({ "memories": [{ "content": "" }] }), "Nothing was changed"),
            ("remember", json!({ "memories": [{ "content": 7 }] }), "memories[0].content"),
            ("remember", json!({ "memories": [{ "content": "x", "importence": 1 }] }), "`importance`"),
            ("remember", json!({ "memories": [{ "content": "x", "importance": 7 }] }), "importance"),
            ("remember", json!({ "memories": [{ "content": "x".repeat(200_000) }] }), "102400"),
            ("remember", json!({ "memories": [{ "content": "x", "type": "idea" }] }), "tech_insight"),
            ("remember", json!({ "memories": [{ "content": "x", "details": {} }] }), "name the type"),
            ("remember", json!({ "memories": [{ "content": "x", "supersedes": "y" }] }), "no id"),
            ("remember", json!({ "memories": [{ "content": "x", "expires": "soon" }] }), "is no time"),
            ("recall", json!({ "limit": 0 }), "1 to 100"),
            ("recall", json!({ "limit": -1 }), "limit"),
            ("recall", json!({ "filter": { "since": "x" } }), "is no time"),
            ("recall", json!({ "id": id, "query": "x" }), "without `query`"),
            ("context", json!({ "task": "  " }), "say in a sentence"),
            ("context", json!({ "task": "x", "tokens": 1 }), "100 to 20000"),
            ("revise", json!({ "id": id, "action": "update" }), "changes nothing"),
            ("revise", json!({ "id": id, "action": "supersede" }), "what is true now"),
            ("revise", json!({ "id": id, "action": "reinforce", "content": "x" }), "not `content`"),
            (
                "revise",
                json!({ "id": id, "action": "relate", "to": id, "relation": "supports" }),
                "Nothing was changed",
            ),
            ("revise", json!({ "id": id, "action": "explode" }), "unknown variant"),
            ("forget", json!({ "ids": [] }), "1 to 100"),
            ("forget", json!({ "ids": ["01a220f2-88cf-7323-9779-a008373aebbb"] }), "Ids come from `recall`"),
            ("changes", json!({ "since": -1 }), "take `next`"),
            ("changes", json!({ "since": 1_000_000 }), "of another database"),
            ("changes", json!({ "since": 1_000_000, "timeout": 50 }), "of another database"),
            ("changes", json!({ "timeout": 3600 }), "0 to 55"),
            ("changes", json!({ "since": "x" }), "`since`"),
            ("agents", json!({ "task": "x" }), "register"),
        ];
        for (tool, arguments, said) in cases {
            let message = client.refused(tool, arguments.clone()).await;
            assert!(
                message.contains(said),
                "{tool} {}: {message}",
                arguments.to_string().chars().take(200).collect::<String>()
            );
            assert!(message.len() < 1500, "{tool}: {} bytes", message.len());
        }
        let unknown = client.service.call_tool(CallToolRequestParams::new("explode")).await.unwrap_err();
        assert!(unknown.to_string().contains("remember"), "{unknown}");
        assert_eq!(client.ok("recall", json!({})).await["memories"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn partly_stored_calls_say_what_is_stored() {
    let place = Place::new();
    run(async {
        let client = place.client(eras()[1].clone()).await;
        let message = client
            .refused("remember", json!({ "memories": [
                { "content": "x", "supersedes": "01a220f2-88cf-7323-9779-a008373aebbb" }, { "content": "kept" }
            ] }))
            .await;
        assert!(
            message.contains("stored 1 of 2: number 2 as ") && message.contains("Do not send"),
            "{message}"
        );
    });
}

#[test]
fn bytes_that_are_no_message_do_not_end_the_server() {
    let place = Place::new();
    run(async {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let server = place.server(false);
        tokio::spawn(async move {
            if let Ok(running) = rmcp::ServiceExt::serve(server, theirs).await {
                let _ = running.waiting().await;
            }
        });
        let (read, mut write) = tokio::io::split(ours);
        let mut lines = BufReader::new(read).lines();
        let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "x\u{0}\n", "version": "1" } } });
        write.write_all(format!("{hello}\n").as_bytes()).await.unwrap();
        assert!(lines.next_line().await.unwrap().unwrap().contains("2025-11-25"));
        let deep = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{}{}}}\n",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        let hostile: [&[u8]; 6] =
            [b"\xff\xfe\x00\n", b"null\n", b"[]\n", b"{\"jsonrpc\":\"2.0\"}\n", b"\n\n", deep.as_bytes()];
        for bytes in hostile {
            write.write_all(bytes).await.unwrap();
        }
        let deep_value = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
        let call = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{{\"name\":\"remember\",\"arguments\":{{\"memories\":[{{\"content\":\"x\",\"type\":\"fact\",\"details\":{deep_value}}}]}}}}}}\n"
        );
        write.write_all(call.as_bytes()).await.unwrap();
        let ping = json!({ "jsonrpc": "2.0", "id": 4, "method": "ping" });
        write.write_all(format!("{ping}\n").as_bytes()).await.unwrap();
        for _ in 0..100 {
            let line = lines.next_line().await.unwrap().expect("the server lives");
            let answer: Value = serde_json::from_str(&line).unwrap();
            if answer["id"] == 4 {
                assert!(answer["result"].is_object());
                return;
            }
        }
        panic!("the ping was not answered");
    });
}
