//! What the numbers of a mount stand for: entries of a snapshot, the directory of the snapshots, and links to them.

use std::sync::OnceLock;

use crate::engram::Engram;
use crate::entry::{Entry, Metadata, Node, Timestamp};
use crate::error::{Error, Result};
use crate::path::EngramPath;
use crate::snapshot::Snapshot;
use crate::view::View;

/// The name of the directory of the snapshots.
const SNAPSHOTS: &[u8] = b".snapshots";
/// The number of a place is in the lower bits, the view that it is a place of above.
const VIEW_SHIFT: u32 = 40;
/// The number of the directory of the snapshots.
const DIRECTORY: u64 = 1 << 63;
/// The first number of a link to a snapshot.
const LINKS: u64 = 1 << 62;

/// An entry and its number.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) number: u64,
    pub(super) entry: Entry,
    /// How many names it has.
    pub(super) names: u32,
}

/// An engram as a tree of numbers.
pub(super) struct Served {
    engram: Engram,
    /// The snapshot that stands at the top.
    top: View,
    /// One for each snapshot, opened when it is asked for.
    views: Vec<OnceLock<View>>,
    /// Labels that can be names, with the numbers of the newest snapshots that have them.
    links: Vec<(Vec<u8>, u32)>,
}

impl Served {
    pub(super) fn new(engram: &Engram, snapshot: &Snapshot) -> Result<Self> {
        let snapshots = engram.snapshots();
        let mut links: Vec<(Vec<u8>, u32)> = Vec::new();
        for snapshot in snapshots.iter().rev() {
            let label = snapshot.label.as_bytes();
            let is_name = EngramPath::new(label).is_ok_and(|path| path.names().count() == 1);
            let is_number = snapshot.label.parse::<u32>().is_ok();
            if is_name && !is_number && links.iter().all(|(name, _)| name != label) {
                links.push((label.to_vec(), snapshot.number));
            }
        }
        Ok(Self {
            top: engram.view(snapshot)?,
            views: snapshots.iter().map(|_| OnceLock::new()).collect(),
            engram: engram.clone(),
            links,
        })
    }

    /// The top of the mount.
    pub(super) fn top(&self) -> &View {
        &self.top
    }

    /// The view and the place that a number stands for; nothing for those that are made up.
    pub(super) fn place(&self, number: u64) -> Result<Option<(&View, u64)>> {
        if number >= LINKS {
            return Ok(None);
        }
        let (view, place) = (number >> VIEW_SHIFT, number & ((1 << VIEW_SHIFT) - 1));
        let place = place.saturating_sub(1);
        match view.checked_sub(1) {
            None => Ok(Some((&self.top, place))),
            Some(at) => Ok(Some((self.view(at as usize)?, place))),
        }
    }

    /// What a number stands for.
    pub(super) fn named(&self, number: u64) -> Result<Named> {
        if let Some((view, place)) = self.place(number)? {
            return named_at(number >> VIEW_SHIFT, view, place, view.entry(place)?);
        }
        if number == DIRECTORY {
            let node = Node::Directory;
            return Ok(Named {
                number,
                entry: made_up(SNAPSHOTS, node, self.top.snapshot().time)?,
                names: 1,
            });
        }
        let link = self.links.get((number - LINKS) as usize).ok_or_else(|| self.missing(number))?;
        let node = Node::Symlink(link.1.to_string().into_bytes());
        Ok(Named { number, entry: made_up(&link.0, node, self.top.snapshot().time)?, names: 1 })
    }

    /// What a name in a directory stands for.
    pub(super) fn child(&self, directory: u64, name: &[u8]) -> Result<Option<Named>> {
        let Some((view, place)) = self.place(directory)? else {
            let listed = if directory == DIRECTORY { self.snapshots()? } else { Vec::new() };
            return Ok(listed.into_iter().find(|(of, _)| of == name).map(|(_, named)| named));
        };
        let parent = view.entry(place)?.path;
        let Ok(path) = parent.join(name) else { return Ok(None) };
        match view.lookup(&path)? {
            Some((place, entry)) => named_at(directory >> VIEW_SHIFT, view, place, entry).map(Some),
            // A name of the tree goes first.
            None if directory == 1 && name == SNAPSHOTS => self.named(DIRECTORY).map(Some),
            None => Ok(None),
        }
    }

    /// What is in a directory.
    pub(super) fn children(&self, directory: u64) -> Result<Vec<(Vec<u8>, Named)>> {
        let Some((view, place)) = self.place(directory)? else { return self.snapshots() };
        let path = view.entry(place)?.path;
        let named = |(place, entry): (u64, Entry)| {
            let name = entry.path.name().to_vec();
            Ok((name, named_at(directory >> VIEW_SHIFT, view, place, entry)?))
        };
        view.children(&path)?.into_iter().map(named).collect()
    }

    /// The number of the directory that a directory is in.
    pub(super) fn parent(&self, directory: u64) -> Result<u64> {
        let Some((view, place)) = self.place(directory)? else { return Ok(1) };
        let above = (directory >> VIEW_SHIFT) << VIEW_SHIFT;
        match view.entry(place)?.path.parent() {
            Some(parent) => Ok(above | (view.lookup(&parent)?.map_or(0, |(place, _)| place) + 1)),
            None if above == 0 => Ok(1),
            None => Ok(DIRECTORY),
        }
    }

    /// The snapshots by number, and by label.
    fn snapshots(&self) -> Result<Vec<(Vec<u8>, Named)>> {
        let mut listed = Vec::new();
        for (at, snapshot) in (1_u64..).zip(self.engram.snapshots()) {
            listed.push((snapshot.number.to_string().into_bytes(), self.named(at << VIEW_SHIFT | 1)?));
        }
        for (at, (name, _)) in (LINKS..).zip(&self.links) {
            listed.push((name.clone(), self.named(at)?));
        }
        Ok(listed)
    }

    fn view(&self, at: usize) -> Result<&View> {
        let (Some(slot), Some(snapshot)) = (self.views.get(at), self.engram.snapshots().get(at)) else {
            return Err(self.missing(at as u64));
        };
        if let Some(view) = slot.get() {
            return Ok(view);
        }
        let view = self.engram.view(snapshot)?;
        // Another thread may have opened it meanwhile, which is the same.
        Ok(slot.get_or_init(|| view))
    }

    fn missing(&self, number: u64) -> Error {
        let engram = self.top.snapshot().label.clone().into();
        Error::NotFound { engram, what: "entry", name: number.to_string() }
    }
}

/// An entry that no snapshot has.
fn made_up(name: &[u8], node: Node, mtime: Timestamp) -> Result<Entry> {
    let metadata = Metadata { mode: 0o555, mtime, ..Metadata::default() };
    Ok(Entry { path: EngramPath::new(name)?, metadata, link_group: None, node })
}

fn named_at(above: u64, view: &View, place: u64, entry: Entry) -> Result<Named> {
    let (first, names) = view.links(place, &entry)?;
    Ok(Named { number: above << VIEW_SHIFT | (first + 1), entry, names })
}
