//! Passwords in what is printed: addresses of servers are given as arguments, and must not be repeated whole.

/// What stands for a password, and for the user that it belongs to.
const HIDDEN: &str = "***";

/// The text with the user and the password of each address hidden, and the value of each `password=`.
pub(crate) fn hidden(text: &str) -> String {
    let is_end = |character: char| character.is_whitespace() || matches!(character, '\'' | '"' | '`');
    text.split_inclusive(is_end).map(hidden_word).collect()
}

fn hidden_word(word: &str) -> String {
    if let Some((scheme, rest)) = word.split_once("://")
        && let Some((_, place)) = rest.rsplit_once('@')
    {
        return format!("{scheme}://{HIDDEN}@{place}");
    }
    match word.split_once("password=") {
        Some((before, value)) => {
            let end: String =
                value.chars().last().filter(|last| !last.is_alphanumeric()).into_iter().collect();
            format!("{before}password={HIDDEN}{end}")
        }
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_and_other_words_stay() {
        let cases = [
            (
                "unexpected argument 'postgres://u:p@ss@host/db' found",
                "unexpected argument 'postgres://***@host/db' found",
            ),
            ("host=a password=secret user=b", "host=a password=*** user=b"),
            ("'host=a password=secret'", "'host=a password=***'"),
            (
                "see https://docs.rs/pulsedb and me@example.org",
                "see https://docs.rs/pulsedb and me@example.org",
            ),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(hidden(text), expected);
        }
    }
}
