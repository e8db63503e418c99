//! The candidates of a text query, with what the signals say of each.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::error::Result;
use crate::id::TaskId;
use crate::index::{Address, Snapshot, indexed_again, is_damage};
use crate::limits;
use crate::model::ContextWeights;
use crate::model::change::Slot;
use crate::search::filter::Allowed;
use crate::search::hit::Rank;
use crate::search::text::neighbours::Neighbours;
use crate::search::text::rank::{self, Candidates, Measured};
use crate::search::text::signals::{Signals, TextQuery};
use crate::search::{vectors, words};
use crate::storage::{PieceRow, SlotRow, malformed_piece};

/// One candidate.
pub(super) struct Candidate<'t> {
    pub(super) address: Address,
    pub(super) rank: Rank,
    pub(super) row: SlotRow,
    slot: Slot,
    lexical: f32,
    /// The cosine; `None` where one of the two has no vector.
    vector: Option<f32>,
    late: f32,
    /// Read when it is needed.
    facts: Option<Facts<'t>>,
    pub(super) neighbours: Option<Neighbours>,
}

/// What is stored of a candidate beside its vector and its words.
struct Facts<'t> {
    bytes: Cow<'t, [u8]>,
    session: Option<usize>,
    asks: bool,
    is_named: bool,
}

/// A session that a candidate belongs to.
pub(super) struct Session {
    pub(super) task: TaskId,
}

/// All of them.
pub(super) struct Pool<'s, 't> {
    pub(super) snapshot: &'s Snapshot<'t>,
    allowed: &'s Allowed,
    context: ContextWeights,
    exact_rows: usize,
    /// The agent whom the query names.
    named: Option<&'s str>,
    pub(super) candidates: Vec<Candidate<'t>>,
    places: HashMap<Address, usize>,
    pub(super) sessions: Vec<Session>,
    session_of: HashMap<String, usize>,
}

impl<'s, 't> Pool<'s, 't> {
    pub(super) fn new(
        snapshot: &'s Snapshot<'t>,
        allowed: &'s Allowed,
        query: &TextQuery<'_>,
        named: Option<&'s str>,
    ) -> Self {
        Self {
            snapshot,
            allowed,
            context: query.context,
            exact_rows: query.exact_rows,
            named,
            candidates: Vec::new(),
            places: HashMap::new(),
            sessions: Vec::new(),
            session_of: HashMap::new(),
        }
    }

    /// Takes every allowed row.
    pub(super) fn add_all(&mut self, signals: &mut Signals<'_>) -> Result<()> {
        for address in self.allowed.addresses(self.snapshot) {
            self.add(address, signals, None)?;
        }
        self.compare(signals)
    }

    /// Takes the best `breadth` by words and as many by vectors, and the neighbours of the best of them in their
    /// sessions. Where the signals give too few, `with_newest` takes as many of the newest rows too.
    pub(super) fn add_best(
        &mut self,
        signals: &mut Signals<'_>,
        breadth: usize,
        with_newest: bool,
    ) -> Result<()> {
        if let Some(scores) = &signals.words {
            for address in words::best_of(self.snapshot, self.allowed, scores, breadth)? {
                self.add(address, signals, None)?;
            }
        }
        if let Some(vector) = signals.vector {
            for hit in vectors::nearest(self.snapshot, self.allowed, vector, breadth, self.exact_rows)? {
                self.add(hit.address, signals, Some(hit.score))?;
            }
        }
        if with_newest {
            for address in self.allowed.addresses(self.snapshot).rev().take(breadth) {
                self.add(address, signals, None)?;
            }
        }
        self.compare(signals)?;
        let ContextWeights { session, window, question, .. } = self.context;
        if session > 0.0 || window > 0.0 || question > 0.0 {
            for place in self.best_without_late(signals, breadth * limits::NEIGHBOURED_PERCENT / 100) {
                let around = self.neighbours(place)?;
                for address in around.each().filter(|address| self.allowed.has(self.snapshot, *address)) {
                    self.add(address, signals, None)?;
                }
            }
            self.compare(signals)?;
        }
        Ok(())
    }

    /// The place of a row among the candidates.
    pub(super) fn place(&self, address: Address) -> Option<usize> {
        self.places.get(&address).copied()
    }

    /// Whether its content ends with a question mark.
    pub(super) fn asks(&mut self, place: usize) -> Result<bool> {
        Ok(self.facts(place)?.asks)
    }

    fn pieces(&mut self, place: usize) -> Result<PieceRow<'_>> {
        let slot = self.candidates[place].slot;
        PieceRow::read(&self.facts(place)?.bytes).ok_or_else(|| malformed_piece(slot))
    }

    pub(super) fn task(&mut self, place: usize) -> Result<Option<&TaskId>> {
        Ok(self.session(place)?.map(|session| &self.sessions[session].task))
    }

    fn add(&mut self, address: Address, signals: &Signals<'_>, vector: Option<f32>) -> Result<()> {
        if let Some(place) = self.places.get(&address) {
            let known = &mut self.candidates[*place].vector;
            *known = known.or(vector);
            return Ok(());
        }
        let (slot, row) = self.snapshot.row(address)?;
        self.places.insert(address, self.candidates.len());
        self.candidates.push(Candidate {
            address,
            rank: Rank::of(self.snapshot, address)?,
            row,
            slot,
            lexical: signals.words.as_ref().map_or(0.0, |scores| scores[address as usize]),
            vector,
            late: 0.0,
            facts: None,
            neighbours: None,
        });
        Ok(())
    }

    /// Compares the vectors of candidates that were not found by theirs.
    fn compare(&mut self, signals: &Signals<'_>) -> Result<()> {
        let Some(vector) = signals.vector else { return Ok(()) };
        let mut missing = Vec::new();
        for one in self.candidates.iter_mut().filter(|one| one.vector.is_none()) {
            if self.snapshot.has_vector(one.address)? {
                missing.push(one);
            }
        }
        let addresses: Vec<Address> = missing.iter().map(|one| one.address).collect();
        let mut cosines = Vec::with_capacity(addresses.len());
        vectors::score(self.snapshot, vector, &addresses, &mut cosines)?;
        for (one, cosine) in missing.iter_mut().zip(cosines) {
            // Equal scores: a negative zero and a positive one.
            one.vector = Some(cosine + 0.0);
        }
        Ok(())
    }

    /// The places of the best `n` by words and vectors, best first.
    fn best_without_late(&self, signals: &Signals<'_>, n: usize) -> Vec<usize> {
        rank::best_without_late(&self.measured(), signals.weights, n)
    }

    /// What is stored of a candidate, or made from its record where that is damaged.
    fn facts(&mut self, place: usize) -> Result<&Facts<'t>> {
        if self.candidates[place].facts.is_none() {
            let facts = self.read_facts(place)?;
            self.candidates[place].facts = Some(facts);
        }
        let facts = self.candidates[place].facts.as_ref();
        Ok(facts.expect("the facts of a candidate were just read"))
    }

    fn read_facts(&mut self, place: usize) -> Result<Facts<'t>> {
        let (slot, id) = (self.candidates[place].slot, self.candidates[place].row.id);
        let collective = self.snapshot.collective;
        let bytes = match collective.piece_bytes(slot) {
            Ok(bytes) if PieceRow::read(bytes).is_some() => Cow::Borrowed(bytes),
            Err(error) if !is_damage(&error) => return Err(error),
            _ => {
                tracing::warn!(
                    slot = slot.0,
                    "the pieces of a record are damaged, the record answers; run `repair`"
                );
                Cow::Owned(indexed_again(collective, id)?.piece)
            }
        };
        let row = PieceRow::read(&bytes).ok_or_else(|| malformed_piece(slot))?;
        let (asks, is_named) = (row.asks, Some(row.agent) == self.named);
        let session = row.task.map(|task| {
            if let Some(session) = self.session_of.get(task) {
                return *session;
            }
            let session = self.sessions.len();
            self.sessions.push(Session { task: TaskId::new(task) });
            self.session_of.insert(task.to_owned(), session);
            session
        });
        Ok(Facts { bytes, session, asks, is_named })
    }
}

impl Candidates for Pool<'_, '_> {
    fn context(&self) -> ContextWeights {
        self.context
    }

    fn measured(&self) -> Vec<Measured> {
        let of = |one: &Candidate<'_>| Measured {
            address: one.address,
            rank: one.rank,
            lexical: one.lexical,
            vector: one.vector,
            late: one.late,
        };
        self.candidates.iter().map(of).collect()
    }

    fn compare_late(&mut self, signals: &mut Signals<'_>) -> Result<()> {
        let Some(late) = &mut signals.late else { return Ok(()) };
        for place in 0..self.candidates.len() {
            late.meet(self.pieces(place)?.pieces());
        }
        late.learn();
        for place in 0..self.candidates.len() {
            self.candidates[place].late = late.score(self.pieces(place)?.pieces());
        }
        Ok(())
    }

    fn session(&mut self, place: usize) -> Result<Option<usize>> {
        Ok(self.facts(place)?.session)
    }

    fn sessions(&self) -> usize {
        self.sessions.len()
    }

    fn is_named(&mut self, place: usize) -> Result<bool> {
        Ok(self.facts(place)?.is_named)
    }

    fn window(&mut self, place: usize, fused: &[f32]) -> Result<(f32, f32)> {
        self.around(place, fused)
    }
}
