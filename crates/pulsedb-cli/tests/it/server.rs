//! `push` and `pull`: with PostgreSQL where there is a server, and without it what they say.

use crate::shell::{Shell, failure};

const SECRET: &str = "hunter2";

#[test]
fn passwords_in_wrong_arguments_are_not_repeated() {
    let shell = Shell::new();
    let url = format!("postgres://ada:{SECRET}@host/db");
    let said = failure(&shell.run(["push", &url, &url]), 2);
    assert!(said.contains("unexpected argument") && !said.contains(SECRET), "{said}");
    let said = failure(&shell.run(["pull", "--nonsense", &url]), 2);
    assert!(!said.contains(SECRET), "{said}");
    assert!(shell.ok(["push", "--help"]).contains("postgres://user:password@host"));
}

#[cfg(not(feature = "postgres"))]
#[test]
fn command_without_postgres_says_how_to_get_it() {
    let shell = Shell::new();
    for command in ["push", "pull"] {
        let said = failure(&shell.run([command, "postgres://host/db"]), 2);
        assert!(said.contains("--features postgres"), "{said}");
    }
}

#[cfg(feature = "postgres")]
mod built_in {
    use std::process::{Command, Output, Stdio};
    use std::time::{SystemTime, UNIX_EPOCH};

    use serde_json::json;

    use super::*;
    use crate::served::{ERAS, Served};

    /// The server's address, with its owner as the user; `None` without a server, and the reason is printed.
    fn url() -> Option<String> {
        let url = std::env::var("PULSEDB_POSTGRES_URL").ok().filter(|url| !url.is_empty());
        if url.is_none() {
            println!("skipped: PULSEDB_POSTGRES_URL names no server; `cargo xtask postgres test` starts one");
        }
        url
    }

    /// The name of a tenant that nobody else has.
    fn new_tenant(of: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        format!("{of}-{}-{now}", std::process::id())
    }

    fn with_url(command: &mut Command, url: &str) -> Output {
        command.env("PULSEDB_POSTGRES_URL", url).stdin(Stdio::null()).output().unwrap()
    }

    fn text(output: &Output) -> String {
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout.clone()).unwrap()
    }

    #[test]
    fn collectives_go_to_a_server_and_come_back() {
        let Some(url) = url() else { return };
        let (shell, tenant) = (Shell::new(), new_tenant("round"));
        for note in ["the key rotates on Mondays", "tests need one thread"] {
            shell.ok(["record", note, "-c", "team", "--key", &note[..5]]);
        }
        shell.ok(["record", "a note"]);
        let run = |words: &[&str]| {
            let words = [words, &["--tenant", &tenant]].concat();
            with_url(&mut shell.command(words), &url)
        };
        let said = text(&run(&["push", "-c", "team"]));
        assert!(
            said.starts_with(
                "team: 2 experiences, 0 relations and 0 insights on both sides; 2 records copied; digest "
            ),
            "{said}"
        );
        let all: serde_json::Value = serde_json::from_str(&text(&run(&["push", "--json"]))).unwrap();
        assert_eq!((&all["count"], &all["tenant"]), (&2.into(), &tenant.clone().into()));
        let copied = |name: &str| {
            let of = all["collectives"].as_array().unwrap().iter().find(|one| one["name"] == name);
            of.unwrap()["copied"].clone()
        };
        assert_eq!((copied("team"), copied("default")), (0.into(), 1.into()));

        let copy = shell.work().join("copy");
        let copy = copy.to_str().unwrap();
        text(&run(&["pull", "--db", copy]));
        for collective in ["team", "default"] {
            let of = |db: &str| shell.ok(["--db", db, "-c", collective, "export", "--embeddings"]);
            let without = |text: String| -> Vec<serde_json::Value> {
                let value = |line: &str| {
                    let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
                    value.as_object_mut().unwrap().remove("sequence");
                    value
                };
                text.lines().map(value).collect()
            };
            assert_eq!(without(of(copy)), without(of(shell.database().to_str().unwrap())));
        }
        // The copy goes on by itself.
        shell.ok(["--db", copy, "record", "new there", "-c", "team"]);
        text(&run(&["push", "--db", copy]));
        let said = failure(&run(&["push"]), 1);
        assert!(said.contains("`team`") && said.contains("--overwrite"), "{said}");
        text(&run(&["push", "--overwrite"]));
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_to_do() {
        let Some(url) = url() else { return };
        let (shell, tenant) = (Shell::new(), new_tenant("refused"));
        let said = failure(&with_url(&mut shell.command(["push"]), &url), 3);
        assert!(said.contains("no database at"), "{said}");
        let said = failure(&with_url(&mut shell.command(["pull", "--tenant", &tenant]), &url), 3);
        assert!(said.contains(&tenant) && said.contains("pulsedb push"), "{said}");
        assert!(!shell.database().exists());
        shell.ok(["record", "a note"]);
        let said = failure(&with_url(&mut shell.command(["push"]), ""), 2);
        assert!(said.contains("PULSEDB_POSTGRES_URL"), "{said}");
        for (bad, code) in [
            (format!("postgres://ada:{SECRET}@127.0.0.1:1/db"), 1),
            (format!("postgres://ada:{SECRET}@host:port/db"), 2),
            (format!("nonsense {SECRET}"), 2),
            (format!("{url}_that_is_not_there"), 2),
        ] {
            let output = with_url(&mut shell.command(["push"]), &bad);
            let said = failure(&output, code);
            assert!(!said.contains(SECRET) && !said.contains("ada"), "{said}");
        }
        let said = failure(&with_url(&mut shell.command(["push", "--tenant", "a b"]), &url), 2);
        assert!(said.contains("--tenant"), "{said}");
        text(&with_url(&mut shell.command(["push", "--tenant", &tenant]), &url));
        let words = ["pull", "-c", "nowhere", "--tenant", &tenant];
        let said = failure(&with_url(&mut shell.command(words), &url), 3);
        assert!(said.contains("`nowhere`") && said.contains("`default`"), "{said}");
        let words = ["mcp", "--url", "--tenant", "a b"];
        let said = failure(&with_url(&mut shell.command(words), &url), 2);
        assert!(said.contains("--tenant"), "{said}");
        let said = failure(&with_url(&mut shell.command(["mcp", "--url"]), &format!("{SECRET}://")), 2);
        assert!(said.contains("address") && !said.contains(SECRET), "{said}");
        // A database with other vectors.
        let other = shell.work().join("other");
        let other = other.to_str().unwrap();
        shell.ok(["--db", other, "collectives", "create", "x", "--dimension", "8"]);
        for command in ["push", "pull"] {
            let words = ["--db", other, command, "--tenant", &tenant];
            let said = failure(&with_url(&mut shell.command(words), &url), 1);
            assert!(said.contains("builtin") && said.contains("external"), "{said}");
        }
    }

    #[test]
    fn agents_share_the_memory_at_a_server() {
        if url().is_none() {
            return;
        }
        let (shell, tenant) = (Shell::new(), new_tenant("mcp"));
        // Without a value the address is that of the variable.
        let start = |version| Served::start(&shell, version, &["--tenant", &tenant, "-c", "team", "--url"]);
        let [mut one, mut other] = ERAS.map(start);
        let since = one.call("changes", json!({}))["next"].clone();
        let memories = json!([
            { "content": "The door is blue", "key": "door" },
            { "content": "The roof leaks when it rains", "domain": ["house"] },
        ]);
        let stored = one.call("remember", json!({ "memories": memories }));
        let door = stored["memories"][0]["id"].clone();
        let found = other.call("recall", json!({ "query": "what colour is the door?" }));
        assert_eq!((&found["memories"][0]["id"], &found["memories"][0]["agent"]), (&door, &json!("tester")));
        let revised = json!({ "id": door, "action": "supersede", "content": "The door is red" });
        let red = other.call("revise", revised)["id"].clone();
        assert_eq!(one.call("recall", json!({ "key": "door" }))["memories"][0]["id"], red);
        let history = one.call("recall", json!({ "id": red, "history": true }));
        assert_eq!(history["memories"].as_array().unwrap().len(), 2);
        for (action, count) in [("archive", 1), ("restore", 2), ("delete", 2)] {
            one.call("forget", json!({ "ids": [red], "action": action }));
            let left = other.call("recall", json!({ "limit": 10 }));
            assert_eq!(left["memories"].as_array().unwrap().len(), count, "{action}: {left}");
        }
        // What the deleted one had superseded is back with its key.
        assert_eq!(other.call("recall", json!({ "key": "door" }))["memories"][0]["id"], door);
        one.call("agents", json!({ "action": "register", "task": "paints the door" }));
        assert_eq!(other.call("agents", json!({}))["agents"][0]["task"], "paints the door");
        let context = other.call("context", json!({ "task": "repair the roof" }));
        assert!(context["context"].as_str().unwrap().contains("leaks"), "{context}");
        let changes = other.call("changes", json!({ "since": since, "timeout": 5 }));
        let seen: Vec<&str> =
            changes["changes"].as_array().unwrap().iter().map(|it| it["event"].as_str().unwrap()).collect();
        assert_eq!(seen, ["created", "created", "created", "archived", "updated", "deleted"]);
        let collective = other.ask("resources/list", json!({}))["result"]["resources"][0]["uri"].clone();
        one.end();
        other.end();
        // The first that a server is asked for.
        let mut listening = start(ERAS[1]);
        let wanted = json!({ "notifications": { "resourceSubscriptions": [collective] } });
        listening.begin("subscriptions/listen", wanted);
        listening.until("listen", |it| it["method"] == "notifications/subscriptions/acknowledged");
        let mut one = start(ERAS[0]);
        one.call("remember", json!({ "memories": [{ "content": "The gate is green" }] }));
        let told = listening.until("a change", |it| it["method"] == "notifications/resources/updated");
        assert_eq!(told["params"]["uri"], collective, "{told}");
        one.end();
        listening.end();
        assert!(!shell.database().exists(), "nothing is made here");
    }
}
