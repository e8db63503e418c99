//! The nodes of the hierarchy: their items, and their bundles as counters.

use std::collections::HashMap;

use embeddenator_vsa::limits::BANK_SLOTS;
use embeddenator_vsa::{BlockCode, CodeRef, Codes, CounterBank, Shape};

use crate::Id;
use crate::batch::in_parallel;
use crate::error::{Error, Result};

/// Items that are stored and scanned together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// The id of each row.
    pub(crate) ids: Vec<Id>,
    pub(crate) codes: Codes,
    /// The lowest id, or the largest number if there is none.
    pub(crate) lowest: Id,
    /// The square of the Euclidean norm of the bundle.
    pub(crate) square: i64,
}

/// The factors that turn the 64 scores of a bank into standard deviations.
pub(crate) type Scales = [f32; BANK_SLOTS];

/// Where a new item goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The node; equal to the number of nodes for a new one.
    pub(crate) node: usize,
    /// The dot product of the item with the bundle of that node.
    pub(crate) score: i64,
}

/// All nodes. Node `n` is slot `n % 64` of bank `n / 64`; the last node is never empty.
#[derive(Clone, PartialEq)]
pub(crate) struct Nodes {
    shape: Shape,
    /// Items that a node can hold.
    capacity: usize,
    list: Vec<Node>,
    banks: Vec<CounterBank>,
    scales: Vec<Scales>,
    /// One word per bank: the bits of its nodes that have room.
    open: Vec<u64>,
    /// How many nodes have room.
    open_count: usize,
    /// The node of each item.
    homes: HashMap<Id, u32>,
}

impl Nodes {
    pub(crate) fn new(shape: Shape) -> Self {
        Nodes {
            shape,
            capacity: CounterBank::items_max(shape),
            list: Vec::new(),
            banks: Vec::new(),
            scales: Vec::new(),
            open: Vec::new(),
            open_count: 0,
            homes: HashMap::new(),
        }
    }

    /// Nodes with these items, at most the capacity in each and at least one in the last; counts
    /// the bundles.
    ///
    /// # Errors
    /// [`Error::DuplicateId`] if an id occurs twice; [`Error::Code`] if a shape differs.
    pub(crate) fn of_items(shape: Shape, items: Vec<(Vec<Id>, Codes)>) -> Result<Self> {
        let mut nodes = Nodes::new(shape);
        nodes.list = items
            .into_iter()
            .map(|(ids, codes)| Node { lowest: lowest(&ids), ids, codes, square: 0 })
            .collect();
        let banks: Vec<&[Node]> = nodes.list.chunks(BANK_SLOTS).collect();
        let counted = in_parallel(&banks, 0, |banks| banks.iter().map(|bank| count(shape, bank)).collect())?;
        for (bank, squares) in counted {
            let first = nodes.banks.len() * BANK_SLOTS;
            let counted = nodes.list[first..].iter_mut().zip(squares);
            counted.for_each(|(node, square)| node.square = square);
            nodes.scales.push(squares.map(|square| scale(shape, square)));
            nodes.banks.push(bank);
            nodes.open.push(0);
        }
        for index in 0..nodes.list.len() {
            nodes.set_open(index, nodes.list[index].ids.len() < nodes.capacity);
            for id in &nodes.list[index].ids {
                if nodes.homes.insert(*id, index as u32).is_some() {
                    return Err(Error::DuplicateId { id: *id });
                }
            }
        }
        Ok(nodes)
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn items(&self) -> usize {
        self.homes.len()
    }

    pub(crate) fn as_slice(&self) -> &[Node] {
        &self.list
    }

    /// The banks of counters, each with the scales of its scores.
    pub(crate) fn banks(&self) -> impl ExactSizeIterator<Item = (&CounterBank, &Scales)> {
        self.banks.iter().zip(&self.scales)
    }

    /// A bank of counters, with the scales of its scores.
    pub(crate) fn bank(&self, bank: usize) -> (&CounterBank, &Scales) {
        (&self.banks[bank], &self.scales[bank])
    }

    /// For each bank, the bits of its nodes that have room.
    pub(crate) fn open(&self) -> &[u64] {
        &self.open
    }

    /// How many nodes have room.
    pub(crate) fn open_count(&self) -> usize {
        self.open_count
    }

    pub(crate) fn contains(&self, id: Id) -> bool {
        self.homes.contains_key(&id)
    }

    pub(crate) fn get(&self, id: Id) -> Option<CodeRef<'_>> {
        let node = &self.list[*self.homes.get(&id)? as usize];
        node.codes.get(node.row_of(id))
    }

    /// Adds a new item to a node that has room, or to a new node after the last.
    ///
    /// The code must have the shape of the nodes.
    pub(crate) fn add(&mut self, place: Place, id: Id, code: CodeRef<'_>) {
        if place.node == self.list.len() {
            self.push_node();
        }
        let (bank, slot) = (place.node / BANK_SLOTS, place.node % BANK_SLOTS);
        self.banks[bank].add(slot, code).expect("the node has room and the shapes match");
        let node = &mut self.list[place.node];
        node.codes.push(code).expect("the code has the shape of the nodes");
        node.ids.push(id);
        node.lowest = node.lowest.min(id);
        node.square += 2 * place.score + self.shape.blocks() as i64;
        self.scales[bank][slot] = scale(self.shape, node.square);
        if node.ids.len() == self.capacity {
            self.set_open(place.node, false);
        }
        self.homes.insert(id, place.node as u32);
    }

    /// Removes an item: adding and removing it leaves every byte as it was.
    pub(crate) fn take(&mut self, id: Id) -> Option<BlockCode> {
        let home = self.homes.remove(&id)? as usize;
        let (bank, slot) = (home / BANK_SLOTS, home % BANK_SLOTS);
        let node = &mut self.list[home];
        let row = node.row_of(id);
        node.ids.swap_remove(row);
        let code = node.codes.swap_remove(row).expect("each id has its row");
        if id == node.lowest {
            node.lowest = lowest(&node.ids);
        }
        let counters = &mut self.banks[bank];
        counters.remove(slot, code.as_ref()).expect("the item was added to its node");
        let score = counters.dots(code.as_ref()).expect("the code has the shape of the nodes")[slot];
        node.square -= 2 * i64::from(score) + self.shape.blocks() as i64;
        self.scales[bank][slot] = scale(self.shape, node.square);
        self.set_open(home, true);
        while self.list.last().is_some_and(|node| node.ids.is_empty()) {
            self.pop_node();
        }
        Some(code)
    }

    /// Checks everything derived against the codes and ids that it is derived from.
    pub(crate) fn check(&self) -> Result<()> {
        let mut items = 0;
        let banks = self.list.chunks(BANK_SLOTS).zip(self.banks()).zip(&self.open).enumerate();
        for (bank, ((nodes, (counters, scales)), open)) in banks {
            let first = bank * BANK_SLOTS;
            let (expected, squares) = count(self.shape, nodes)?;
            if *counters != expected {
                return Err(Error::Inconsistent { what: "the counters of the bank", node: first });
            }
            for (slot, node) in nodes.iter().enumerate() {
                let inconsistent = |what| Err(Error::Inconsistent { what, node: first + slot });
                let is_open = (open >> slot) & 1 == 1;
                if node.ids.len() != node.codes.len() || is_open != (node.ids.len() < self.capacity) {
                    return inconsistent("the numbers of the items");
                }
                let scale = scale(self.shape, squares[slot]);
                if node.square != squares[slot] || scales[slot].to_bits() != scale.to_bits() {
                    return inconsistent("the norms");
                }
                let at_home = |id| self.homes.get(id).is_some_and(|home| *home as usize == first + slot);
                if node.lowest != lowest(&node.ids) || !node.ids.iter().all(at_home) {
                    return inconsistent("the ids");
                }
                items += node.ids.len();
            }
        }
        let open_count: u32 = self.open.iter().map(|open| open.count_ones()).sum();
        let banks = self.list.len().div_ceil(BANK_SLOTS);
        let sums = (items, open_count as usize, banks, banks);
        if sums != (self.homes.len(), self.open_count, self.banks.len(), self.open.len()) {
            return Err(Error::Inconsistent { what: "the sums", node: self.list.len() });
        }
        Ok(())
    }

    /// Records whether a node has room.
    fn set_open(&mut self, node: usize, open: bool) {
        let word = &mut self.open[node / BANK_SLOTS];
        let bit = 1 << (node % BANK_SLOTS);
        let before = *word & bit != 0;
        *word = if open { *word | bit } else { *word & !bit };
        self.open_count = self.open_count + usize::from(open) - usize::from(before);
    }

    fn push_node(&mut self) {
        let slot = self.list.len() % BANK_SLOTS;
        if slot == 0 {
            self.banks.push(CounterBank::new(self.shape));
            self.scales.push([0.0; BANK_SLOTS]);
            self.open.push(0);
        }
        self.set_open(self.list.len(), true);
        let codes = Codes::with_capacity(self.shape, self.capacity);
        self.list.push(Node {
            ids: Vec::with_capacity(self.capacity),
            codes,
            lowest: lowest(&[]),
            square: 0,
        });
    }

    fn pop_node(&mut self) {
        self.list.pop();
        self.set_open(self.list.len(), false);
        if self.list.len().is_multiple_of(BANK_SLOTS) {
            self.open.pop();
            self.banks.pop();
            self.scales.pop();
        }
    }
}

impl Node {
    fn row_of(&self, id: Id) -> usize {
        self.ids.iter().position(|other| *other == id).expect("an item is in the node that is its home")
    }
}

fn lowest(ids: &[Id]) -> Id {
    ids.iter().copied().min().unwrap_or(Id(u64::MAX))
}

/// The factor that turns the score of a bundle into standard deviations of the scores of unrelated
/// codes, whose variance is the bundle's squared norm over the positions of a block. Zero for an
/// empty bundle.
fn scale(shape: Shape, square: i64) -> f32 {
    if square == 0 { 0.0 } else { (shape.positions() as f32 / square as f32).sqrt() }
}

/// The bundles of a bank's nodes, and the squares of their norms.
fn count(shape: Shape, nodes: &[Node]) -> Result<(CounterBank, [i64; BANK_SLOTS])> {
    let mut bank = CounterBank::new(shape);
    for (slot, node) in nodes.iter().enumerate() {
        for code in &node.codes {
            bank.add(slot, code)?;
        }
    }
    let mut squares = [0; BANK_SLOTS];
    for row in bank.as_counters().chunks_exact(BANK_SLOTS) {
        for (square, counter) in squares.iter_mut().zip(row) {
            *square += i64::from(i32::from(*counter) * i32::from(*counter));
        }
    }
    Ok((bank, squares))
}
