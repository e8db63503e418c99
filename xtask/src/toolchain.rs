//! The toolchain's version against the root manifest's `rust-version`.

use std::fs;
use std::process::Command;

use crate::command::Failure;

/// Prints both versions and fails if the toolchain is the older one.
pub(crate) fn check() -> Result<(), Failure> {
    let wanted = wanted()?;
    let found = found()?;
    println!("rust-version {}.{}, toolchain {}.{}", wanted.0, wanted.1, found.0, found.1);
    if found < wanted {
        return Err(Failure::Unmet(format!(
            "the toolchain is older than {}.{}: run `rustup update stable`",
            wanted.0, wanted.1
        )));
    }
    Ok(())
}

fn wanted() -> Result<(u32, u32), Failure> {
    let manifest = fs::read_to_string("Cargo.toml")
        .map_err(|error| Failure::Unmet(format!("cannot read the root manifest: {error}")))?;
    let line = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \""));
    line.and_then(parse).ok_or_else(|| Failure::Unmet("the root manifest gives no `rust-version`".to_owned()))
}

fn found() -> Result<(u32, u32), Failure> {
    let output = Command::new("rustc")
        .arg("--version")
        .output()
        .map_err(|error| Failure::Start { line: "rustc --version".to_owned(), error })?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.strip_prefix("rustc ").and_then(parse);
    version.ok_or_else(|| Failure::Unmet(format!("`rustc --version` says {text:?}, which is no version")))
}

/// The first two numbers of `1.95.0 (..)` or `1.95"`.
fn parse(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn version_is_read_with_and_without_a_patch_number() {
        assert_eq!(parse("1.95.0 (59807616e 2026-04-14)"), Some((1, 95)));
        assert_eq!(parse("1.95\""), Some((1, 95)));
        assert_eq!(parse("nightly"), None);
    }
}
