//! Front matter: lines of a key and a JSON value between two lines `---`, then a text.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

const FENCE: &str = "---";

/// What is wrong with a file, and in which line; 0 for the file as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) line: usize,
    pub(crate) reason: String,
}

impl Fault {
    pub(crate) fn new(line: usize, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into() }
    }
}

/// A file that is being written.
pub(crate) struct FrontWriter {
    text: String,
}

impl FrontWriter {
    pub(crate) fn new() -> Self {
        Self { text: format!("{FENCE}\n") }
    }

    pub(crate) fn field(&mut self, key: &str, value: &impl Serialize) -> &mut Self {
        let value = serde_json::to_string(value).expect("texts, numbers and lists are always JSON");
        self.text.extend([key, ": ", &value, "\n"]);
        self
    }

    /// Writes a value that is there.
    pub(crate) fn optional(&mut self, key: &str, value: Option<&impl Serialize>) -> &mut Self {
        match value {
            Some(value) => self.field(key, value),
            None => self,
        }
    }

    /// Ends with the text, and a line break so that it ends a line in any case.
    pub(crate) fn finish(&mut self, content: &str) -> String {
        self.text.extend([FENCE, "\n", content, "\n"]);
        std::mem::take(&mut self.text)
    }
}

/// A file that is being read; each field is taken once.
#[derive(Debug)]
pub(crate) struct Front<'t> {
    fields: BTreeMap<&'t str, (usize, &'t str)>,
    content: &'t str,
}

impl<'t> Front<'t> {
    pub(crate) fn parse(bytes: &'t [u8]) -> Result<Self, Fault> {
        let text = std::str::from_utf8(bytes).map_err(|_| Fault::new(0, "it is not UTF-8"))?;
        let mut rest =
            text.strip_prefix("---\n").ok_or_else(|| Fault::new(1, "it does not begin with a line `---`"))?;
        let mut fields = BTreeMap::new();
        for line in 2.. {
            let Some((field, after)) = rest.split_once('\n') else {
                return Err(Fault::new(line, "the front matter has no end: a line `---` is missing"));
            };
            rest = after;
            if field == FENCE {
                break;
            }
            let (key, value) = field
                .split_once(": ")
                .ok_or_else(|| Fault::new(line, "it is not a key, a colon, a blank and a value"))?;
            if fields.insert(key, (line, value)).is_some() {
                return Err(Fault::new(line, format!("`{key}` is there twice")));
            }
        }
        let content = rest.strip_suffix('\n');
        let content = content.ok_or_else(|| Fault::new(0, "it does not end with a line break"))?;
        Ok(Self { fields, content })
    }

    /// A field that must be there.
    pub(crate) fn take<T: DeserializeOwned>(&mut self, key: &str) -> Result<T, Fault> {
        self.take_optional(key)?.ok_or_else(|| Fault::new(0, format!("`{key}` is missing")))
    }

    /// A field that may be left out.
    pub(crate) fn take_optional<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, Fault> {
        let Some((line, value)) = self.fields.remove(key) else { return Ok(None) };
        let read = serde_json::from_str(value);
        read.map(Some).map_err(|error| Fault::new(line, format!("`{key}` cannot be read: {error}")))
    }

    /// The text after the front matter; a field that nobody took is refused, so that nothing is lost.
    pub(crate) fn finish(self) -> Result<&'t str, Fault> {
        match self.fields.first_key_value() {
            Some((key, (line, _))) => Err(Fault::new(*line, format!("`{key}` means nothing here"))),
            None => Ok(self.content),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_any_text_come_back() {
        for content in ["", "x", "---\n", "\n\n", "a: b\n---\nc", "\r\n"] {
            let text =
                FrontWriter::new().field("a", &"x\n---\ny").optional("b", None::<&u32>).finish(content);
            let mut front = Front::parse(text.as_bytes()).unwrap();
            assert_eq!(front.take::<String>("a").unwrap(), "x\n---\ny");
            assert_eq!(front.take_optional::<u32>("b").unwrap(), None);
            assert_eq!(front.finish().unwrap(), content);
        }
    }

    #[test]
    fn faults_name_the_line() {
        let line_of = |text: &str| Front::parse(text.as_bytes()).unwrap_err().line;
        assert_eq!(line_of(""), 1);
        assert_eq!(line_of("---\na: 1\n"), 3);
        assert_eq!(line_of("---\na 1\n---\n\n"), 2);
        assert_eq!(line_of("---\na: 1\na: 2\n---\n\n"), 3);
        assert_eq!(line_of("---\na: 1\n---\nno end"), 0);
        assert_eq!(Front::parse(&[b'-', 0xff]).unwrap_err().line, 0);
        let mut front = Front::parse(b"---\na: {\nb: 1\n---\n\n").unwrap();
        assert_eq!(front.take::<u32>("a").unwrap_err().line, 2);
        assert_eq!(front.take::<u32>("c").unwrap_err().line, 0);
        assert_eq!(front.finish().unwrap_err().line, 3);
    }
}
