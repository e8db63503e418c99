//! The arguments as they are handed to the parser: words of a text that begin with a hyphen stay words.

use std::collections::HashSet;
use std::ffi::OsString;

use clap::{Arg, Command};

/// Commands whose words are a text.
const TEXT_COMMANDS: &[&str] = &["record", "search", "update"];
/// The command whose failure would stop an agent.
const HOOK_COMMAND: &str = "hook";
/// Ends the options: what follows are words.
const END_OF_OPTIONS: &str = "--";

/// The arguments with what is plainly text behind a `--`, which is added where it is missing: `record "- item"`,
/// `search "-rf"`, `search -5`. What may be an option that does not exist is left where it is, to be refused.
pub(crate) fn with_words_last(
    command: &Command,
    arguments: impl IntoIterator<Item = OsString>,
) -> Vec<OsString> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let Some((at, subcommand)) = text_command(command, &arguments) else { return arguments };
    let options = Options::of(subcommand).joined(Options::of(command));
    let (mut front, mut words, mut has_text) = (arguments[..=at].to_vec(), Vec::new(), false);
    let mut rest = arguments[at + 1..].iter();
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy();
        if text == END_OF_OPTIONS {
            words.extend(rest.by_ref().cloned());
        } else if !text.starts_with('-') || text == "-" {
            words.push(argument.clone());
        } else if options.knows(&text) {
            front.push(argument.clone());
            if options.takes_next(&text) {
                front.extend(rest.next().cloned());
            }
        } else if options.is_like_one(&text) {
            return arguments;
        } else {
            has_text = true;
            words.push(argument.clone());
        }
    }
    if !has_text {
        return arguments;
    }
    front.push(END_OF_OPTIONS.into());
    front.extend(words);
    front
}

/// Whether the arguments call the command of hooks, whatever follows.
pub(crate) fn names_hook(command: &Command, arguments: &[OsString]) -> bool {
    command_word(command, arguments).is_some_and(|(_, word)| word == HOOK_COMMAND)
}

/// The command of a text, and where it is named.
fn text_command<'a>(command: &'a Command, arguments: &[OsString]) -> Option<(usize, &'a Command)> {
    let (at, word) = command_word(command, arguments)?;
    let is_of_text = TEXT_COMMANDS.contains(&word.as_str());
    is_of_text.then(|| command.find_subcommand(&word)).flatten().map(|it| (at, it))
}

/// The first word that is neither an option nor the value of one, and where it stands.
fn command_word(command: &Command, arguments: &[OsString]) -> Option<(usize, String)> {
    let options = Options::of(command);
    let mut at = 1;
    while let Some(argument) = arguments.get(at) {
        let text = argument.to_string_lossy();
        if !text.starts_with('-') {
            return Some((at, text.into_owned()));
        }
        at += if options.takes_next(&text) { 2 } else { 1 };
    }
    None
}

/// The options of a command.
struct Options {
    long: HashSet<String>,
    short: HashSet<char>,
    long_with_value: HashSet<String>,
    short_with_value: HashSet<char>,
}

impl Options {
    fn of(command: &Command) -> Self {
        let takes_value = |argument: &&Arg| argument.get_action().takes_values();
        let options = || command.get_arguments();
        Self {
            long: options().filter_map(Arg::get_long).chain(["help", "version"]).map(str::to_owned).collect(),
            short: options().filter_map(Arg::get_short).chain(['h', 'V']).collect(),
            long_with_value: options()
                .filter(takes_value)
                .filter_map(Arg::get_long)
                .map(str::to_owned)
                .collect(),
            short_with_value: options().filter(takes_value).filter_map(Arg::get_short).collect(),
        }
    }

    fn joined(mut self, other: Self) -> Self {
        self.long.extend(other.long);
        self.short.extend(other.short);
        self.long_with_value.extend(other.long_with_value);
        self.short_with_value.extend(other.short_with_value);
        self
    }

    fn knows(&self, argument: &str) -> bool {
        match (argument.strip_prefix("--"), argument.strip_prefix('-')) {
            (Some(long), _) => self.long.contains(long.split('=').next().unwrap_or_default()),
            (None, Some(short)) => short.chars().next().is_some_and(|first| self.short.contains(&first)),
            (None, None) => false,
        }
    }

    /// Whether the value of an option is the next argument.
    fn takes_next(&self, argument: &str) -> bool {
        match (argument.strip_prefix("--"), argument.strip_prefix('-')) {
            (Some(long), _) => self.long_with_value.contains(long),
            (None, Some(short)) => {
                let mut letters = short.chars();
                letters.next().is_some_and(|first| self.short_with_value.contains(&first))
                    && letters.next().is_none()
            }
            (None, None) => false,
        }
    }

    /// Whether an argument that is not an option may be meant as one: `--limti`, `--limti=5`, `-n`, `-n5`, `-limit`.
    fn is_like_one(&self, argument: &str) -> bool {
        let name = argument.trim_start_matches('-').split('=').next().unwrap_or_default();
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '-' || it == '_');
        let letters = name.trim_end_matches(|digit: char| digit.is_ascii_digit());
        is_name && (argument.starts_with("--") || letters.len() == 1 || self.long.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Cli;

    fn arranged(line: &[&str]) -> Vec<String> {
        let arguments = ["pulsedb"].iter().chain(line).map(OsString::from);
        let arranged = with_words_last(&Cli::command(), arguments);
        arranged.into_iter().skip(1).map(|argument| argument.into_string().unwrap()).collect()
    }

    #[test]
    fn words_that_begin_with_a_hyphen_go_behind_the_options() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["record", "- item"], &["record", "--", "- item"]),
            (&["record", "- item", "--tag", "a=b"], &["record", "--tag", "a=b", "--", "- item"]),
            (&["search", "-rf", "-k", "2", "what"], &["search", "-k", "2", "--", "-rf", "what"]),
            (&["-c", "notes", "search", "-5"], &["-c", "notes", "search", "--", "-5"]),
            (&["search", "-k2", "--- cut ---"], &["search", "-k2", "--", "--- cut ---"]),
            (&["search", "--force is what"], &["search", "--", "--force is what"]),
            (&["record", "-rf", "--", "--tag"], &["record", "--", "-rf", "--tag"]),
            (&["record", "-\u{e9}"], &["record", "--", "-\u{e9}"]),
        ];
        for (line, expected) in cases {
            assert_eq!(arranged(line), *expected, "{line:?}");
        }
    }

    #[test]
    fn options_and_what_may_be_one_stay_where_they_are() {
        let cases: &[&[&str]] = &[
            &["search", "water", "--limti", "5"],
            &["search", "water", "-n", "5"],
            &["search", "water", "-n5"],
            &["search", "water", "-since", "2d"],
            &["record", "- item", "--tga", "a=b"],
            &["record", "x", "--tag", "a=b", "--json"],
            &["record", "-"],
            &["search", "--", "-rf"],
            &["import", "-rf"],
            &["search", "-k"],
            &["--help"],
            &[],
        ];
        for line in cases {
            assert_eq!(arranged(line), *line, "{line:?}");
        }
    }
}
