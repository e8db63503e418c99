//! Relations and insights on their way into the database: after every record, when all ids are known.

use pulsedb::{
    DerivedInsight, EmbeddingProvider, ExperienceId, ExperienceRelation, InsightId, PulseDB, PulseDBError,
    RelationId, Timestamp, ValidationError,
};

use crate::import::references::References;
use crate::links::{InsightLine, LinkLine, RelationLine};
use crate::report::Failure;

/// What has been done with them.
#[derive(Debug, Default)]
pub(crate) struct LinksDone {
    pub(crate) relations: u64,
    pub(crate) insights: u64,
    pub(crate) unchanged: u64,
    pub(crate) failures: Vec<Failure>,
}

/// Relations and insights of an import.
#[derive(Debug, Default)]
pub(crate) struct Links {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    link: LinkLine,
    source: String,
    line: usize,
}

/// Where they go, and how.
pub(crate) struct Destination<'a> {
    pub(crate) db: &'a PulseDB,
    pub(crate) collective: pulsedb::CollectiveId,
    pub(crate) references: &'a References,
    /// Lines keep their ids.
    pub(crate) keep_ids: bool,
}

impl Links {
    pub(crate) fn add(&mut self, joins: LinkLine, source: &str, line: usize) {
        self.rows.push(Row { link: joins, source: source.to_owned(), line });
    }

    /// Stores all that are not there. One that is refused is named.
    pub(crate) fn store(self, to: &Destination<'_>) -> pulsedb::Result<LinksDone> {
        let mut done = LinksDone::default();
        for Row { link, source, line } in self.rows {
            let outcome = match link {
                LinkLine::Relation(relation) => to.relation(relation).inspect(|added| {
                    done.relations += u64::from(*added);
                }),
                LinkLine::Insight(insight) => to.insight(insight).inspect(|added| {
                    done.insights += u64::from(*added);
                }),
            };
            match outcome {
                Ok(added) => done.unchanged += u64::from(!added),
                Err(error) if is_of_input(&error) => {
                    done.failures.push(Failure { source, line, reason: error.to_string() });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}

impl Destination<'_> {
    /// Stores a relation; `false` if the same ends have it already.
    fn relation(&self, line: RelationLine) -> pulsedb::Result<bool> {
        let created_at = moment(line.created_at.as_ref())?;
        let relation = ExperienceRelation {
            id: line.id.filter(|_| self.keep_ids).unwrap_or_else(RelationId::new),
            source_id: self.references.here(line.source),
            target_id: self.references.here(line.target),
            relation_type: line.relation,
            strength: line.strength.unwrap_or(0.5),
            metadata: line.metadata,
            created_at,
        };
        match self.db.restore_relations(vec![relation]) {
            Ok(()) => Ok(true),
            Err(PulseDBError::Validation(ValidationError::InvalidField { field, .. }))
                if field == "relation_type" || (field == "id" && self.keep_ids) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Stores an insight; `false` if one with this content follows from the same records already.
    fn insight(&self, line: InsightLine) -> pulsedb::Result<bool> {
        let created_at = moment(line.created_at.as_ref())?;
        let sources: Vec<ExperienceId> = line.sources.iter().map(|id| self.references.here(*id)).collect();
        for source in &sources {
            let known = match self.db.insights_of(*source) {
                Err(error) if error.is_not_found() => continue,
                known => known?,
            };
            let is_same =
                |one: &DerivedInsight| one.content == line.content && one.source_experience_ids == sources;
            if known.iter().any(is_same) {
                return Ok(false);
            }
        }
        let embedding = match line.embedding {
            Some(embedding) => embedding,
            None if self.db.config().embedding_provider == EmbeddingProvider::External => {
                return Err(ValidationError::RequiredField { field: "embedding".to_owned() }.into());
            }
            None => self.db.embed(&line.content)?,
        };
        self.db.restore_insights(vec![DerivedInsight {
            id: line.id.filter(|_| self.keep_ids).unwrap_or_else(InsightId::new),
            collective_id: self.collective,
            content: line.content,
            embedding,
            source_experience_ids: sources,
            missing_sources: Vec::new(),
            insight_type: line.insight,
            confidence: line.confidence.unwrap_or(0.5),
            domain: line.domain.unwrap_or_default(),
            created_at,
        }])?;
        Ok(true)
    }
}

/// The moment of a line, or now.
fn moment(time: Option<&crate::json::TimeValue>) -> pulsedb::Result<Timestamp> {
    let Some(time) = time else { return Ok(Timestamp::now()) };
    let invalid = |reason| ValidationError::InvalidField { field: "created_at".to_owned(), reason };
    // Only `export` writes such lines, so that a whole number is milliseconds.
    Ok(time.moment(true).map_err(invalid)?)
}

/// Whether the line is at fault, not the database.
fn is_of_input(error: &PulseDBError) -> bool {
    error.is_validation() || error.is_not_found() || matches!(error, PulseDBError::Embedding { .. })
}
