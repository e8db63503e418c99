//! `agents`: who is at work.

use crate::shell::{Shell, failure, keys};

#[test]
fn agents_are_shown_from_their_registration_to_their_end() {
    let shell = Shell::new();
    shell.ok(["agents", "register", "ada", "--task", "fix the build", "--summary", "two tests fail"]);
    let registered = shell.json(["agents", "register", "bob", "--json"]);
    assert_eq!(keys(&registered), ["action", "agent", "collective"]);
    let listed = shell.json(["agents", "--json"]);
    assert_eq!(keys(&listed), ["agents", "collective", "count"]);
    assert_eq!(listed["count"], 2);
    assert_eq!(keys(&listed["agents"][0]), ["agent", "last_heartbeat", "started_at", "summary", "task"]);
    let table = shell.ok(["agents", "list"]);
    assert!(table.contains("fix the build") && table.contains("two tests fail"), "{table}");
    shell.ok(["agents", "heartbeat", "ada"]);
    assert_eq!(shell.ok(["agents", "end", "ada"]), "ended ada\n");
    assert_eq!(shell.json(["agents", "--json"])["agents"][0]["agent"], "bob");
    shell.ok(["agents", "end", "bob"]);
    assert_eq!(shell.ok(["agents"]), "nobody is at work in collective `default`\n");
}

#[test]
fn agent_that_never_registered_is_not_found() {
    let shell = Shell::new();
    failure(&shell.run(["agents"]), 3);
    shell.ok(["agents", "register", "ada"]);
    failure(&shell.run(["agents", "heartbeat", "bob"]), 3);
    failure(&shell.run(["agents", "end", "bob"]), 3);
    failure(&shell.run(["agents", "register", " ada"]), 2);
}
