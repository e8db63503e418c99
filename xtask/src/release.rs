//! What a release needs of the repository: one version, an order of publishing, and the words of the changelog.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::command::{Failure, cargo};

const CHANGELOG: &str = "CHANGELOG.md";
const USAGE: &str = "usage: release check TAG | notes TAG | publish TAG [--from CRATE]";

/// Crates that are released together with one version.
#[derive(Debug)]
struct Family {
    /// How its tags begin; the version follows.
    tag: &'static str,
    /// Its heading in the changelog.
    heading: &'static str,
    /// Its crates in the order of publishing: each after all that it depends on. Those that are not written yet have
    /// their places too.
    crates: &'static [&'static str],
}

const FAMILIES: &[Family] = &[
    Family {
        tag: "embeddenator-v",
        heading: "## Embeddenator",
        crates: &[
            "embeddenator-io",
            "embeddenator-obs",
            "embeddenator-vsa",
            "embeddenator-retrieval",
            "embeddenator-fs",
            "embeddenator-interop",
            "embeddenator-cli",
            "embeddenator",
        ],
    },
    Family {
        tag: "pulsedb-v",
        heading: "## PulseDB",
        crates: &[
            "pulsedb-model",
            "pulsedb",
            "pulsedb-postgres",
            "pulsedb-mcp",
            "pulsedb-engram",
            "pulsedb-cli",
        ],
    },
];

/// A crate of the workspace that may be published.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Package {
    name: String,
    version: String,
    /// The crates of the workspace that it cannot be published before.
    needs: Vec<String>,
}

/// Checks a tag, prints its notes, or publishes its crates.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["check", tag] => {
            let (family, version, packages) = of_tag(tag)?;
            let notes = notes(&changelog()?, family, version)?;
            let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
            println!("{tag}: {}; {} lines of notes", names.join(", "), notes.lines().count());
            Ok(())
        }
        ["notes", tag] => {
            let (family, version) = split(tag)?;
            println!("{}", notes(&changelog()?, family, version)?);
            Ok(())
        }
        ["publish", tag] => publish(&of_tag(tag)?.2, None),
        ["publish", tag, "--from", first] => publish(&of_tag(tag)?.2, Some(first)),
        _ => Err(Failure::Unmet(USAGE.to_owned())),
    }
}

/// The family of a tag, its version, and its crates in order, which all have that version.
fn of_tag(tag: &str) -> Result<(&'static Family, &str, Vec<Package>), Failure> {
    let (family, version) = split(tag)?;
    let packages = in_order(family, &workspace()?)?;
    let others: Vec<String> = packages
        .iter()
        .filter(|package| package.version != version)
        .map(|package| format!("{} {}", package.name, package.version))
        .collect();
    if others.is_empty() {
        return Ok((family, version, packages));
    }
    Err(Failure::Unmet(format!(
        "the tag {tag} is not the version of {}: set it, then tag again",
        others.join(", ")
    )))
}

fn split(tag: &str) -> Result<(&'static Family, &str), Failure> {
    let found = FAMILIES.iter().find_map(|family| Some((family, tag.strip_prefix(family.tag)?)));
    found.ok_or_else(|| {
        let tags: Vec<&str> = FAMILIES.iter().map(|family| family.tag).collect();
        Failure::Unmet(format!("the tag {tag} begins with none of {}", tags.join(", ")))
    })
}

/// The crates of the workspace that may be published.
fn workspace() -> Result<Vec<Package>, Failure> {
    let line = "cargo metadata --no-deps --format-version 1";
    let output = Command::new("cargo")
        .args(line.split(' ').skip(1))
        .output()
        .map_err(|error| Failure::Start { line: line.to_owned(), error })?;
    if !output.status.success() {
        return Err(Failure::Unmet(format!("`{line}`: {}", String::from_utf8_lossy(&output.stderr))));
    }
    let metadata = serde_json::from_slice(&output.stdout)
        .map_err(|error| Failure::Unmet(format!("`{line}` gave no JSON: {error}")))?;
    parse_packages(&metadata)
        .ok_or_else(|| Failure::Unmet(format!("`{line}` lists packages in another form")))
}

fn parse_packages(metadata: &Value) -> Option<Vec<Package>> {
    let mut packages = Vec::new();
    for package in metadata["packages"].as_array()? {
        // `publish` is null for every registry, and an empty list for none.
        if package["publish"].as_array().is_some_and(Vec::is_empty) {
            continue;
        }
        let dependencies = package["dependencies"].as_array()?;
        // Dependencies of tests without a version are left out of a package.
        let needed = dependencies.iter().filter(|one| one["path"].is_string() && one["req"] != "*");
        packages.push(Package {
            name: package["name"].as_str()?.to_owned(),
            version: package["version"].as_str()?.to_owned(),
            needs: needed.map(|one| Some(one["name"].as_str()?.to_owned())).collect::<Option<_>>()?,
        });
    }
    Some(packages)
}

/// The crates of a family that exist, in its order, which must put each after all that it needs.
fn in_order(family: &Family, workspace: &[Package]) -> Result<Vec<Package>, Failure> {
    let find = |name: &&str| workspace.iter().find(|package| package.name == *name).cloned();
    let packages: Vec<Package> = family.crates.iter().filter_map(find).collect();
    for (at, package) in packages.iter().enumerate() {
        let is_late = |need: &&String| packages[at..].iter().any(|later| later.name == **need);
        if let Some(need) = package.needs.iter().find(is_late) {
            return Err(Failure::Unmet(format!(
                "{} needs {need}, which comes after it: change the order in xtask/src/release.rs and docs/release.md",
                package.name
            )));
        }
    }
    Ok(packages)
}

fn changelog() -> Result<String, Failure> {
    fs::read_to_string(CHANGELOG)
        .map_err(|error| Failure::Unmet(format!("cannot read {}: {error}", Path::new(CHANGELOG).display())))
}

/// The lines below a version's heading in the changelog.
fn notes(changelog: &str, family: &Family, version: &str) -> Result<String, Failure> {
    let own = changelog.lines().skip_while(|line| *line != family.heading).skip(1);
    let mut own = own.take_while(|line| !line.starts_with("## "));
    let heading = format!("### [{version}] - ");
    if !own.by_ref().any(|line| line.starts_with(&heading)) {
        return Err(Failure::Unmet(format!(
            "{CHANGELOG} has no section `{heading}YYYY-MM-DD` under `{}`: rename its `[Unreleased]`",
            family.heading
        )));
    }
    let lines: Vec<&str> = own.take_while(|line| !line.starts_with("### ")).collect();
    let text = lines.join("\n").trim().to_owned();
    if text.is_empty() {
        return Err(Failure::Unmet(format!(
            "{CHANGELOG} says nothing of {version}: write what changes for its users"
        )));
    }
    Ok(text)
}

/// Publishes the crates one after the other, from `first` on; cargo waits until the registry serves each.
fn publish(packages: &[Package], first: Option<&str>) -> Result<(), Failure> {
    let skipped = match first {
        None => 0,
        Some(first) => packages
            .iter()
            .position(|package| package.name == first)
            .ok_or_else(|| Failure::Unmet(format!("`--from {first}` names no crate of the release")))?,
    };
    for package in &packages[skipped..] {
        cargo(&["publish", "--locked", "--package", &package.name], &[]).map_err(|failure| {
            Failure::Unmet(format!(
                "{failure}\nwhat was published before stays; mend the cause, then go on with `--from {}`",
                package.name
            ))
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{FAMILIES, Family, Package, in_order, notes, parse_packages, split, workspace};

    const CHANGELOG: &str = "# Changelog\n\n## PulseDB\n\n### [Unreleased]\n\n### [0.2.0] - 2026-12-01\n\n- Two.\n\n\
                             ### [0.1.0] - 2026-11-01\n\n- One.\n\n## Embeddenator\n\n### [0.3.0] - 2026-12-01\n\n";

    fn family(tag: &str) -> &'static Family {
        split(tag).expect("the family is known").0
    }

    fn package(name: &str, needs: &[&str]) -> Package {
        let needs = needs.iter().map(|need| (*need).to_owned()).collect();
        Package { name: name.to_owned(), version: "0.1.0".to_owned(), needs }
    }

    #[test]
    fn tag_names_its_family_and_version() {
        let (family, version) = split("pulsedb-v0.2.0").expect("the family is known");
        assert_eq!((family.heading, version), ("## PulseDB", "0.2.0"));
        assert_eq!(split("embeddenator-v1.0.0-rc.1").expect("the family is known").1, "1.0.0-rc.1");
        let message = split("v0.2.0").expect_err("no family").to_string();
        assert!(message.contains("v0.2.0") && message.contains("pulsedb-v"), "{message}");
    }

    #[test]
    fn notes_are_the_section_of_the_version_in_its_family() {
        let pulsedb = family("pulsedb-v");
        assert_eq!(notes(CHANGELOG, pulsedb, "0.2.0").expect("it has a section"), "- Two.");
        assert_eq!(notes(CHANGELOG, pulsedb, "0.1.0").expect("it has a section"), "- One.");
        // The section of the other family is not taken, nor one that says nothing.
        let missing = notes(CHANGELOG, pulsedb, "0.3.0").expect_err("no section").to_string();
        assert!(missing.contains("[0.3.0]") && missing.contains("rename"), "{missing}");
        assert!(notes(CHANGELOG, family("embeddenator-v"), "0.3.0").is_err());
    }

    #[test]
    fn order_that_publishes_a_crate_before_what_it_needs_is_refused() {
        let pulsedb = family("pulsedb-v");
        let sound =
            [package("pulsedb", &["pulsedb-model"]), package("pulsedb-model", &[]), package("tidy", &[])];
        let names: Vec<String> =
            in_order(pulsedb, &sound).expect("the order holds").into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["pulsedb-model", "pulsedb"]);
        let unsound = [package("pulsedb-model", &["pulsedb"]), package("pulsedb", &[])];
        let message = in_order(pulsedb, &unsound).expect_err("the order does not hold").to_string();
        assert!(message.contains("pulsedb-model needs pulsedb"), "{message}");
    }

    #[test]
    fn crates_that_are_never_published_and_needs_of_tests_alone_are_left_out() {
        let metadata = json!({"packages": [
            {"name": "a", "version": "0.1.0", "publish": null, "dependencies": [
                {"name": "b", "path": "/b", "req": "^0.1.0"},
                {"name": "c", "path": "/c", "req": "*"},
                {"name": "serde", "req": "^1"},
            ]},
            {"name": "b", "version": "0.1.0", "publish": [], "dependencies": []},
        ]});
        assert_eq!(parse_packages(&metadata), Some(vec![package("a", &["b"])]));
        assert_eq!(parse_packages(&json!({})), None);
    }

    #[test]
    fn every_crate_that_may_be_published_has_its_place_and_its_order_holds() {
        let workspace = workspace().expect("the workspace can be read");
        for package in &workspace {
            let placed = FAMILIES.iter().any(|family| family.crates.contains(&package.name.as_str()));
            assert!(placed, "{} has no place in the order of publishing", package.name);
        }
        for family in FAMILIES {
            let packages = in_order(family, &workspace).expect("the order holds");
            let versions: Vec<&String> = packages.iter().map(|package| &package.version).collect();
            assert!(
                versions.windows(2).all(|pair| pair[0] == pair[1]),
                "{}* has one version: {packages:?}",
                family.tag
            );
        }
    }
}
