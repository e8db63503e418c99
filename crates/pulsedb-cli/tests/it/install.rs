//! `install`: the change is shown, made once confirmed, and undone without a trace.

use std::fs;

use serde_json::Value;

use crate::shell::{Shell, failure, text_of};

fn run(shell: &Shell, arguments: &[&str]) -> std::process::Output {
    let home = shell.work().join("home");
    let _ = fs::create_dir(&home);
    let mut command = shell.command(["install"].iter().chain(arguments));
    command.env("HOME", &home).env("XDG_CONFIG_HOME", home.join(".config")).env_remove("CODEX_HOME");
    command.stdin(std::process::Stdio::null()).output().unwrap()
}

#[test]
fn each_agent_gets_the_server_and_loses_it_again() {
    let files = [
        ("claude-code", "home/.claude.json"),
        ("codex", "home/.codex/config.toml"),
        ("cursor", "home/.cursor/mcp.json"),
        ("gemini", "home/.gemini/settings.json"),
        ("vscode", "home/.config/Code/User/mcp.json"),
        ("windsurf", "home/.codeium/windsurf/mcp_config.json"),
    ];
    for (agent, file) in files {
        let shell = Shell::new();
        let shown = failure(&run(&shell, &[agent]), 2);
        assert!(shown.contains("--yes"), "{shown}");
        assert!(!shell.work().join(file).exists(), "{agent}: nothing is written unasked");
        let output = text_of(&run(&shell, &[agent, "--yes"]));
        assert!(output.contains('+') && output.contains("mcp"), "{output}");
        let text = fs::read_to_string(shell.work().join(file)).unwrap();
        assert!(text.contains("pulsedb") && text.contains("\"mcp\""), "{text}");
        assert!(text_of(&run(&shell, &[agent, "--yes"])).contains("it is there"));
        text_of(&run(&shell, &[agent, "--yes", "--undo"]));
        let left = fs::read_to_string(shell.work().join(file)).unwrap();
        assert!(!left.contains("pulsedb"), "{left}");
        assert!(text_of(&run(&shell, &[agent, "--yes", "--undo"])).contains("it is not there"));
    }
}

#[test]
fn what_a_person_wrote_stays_as_it_is() {
    let shell = Shell::new();
    let own = "{\n  \"zebra\": 1,\n  \"hooks\": {\n    \"Stop\": [\n      {\n        \"hooks\": [\n          {\n            \"type\": \"command\",\n            \"command\": \"mine\"\n          }\n        ]\n      }\n    ]\n  },\n  \"apple\": [\n    1.5\n  ]\n}\n";
    shell.write("home/.claude/settings.json", own);
    let text = || fs::read_to_string(shell.work().join("home/.claude/settings.json")).unwrap();
    text_of(&run(&shell, &["claude-code", "--yes"]));
    let settings: Value = serde_json::from_str(&text()).unwrap();
    for event in ["SessionStart", "UserPromptSubmit", "PreCompact", "Stop", "SessionEnd"] {
        let hooks = settings["hooks"][event].as_array().unwrap();
        assert!(
            hooks.iter().any(|it| it["hooks"][0]["command"].as_str().unwrap().contains(" hook ")),
            "{event}"
        );
    }
    assert!(text().find("zebra").unwrap() < text().find("apple").unwrap());
    text_of(&run(&shell, &["claude-code", "--yes", "--undo"]));
    assert_eq!(text(), own);
}

#[test]
fn project_has_files_of_its_own() {
    let shell = Shell::new();
    text_of(&run(&shell, &["claude-code", "--project", "--yes"]));
    assert!(shell.work().join(".mcp.json").exists() && shell.work().join(".claude/settings.json").exists());
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
