//! `ls`: the entries of a snapshot, one a line.

use std::io::Write;

use embeddenator_fs::{Entry, Node};

use crate::args::LsArgs;
use crate::exit::Exit;
use crate::plan::{self, Patterns};
use crate::render::{Out, entry_json, printable, short_time, shown};

pub(crate) fn run(args: &LsArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let patterns = Patterns::new(&args.find)?;
    let paths = plan::paths(&args.paths)?;
    let engram = plan::open(&args.tree.engram)?;
    let tree = engram.tree(plan::snapshot(&engram, args.tree.at.as_deref())?)?;
    for path in &paths {
        tree.entry(path)?;
    }
    for entry in tree.entries() {
        let entry = entry?;
        let is_asked = paths.is_empty() || paths.iter().any(|path| entry.path.is_within(path));
        let is_root = entry.path.is_root();
        if !is_asked || is_root || !(patterns.is_empty() || patterns.is_match(&entry.path)) {
            continue;
        }
        if args.json {
            out.json_line(&entry_json(&entry))?;
        } else if args.long {
            writeln!(out, "{}", long(&entry))?;
        } else {
            writeln!(out, "{}", shown(&entry.path))?;
        }
    }
    Ok(Exit::Ok)
}

fn long(entry: &Entry) -> String {
    let (letter, target) = match &entry.node {
        Node::File(_) => ('-', None),
        Node::Directory => ('d', None),
        Node::Symlink(target) => ('l', Some(target)),
        Node::BlockDevice(_) => ('b', None),
        Node::CharacterDevice(_) => ('c', None),
        Node::Fifo => ('p', None),
        Node::Socket => ('s', None),
    };
    let metadata = &entry.metadata;
    let target = target.map(|target| format!(" -> {}", printable(&String::from_utf8_lossy(target))));
    format!(
        "{letter} {:04o} {:>5} {:>5} {:>12} {} {}{}",
        metadata.mode,
        metadata.uid,
        metadata.gid,
        entry.size(),
        short_time(metadata.mtime),
        shown(&entry.path),
        target.unwrap_or_default()
    )
}
