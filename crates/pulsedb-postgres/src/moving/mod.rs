//! Moving collectives between an embedded database and a server: everything keeps its id, its times and its vector.
//!
//! ```text
//! repeat a few times
//!   compare both sides, in order of ids          the same: that was the verification, and it is done
//!   refuse if the destination has changed on its own
//!   remove what differs there, then store what is missing, in bounded transactions
//! ```
//!
//! So a copy that was interrupted goes on where it stopped, and nothing is stored twice.

mod compare;
mod digest;
mod error;
mod side;

use std::collections::HashSet;

use pulsedb::{
    Collective, CollectiveId, DerivedInsight, Experience, ExperienceId, ExperienceRelation, NotFoundError,
    PulseDB, PulseDBError, RelationId, Seq, Timestamp,
};

use crate::store::PostgresSubstrate;
use compare::{Difference, Pages, compare};
pub use error::MoveError;
use side::{Record, Side};

/// How often a collective is compared, and copied if it differs, while somebody writes to it.
const ROUNDS: usize = 4;
/// What one transaction stores at most, in records and in bytes.
const BATCH_RECORDS: usize = 500;
const BATCH_BYTES: usize = 4 << 20;
/// What ends within this many milliseconds may be on one side only.
const ENDING_MS: i64 = 60_000;

/// What is moved, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct MoveOptions {
    /// The collective; all of them if `None`.
    pub collective: Option<CollectiveId>,
    /// Whether to replace and remove what the destination alone has, or has changed later than the source did, by the clocks of
    /// the two. By default that is refused.
    pub overwrite: bool,
}

/// How far a move is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MoveProgress<'a> {
    /// The collective.
    pub collective: &'a str,
    /// Records that were copied in this round; 0 while the sides are compared.
    pub done: u64,
    /// Records that are to be copied in this round; 0 while the sides are compared.
    pub total: u64,
}

/// A collective that is the same on both sides now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moved {
    /// Which one.
    pub collective: CollectiveId,
    /// Its name.
    pub name: String,
    /// Experiences on each side.
    pub experiences: u64,
    /// Relations on each side.
    pub relations: u64,
    /// Insights on each side.
    pub insights: u64,
    /// Records that this call has copied.
    pub copied: u64,
    /// Records that this call has removed at the destination, those that it has stored again included.
    pub removed: u64,
    /// The digest of all contents, vectors and fields, computed from either side.
    pub digest: u128,
}

/// Copies collectives from a database to a server. What expires within a minute may be left out; activities and the log are
/// not copied, and sequence numbers are new.
///
/// It blocks, and is called outside of the runtime of the store; see [`PostgresSubstrate::wait`].
///
/// # Errors
/// [`MoveError`]. What was copied stays, and the next call goes on from there.
pub fn push(
    from: &PulseDB,
    to: &PostgresSubstrate,
    options: MoveOptions,
    progress: impl FnMut(MoveProgress<'_>),
) -> Result<Vec<Moved>, MoveError> {
    copy([from, to], to, options, progress)
}

/// Copies collectives from a server to a database, as [`push`] does the other way.
///
/// # Errors
/// [`MoveError`]. What was copied stays, and the next call goes on from there.
pub fn pull(
    from: &PostgresSubstrate,
    to: &PulseDB,
    options: MoveOptions,
    progress: impl FnMut(MoveProgress<'_>),
) -> Result<Vec<Moved>, MoveError> {
    copy([from, to], from, options, progress)
}

fn copy(
    sides: [&dyn Side; 2],
    clock: &PostgresSubstrate,
    options: MoveOptions,
    mut progress: impl FnMut(MoveProgress<'_>),
) -> Result<Vec<Moved>, MoveError> {
    let [from, to] = sides;
    let (here, there) = (from.embedder(), to.embedder());
    if here != there {
        return Err(MoveError::OtherEmbedder { from: Box::new(here), to: Box::new(there) });
    }
    let mut collectives = from.collectives()?;
    if let Some(id) = options.collective {
        collectives.retain(|one| one.id == id);
        if collectives.is_empty() {
            return Err(PulseDBError::from(NotFoundError::Collective(id)).into());
        }
    }
    let known = to.collectives()?;
    // All that can be refused before anything is stored.
    collectives.iter().try_for_each(|one| expect_room(one, &known))?;
    let mut moved = Vec::new();
    for one in collectives {
        if !known.iter().any(|other| other.id == one.id) {
            to.store_collective(one.clone())?;
        }
        moved.push(Copying { sides, clock, of: &one, overwrite: options.overwrite }.run(&mut progress)?);
    }
    Ok(moved)
}

/// Refuses a collective that the destination has under another name, or whose name another one has there.
fn expect_room(one: &Collective, known: &[Collective]) -> Result<(), MoveError> {
    match known.iter().find(|other| other.id == one.id || other.name == one.name) {
        Some(other) if other.id != one.id => {
            Err(MoveError::NameTaken { name: one.name.clone(), here: one.id, there: other.id })
        }
        Some(other) if other.name != one.name => {
            Err(MoveError::Renamed { here: one.name.clone(), there: other.name.clone() })
        }
        _ => Ok(()),
    }
}

/// What differs between the two sides of a collective.
struct Plan {
    experiences: Difference<Experience>,
    relations: Difference<ExperienceRelation>,
    insights: Difference<DerivedInsight>,
    /// Relations of experiences that have to go, which go before them.
    loosened: HashSet<RelationId>,
    /// How far the logs of both sides reached before they were read.
    sequences: [Seq; 2],
}

impl Plan {
    fn is_done(&self) -> bool {
        self.experiences.is_none() && self.relations.is_none() && self.insights.is_none()
    }

    /// Whether records of the destination go, those that are stored again included.
    fn removes(&self) -> bool {
        self.experiences.removed().next().is_some()
            || self.relations.removed().next().is_some()
            || self.insights.removed().next().is_some()
    }

    /// Whether the destination has changed on its own.
    fn is_foreign(&self) -> bool {
        self.surplus() > 0 || self.experiences.newer > 0
    }

    fn surplus(&self) -> usize {
        self.experiences.surplus.len() + self.relations.surplus.len() + self.insights.surplus.len()
    }

    fn example(&self) -> String {
        let experience = self.experiences.example.map(|id| format!("the experience {id}"));
        let relation = || self.relations.example.map(|id| format!("the relation {id}"));
        let insight = || self.insights.example.map(|id| format!("the insight {id}"));
        experience.or_else(relation).or_else(insight).unwrap_or_default()
    }

    fn digest(&self) -> u128 {
        let mut all = digest::Tally::default();
        let [experiences, relations, insights] =
            [&self.experiences.tallies[0], &self.relations.tallies[0], &self.insights.tallies[0]];
        for tally in [experiences, relations, insights] {
            all.add(tally.digest());
        }
        all.digest()
    }
}

struct Copying<'a> {
    sides: [&'a dyn Side; 2],
    clock: &'a PostgresSubstrate,
    of: &'a Collective,
    overwrite: bool,
}

impl Copying<'_> {
    fn run(&self, progress: &mut impl FnMut(MoveProgress<'_>)) -> Result<Moved, MoveError> {
        let mut done = Done::default();
        let mut plan = self.compare(progress)?;
        for _ in 0..ROUNDS {
            if plan.is_done() {
                break;
            }
            if plan.is_foreign() && !self.overwrite {
                self.expect_written_meanwhile(&plan)?;
            } else if self.may_apply(&plan)? {
                match self.apply(&plan, &mut done, progress) {
                    // A record has gone while it was copied.
                    Err(PulseDBError::NotFound(_)) => {}
                    outcome => outcome?,
                }
            }
            plan = self.compare(progress)?;
        }
        if !plan.is_done() {
            return Err(self.differs(&plan));
        }
        Ok(Moved {
            collective: self.of.id,
            name: self.of.name.clone(),
            experiences: plan.experiences.tallies[0].records,
            relations: plan.relations.tallies[0].records,
            insights: plan.insights.tallies[0].records,
            copied: done.copied,
            removed: done.removed,
            digest: plan.digest(),
        })
    }

    fn sequences(&self) -> Result<[Seq; 2], PulseDBError> {
        let [from, to] = self.sides;
        Ok([from.sequence()?, to.sequence()?])
    }

    fn compare(&self, progress: &mut impl FnMut(MoveProgress<'_>)) -> Result<Plan, PulseDBError> {
        progress(MoveProgress { collective: &self.of.name, done: 0, total: 0 });
        let (sides, id) = (self.sides, self.of.id);
        let sequences = self.sequences()?;
        let soon = Timestamp(self.clock.now()?.as_millis().saturating_add(ENDING_MS));
        let experiences = compare::<Experience>(sides, id, soon, |_| {})?;
        let removed: HashSet<ExperienceId> = experiences.removed().collect();
        let mut loosened = HashSet::new();
        let relations = compare::<ExperienceRelation>(sides, id, soon, |one| {
            if removed.contains(&one.source_id) || removed.contains(&one.target_id) {
                loosened.insert(one.id);
            }
        })?;
        let insights = compare::<DerivedInsight>(sides, id, soon, |_| {})?;
        Ok(Plan { experiences, relations, insights, loosened, sequences })
    }

    /// Whether what would be removed is still as it was compared: not if somebody has written there since.
    fn may_apply(&self, plan: &Plan) -> Result<bool, PulseDBError> {
        Ok(self.overwrite || !plan.removes() || self.sequences()?[1] == plan.sequences[1])
    }

    /// Refuses to go on, unless somebody has written while the sides were read one after the other.
    fn expect_written_meanwhile(&self, plan: &Plan) -> Result<(), MoveError> {
        if self.sequences()? != plan.sequences {
            return Ok(());
        }
        Err(MoveError::Diverged {
            name: self.of.name.clone(),
            surplus: plan.surplus(),
            newer: plan.experiences.newer,
            example: plan.example(),
        })
    }

    fn differs(&self, plan: &Plan) -> MoveError {
        let Plan { experiences, relations, insights, .. } = plan;
        MoveError::Differs {
            name: self.of.name.clone(),
            rounds: ROUNDS,
            absent: experiences.absent.len() + relations.absent.len() + insights.absent.len(),
            changed: experiences.changed.len() + relations.changed.len() + insights.changed.len(),
            surplus: plan.surplus(),
        }
    }

    /// Removes at the destination what differs, and stores what is missing then.
    fn apply(
        &self,
        plan: &Plan,
        done: &mut Done,
        progress: &mut impl FnMut(MoveProgress<'_>),
    ) -> Result<(), PulseDBError> {
        let Plan { experiences, relations, insights, loosened, .. } = plan;
        // Relations first: what stands between two others in a chain would leave a new relation behind.
        let gone: HashSet<RelationId> = loosened.iter().copied().chain(relations.removed()).collect();
        self.remove::<ExperienceRelation>(gone, done)?;
        self.remove::<DerivedInsight>(insights.removed(), done)?;
        self.remove::<Experience>(experiences.removed(), done)?;
        let mut store = Storing {
            sides: self.sides,
            of: self.of,
            stored: 0,
            total: (experiences.wanted() + relations.wanted() + insights.wanted() + loosened.len()) as u64,
        };
        let outcome = store
            .run::<Experience>(|id| experiences.wants(id), progress)
            .and_then(|()| {
                let wants = |id| relations.wants(id) || loosened.contains(&id);
                store.run::<ExperienceRelation>(wants, progress)
            })
            .and_then(|()| store.run::<DerivedInsight>(|id| insights.wants(id), progress));
        done.copied += store.stored;
        outcome
    }

    fn remove<T: Record>(
        &self,
        ids: impl IntoIterator<Item = T::Id>,
        done: &mut Done,
    ) -> Result<(), PulseDBError> {
        let ids: Vec<T::Id> = ids.into_iter().collect();
        for some in ids.chunks(BATCH_RECORDS) {
            T::remove(self.sides[1], self.of.id, some.to_vec())?;
            done.removed += some.len() as u64;
        }
        Ok(())
    }
}

/// What a move has done so far.
#[derive(Default)]
struct Done {
    copied: u64,
    removed: u64,
}

/// Records on their way into bounded transactions.
struct Storing<'a> {
    sides: [&'a dyn Side; 2],
    of: &'a Collective,
    stored: u64,
    total: u64,
}

impl Storing<'_> {
    fn run<T: Record>(
        &mut self,
        wants: impl Fn(T::Id) -> bool,
        progress: &mut impl FnMut(MoveProgress<'_>),
    ) -> Result<(), PulseDBError> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for one in Pages::<T>::new(self.sides[0], self.of.id) {
            let one = one?;
            if !wants(one.id()) {
                continue;
            }
            bytes += one.bytes();
            batch.push(one);
            if batch.len() >= BATCH_RECORDS || bytes >= BATCH_BYTES {
                bytes = 0;
                self.store(std::mem::take(&mut batch), progress)?;
            }
        }
        self.store(batch, progress)
    }

    fn store<T: Record>(
        &mut self,
        batch: Vec<T>,
        progress: &mut impl FnMut(MoveProgress<'_>),
    ) -> Result<(), PulseDBError> {
        if batch.is_empty() {
            return Ok(());
        }
        let records = batch.len() as u64;
        T::store(self.sides[1], self.of.id, batch)?;
        self.stored += records;
        progress(MoveProgress { collective: &self.of.name, done: self.stored, total: self.total });
        Ok(())
    }
}
