//! The largest size of a database: chosen when it is made, kept, and grown.

use serde_json::Value;

use crate::shell::{Shell, failure, text_of};

const GIB: u64 = 1 << 30;

fn map_bytes(shell: &Shell) -> Option<u64> {
    shell.json(["stats", "--json"])["map_bytes"].as_u64()
}

#[test]
fn size_is_that_of_the_flag_or_the_variable_and_stays_until_a_larger_one_is_asked_for() {
    let shell = Shell::new();
    shell.ok(["record", "x", "--map-size", "2"]);
    assert_eq!(map_bytes(&shell), Some(2 * GIB));
    for command in [&["record", "y"][..], &["record", "z", "--map-size", "1"], &["repair"], &["compact"]] {
        shell.ok(command);
        assert_eq!(map_bytes(&shell), Some(2 * GIB), "{command:?}");
    }
    let grown = shell.command(["record", "z"]).env("PULSEDB_MAP_SIZE", "3").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&grown.stderr), "");
    assert_eq!(map_bytes(&shell), Some(3 * GIB));
    let flag =
        shell.command(["--map-size", "4", "record", "z"]).env("PULSEDB_MAP_SIZE", "5").output().unwrap();
    text_of(&flag);
    assert_eq!(map_bytes(&shell), Some(4 * GIB));
    let other = Shell::new();
    text_of(&other.command(["record", "x"]).env("PULSEDB_MAP_SIZE", "").output().unwrap());
    assert_eq!(map_bytes(&other), Some(64 * GIB));
}

#[test]
fn size_that_is_not_one_is_refused_by_name() {
    let shell = Shell::new();
    for size in ["0", "16385", "many", "-1"] {
        failure(&shell.run(["record", "x", &format!("--map-size={size}")]), 2);
        let output = shell.command(["record", "x"]).env("PULSEDB_MAP_SIZE", size).output().unwrap();
        failure(&output, 2);
    }
    assert!(!shell.database().join("data.mdb").exists());
}

/// Runs the command with so much address space.
#[cfg(target_os = "linux")]
fn run_within(shell: &Shell, kib: u64, arguments: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new("sh");
    let script = format!("ulimit -v {kib}; exec \"$@\"");
    command.args(["-c", &script, "sh", crate::shell::PULSEDB]).args(arguments);
    command
        .env("PULSEDB_DB", shell.database())
        .env_remove("PULSEDB_MAP_SIZE")
        .env_remove("PULSEDB_COLLECTIVE");
    command.current_dir(shell.work()).output().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn limit_of_address_space_is_named_with_the_remedies_and_they_help() {
    const KIB: u64 = 3 << 20;
    let shell = Shell::new();
    let message = failure(&run_within(&shell, KIB, &["record", "x"]), 1);
    for part in ["64 GiB", "ulimit -v", "--map-size", "PULSEDB_MAP_SIZE"] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    text_of(&run_within(&shell, KIB, &["record", "x", "--map-size", "1"]));
    text_of(&run_within(&shell, KIB, &["record", "y"]));
    assert_eq!(map_bytes(&shell), Some(GIB));
    let grown = run_within(&shell, KIB, &["record", "z", "--map-size", "8"]);
    text_of(&grown);
    assert!(String::from_utf8_lossy(&grown.stderr).contains("stays 1 GiB"));
    let large = Shell::new();
    large.ok(["record", "x"]);
    let found = text_of(&run_within(&large, KIB, &["search", "x", "--json"]));
    assert_eq!(serde_json::from_str::<Value>(&found).unwrap()["count"], 1);
    assert!(failure(&run_within(&large, KIB, &["record", "y"]), 1).contains("--map-size"));
}
