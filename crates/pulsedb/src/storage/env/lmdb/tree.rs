//! How a B-tree of LMDB is described, and how numbers are read from foreign bytes.

/// Root of an empty tree.
const NO_ROOT: u64 = u64::MAX;
/// Pages that a cursor can be deep.
const DEPTH_MAX: u16 = 32;

/// A B-tree as a meta page or a row of the main tree describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tree {
    pub(crate) pad: u32,
    pub(crate) flags: u16,
    pub(crate) depth: u16,
    pub(crate) branch_pages: u64,
    pub(crate) leaf_pages: u64,
    pub(crate) overflow_pages: u64,
    pub(crate) entries: u64,
    pub(crate) root: u64,
}

impl Tree {
    /// Bytes of a tree's description.
    pub(crate) const BYTES: usize = 48;

    /// One without a page.
    pub(crate) const EMPTY: Self = Self {
        pad: 0,
        flags: 0,
        depth: 0,
        branch_pages: 0,
        leaf_pages: 0,
        overflow_pages: 0,
        entries: 0,
        root: NO_ROOT,
    };

    /// Appends the description.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.pad.to_ne_bytes());
        out.extend_from_slice(&self.flags.to_ne_bytes());
        out.extend_from_slice(&self.depth.to_ne_bytes());
        let numbers = [self.branch_pages, self.leaf_pages, self.overflow_pages, self.entries, self.root];
        out.extend(numbers.iter().flat_map(|number| number.to_ne_bytes()));
    }

    /// Reads a description; `None` if there are too few bytes.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        Some(Self {
            pad: fields.u32()?,
            flags: fields.u16()?,
            depth: fields.u16()?,
            branch_pages: fields.u64()?,
            leaf_pages: fields.u64()?,
            overflow_pages: fields.u64()?,
            entries: fields.u64()?,
            root: fields.u64()?,
        })
    }

    /// What is impossible about it in a file whose last page is `last_page`.
    pub(crate) fn fault(&self, last_page: u64) -> Option<&'static str> {
        if self.root == NO_ROOT {
            let empty = self.depth == 0
                && self.entries == 0
                && self.branch_pages == 0
                && self.leaf_pages == 0
                && self.overflow_pages == 0;
            return (!empty).then_some("a tree without a root has entries");
        }
        if self.root < 2 || self.root > last_page {
            return Some("the root of a tree is outside the file");
        }
        if self.depth == 0 || self.depth > DEPTH_MAX || self.leaf_pages == 0 || self.entries == 0 {
            return Some("a tree with a root has no depth, no leaf or no entry");
        }
        if (self.depth == 1) != (self.branch_pages == 0) || (self.depth == 1 && self.leaf_pages != 1) {
            return Some("the depth of a tree contradicts its pages");
        }
        let pages = self
            .branch_pages
            .checked_add(self.leaf_pages)
            .and_then(|pages| pages.checked_add(self.overflow_pages));
        if pages.is_none_or(|pages| pages > last_page) {
            return Some("a tree has more pages than the file");
        }
        None
    }

    /// Pages in it.
    pub(crate) fn pages(&self) -> u64 {
        self.branch_pages + self.leaf_pages + self.overflow_pages
    }

    /// Whether the tree has no page.
    pub(crate) fn is_empty(&self) -> bool {
        self.root == NO_ROOT
    }
}

/// Reads numbers from foreign bytes in the order of the machine, as LMDB writes them.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_ne_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_ne_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_ne_bytes)
    }
}
