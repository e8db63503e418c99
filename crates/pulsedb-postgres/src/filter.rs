//! Filters as conditions of statements.

use pulsedb::SearchFilter;
use pulsedb::backend;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::entries::{EXPERIENCES, INSIGHTS};
use crate::rows::SUPERSEDED;
use crate::session::Value;
use crate::text::escaped;

/// A statement that is being written, with its values.
pub(crate) struct Sql {
    values: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Sql {
    /// With the first value.
    pub(crate) fn new(first: impl ToSql + Sync + Send + 'static) -> Self {
        Self { values: vec![Box::new(first)] }
    }

    /// Adds a value; what stands for it in the statement.
    pub(crate) fn bind(&mut self, value: impl ToSql + Sync + Send + 'static) -> String {
        self.values.push(Box::new(value));
        format!("${}", self.values.len())
    }

    /// The values, in order.
    pub(crate) fn values(&self) -> Vec<Value<'_>> {
        self.values.iter().map(|value| &**value as Value<'_>).collect()
    }
}

/// What a search looks through.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'f> {
    pub(crate) collective: Uuid,
    /// Of experiences; `None` for insights, all of which may be found.
    pub(crate) filter: Option<&'f SearchFilter>,
}

impl Scope<'_> {
    /// As in the columns `kind`.
    pub(crate) fn kind(self) -> i16 {
        if self.filter.is_some() { EXPERIENCES } else { INSIGHTS }
    }

    /// The table of the records, each `x`.
    pub(crate) fn table(self) -> &'static str {
        if self.filter.is_some() { "experience" } else { "insight" }
    }

    /// The column of their time.
    pub(crate) fn stamp(self) -> &'static str {
        if self.filter.is_some() { "x.stamp" } else { "x.created_at" }
    }

    /// A statement whose first value is the collective, and the condition of an `x` that may be found.
    pub(crate) fn condition(self) -> (Sql, String) {
        let mut sql = Sql::new(self.collective);
        let mut conditions = vec!["x.collective_id = $1".to_owned()];
        if let Some(filter) = self.filter {
            add(filter, &mut sql, &mut conditions);
        }
        (sql, conditions.join(" AND "))
    }
}

fn add(filter: &SearchFilter, sql: &mut Sql, conditions: &mut Vec<String>) {
    let texts = |texts: Vec<&str>| -> Vec<String> {
        texts.into_iter().map(|text| escaped(text).into_owned()).collect()
    };
    conditions.push("(x.expires_at IS NULL OR x.expires_at > now_ms())".into());
    if filter.exclude_archived {
        conditions.push("NOT x.archived".into());
    }
    if !filter.include_superseded {
        conditions.push(format!("NOT {SUPERSEDED}"));
    }
    if let Some(domains) = &filter.domains {
        let any = sql.bind(texts(domains.iter().map(String::as_str).collect()));
        conditions.push(format!("x.domain && {any}::text[]"));
    }
    if let Some(tags) = &filter.tags_all {
        for (key, value) in tags {
            let (key, value) = (sql.bind(escaped(key).into_owned()), sql.bind(escaped(value).into_owned()));
            conditions.push(format!("x.tags ->> {key}::text = {value}::text"));
        }
    }
    if let Some(types) = &filter.experience_types {
        let any = sql.bind(types.iter().map(|one| i16::from(backend::kind_of(one))).collect::<Vec<i16>>());
        conditions.push(format!("x.type_tag = ANY ({any})"));
    }
    if let Some(agents) = &filter.source_agents {
        let any = sql.bind(texts(agents.iter().map(pulsedb::AgentId::as_str).collect()));
        conditions.push(format!("x.source_agent = ANY ({any})"));
    }
    if let Some(tasks) = &filter.source_tasks {
        let any = sql.bind(texts(tasks.iter().map(pulsedb::TaskId::as_str).collect()));
        conditions.push(format!("x.source_task = ANY ({any})"));
    }
    if let Some(prefix) = &filter.key_prefix {
        let prefix = sql.bind(escaped(prefix).into_owned());
        conditions.push(format!("starts_with(x.key, {prefix}::text)"));
    }
    for (column, bound) in [("importance", filter.min_importance), ("confidence", filter.min_confidence)] {
        if let Some(bound) = bound {
            let least = sql.bind(bound);
            conditions.push(format!("x.{column} >= {least}::real"));
        }
    }
    for (sign, bound) in [(">=", filter.since), ("<=", filter.until)] {
        if let Some(bound) = bound {
            let bound = sql.bind(bound.as_millis());
            conditions.push(format!("x.stamp {sign} {bound}"));
        }
    }
}
