//! The directories and files of a mount, by number.

use std::collections::{BTreeMap, HashMap};

use pulsedb::{Experience, ExperienceId, Seq, Timestamp};

use crate::form::experience;
use crate::names::file_name;

/// The number of the top directory.
pub(super) const ROOT: u64 = 1;
/// How many files `recent` has.
const RECENT_FILES: usize = 100;
/// The directories at the top, which are always there.
const VIEWS: [&str; 4] = ["recent", "by-type", "by-domain", "by-agent"];

/// What a number stands for.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Directory(Directory),
    File(File),
}

#[derive(Debug, Clone)]
pub(super) struct Directory {
    pub(super) parent: u64,
    pub(super) children: BTreeMap<String, u64>,
}

/// One state of an experience: changed, it is another file under the same name.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) id: ExperienceId,
    pub(super) sequence: Seq,
    pub(super) bytes: u64,
    pub(super) changed: Timestamp,
    /// In how many directories it is.
    pub(super) names: u32,
}

/// The numbers of what was there, so that it keeps them; a number never stands for anything else.
#[derive(Debug)]
pub(super) struct Numbers {
    next: u64,
    directories: HashMap<String, u64>,
    files: HashMap<(ExperienceId, Seq), u64>,
}

impl Numbers {
    pub(super) fn new() -> Self {
        let directories = HashMap::from([(String::new(), ROOT)]);
        Self { next: ROOT + 1, directories, files: HashMap::new() }
    }

    fn fresh(next: &mut u64) -> u64 {
        *next += 1;
        *next - 1
    }

    fn of_directory(&mut self, path: &str) -> u64 {
        let Self { next, directories, .. } = self;
        *directories.entry(path.to_owned()).or_insert_with(|| Self::fresh(next))
    }

    /// The number of a file, also noted in `kept`, which takes the place of what is known.
    fn of_file(&mut self, of: (ExperienceId, Seq), kept: &mut HashMap<(ExperienceId, Seq), u64>) -> u64 {
        let number = match self.files.get(&of) {
            Some(number) => *number,
            None => Self::fresh(&mut self.next),
        };
        kept.insert(of, number);
        number
    }
}

/// A state of the collective.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: HashMap<u64, Node>,
    /// When the next of its experiences expires.
    pub(super) expires_at: Option<Timestamp>,
    /// The newest change in it.
    pub(super) changed: Timestamp,
}

/// A tree that is being made, experience by experience.
pub(super) struct Builder<'n> {
    numbers: &'n mut Numbers,
    kept: HashMap<(ExperienceId, Seq), u64>,
    recent: Vec<(Timestamp, ExperienceId, u64)>,
    tree: Tree,
}

impl<'n> Builder<'n> {
    pub(super) fn new(numbers: &'n mut Numbers) -> Self {
        let changed = Timestamp::from_millis(0);
        let root = Node::Directory(Directory { parent: ROOT, children: BTreeMap::new() });
        let nodes = HashMap::from([(ROOT, root)]);
        let tree = Tree { nodes, expires_at: None, changed };
        let mut builder = Self { numbers, kept: HashMap::new(), recent: Vec::new(), tree };
        for view in VIEWS {
            builder.directory("", view);
        }
        builder
    }

    pub(super) fn take(&mut self, one: &Experience) {
        let number = self.numbers.of_file((one.id, one.sequence), &mut self.kept);
        let bytes = experience::write(one).len() as u64;
        let file = File { id: one.id, sequence: one.sequence, bytes, changed: one.updated_at, names: 0 };
        self.tree.nodes.insert(number, Node::File(file));
        let expiries = self.tree.expires_at.into_iter().chain(one.expires_at);
        self.tree.expires_at = expiries.min();
        self.tree.changed = self.tree.changed.max(one.updated_at);
        // The kinds have the names that they have in the front matter.
        let kind = serde_json::to_value(one.experience_type.kind()).ok();
        let kind = kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or("other").to_owned();
        self.name("by-type", &kind, one.id, number);
        self.name("by-agent", one.source_agent.as_str(), one.id, number);
        for domain in &one.domain {
            self.name("by-domain", domain, one.id, number);
        }
        self.recent.push((one.timestamp, one.id, number));
        if self.recent.len() >= 2 * RECENT_FILES {
            self.keep_recent();
        }
    }

    pub(super) fn finish(mut self) -> Tree {
        self.keep_recent();
        let recent = self.numbers.of_directory("recent");
        for (_, id, number) in std::mem::take(&mut self.recent) {
            self.link(recent, id, number);
        }
        self.numbers.files = self.kept;
        self.tree
    }

    fn keep_recent(&mut self) {
        self.recent.sort_unstable_by(|left, right| right.cmp(left));
        self.recent.truncate(RECENT_FILES);
    }

    fn name(&mut self, view: &str, text: &str, id: ExperienceId, number: u64) {
        let directory = self.directory(view, &file_name(text));
        self.link(directory, id, number);
    }

    /// A directory within another one, which is made if it is not there.
    fn directory(&mut self, above: &str, name: &str) -> u64 {
        let parent = self.numbers.of_directory(above);
        let number = self.numbers.of_directory(&if above.is_empty() {
            name.to_owned()
        } else {
            format!("{above}/{name}")
        });
        let node = Node::Directory(Directory { parent, children: BTreeMap::new() });
        self.tree.nodes.entry(number).or_insert(node);
        if let Some(Node::Directory(parent)) = self.tree.nodes.get_mut(&parent) {
            parent.children.entry(name.to_owned()).or_insert(number);
        }
        number
    }

    fn link(&mut self, directory: u64, id: ExperienceId, number: u64) {
        let is_new = match self.tree.nodes.get_mut(&directory) {
            Some(Node::Directory(directory)) => {
                directory.children.insert(format!("{id}.md"), number).is_none()
            }
            _ => false,
        };
        if let Some(Node::File(file)) = self.tree.nodes.get_mut(&number)
            && is_new
        {
            file.names += 1;
        }
    }
}

impl Tree {
    /// What a number stands for, unless that is gone.
    pub(super) fn node(&self, number: u64) -> Option<&Node> {
        self.nodes.get(&number)
    }

    /// What a name in a directory stands for.
    pub(super) fn child(&self, directory: u64, name: &str) -> Option<(u64, &Node)> {
        let Some(Node::Directory(directory)) = self.node(directory) else { return None };
        let number = *directory.children.get(name)?;
        Some((number, self.node(number)?))
    }

    /// How many files there are.
    pub(super) fn files(&self) -> u64 {
        self.nodes.values().filter(|node| matches!(node, Node::File(_))).count() as u64
    }
}
