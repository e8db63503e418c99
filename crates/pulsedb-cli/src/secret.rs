//! Passwords in what is printed: addresses of servers are given as arguments, and must not be repeated whole.

/// What stands for an address, or for a password.
const HIDDEN: &str = "***";

/// The text, without the rest of each line that names a server or a password: a password may hold blanks, quotes and signs, so
/// that nothing tells where it ends.
pub(crate) fn hidden(text: &str) -> String {
    text.split_inclusive('\n').map(hidden_line).collect()
}

fn hidden_line(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    let after = |mark: &str| lower.find(mark).map(|at| at + mark.len());
    let begins = [after("postgres://"), after("postgresql://"), after("password"), after("passfile")];
    let Some(begin) = begins.into_iter().flatten().min() else { return line.to_owned() };
    let end = if line.ends_with('\n') { "\n" } else { "" };
    format!("{}{HIDDEN}{end}", &line[..begin])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_and_other_words_stay() {
        let cases = [
            ("unexpected argument 'postgres://u:p@ss@host/db' found", "unexpected argument 'postgres://***"),
            ("host=a password=secret user=b", "host=a password***"),
            ("'host=a password='s3 cret''\nUsage: x", "'host=a password***\nUsage: x"),
            ("'PostgreSQL://ada@h/db?password=x' found", "'PostgreSQL://***"),
            ("host=a Password = x", "host=a Password***"),
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
