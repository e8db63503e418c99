//! The entry of the MCP server in a configuration: put in, and taken out.

use anyhow::{Context, bail};

use crate::install::document::Node;

/// The name of the server in every configuration.
const NAME: &str = "pulsedb";
/// The header of its table in TOML.
const TABLE: &str = "[mcp_servers.pulsedb]";
/// The table that holds it in TOML.
const TABLES: &str = "mcp_servers";

/// The command that starts the server or a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) program: String,
    /// What stands before the name of the command: the database, if one was named.
    pub(crate) options: Vec<String>,
}

impl Command {
    fn words(&self, word: &str) -> Vec<String> {
        self.options.iter().cloned().chain([word.to_owned()]).collect()
    }

    /// As one line for a shell.
    pub(crate) fn line(&self, words: &[&str]) -> String {
        let all = [self.program.as_str()].into_iter().chain(self.options.iter().map(String::as_str));
        all.chain(words.iter().copied()).map(quoted).collect::<Vec<_>>().join(" ")
    }
}

/// A word as shells take it.
fn quoted(word: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_./:=,@%+\\".contains(it);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Puts the server into a JSON document, in the place of an earlier entry.
pub(crate) fn put_json(document: &mut Node, key: &str, command: &Command) -> anyhow::Result<()> {
    let mut entry = vec![
        ("command".to_owned(), Node::text(&command.program)),
        ("args".to_owned(), Node::List(command.words("mcp").iter().map(|word| Node::text(word)).collect())),
    ];
    if key == "servers" {
        entry.insert(0, ("type".to_owned(), Node::text("stdio")));
    }
    let servers = document.entry(key, Node::EMPTY).filter(|it| matches!(it, Node::Object(_)));
    let servers = servers.with_context(|| format!("`{key}` is no object"))?;
    *servers.entry(NAME, Node::Null).context("the servers are no object")? = Node::Object(entry);
    Ok(())
}

/// Takes the server out of a JSON document.
pub(crate) fn take_json(document: &mut Node, key: &str) {
    let Some(servers) = document.get_mut(key) else { return };
    let had_it = servers.get(NAME).is_some();
    servers.remove(NAME);
    if had_it && servers.is_empty() {
        document.remove(key);
    }
}

/// Puts the server into a TOML document, in the place of an earlier table.
pub(crate) fn put_toml(text: &str, command: &Command) -> anyhow::Result<String> {
    let kept = whole_lines(&take_toml(text)?);
    // What JSON writes of a text is a basic string of TOML, too.
    let words = serde_json::to_string(&command.words("mcp"))?;
    let program = serde_json::to_string(&command.program)?;
    let gap = if kept.is_empty() || kept.ends_with("\n\n") { "" } else { "\n" };
    let table = format!("{TABLE}\ncommand = {program}\nargs = {words}\n");
    let changed = format!("{kept}{gap}{table}");
    parsed(&changed)?;
    Ok(changed)
}

/// Takes the server out of a TOML document: its table with its sub-tables, and nothing else.
pub(crate) fn take_toml(text: &str) -> anyhow::Result<String> {
    if !has_server(&parsed(text)?) {
        return Ok(text.to_owned());
    }
    let mut kept = String::new();
    let mut inside = false;
    for line in text.split_inclusive('\n') {
        let head = line.trim();
        if head.starts_with('[') {
            inside = head.starts_with(TABLE) || head.starts_with("[mcp_servers.pulsedb.");
        }
        if !inside {
            kept.push_str(line);
        }
    }
    let kept = whole_lines(&kept);
    if has_server(&parsed(&kept)?) {
        bail!("the server `{NAME}` is written in another form than {TABLE}; change it by hand");
    }
    Ok(kept.trim_end_matches('\n').to_owned() + if kept.trim().is_empty() { "" } else { "\n" })
}

fn whole_lines(text: &str) -> String {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{end}")
}

fn parsed(text: &str) -> anyhow::Result<toml::Table> {
    text.parse().context("it is no TOML; mend it, or add the server by hand")
}

fn has_server(table: &toml::Table) -> bool {
    table.get(TABLES).and_then(|it| it.get(NAME)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        Command { program: "pulsedb".into(), options: vec!["--db".into(), "/a b".into()] }
    }

    #[test]
    fn json_gets_the_server_and_loses_nothing_else() {
        let text = r#"{"theme":"dark","mcpServers":{"other":{"command":"x"}}}"#;
        let mut document: Node = serde_json::from_str(text).unwrap();
        let before = document.clone();
        put_json(&mut document, "mcpServers", &command()).unwrap();
        put_json(&mut document, "mcpServers", &command()).unwrap();
        let args = document.get("mcpServers").unwrap().get("pulsedb").unwrap().get("args").unwrap();
        assert_eq!(serde_json::to_string(args).unwrap(), r#"["--db","/a b","mcp"]"#);
        take_json(&mut document, "mcpServers");
        assert_eq!(document, before);
        let mut empty = Node::EMPTY;
        put_json(&mut empty, "servers", &command()).unwrap();
        take_json(&mut empty, "servers");
        assert_eq!(empty, Node::EMPTY);
        let mut odd: Node = serde_json::from_str(r#"{"mcpServers":[1]}"#).unwrap();
        assert!(put_json(&mut odd, "mcpServers", &command()).is_err());
    }

    #[test]
    fn toml_gets_the_server_and_loses_nothing_else() {
        let text = "model = \"x\" # mine\n\n[mcp_servers.other]\ncommand = \"y\"\n";
        let put = put_toml(text, &command()).unwrap();
        assert!(put.starts_with(text), "{put}");
        assert_eq!(put_toml(&put, &command()).unwrap(), put);
        let behind = format!("{put}[mcp_servers.pulsedb.env]\nA = \"b\"\n\n[tui]\nx = 1\n");
        assert_eq!(take_toml(&behind).unwrap(), format!("{text}\n[tui]\nx = 1\n"));
        assert_eq!(take_toml(&put).unwrap(), text);
        assert_eq!(take_toml(&put_toml("", &command()).unwrap()).unwrap(), "");
        assert!(put_toml("x = ", &command()).is_err());
        assert!(take_toml("mcp_servers = { pulsedb = { command = \"x\" } }").is_err());
    }

    #[test]
    fn lines_for_a_shell_keep_their_words_apart() {
        assert_eq!(command().line(&["hook", "stop"]), "pulsedb --db '/a b' hook stop");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
