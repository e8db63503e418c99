//! The steps of an extraction.

use std::collections::HashSet;
use std::path::Path;

use crate::error::{Error, Result};
use crate::extract::files::{Files, Making, Outcome, failed_at, make};
use crate::extract::plan::{Plan, plan};
use crate::path::EngramPath;
use crate::platform::target::Target;
use crate::progress::{Phase, Progress, Warning};
use crate::store::open::Finding;
use crate::store::read::Store;
use crate::tree::Tree;
use crate::workers::{Spread, in_order, threads};

/// Who owns what is extracted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Owners {
    /// The owners of the engram if this process may give files away, as root may; else the current user.
    #[default]
    IfPossible,
    /// The user who runs it.
    Ignore,
}

/// How a tree is brought out.
#[derive(Debug, Clone, Default)]
pub struct ExtractOptions {
    /// What to bring out; empty for everything. Directories that lead there are made too.
    pub paths: Vec<EngramPath>,
    /// Threads; 0 for as many as the machine runs at once.
    pub threads: usize,
    /// Replaces files that are in the way; without it they are an error. Directories are used as they are.
    pub overwrite: bool,
    /// Who owns what is made.
    pub owners: Owners,
    /// Brings out all that is not damaged instead of stopping at the first damage.
    pub keep_going: bool,
}

/// What was brought out.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ExtractReport {
    /// Entries that were made.
    pub entries: u64,
    /// Bytes that were written.
    pub bytes: u64,
    /// Metadata that could not be set, and special files that could not be made.
    pub warnings: Vec<Warning>,
    /// Files that are not there because of damage.
    pub missing: Vec<EngramPath>,
    /// The damage.
    pub findings: Vec<Finding>,
}

/// Brings a tree out to the directory `place`, which is made if it is missing.
pub(crate) fn extract(
    store: &Store,
    tree: &Tree<'_>,
    place: &Path,
    options: &ExtractOptions,
    progress: &dyn Progress,
) -> Result<ExtractReport> {
    for path in &options.paths {
        tree.entry(path)?;
    }
    let plan = plan(store, tree, &options.paths)?;
    std::fs::create_dir_all(place).map_err(|error| Error::of_system("create", place, error))?;
    let target = Target::open(place).map_err(|error| Error::of_system("open", place, error))?;
    let making = Making {
        overwrite: options.overwrite,
        owners: options.owners == Owners::IfPossible && Target::may_give_away(),
        keep_going: options.keep_going,
    };
    progress.begin(Phase::Extract, plan.bytes);
    let mut walker = target.walker();
    for (path, _) in plan.directories.iter().filter(|(path, _)| !path.is_root()) {
        let made = make(making, path, &mut walker, |walker| walker.make_directory(path));
        made.map_err(|error| failed_at(place, "create", path, error))?;
    }
    let files = Files::new(store, (&target, place), &plan, making, progress);
    files.prepare()?;
    let threads = threads(options.threads);
    let spread = Spread { threads, ahead: threads * 4 };
    let run = |worker: &mut _, task| files.run(worker, task);
    in_order(spread, files.count(), || Ok(files.worker()), run, |_, ()| Ok(()))?;
    let mut outcome = std::mem::take(&mut *files.outcome());
    make_rest(&plan, &target, place, making, &mut outcome)?;
    let made = plan.directories.len() + plan.files.len() + plan.nodes.len() + plan.links.len();
    outcome.missing.sort();
    outcome.warnings.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(ExtractReport {
        entries: made as u64 - outcome.missing.len() as u64,
        bytes: plan.bytes,
        warnings: outcome.warnings,
        missing: outcome.missing,
        findings: outcome.findings,
    })
}

/// Makes links and special files, then gives directories their metadata, the deepest first.
fn make_rest(
    plan: &Plan,
    target: &Target,
    place: &Path,
    making: Making,
    outcome: &mut Outcome,
) -> Result<()> {
    let mut walker = target.walker();
    let mut not_made: HashSet<EngramPath> = outcome.missing.iter().cloned().collect();
    for entry in &plan.nodes {
        let made =
            make(making, &entry.path, &mut walker, |walker| walker.make_node(&entry.path, &entry.node));
        match made {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(failed_at(place, "create", &entry.path, error));
            }
            // A device needs rights, and not every file system has every kind of file.
            Err(error) => {
                let message = format!("cannot make a {}: {error}", entry.node.kind());
                outcome.warnings.push(Warning { path: entry.path.to_string(), message });
                outcome.missing.push(entry.path.clone());
                not_made.insert(entry.path.clone());
                continue;
            }
        }
        let dressed = walker.dress_node(&entry.path, &entry.node, &entry.metadata, making.owners);
        let refusals =
            dressed.map_err(|error| failed_at(place, "set the metadata of", &entry.path, error))?;
        outcome.warnings.extend(refusals.into_iter().map(|refusal| refused(&entry.path, &refusal)));
    }
    for (first, path) in &plan.links {
        if not_made.contains(first) {
            outcome.missing.push(path.clone());
            continue;
        }
        let made = make(making, path, &mut walker, |walker| walker.link(first, path));
        made.map_err(|error| failed_at(place, "link", path, error))?;
    }
    for (path, metadata) in plan.directories.iter().rev() {
        let dressed = walker.dress_directory(path, metadata, making.owners);
        let refusals = dressed.map_err(|error| failed_at(place, "set the metadata of", path, error))?;
        outcome.warnings.extend(refusals.into_iter().map(|refusal| refused(path, &refusal)));
    }
    Ok(())
}

fn refused(path: &EngramPath, refusal: &crate::platform::found::Refusal) -> Warning {
    let message = format!("cannot set {}: {}", refusal.what, refusal.source);
    Warning { path: path.to_string(), message }
}
