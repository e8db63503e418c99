//! Changes of a JSON text that leave all other bytes of it as they are: a configuration is a person's.
//!
//! What is put into an empty list or object stands right behind its bracket; in one that is made a blank or a line end is
//! between. So what is taken out again leaves what was there before.

use std::ops::Range;

use anyhow::Context;
use serde_json::Value;

/// Where a list or an object is in a text that is known to be JSON.
#[derive(Debug, Clone)]
pub(crate) struct Container {
    /// Behind its opening bracket.
    inside: usize,
    children: Vec<Child>,
}

/// A member of an object, or an item of a list.
#[derive(Debug, Clone)]
struct Child {
    /// Its name with the quotation marks; empty in a list.
    name: Range<usize>,
    /// From the name to the end of the value.
    whole: Range<usize>,
    value: Range<usize>,
}

/// The text of a document, whose top is an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    text: String,
}

impl Document {
    /// # Errors
    /// If it is not JSON, or not an object.
    pub(crate) fn new(text: &str) -> anyhow::Result<Self> {
        let value: Value = serde_json::from_str(text)
            .context("it is not valid JSON (comments are not allowed); fix it, or add the entry by hand")?;
        anyhow::ensure!(value.is_object(), "it is not a JSON object");
        Ok(Self { text: text.to_owned() })
    }

    /// One on lines of its own, as `fill` fills it.
    ///
    /// # Errors
    /// Those of `fill`.
    pub(crate) fn made(fill: impl FnOnce(&mut Self) -> anyhow::Result<()>) -> anyhow::Result<Self> {
        const FIRST: &str = "";
        let mut document = Self { text: format!("{{\n  \"{FIRST}\": null\n}}") };
        fill(&mut document)?;
        document.take(&[], FIRST);
        Ok(document)
    }

    /// What it is now; nothing but blanks if all was taken out of a document that was made for it.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// The value at a path of names.
    pub(crate) fn get(&self, path: &[&str]) -> Option<Value> {
        serde_json::from_str(&self.text[self.find(path)?]).ok()
    }

    /// Puts a value under a name of the object at a path, in the place of an earlier one.
    pub(crate) fn put(&mut self, path: &[&str], name: &str, value: &str) {
        let Some(container) = self.container(path) else { return };
        if let Some(child) = container.child(&self.text, name) {
            let value = indented(value, &container.indentation(&self.text, path.len()));
            self.text.replace_range(child.value.clone(), &value);
            return;
        }
        self.push(path, &format!("{}: {value}", Value::from(name)));
    }

    /// Adds an item to the list at a path, or a member with its name to the object there.
    pub(crate) fn push(&mut self, path: &[&str], item: &str) {
        let Some(container) = self.container(path) else { return };
        let indentation = container.indentation(&self.text, path.len());
        let item = indented(item, &indentation);
        match container.children.last() {
            None => self.text.insert_str(container.inside, &item),
            Some(last) => self.text.insert_str(last.whole.end, &format!(",{indentation}{item}")),
        }
    }

    /// Takes out the member of that name from the object at a path; then the object itself if nothing is left of it, and
    /// it was made for that.
    pub(crate) fn take(&mut self, path: &[&str], name: &str) {
        let Some(container) = self.container(path) else { return };
        let Some(at) = container.position(&self.text, name) else { return };
        self.remove(path, &container, at);
    }

    /// Takes out those items of the list at a path of which this is true.
    pub(crate) fn take_items(&mut self, path: &[&str], is_to_go: impl Fn(&Value) -> bool) {
        let Some(container) = self.container(path) else { return };
        let goes = |child: &Child| {
            serde_json::from_str(&self.text[child.value.clone()]).is_ok_and(|value: Value| is_to_go(&value))
        };
        if let Some(at) = container.children.iter().position(goes) {
            self.remove(path, &container, at);
            self.take_items(path, is_to_go);
        }
    }

    fn remove(&mut self, path: &[&str], container: &Container, at: usize) {
        let children = &container.children;
        let whole = children[at].whole.clone();
        if children.len() == 1 && container.inside < whole.start {
            // It was made for this.
            match path.split_last() {
                Some((name, above)) => self.take(above, name),
                None => self.text = self.text[self.text.trim_end().len()..].to_owned(),
            }
            return;
        }
        let gone = match (at.checked_sub(1), children.get(at + 1)) {
            (Some(before), _) => children[before].whole.end..whole.end,
            (None, Some(after)) => whole.start..after.whole.start,
            (None, None) => whole,
        };
        self.text.replace_range(gone, "");
    }

    fn find(&self, path: &[&str]) -> Option<Range<usize>> {
        let (name, above) = path.split_last().map_or((None, path), |(name, above)| (Some(name), above));
        let Some(name) = name else { return Some(0..self.text.len()) };
        self.container(above)?.child(&self.text, name).map(|child| child.value.clone())
    }

    fn container(&self, path: &[&str]) -> Option<Container> {
        let value = self.find(path)?;
        Container::at(&self.text, value.start)
    }
}

impl Container {
    /// The list or object that begins behind some blanks.
    fn at(text: &str, at: usize) -> Option<Self> {
        let open = skip_blanks(text, at);
        let is_object = match text.as_bytes().get(open)? {
            b'{' => true,
            b'[' => false,
            _ => return None,
        };
        let mut children = Vec::new();
        let mut at = skip_blanks(text, open + 1);
        while !matches!(text.as_bytes().get(at)?, b'}' | b']') {
            let start = at;
            let mut name = at..at;
            if is_object {
                name.end = end_of_value(text, at)?;
                // Behind the colon.
                at = skip_blanks(text, skip_blanks(text, name.end) + 1);
            }
            let end = end_of_value(text, at)?;
            children.push(Child { name, whole: start..end, value: at..end });
            at = skip_blanks(text, end);
            if text.as_bytes().get(at) == Some(&b',') {
                at = skip_blanks(text, at + 1);
            }
        }
        Some(Self { inside: open + 1, children })
    }

    fn position(&self, text: &str, name: &str) -> Option<usize> {
        // Names may be written with escapes.
        let is_it = |child: &Child| {
            serde_json::from_str(&text[child.name.clone()]).is_ok_and(|written: String| written == name)
        };
        self.children.iter().position(is_it)
    }

    fn child(&self, text: &str, name: &str) -> Option<&Child> {
        self.children.get(self.position(text, name)?)
    }

    /// What stands before a child: a line end and blanks as before the last one, else those of this depth.
    fn indentation(&self, text: &str, depth: usize) -> String {
        let Some(last) = self.children.last() else { return format!("\n{}", "  ".repeat(depth + 1)) };
        let before = &text[..last.whole.start];
        let blanks = before.len() - before.trim_end_matches([' ', '\t', '\r', '\n']).len();
        before[before.len() - blanks..].to_owned()
    }
}

/// A value of several lines as it stands behind this indentation: on lines as deep, or all on one.
fn indented(value: &str, indentation: &str) -> String {
    let mut written = String::with_capacity(value.len());
    for (number, line) in value.lines().enumerate() {
        let words = line.trim_start_matches(' ');
        match (number, indentation.contains('\n')) {
            (0, _) => {}
            (_, false) => written.push(' '),
            (_, true) => {
                let spaces = &line[..line.len() - words.len()];
                let unit = if indentation.contains('\t') { "\t" } else { "  " };
                written.extend([indentation, &unit.repeat(spaces.len() / 2)]);
            }
        }
        written.push_str(words);
    }
    written
}

fn skip_blanks(text: &str, at: usize) -> usize {
    text.len() - text[at.min(text.len())..].trim_start_matches([' ', '\t', '\r', '\n']).len()
}

/// Where a value ends that begins here.
fn end_of_value(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, start);
    loop {
        match bytes.get(at)? {
            b'"' => {
                at += 1;
                while *bytes.get(at)? != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => depth -= 1,
            b'}' | b']' | b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
        let is_closed = matches!(bytes[at - 1], b'"' | b'}' | b']');
        if depth == 0 && (is_closed || at == bytes.len()) {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::new(text).unwrap()
    }

    #[test]
    fn member_is_put_in_and_taken_out_without_a_trace() {
        for text in [
            "{}",
            "{ }\n",
            "\n{\n}\n\n",
            "{\"a\":1}",
            "{\"a\":{}}",
            "{\"s\":{}}",
            "{\"s\": {  \"other\": [1, {\"x\": \"}]\\\"\"}]  } }",
            "{\n    \"a\": 1,\n    \"s\": {\n        \"other\": null\n    },\n    \"z\": -1.5e3\n}\n",
            "{\r\n\t\"s\": {\r\n\t\t\"other\": true\r\n\t}\r\n}",
        ] {
            let mut changed = document(text);
            if changed.get(&["s"]).is_none() {
                changed.put(&[], "s", "{\n  \"mine\": [\n    1\n  ]\n}");
            } else {
                changed.put(&["s"], "mine", "[\n  1\n]");
            }
            let value: Value = serde_json::from_str(&changed.text).unwrap();
            assert_eq!(value["s"]["mine"], serde_json::json!([1]), "{}", changed.text);
            let once = changed.clone();
            changed.put(&["s"], "mine", "[\n  1\n]");
            assert_eq!(serde_json::from_str::<Value>(&changed.text).unwrap(), value);
            changed = once;
            changed.take(&["s"], "mine");
            assert_eq!(changed.text, text);
        }
    }

    #[test]
    fn lines_are_indented_as_their_neighbours() {
        let mut four = document("{\n    \"s\": {\n        \"a\": 1\n    }\n}");
        four.put(&["s"], "b", "{\n  \"c\": 1\n}");
        assert_eq!(
            four.text,
            "{\n    \"s\": {\n        \"a\": 1,\n        \"b\": {\n          \"c\": 1\n        }\n    }\n}"
        );
        let mut line = document("{\"a\": 1, \"b\": 2}");
        line.put(&[], "c", "{\n  \"d\": 1\n}");
        assert_eq!(line.text, "{\"a\": 1, \"b\": 2, \"c\": { \"d\": 1 }}");
    }

    #[test]
    fn items_go_wherever_they_stand() {
        for (text, left) in
            [("[1, 2, 1, 3, 1]", "[2, 3]"), ("[1]", "[]"), ("[1, 1]", "[]"), ("[]", "[]"), ("[\n1\n]", "")]
        {
            let mut changed = document(&format!("{{\"a\": {text}}}"));
            changed.take_items(&["a"], |value| value == 1);
            let left = if left.is_empty() { "{}".to_owned() } else { format!("{{\"a\": {left}}}") };
            assert_eq!(changed.text, left);
        }
    }

    #[test]
    fn document_that_was_made_goes_with_what_is_in_it() {
        let fill = |document: &mut Document| {
            document.put(&[], "s", "{\n  \"mine\": 1\n}");
            Ok(())
        };
        let mut made = Document::made(fill).unwrap();
        assert_eq!(made.text, "{\n  \"s\": {\n    \"mine\": 1\n  }\n}");
        made.text.push('\n');
        made.take(&["s"], "mine");
        assert_eq!(made.text, "\n");
    }

    #[test]
    fn what_is_no_object_is_refused_and_other_kinds_stay() {
        for text in ["", "[1]", "{ // a comment\n}", "3"] {
            assert!(Document::new(text).is_err(), "{text}");
        }
        let mut changed = document("{\"s\": 3}");
        changed.put(&["s"], "mine", "1");
        changed.take(&["s"], "mine");
        assert_eq!(changed.text, "{\"s\": 3}");
        let mut escaped = document(r#"{"\u0073": {"m": 1, "n": 2}}"#);
        escaped.take(&["s"], "m");
        assert_eq!(escaped.text, r#"{"\u0073": {"n": 2}}"#);
    }
}
