//! One score of all signals and of the context, and the best candidates by it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::error::Result;
use crate::index::Address;
use crate::model::{ContextWeights, Explain, Signal, SignalWeights};
use crate::search::hit::{self, Hit, Rank};
use crate::search::text::signals::Signals;

/// What the signals measure of one candidate.
#[derive(Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) address: Address,
    pub(crate) rank: Rank,
    pub(crate) lexical: f32,
    /// The cosine; `None` where one of the two has no vector.
    pub(crate) vector: Option<f32>,
    pub(crate) late: f32,
}

/// Candidates as they are ranked, wherever they are stored. Each has a place, from 0 on.
pub(crate) trait Candidates {
    /// The weights of what surrounds a candidate.
    fn context(&self) -> ContextWeights;
    /// What was measured, place by place.
    fn measured(&self) -> Vec<Measured>;
    /// Scores the contents of all candidates by late interaction.
    fn compare_late(&mut self, signals: &mut Signals<'_>) -> Result<()>;
    /// The number of the session of a candidate.
    fn session(&mut self, place: usize) -> Result<Option<usize>>;
    /// How many sessions there are.
    fn sessions(&self) -> usize;
    /// Whether the query names the agent of a candidate.
    fn is_named(&mut self, place: usize) -> Result<bool>;
    /// W and P of a candidate: the best of its neighbours, and the question right before it.
    fn window(&mut self, place: usize, fused: &[f32]) -> Result<(f32, f32)>;
}

/// What each signal of a record is divided by and weighs; 0 for a signal that is missing.
struct Scale {
    lexical: Weighed,
    vector: Weighed,
    late: Weighed,
}

#[derive(Clone, Copy, Default)]
struct Weighed {
    /// The part of the mean.
    part: f32,
    /// The greatest value among the candidates.
    most: f32,
}

/// The best `k` candidates whose own score is above zero, best first.
pub(crate) fn best(pool: &mut impl Candidates, signals: &mut Signals<'_>, k: usize) -> Result<Vec<Hit>> {
    pool.compare_late(signals)?;
    let context = pool.context();
    let candidates = pool.measured();
    let scale = Scale::of(&candidates, signals);
    let fused: Vec<f32> = candidates.iter().map(|one| scale.fused(one)).collect();
    let bounds = bounds(pool, &fused)?;
    let mut order: Vec<usize> = (0..fused.len()).filter(|place| fused[*place] > 0.0).collect();
    order.sort_by(|left, right| bounds[*right].score.total_cmp(&bounds[*left].score).then(left.cmp(right)));
    // The scores of the best k so far, as bits, which sort as positive numbers do.
    let mut reached: BinaryHeap<Reverse<u32>> = BinaryHeap::new();
    let mut hits = Vec::new();
    for place in order {
        let bound = &bounds[place];
        let floor = reached.peek().filter(|_| reached.len() >= k).map(|least| f32::from_bits(least.0));
        if floor.is_some_and(|floor| bound.score < floor) {
            break;
        }
        let Around { window: others, .. } = bound.around;
        let counts = others > 0.0 && (context.window > 0.0 || context.question > 0.0);
        let (window, question) = if counts { pool.window(place, &fused)? } else { (0.0, 0.0) };
        let around = Around { session: bound.around.session, window, question, agent: bound.around.agent };
        let score = around.score(fused[place], &context);
        reached.push(Reverse(score.to_bits()));
        if reached.len() > k {
            reached.pop();
        }
        let one = &candidates[place];
        let parts = around.explain(fused[place], &context, scale.signals(one, signals));
        hits.push(Hit { score, rank: one.rank, address: one.address, parts });
    }
    Ok(hit::best(hits, k))
}

/// S, W, P and A of one candidate.
#[derive(Clone, Copy)]
struct Around {
    session: f32,
    window: f32,
    question: f32,
    agent: f32,
}

struct Bound {
    /// What is around it at most.
    around: Around,
    /// What its score cannot exceed: no neighbour is better than the best of the others in the session.
    score: f32,
}

/// S and A of each candidate, and with them an upper bound of its score.
fn bounds(pool: &mut impl Candidates, fused: &[f32]) -> Result<Vec<Bound>> {
    let context = pool.context();
    let (mut sessions, mut named) = (Vec::new(), Vec::new());
    for place in 0..fused.len() {
        // Where nothing around a record counts, nothing of it is read.
        let has_sessions = context.session > 0.0 || context.window > 0.0 || context.question > 0.0;
        sessions.push(if has_sessions { pool.session(place)? } else { None });
        named.push(context.agent > 0.0 && pool.is_named(place)?);
    }
    // The best of each session with its place, and the best of the others.
    let mut best = vec![(0.0_f32, usize::MAX, 0.0_f32); pool.sessions()];
    for (place, (session, &fused)) in sessions.iter().zip(fused).enumerate() {
        let Some((most, of, next)) = session.map(|session| &mut best[session]) else { continue };
        if fused > *most {
            (*most, *of, *next) = (fused, place, *most);
        } else {
            *next = next.max(fused);
        }
    }
    let all = fused.iter().zip(sessions).zip(named).enumerate();
    let all = all.map(|(place, ((fused, session), is_named))| {
        let (most, of, next) = session.map_or((*fused, place, 0.0), |session| best[session]);
        let others = if of == place { next } else { most };
        let agent = f32::from(u8::from(is_named));
        let around = Around { session: most, window: others, question: others, agent };
        Bound { around, score: around.score(*fused, &context) }
    });
    Ok(all.collect())
}

impl Around {
    fn score(&self, fused: f32, context: &ContextWeights) -> f32 {
        let ContextWeights { session, window, question, agent } = *context;
        let sum = fused
            + session * self.session
            + window * self.window
            + question * self.question
            + agent * self.agent;
        sum / (1.0 + session + window + question + agent)
    }

    fn explain(&self, fused: f32, context: &ContextWeights, signals: Explain) -> Explain {
        let ContextWeights { session, window, question, agent } = *context;
        let all = Explain {
            fused,
            session: session * self.session,
            window: window * self.window,
            question: question * self.question,
            agent: agent * self.agent,
            ..signals
        };
        all.scaled(1.0 / (1.0 + session + window + question + agent))
    }
}

impl Scale {
    fn of(candidates: &[Measured], signals: &Signals<'_>) -> Self {
        let most = |of: fn(&Measured) -> f32| candidates.iter().map(of).fold(0.0, f32::max);
        let weights = signals.weights;
        let mut all = [
            (weights.lexical, most(|one| one.lexical)),
            (weights.vector, most(|one| one.vector.unwrap_or(0.0))),
            (weights.late, most(|one| one.late)),
        ];
        for (weight, most) in &mut all {
            if *most <= 0.0 {
                *weight = 0.0;
            }
        }
        let sum: f32 = all.iter().map(|(weight, _)| weight).sum();
        let [lexical, vector, late] =
            all.map(
                |(weight, most)| {
                    if weight > 0.0 { Weighed { part: weight / sum, most } } else { Weighed::default() }
                },
            );
        Self { lexical, vector, late }
    }

    /// F of a candidate.
    fn fused(&self, one: &Measured) -> f32 {
        let vector = one.vector.unwrap_or(0.0);
        self.lexical.of(one.lexical) + self.vector.of(vector) + self.late.of(one.late)
    }

    /// What the signals say of a candidate.
    fn signals(&self, one: &Measured, signals: &Signals<'_>) -> Explain {
        let signal = |weighed: Weighed, raw: f32| Signal { raw, share: weighed.of(raw) };
        Explain {
            lexical: signals.words.as_ref().map(|_| signal(self.lexical, one.lexical)),
            vector: one.vector.filter(|_| signals.vector.is_some()).map(|raw| signal(self.vector, raw)),
            late: signals.late.as_ref().map(|_| signal(self.late, one.late)),
            ..Explain::default()
        }
    }
}

impl Weighed {
    fn of(self, raw: f32) -> f32 {
        if self.part > 0.0 { self.part * (raw.max(0.0) / self.most) } else { 0.0 }
    }
}

/// The places of the best `n` by words and vectors, best first.
pub(crate) fn best_without_late(candidates: &[Measured], weights: SignalWeights, n: usize) -> Vec<usize> {
    let most = |of: fn(&Measured) -> f32| candidates.iter().map(of).fold(0.0, f32::max);
    let words = share(weights.lexical, most(|one| one.lexical));
    let vectors = share(weights.vector, most(|one| one.vector.unwrap_or(0.0)));
    let score = |one: &Measured| one.lexical * words + one.vector.unwrap_or(0.0).max(0.0) * vectors;
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|left, right| {
        let (left, right) = (&candidates[*left], &candidates[*right]);
        score(right).total_cmp(&score(left)).then_with(|| right.rank.cmp(&left.rank))
    });
    order.truncate(n);
    order
}

/// What one unit of a signal weighs whose greatest value is `most`.
fn share(weight: f32, most: f32) -> f32 {
    if most > 0.0 { weight / most } else { 0.0 }
}
