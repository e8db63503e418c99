//! The entry of the MCP server in a configuration: put in, and taken out.

use anyhow::{Context, bail};
use serde_json::Value;

use crate::install::json::Document;

/// The name of the server in every configuration.
const NAME: &str = "pulsedb";
/// The key below which entries say how a server is spoken to.
const TYPED: &str = "servers";
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
pub(crate) fn put_json(document: &mut Document, key: &str, command: &Command) -> anyhow::Result<()> {
    let kind = if key == TYPED { "  \"type\": \"stdio\",\n" } else { "" };
    let (program, words) = (Value::from(command.program.as_str()), Value::from(command.words("mcp")));
    let entry = format!("{{\n{kind}  \"command\": {program},\n  \"args\": {words}\n}}");
    match document.get(&[key]) {
        None => {
            let entry = entry.replace('\n', "\n  ");
            document.put(&[], key, &format!("{{\n  \"{NAME}\": {entry}\n}}"));
        }
        Some(Value::Object(servers)) => {
            let is_there = servers
                .get(NAME)
                .is_some_and(|it| serde_json::from_str(&entry).is_ok_and(|new: Value| *it == new));
            if !is_there {
                document.put(&[key], NAME, &entry);
            }
        }
        Some(_) => bail!("`{key}` is not an object"),
    }
    Ok(())
}

/// Takes the server out of a JSON document.
pub(crate) fn take_json(document: &mut Document, key: &str) {
    document.take(&[key], NAME);
}

/// Puts the server into a TOML document, in the place of an earlier table. One line end is added before the table, and is
/// removed with it.
pub(crate) fn put_toml(text: Option<&str>, command: &Command) -> anyhow::Result<String> {
    // What JSON writes of a text is a basic string of TOML, too.
    let words = serde_json::to_string(&command.words("mcp"))?;
    let program = serde_json::to_string(&command.program)?;
    let table = format!("{TABLE}\ncommand = {program}\nargs = {words}\n");
    let Some(text) = text else { return Ok(table) };
    if server(&parsed(text)?) == server(&parsed(&table)?) {
        return Ok(text.to_owned());
    }
    let changed = take_toml(text)?.map(|kept| kept + "\n").unwrap_or_default() + &table;
    parsed(&changed)?;
    Ok(changed)
}

/// Takes the server out of a TOML document: its table with its sub-tables, and nothing else; `None` for one that was made
/// for it.
pub(crate) fn take_toml(text: &str) -> anyhow::Result<Option<String>> {
    if server(&parsed(text)?).is_none() {
        return Ok(Some(text.to_owned()));
    }
    let mut kept = String::new();
    // What stands in the table since its last line with words may belong to what follows.
    let mut behind = String::new();
    let mut inside = false;
    for line in text.split_inclusive('\n') {
        let head = line.trim();
        if head.starts_with('[') {
            let was_inside = inside;
            inside = head.starts_with(TABLE) || head.starts_with("[mcp_servers.pulsedb.");
            if inside && !was_inside && kept.ends_with('\n') {
                kept.pop();
            }
            if !inside {
                let is_line = kept.is_empty() || kept.ends_with('\n') || behind.starts_with(['\n', '\r']);
                kept.push_str(if is_line { "" } else { "\n" });
                kept.push_str(&std::mem::take(&mut behind));
            }
        }
        match (inside, head.is_empty() || head.starts_with('#')) {
            (true, true) => behind.push_str(line),
            (true, false) => behind.clear(),
            (false, _) => kept.push_str(line),
        }
    }
    kept.push_str(&behind);
    if server(&parsed(&kept)?).is_some() {
        bail!("the server `{NAME}` is written in another form than {TABLE}; change it by hand");
    }
    Ok(Some(kept).filter(|kept| !kept.is_empty() || text.starts_with('\n')))
}

fn parsed(text: &str) -> anyhow::Result<toml::Table> {
    text.parse().context("it is no TOML; mend it, or add the server by hand")
}

fn server(table: &toml::Table) -> Option<&toml::Value> {
    table.get(TABLES)?.get(NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        Command { program: "pulsedb".into(), options: vec!["--db".into(), "/a b".into()] }
    }

    #[test]
    fn json_gets_the_server_and_loses_nothing_else() {
        for text in
            [r#"{"theme":"dark","mcpServers":{"other":{"command":"x"}}}"#, "{}", r#"{"mcpServers":{}}"#]
        {
            let mut document = Document::new(text).unwrap();
            put_json(&mut document, "mcpServers", &command()).unwrap();
            let once = document.clone();
            put_json(&mut document, "mcpServers", &command()).unwrap();
            assert_eq!(document, once);
            let args = document.get(&["mcpServers", "pulsedb", "args"]).unwrap();
            assert_eq!(args, serde_json::json!(["--db", "/a b", "mcp"]));
            take_json(&mut document, "mcpServers");
            assert_eq!(document.into_text(), text);
        }
        let mut odd = Document::new(r#"{"mcpServers":[1]}"#).unwrap();
        assert!(put_json(&mut odd, "mcpServers", &command()).is_err());
    }

    #[test]
    fn toml_gets_the_server_and_loses_nothing_else() {
        let own = "model = \"x\" # mine\n\n[mcp_servers.other]\ncommand = \"y\"";
        for text in
            [own.to_owned(), format!("{own}\n"), format!("{own}\n\n\n"), format!("{own}\r\n"), String::new()]
        {
            let put = put_toml(Some(&text), &command()).unwrap();
            assert!(put.starts_with(&text), "{put}");
            assert_eq!(put_toml(Some(&put), &command()).unwrap(), put);
            assert_eq!(take_toml(&put).unwrap(), Some(text));
        }
        let put = put_toml(Some(own), &command()).unwrap();
        let behind = format!("{put}[mcp_servers.pulsedb.env]\nA = \"b\"\n\n# of the screen\n[tui]\nx = 1\n");
        assert_eq!(take_toml(&behind).unwrap(), Some(format!("{own}\n# of the screen\n[tui]\nx = 1\n")));
        let close = format!("{put}[tui]\nx = 1\n");
        assert_eq!(put_toml(Some(&close), &command()).unwrap(), close, "it is there");
        assert_eq!(take_toml(&close).unwrap(), Some(format!("{own}\n[tui]\nx = 1\n")));
        assert_eq!(take_toml(&put_toml(None, &command()).unwrap()).unwrap(), None);
        assert!(put_toml(Some("x = "), &command()).is_err());
        assert!(take_toml("mcp_servers = { pulsedb = { command = \"x\" } }").is_err());
    }

    #[test]
    fn lines_for_a_shell_keep_their_words_apart() {
        assert_eq!(command().line(&["hook", "stop"]), "pulsedb --db '/a b' hook stop");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
