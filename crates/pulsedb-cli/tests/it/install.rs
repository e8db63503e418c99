//! `install`: the change is shown, made once confirmed, and undone without a trace.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::shell::{Shell, failure, text_of};

fn run(shell: &Shell, arguments: &[&str]) -> std::process::Output {
    let home = shell.work().join("home");
    let _ = fs::create_dir(&home);
    // The database, if there is one among them, stands before the name of the command.
    let at = if arguments.first() == Some(&"--db") { 2 } else { 0 };
    let (before, behind) = arguments.split_at(at);
    let mut command = shell.command(before.iter().chain(&["install"]).chain(behind));
    command.env("HOME", &home).env("XDG_CONFIG_HOME", home.join(".config")).env_remove("CODEX_HOME");
    command.stdin(std::process::Stdio::null()).output().unwrap()
}

/// Every agent with its files, those of hooks last.
const AGENTS: [(&str, &[&str]); 6] = [
    ("claude-code", &["home/.claude.json", "home/.claude/settings.json"]),
    ("codex", &["home/.codex/config.toml", "home/.codex/hooks.json"]),
    ("cursor", &["home/.cursor/mcp.json"]),
    ("gemini", &["home/.gemini/settings.json"]),
    ("vscode", &["home/.config/Code/User/mcp.json"]),
    ("windsurf", &["home/.codeium/windsurf/mcp_config.json"]),
];

#[test]
fn each_agent_gets_the_server_and_loses_it_again() {
    for (agent, files) in AGENTS {
        let shell = Shell::new();
        let shown = failure(&run(&shell, &[agent]), 2);
        assert!(shown.contains("--yes"), "{shown}");
        let is_there = || files.iter().any(|file| shell.work().join(file).exists());
        assert!(!is_there(), "{agent}: nothing is written unasked");
        let output = text_of(&run(&shell, &[agent, "--yes"]));
        assert!(output.contains('+') && output.contains("mcp"), "{output}");
        let text = fs::read_to_string(shell.work().join(files[0])).unwrap();
        assert!(text.contains("pulsedb") && text.contains("\"mcp\"") && text.ends_with('\n'), "{text}");
        assert_eq!(output.contains("/hooks"), agent == "codex", "{output}");
        assert!(text_of(&run(&shell, &[agent, "--yes"])).contains("it is there"));
        // Another database in the place of the first.
        let other = text_of(&run(&shell, &["--db", "/other", agent, "--yes"]));
        assert!(other.contains("/other"), "{other}");
        text_of(&run(&shell, &[agent, "--yes", "--undo"]));
        assert!(!is_there(), "{agent}: files that were made are gone");
        assert!(text_of(&run(&shell, &[agent, "--yes", "--undo"])).contains("it is not there"));
    }
}

fn is_toml(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == "toml")
}

#[test]
fn what_was_there_comes_back_byte_for_byte() {
    let json = [
        "{}",
        "{}\n",
        "",
        " \n\n",
        "{ }",
        "{\"a\":[1,{\"b\":\"}\"}]}",
        "{\"mcpServers\":{},\"servers\":{},\"hooks\":{}}\n",
        "{\n    \"mcpServers\": {\n        \"other\": { \"command\": \"x\" }\n    },\n    \"servers\": {\"y\": {}},\n    \"z\": 1.50\n}",
        "{\r\n\t\"hooks\": {\r\n\t\t\"Stop\": [\r\n\t\t\t{ \"hooks\": [{ \"type\": \"command\", \"command\": \"mine\" }] }\r\n\t\t],\r\n\t\t\"SessionEnd\": []\r\n\t}\r\n}\r\n",
        "\n{\"hooks\": {\"Stop\": [], \"PreCompact\": [1, 2]}, \"a\": \"\\u0041  \\\"\"}",
    ];
    let toml =
        ["", "\n", "x = 1", "x = 1\n", "x = 1\n\n\n", "[mcp_servers.other]\r\ncommand = \"y\"\r\n# mine\r\n"];
    for (agent, files) in AGENTS {
        for round in 0..json.len() {
            let shell = Shell::new();
            let before = |file: &str| {
                if is_toml(file) { toml[round % toml.len()] } else { json[round] }
            };
            for file in files {
                shell.write(file, before(file));
            }
            text_of(&run(&shell, &[agent, "--yes"]));
            for file in files {
                let text = fs::read_to_string(shell.work().join(file)).unwrap();
                assert!(text.contains("pulsedb"), "{agent}, {file}: {text}");
                if !is_toml(file) {
                    serde_json::from_str::<Value>(&text).unwrap();
                }
            }
            text_of(&run(&shell, &[agent, "--yes", "--undo"]));
            for file in files {
                assert_eq!(
                    fs::read_to_string(shell.work().join(file)).unwrap(),
                    before(file),
                    "{agent}, {file}"
                );
            }
        }
    }
}

#[test]
fn only_what_is_put_in_is_shown_as_a_change() {
    let shell = Shell::new();
    let own = "{\n    \"zebra\": 1,\n    \"hooks\": {\n        \"Stop\": [\n            {\n                \"hooks\": [\n                    {\n                        \"type\": \"command\",\n                        \"command\": \"mine\"\n                    }\n                ]\n            }\n        ]\n    },\n    \"apple\": [1.5]\n}\n";
    shell.write("home/.claude/settings.json", own);
    let output = text_of(&run(&shell, &["claude-code", "--yes"]));
    let gone = output.lines().filter(|line| line.starts_with("  - ") && line.contains("zebra")).count();
    assert_eq!(gone, 0, "{output}");
    let text = fs::read_to_string(shell.work().join("home/.claude/settings.json")).unwrap();
    let settings: Value = serde_json::from_str(&text).unwrap();
    for event in ["SessionStart", "UserPromptSubmit", "PreCompact", "Stop", "SessionEnd"] {
        let hooks = settings["hooks"][event].as_array().unwrap();
        let is_ours = |it: &Value| it["hooks"][0]["command"].as_str().unwrap().contains(" hook ");
        assert!(hooks.iter().any(is_ours), "{event}");
    }
    assert!(own.lines().all(|line| text.contains(line.trim_end_matches(['}', ']', ',']))), "{text}");
}

#[test]
fn project_has_files_of_its_own() {
    let shell = Shell::new();
    text_of(&run(&shell, &["claude-code", "--project", "--yes"]));
    assert!(shell.work().join(".mcp.json").exists() && shell.work().join(".claude/settings.json").exists());
    text_of(&run(&shell, &["codex", "--project", "--yes"]));
    assert!(
        shell.work().join(".codex/config.toml").exists() && shell.work().join(".codex/hooks.json").exists()
    );
    assert!(!shell.work().join("home/.claude.json").exists());
    failure(&run(&shell, &["windsurf", "--project", "--yes"]), 2);
}

#[test]
fn configuration_that_cannot_be_read_is_left_alone() {
    let shell = Shell::new();
    for (agent, file, text) in [
        ("cursor", "home/.cursor/mcp.json", "{ // a comment\n}"),
        ("cursor", "home/.cursor/mcp.json", "[1]"),
        ("cursor", "home/.cursor/mcp.json", "{\"mcpServers\": 3}"),
        ("codex", "home/.codex/config.toml", "model = "),
    ] {
        let path = shell.write(file, text);
        let said = failure(&run(&shell, &[agent, "--yes"]), 1);
        assert!(said.contains(file.rsplit('/').next().unwrap()), "{said}");
        assert_eq!(fs::read_to_string(path).unwrap(), text);
    }
}
