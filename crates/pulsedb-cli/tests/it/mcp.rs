//! `mcp` on standard input and output: both eras, and which memory is served.

use std::process::Stdio;

use serde_json::json;

use crate::served::{ERAS, Served};
use crate::shell::{Shell, failure, text_of};

#[test]
fn tenant_without_its_server_is_refused() {
    let shell = Shell::new();
    let said = failure(&shell.run(["mcp", "--tenant", "team"]), 2);
    assert!(said.contains("--url"), "{said}");
    assert!(!shell.database().exists());
}

#[test]
fn server_speaks_both_eras_and_ends_with_its_client() {
    let shell = Shell::new();
    for version in ERAS {
        let mut served = Served::start(&shell, version, &[]);
        let tools = served.ask("tools/list", json!({}));
        assert_eq!(tools["result"]["tools"].as_array().unwrap().len(), 7, "{tools}");
        served.call(
            "remember",
            json!({ "memories": [{ "content": format!("The door is blue in {version}") }] }),
        );
        let found = served.call("recall", json!({ "query": "what colour is the door?" }));
        assert!(found["memories"][0]["content"].as_str().unwrap().contains("blue"));
        assert_eq!(found["memories"][0]["agent"], "tester");
        served.end();
    }
    assert_eq!(shell.contents().len(), 2);
}

#[test]
fn collective_is_named_or_that_of_the_repository() {
    let shell = Shell::new();
    std::fs::create_dir_all(shell.work().join(".git")).unwrap();
    let root = std::fs::canonicalize(shell.work()).unwrap();
    for (more, expected) in [(&[][..], root.to_str().unwrap()), (&["--collective", "named"][..], "named")] {
        let mut served = Served::start(&shell, ERAS[1], more);
        assert_eq!(served.call("recall", json!({}))["collective"], expected);
        served.end();
    }
    let output =
        shell.command(["mcp"]).env("PULSEDB_COLLECTIVE", "chosen").stdin(Stdio::null()).output().unwrap();
    assert_eq!(text_of(&output), "");
}

#[test]
fn what_is_no_client_is_told_so() {
    let shell = Shell::new();
    let output = shell.run_with(["mcp"], "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("began no session"));
    let refused = shell.run(["mcp", "--http", "0.0.0.0:0"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("127.0.0.1"), "{refused:?}");
}
