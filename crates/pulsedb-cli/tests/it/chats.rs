//! Conversations as programs export them: every word of a person comes in, or is named.

use serde_json::{Value, json};

use crate::shell::{Shell, failure};

/// Who said what, in the order of recording.
fn said(shell: &Shell) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    shell.export("default").iter().map(|it| (text(&it["agent"]), text(&it["content"]))).collect()
}

fn pairs(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(speaker, text)| ((*speaker).to_owned(), (*text).to_owned())).collect()
}

fn lines(values: &[Value]) -> String {
    values.iter().map(|value| format!("{value}\n")).collect()
}

fn import(shell: &Shell, path: &str) -> Value {
    shell.json(["import", path, "--json"])
}

/// The summary and the messages of an import with problems.
fn partial(shell: &Shell, path: &str) -> (Value, String) {
    let output = shell.run(["import", path, "--json"]);
    (serde_json::from_slice(&output.stdout).unwrap_or_default(), failure(&output, 1))
}

fn node(parent: &str, role: &str, recipient: &str, content: &Value, extra: &Value) -> Value {
    json!({"parent": parent, "message": {"author": {"role": role, "name": null}, "create_time": 1_717_000_001.5,
        "content": content, "recipient": recipient, "metadata": extra}})
}

fn parts(parts: &Value) -> Value {
    json!({"content_type": "multimodal_text", "parts": parts})
}

#[test]
fn voice_turns_of_chatgpt_are_kept_and_machine_traffic_is_counted() {
    let shell = Shell::new();
    let hidden = json!({"is_visually_hidden_from_conversation": true});
    let conversation = json!([{"title": "Plums", "conversation_id": "c", "current_node": "f", "mapping": {
        "r": {"parent": null, "message": null},
        "a": node("r", "system", "all", &parts(&json!(["Be kind."])), &hidden),
        "b": node("a", "user", "all", &parts(&json!([{"content_type": "audio_transcription", "text": "When do plums ripen?"},
            {"content_type": "audio_asset_pointer", "asset_pointer": "x"}, "And pears?"])), &json!({})),
        "c": node("b", "assistant", "bio", &parts(&json!(["likes plums"])), &json!({})),
        "d": node("c", "tool", "all", &parts(&json!(["Updated."])), &json!({})),
        "e": node("d", "assistant", "all", &json!({"content_type": "thoughts", "thoughts": [{"content": "hm"}]}), &json!({})),
        "f": node("e", "assistant", "all", &parts(&json!([{"content_type": "audio_transcription", "text": "In August."}])), &json!({})),
    }}]);
    shell.write("conversations.json", conversation.to_string());
    let summary = import(&shell, "conversations.json");
    assert_eq!(
        said(&shell),
        pairs(&[("user", "When do plums ripen?\n\nAnd pears?"), ("assistant", "In August.")])
    );
    assert_eq!(summary["left_out"], json!({"hidden": 1, "tool": 1, "recipient": 1, "thought": 1}));
    assert!(
        shell.ok(["import", "conversations.json"]).contains("left out: 1 hidden turn, 1 tool call or result")
    );
}

#[test]
fn half_characters_and_a_missing_parent_lose_no_conversation() {
    let shell = Shell::new();
    let one = |id: &str, parent: &str, text: &str| {
        format!(
            r#"{{"title":"T","conversation_id":"{id}","current_node":"a","mapping":{{"a":{{"parent":"b","message":{{"author":{{"role":"assistant"}},"create_time":2,"content":{{"content_type":"text","parts":["{text}"]}}}}}},"b":{{"parent":{parent},"message":{{"author":{{"role":"user"}},"create_time":1,"content":{{"content_type":"text","parts":["asked {id}"]}}}}}}}}}}"#
        )
    };
    shell.write(
        "c.json",
        format!("[{},\n{}]", one("one", "null", r"cut here \ud83d"), one("two", "\"gone\"", "fine")),
    );
    let (_, message) = partial(&shell, "c.json");
    assert!(message.contains("c.json:1: the escape \\ud83d at offset"), "{message}");
    assert_eq!(
        said(&shell),
        pairs(&[
            ("user", "asked one"),
            ("assistant", "cut here \u{fffd}"),
            ("user", "asked two"),
            ("assistant", "fine")
        ])
    );
}

#[test]
fn pasted_text_of_claude_is_kept() {
    let shell = Shell::new();
    let export = json!([
        {"uuid": "k1", "name": "Minutes", "chat_messages": [
            {"sender": "human", "text": "", "content": [], "created_at": "2026-02-01T09:00:00Z",
             "attachments": [{"file_name": "paste.txt", "extracted_content": "The ladder is in the barn."}]},
            {"sender": "assistant", "text": "", "content": [{"type": "text", "text": "Noted."}], "created_at": "2026-02-01T09:00:01Z"}]},
        {"uuid": "k2", "name": "", "chat_messages": []}]);
    shell.write("conversations.json", export.to_string());
    import(&shell, "conversations.json");
    assert_eq!(said(&shell), pairs(&[("human", "The ladder is in the barn."), ("assistant", "Noted.")]));
    assert_eq!(shell.export("default")[0]["tags"]["attachment"], "paste.txt");
}

fn entry(session: &str, uuid: &str, role: &str, content: &Value) -> Value {
    json!({"type": role, "sessionId": session, "uuid": uuid, "timestamp": "2026-01-05T10:00:00.000Z",
        "message": {"role": role, "content": content}})
}

#[test]
fn entry_of_a_session_is_one_turn_in_all_sessions_and_forks() {
    let shell = Shell::new();
    let first = [
        json!({"type": "summary", "summary": "Fix the gate", "leafUuid": "u2"}),
        entry("s1", "u1", "user", &json!("open the valve")),
        entry("s1", "u2", "assistant", &json!([{"type": "text", "text": "It is open"}])),
    ];
    let mut compacted = entry("s1", "u9", "user", &json!("This session goes on from an earlier one."));
    compacted["isCompactSummary"] = json!(true);
    let mut aside = entry("s1", "u10", "user", &json!("List the valves"));
    aside["isSidechain"] = json!(true);
    let later = [
        json!({"type": "system", "subtype": "compact_boundary", "sessionId": "s1", "uuid": "u8"}),
        compacted,
        aside,
        entry(
            "s1",
            "u11",
            "user",
            &json!("<command-name>/model</command-name>\n<command-args></command-args>"),
        ),
        entry("s1", "u12", "user", &json!("<local-command-stdout>Set</local-command-stdout>")),
    ];
    shell.write("p/s1.jsonl", lines(&[&first[..], &later, &first[1..]].concat()));
    let fork = [
        entry("s2", "u1", "user", &json!("open the valve")),
        entry("s2", "u20", "user", &json!("and close it")),
    ];
    shell.write("p/s2.jsonl", lines(&fork));
    let summary = import(&shell, "p");
    assert_eq!(
        said(&shell),
        pairs(&[
            ("user", "open the valve"),
            ("assistant", "It is open"),
            ("subagent user", "List the valves"),
            ("user", "and close it"),
        ])
    );
    assert_eq!(summary["left_out"], json!({"compaction": 1, "command": 2, "service": 2}));
    assert_eq!(shell.export("default")[2]["task"], "s1/subagent/unnamed");
    assert_eq!(import(&shell, "p/s2.jsonl")["records"]["unchanged"], 2);
}

#[test]
fn session_without_words_is_fine_and_stays_so_when_it_grows() {
    let shell = Shell::new();
    let start = [
        json!({"type": "summary", "summary": "x", "leafUuid": "u"}),
        json!({"type": "file-history-snapshot", "messageId": "m", "snapshot": {}}),
        entry("s", "t", "user", &json!([{"type": "tool_result", "content": "noise"}])),
    ];
    shell.write("s.jsonl", lines(&start));
    assert_eq!(import(&shell, ".")["records"]["added"], 0);
    shell
        .write("s.jsonl", lines(&[&start[..], &[entry("s", "u", "user", &json!("words at last"))]].concat()));
    assert_eq!(import(&shell, ".")["records"]["added"], 1);
}

#[test]
fn session_line_with_a_picture_of_any_size_gives_its_words() {
    let shell = Shell::new();
    let picture = json!({"type": "image", "source": {"type": "base64", "data": "iVBORw0K".repeat(800_000)}});
    let with_picture = entry("s", "u", "user", &json!([picture, {"type": "text", "text": "what is on it?"}]));
    shell.write("p/s.jsonl", lines(&[with_picture]));
    let summary = import(&shell, "p");
    assert_eq!(summary["skipped"]["too_large"], 0);
    assert_eq!(shell.contents(), ["what is on it?"]);
}

#[test]
fn session_with_nuls_bad_bytes_and_torn_ends_gives_its_good_lines() {
    let shell = Shell::new();
    let good =
        [entry("s", "u1", "user", &json!("first words")), entry("s", "u2", "user", &json!("more words"))];
    let bad = entry("s", "u3", "user", &json!("torn MARK caf\u{e9} na\u{ef}ve")).to_string();
    let text = [
        b"ion\":\"tail\"}\n".as_slice(),
        lines(&good[..1]).as_bytes(),
        &[0; 700],
        b"\n\0\0\0",
        lines(&good[1..]).as_bytes(),
        bad.replace("MARK", "\u{1}").replace('\u{1}', "@").as_bytes(),
        b"\n{\"type\":\"user\",\"sess",
    ]
    .concat();
    let text: Vec<u8> = text.iter().map(|byte| if *byte == b'@' { 0xff } else { *byte }).collect();
    shell.write("s.jsonl", text);
    let (_, message) = partial(&shell, "s.jsonl");
    for named in [
        "s.jsonl:1: not JSON",
        "s.jsonl:3: 700 NUL bytes",
        "s.jsonl:4: 3 NUL bytes",
        "s.jsonl:5: 1 byte at offset",
        "s.jsonl:6: not JSON",
    ] {
        assert!(message.contains(named), "{named} is not in {message}");
    }
    assert_eq!(shell.contents(), ["first words", "more words", "torn \u{fffd} caf\u{e9} na\u{ef}ve"]);
}

#[test]
fn torn_first_line_of_json_lines_is_named_and_the_others_come_in() {
    let shell = Shell::new();
    shell.write(
        "a.jsonl",
        "ent\":\"tail of a line\"}\n{\"content\":\"one\",\"tags\":{\"a\":\"1\"}}\n{\"content\":\"two\"}\n",
    );
    let (_, message) = partial(&shell, "a.jsonl");
    assert!(message.contains("a.jsonl:1: not JSON"), "{message}");
    assert_eq!(shell.contents(), ["one", "two"]);
}

#[test]
fn export_that_is_not_whole_says_so_and_is_never_cut_into_documents() {
    let shell = Shell::new();
    let whole = json!([{"uuid": "k1", "chat_messages": [{"sender": "human", "text": "whole"}]},
        {"uuid": "k2", "chat_messages": [{"sender": "human", "text": "torn off"}]}])
    .to_string();
    for (name, text) in [
        ("claude.json", &whole[..whole.len() - 30]),
        ("gpt.json", r#"{"title":"x","mapping":{"a":{"message":{"content"#),
        ("telegram.json", r#"{"chats":{"list":[{"name":"x","messages":[{"id"#),
        ("torn.txt", r#"[{"role":"user","content":"#),
        ("unknown.json", r#"[{"body":"words of somebody"}]"#),
        ("named.json", r#"{"body":"words of somebody"}"#),
    ] {
        shell.write(name, text);
        let (_, message) = partial(&shell, name);
        let is_said = message.contains("not whole") || message.contains("no known shape");
        assert!(is_said && message.contains(name), "{name}: {message}");
        assert!(message.contains("known are") || name == "claude.json", "{name}: {message}");
    }
    assert_eq!(shell.contents(), ["whole"]);
}

#[test]
fn settings_of_a_tree_are_counted_and_do_not_fail_it() {
    let shell = Shell::new();
    shell.write("package.json", "{\"name\":\"x\",\"description\":\"y\"}");
    shell.write("tsconfig.json", "{\n  // with a comment\n  \"strict\": true\n}\n");
    shell.write("a.md", "words");
    let summary = import(&shell, ".");
    assert_eq!(summary["skipped"]["data"], 2);
    assert_eq!(shell.contents(), ["words"]);
}

#[test]
fn exports_of_telegram_slack_and_discord_are_read_in_full() {
    let shell = Shell::new();
    let telegram = json!({"name": "Ada", "type": "personal_chat", "id": 9, "messages": [
        {"id": 1, "type": "message", "date": "2026-01-05T11:00:00", "date_unixtime": "1767607200", "from": "Ada", "text": ["see ", {"type": "bold", "text": "this"}]}]});
    shell.write("telegram/result.json", telegram.to_string());
    shell.write(
        "slack/users.json",
        json!([{"id": "U1", "team_id": "T", "profile": {"display_name": "Bob"}}]).to_string(),
    );
    shell.write(
        "slack/channels.json",
        json!([{"id": "C1", "name": "pumps", "created": 1, "members": ["U1"]}]).to_string(),
    );
    let day = json!([{"type": "message", "user": "U1", "text": "ask <@U1>", "ts": "1767607200.000100"}]);
    shell.write("slack/pumps/2026-01-05.json", day.to_string());
    let discord = json!({"guild": {}, "channel": {"id": "1", "name": "n"}, "messageCount": 1, "messages": [
        {"id": "1", "type": "Default", "timestamp": "2026-01-05T10:00:00+00:00", "content": "hello", "author": {"name": "cyd"}}]});
    shell.write("discord.json", discord.to_string());
    let summary = import(&shell, ".");
    assert_eq!(summary["skipped"]["data"], 2);
    assert_eq!(said(&shell), pairs(&[("cyd", "hello"), ("Bob", "ask @Bob"), ("Ada", "see this")]));
    let records = shell.export("default");
    assert!(
        records.iter().all(|record| record["timestamp"].as_str().unwrap().starts_with("2026-01-05T10:00:00"))
    );
    assert_eq!(records[1]["task"], "slack/pumps");
}

#[test]
fn times_of_messages_are_understood_or_named() {
    let shell = Shell::new();
    let times = [
        ("timestamp", json!("2026-01-05T10:00:00")),
        ("timestamp", json!("2026-01-05 10:00:00.123456")),
        ("timestamp", json!("2026-01-05 10:00:00 UTC")),
        ("timestamp", json!("1767607200")),
        ("timestamp", json!("Mon, 05 Jan 2026 10:00:00 +0000")),
        ("timestamp", json!(1_767_607_200_000_000_i64)),
        ("timestamp", json!("2026-01-05T11:00:00[Europe/Berlin]")),
        ("createdAt", json!("2026-01-05T10:00:00Z")),
        ("ts", json!(1_767_607_200)),
    ];
    let turns: Vec<Value> = times
        .iter()
        .enumerate()
        .map(|(at, (key, time))| json!({"role": "user", "content": format!("turn {at}"), *key: time}))
        .collect();
    shell.write("times.jsonl", lines(&turns));
    import(&shell, "times.jsonl");
    let records = shell.export("default");
    assert_eq!(records.len(), times.len());
    for record in records {
        assert!(record["timestamp"].as_str().unwrap().starts_with("2026-01-05T10:00:00"), "{record}");
    }
    for wrong in [
        json!("last Tuesday"),
        json!("2026-01-05T10:00:00[Nowhere/Town]"),
        json!(1e300),
        json!("12026-01-05"),
        json!([1]),
    ] {
        shell.write(
            "wrong.json",
            json!([{"role": "user", "content": "when?", "timestamp": wrong}]).to_string(),
        );
        let (summary, message) = partial(&shell, "wrong.json");
        assert_eq!(summary["records"]["added"], 0, "{wrong}");
        assert!(message.contains("when?") && message.contains("time"), "{message}");
    }
}
