//! Pictures and other data that a text carries in `data:` URLs: of each its kind is kept.

use std::borrow::Cow;

/// Base64 characters of a line that goes on with the data of the line before.
const WRAPPED_LINE_MIN: usize = 40;

/// The text with each `data:` URL cut to its kind, `data:image/png`. Its lines stay where they are. What is written
/// out in a URL of text is words, and stays.
pub(crate) fn without_data(text: &str) -> Cow<'_, str> {
    let mut cut = String::new();
    let mut copied = 0;
    for (at, _) in text.match_indices(':') {
        let is_scheme = at >= 4 && text.as_bytes()[at - 4..at].eq_ignore_ascii_case(b"data");
        if at < copied || !is_scheme {
            continue;
        }
        let Some((kind, data)) = kind(&text[at + 1..]) else { continue };
        let kind_end = at + 1 + kind;
        let data_end = at + 1 + data;
        cut.push_str(&text[copied..kind_end]);
        let lines = text[kind_end..data_end].bytes().filter(|byte| *byte == b'\n').count();
        cut.extend(std::iter::repeat_n('\n', lines));
        copied = data_end;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    cut.push_str(&text[copied..]);
    Cow::Owned(cut)
}

/// Where the kind ends and where the data ends in what follows `data:`.
fn kind(rest: &str) -> Option<(usize, usize)> {
    let is_head = |byte: u8| byte.is_ascii_alphanumeric() || b"/.+-;=_".contains(&byte);
    let comma = rest.bytes().position(|byte| !is_head(byte)).filter(|at| rest.as_bytes()[*at] == b',')?;
    let head = &rest[..comma];
    let kind = head.split(';').next().unwrap_or_default();
    let is_base64 = head.rsplit(';').next().is_some_and(|last| last.eq_ignore_ascii_case("base64"));
    let is_picture = ["image/", "audio/", "video/", "font/"].iter().any(|it| kind.starts_with(it));
    let data = &rest[comma + 1..];
    let length = match (is_base64, is_picture) {
        (true, _) => base64_length(data),
        (false, true) => {
            data.find(|it: char| it.is_whitespace() || "\"'`)>".contains(it)).unwrap_or(data.len())
        }
        (false, false) => return None,
    };
    Some((kind.len(), comma + 1 + length))
}

/// The length of the data, which may go on in lines of nothing else.
fn base64_length(data: &str) -> usize {
    let mut length = run(data);
    loop {
        let Some(next) = data[length..].strip_prefix('\n') else { return length };
        let indent = next.len() - next.trim_start_matches([' ', '\t']).len();
        let line = run(&next[indent..]);
        let ends_line = next[indent + line..].is_empty() || next[indent + line..].starts_with('\n');
        let is_data = line >= WRAPPED_LINE_MIN || next[indent..indent + line].ends_with('=');
        if line == 0 || !ends_line || !is_data {
            return length;
        }
        length += 1 + indent + line;
    }
}

fn run(text: &str) -> usize {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-%".contains(&byte);
    text.bytes().position(|byte| !is_base64(byte)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_cut_to_its_kind_and_words_stay() {
        let cases = [
            ("![a](data:image/png;base64,iVBORw0KGgo=) b", "![a](data:image/png) b"),
            (
                "<img src=\"DATA:image/svg+xml;charset=utf-8;base64,PHN2Zz4=\">",
                "<img src=\"DATA:image/svg+xml\">",
            ),
            ("url(data:image/svg+xml,%3Csvg%3E) x", "url(data:image/svg+xml) x"),
            ("[p]: data:;base64,QUJD\nnext", "[p]: data:\nnext"),
            ("data: words, and data:text/plain,hello", "data: words, and data:text/plain,hello"),
            ("metadata: a;base64,b", "metadata: a;base64,b"),
            ("data:image/png;base64", "data:image/png;base64"),
            ("data:", "data:"),
        ];
        for (text, expected) in cases {
            assert_eq!(without_data(text), expected);
        }
    }

    #[test]
    fn data_over_several_lines_goes_and_the_lines_stay() {
        let line = "QUJD".repeat(19);
        let text = format!("a\n![](data:image/png;base64,\n{line}\n{line}\nQUI=\n)\nHello\n");
        assert_eq!(without_data(&text), "a\n![](data:image/png\n\n\n\n)\nHello\n");
        let unwrapped = "data:image/png;base64,QUJD\nHello\n";
        assert_eq!(without_data(unwrapped), "data:image/png\nHello\n");
    }
}
