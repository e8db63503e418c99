//! Fitting a context into so many tokens.

use std::collections::BTreeSet;

use crate::clock::Timestamp;
use crate::id::ExperienceId;
use crate::limits;
use crate::model::ContextCandidates;
use crate::model::markdown::{self, HEAD_BYTES, Section};
use crate::model::norm::Norm;
use crate::vector::{Isa, PreparedQuery};

/// An age may be said in so many more bytes when the context is rendered, which is later.
const AGE_BYTES: usize = 6;

/// What fits of a context: the best row of each part, then the second of each, and so on, near-duplicates once, and at
/// last the relations of what was taken. A row that does not fit is left out; shorter ones after it may still fit.
/// The line that says how many were left out has its room too.
pub(crate) fn fitted(all: ContextCandidates, max_tokens: usize, now: Timestamp) -> ContextCandidates {
    let bytes = max_tokens.saturating_mul(limits::BYTES_A_TOKEN);
    let whole = within(all.clone(), bytes, now);
    if whole.omitted == 0 {
        return whole;
    }
    let rows = all.similar_experiences.len()
        + all.recent_experiences.len()
        + all.insights.len()
        + all.relations.len()
        + all.active_agents.len();
    within(all, bytes.saturating_sub(markdown::foot(rows).len()), now)
}

fn within(all: ContextCandidates, bytes: usize, now: Timestamp) -> ContextCandidates {
    let ContextCandidates {
        similar_experiences,
        recent_experiences,
        insights,
        relations,
        active_agents,
        omitted: _,
    } = all;
    let parts = [similar_experiences.len(), recent_experiences.len(), insights.len(), active_agents.len()];
    let rows = parts.iter().sum::<usize>() + relations.len();
    let mut kept = ContextCandidates::default();
    let mut budget = Budget { left: bytes, begun: Vec::new() };
    let mut seen = Seen::default();
    let (mut similar, mut recent) = (similar_experiences.into_iter(), recent_experiences.into_iter());
    let (mut insights, mut agents) = (insights.into_iter(), active_agents.into_iter());
    for _ in 0..parts.into_iter().max().unwrap_or(0) {
        kept.similar_experiences.extend(similar.next().filter(|hit| {
            let (content, vector) = (&hit.experience.content, &hit.experience.embedding);
            seen.takes(content, vector, || budget.takes(Section::Similar, &markdown::similar(hit, now)))
        }));
        kept.insights.extend(insights.next().filter(|(one, score)| {
            let lines = || markdown::insight(one, *score, now);
            seen.takes(&one.content, &one.embedding, || budget.takes(Section::Insights, &lines()))
        }));
        kept.recent_experiences.extend(recent.next().filter(|one| {
            let lines = || markdown::recent(one, now);
            seen.takes(&one.content, &one.embedding, || budget.takes(Section::Recent, &lines()))
        }));
        let mut fits = |one: &_| budget.takes(Section::Agents, &markdown::agent(one, now));
        kept.active_agents.extend(agents.next().filter(|one| fits(one)));
    }
    let similar = kept.similar_experiences.iter().map(|hit| hit.experience.id);
    let ids: BTreeSet<ExperienceId> =
        similar.chain(kept.recent_experiences.iter().map(|one| one.id)).collect();
    kept.relations = relations;
    kept.relations.retain(|one| {
        (ids.contains(&one.source_id) || ids.contains(&one.target_id))
            && budget.takes(Section::Relations, &markdown::relation(one))
    });
    let taken = kept.similar_experiences.len()
        + kept.recent_experiences.len()
        + kept.insights.len()
        + kept.relations.len()
        + kept.active_agents.len();
    kept.omitted = rows - taken;
    kept
}

/// The bytes that are left.
struct Budget {
    left: usize,
    /// Sections that have a row, and so their heading.
    begun: Vec<Section>,
}

impl Budget {
    /// Whether there is room for the lines of a row; it is taken then.
    fn takes(&mut self, section: Section, lines: &str) -> bool {
        let head = if self.begun.is_empty() { HEAD_BYTES } else { 0 };
        let heading = if self.begun.contains(&section) { 0 } else { section.bytes() };
        let Some(left) = self.left.checked_sub(head + heading + lines.len() + AGE_BYTES) else {
            return false;
        };
        self.left = left;
        if heading > 0 {
            self.begun.push(section);
        }
        true
    }
}

/// What the context says already.
#[derive(Default)]
struct Seen {
    contents: BTreeSet<String>,
    /// Vectors as the kernels take them.
    vectors: Vec<(Vec<u8>, Norm)>,
}

impl Seen {
    /// Whether a row says something else and has room; it is noted then.
    fn takes(&mut self, content: &str, vector: &[f32], has_room: impl FnOnce() -> bool) -> bool {
        if self.says(content, vector) || !has_room() {
            return false;
        }
        self.contents.insert(content.to_owned());
        let bytes = vector.iter().flat_map(|component| component.to_le_bytes()).collect();
        self.vectors.extend(Norm::of(vector).map(|norm| (bytes, norm)));
        true
    }

    fn says(&self, content: &str, vector: &[f32]) -> bool {
        if self.contents.contains(content) {
            return true;
        }
        let Some(query) = PreparedQuery::new(Isa::detect(), vector) else { return false };
        let rows: Vec<(&[u8], Norm)> =
            self.vectors.iter().map(|(bytes, norm)| (bytes.as_slice(), *norm)).collect();
        let mut cosines = Vec::with_capacity(rows.len());
        query.cosines(&rows, &mut cosines);
        cosines.iter().any(|cosine| *cosine >= limits::NEAR_DUPLICATE_COSINE)
    }
}
