//! Relations and insights as JSON: what `--json` and `export` write, and what a line of `import` may hold.

use pulsedb::{
    DerivedInsight, ExperienceId, ExperienceRelation, InsightId, InsightType, RelationId, RelationType,
};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json::{Moment, TimeValue};

/// A relation, written. Its type stands first, and tells a reader what the line is.
#[derive(Debug, Serialize)]
pub(crate) struct RelationJson<'a> {
    relation: RelationType,
    id: RelationId,
    source: ExperienceId,
    target: ExperienceId,
    strength: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a str>,
    created_at: Moment,
}

impl<'a> RelationJson<'a> {
    pub(crate) fn new(relation: &'a ExperienceRelation) -> Self {
        Self {
            relation: relation.relation_type,
            id: relation.id,
            source: relation.source_id,
            target: relation.target_id,
            strength: relation.strength,
            metadata: relation.metadata.as_deref(),
            created_at: Moment(relation.created_at),
        }
    }
}

/// An insight, written. Its type stands first, and tells a reader what the line is.
#[derive(Debug, Serialize)]
pub(crate) struct InsightJson<'a> {
    insight: InsightType,
    id: InsightId,
    collective: &'a str,
    content: &'a str,
    sources: &'a [ExperienceId],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    missing_sources: &'a [ExperienceId],
    confidence: f32,
    domain: &'a [String],
    created_at: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding: Option<&'a [f32]>,
}

impl<'a> InsightJson<'a> {
    /// The insight of a collective; with its vector only if asked for, because it is most of the bytes.
    pub(crate) fn new(insight: &'a DerivedInsight, collective: &'a str, embedding: bool) -> Self {
        Self {
            insight: insight.insight_type,
            id: insight.id,
            collective,
            content: &insight.content,
            sources: &insight.source_experience_ids,
            missing_sources: &insight.missing_sources,
            confidence: insight.confidence,
            domain: &insight.domain,
            created_at: Moment(insight.created_at),
            embedding: embedding.then_some(&insight.embedding),
        }
    }
}

/// A relation, read. Keys that are not listed here are refused, so that a misspelt one is not lost.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelationLine {
    pub(crate) relation: RelationType,
    pub(crate) id: Option<RelationId>,
    pub(crate) source: ExperienceId,
    pub(crate) target: ExperienceId,
    pub(crate) strength: Option<f32>,
    pub(crate) metadata: Option<String>,
    pub(crate) created_at: Option<TimeValue>,
}

/// An insight, read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InsightLine {
    pub(crate) insight: InsightType,
    pub(crate) id: Option<InsightId>,
    #[serde(rename = "collective")]
    _collective: Option<IgnoredAny>,
    pub(crate) content: String,
    pub(crate) sources: Vec<ExperienceId>,
    #[serde(rename = "missing_sources")]
    _missing_sources: Option<IgnoredAny>,
    pub(crate) confidence: Option<f32>,
    pub(crate) domain: Option<Vec<String>>,
    pub(crate) created_at: Option<TimeValue>,
    pub(crate) embedding: Option<Vec<f32>>,
}

/// A line that joins records.
#[derive(Debug)]
pub(crate) enum LinkLine {
    Relation(RelationLine),
    Insight(InsightLine),
}

/// Whether an object is meant as a relation or an insight.
pub(crate) fn is_meant(object: &Map<String, Value>) -> bool {
    let is_relation = object.contains_key("source") && object.contains_key("target");
    let is_insight = object.contains_key("sources") && object.contains_key("content");
    let names = |key: &str| object.get(key).is_some_and(Value::is_string);
    (names("relation") && is_relation) || (names("insight") && is_insight)
}

/// The relation or the insight of a line; `None` if it is meant as something else.
pub(crate) fn read(line: &str) -> Option<serde_json::Result<LinkLine>> {
    // Most lines are neither, and are not read twice.
    if !line.contains("\"relation\"") && !line.contains("\"insight\"") {
        return None;
    }
    let object: Map<String, Value> = serde_json::from_str(line).ok()?;
    if !is_meant(&object) {
        return None;
    }
    Some(if object.contains_key("relation") {
        serde_json::from_str(line).map(LinkLine::Relation)
    } else {
        serde_json::from_str(line).map(LinkLine::Insight)
    })
}
