//! One transaction: its tenant, its role, its moment, and the changes that it logs at its end.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use pulsedb::{CollectiveId, Seq, Timestamp};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, SimpleQueryMessage};
use uuid::Uuid;

use crate::failure::{self, Answer};

/// What a logged change is; the numbers are those of the column `log.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub(crate) enum Kind {
    Created = 0,
    Updated = 1,
    Reinforced = 2,
    Archived = 3,
    Unarchived = 4,
    Deleted = 5,
    RelationStored = 10,
    RelationDeleted = 11,
    InsightStored = 12,
    InsightDeleted = 13,
    CollectiveCreated = 14,
}

/// Whether a transaction changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// All statements see one snapshot.
    Read,
    Write,
}

/// A change of the totals of a collective; `kind` is that of the column `totals.kind`.
struct Counted {
    collective: Uuid,
    kind: i16,
    rows: i64,
    words: i64,
}

/// An open transaction.
pub(crate) struct Session<'c> {
    client: &'c ClientWrapper,
    limit: Duration,
    /// Its moment.
    pub(crate) now: Timestamp,
    log: Vec<(Uuid, Kind, Uuid)>,
    counted: Vec<Counted>,
}

/// A value of a statement.
pub(crate) type Value<'v> = &'v (dyn ToSql + Sync);

impl<'c> Session<'c> {
    /// Begins a transaction. The tenant has been checked: it is of plain characters.
    pub(crate) async fn begin(
        client: &'c ClientWrapper,
        tenant: &str,
        limit: Duration,
        access: Access,
    ) -> Answer<Self> {
        let mode = match access {
            Access::Read => "ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Access::Write => "ISOLATION LEVEL READ COMMITTED READ WRITE",
        };
        let begin = format!(
            "BEGIN {mode}; SET LOCAL ROLE pulsedb_app; SET LOCAL search_path = pulsedb, public; \
             SET LOCAL statement_timeout = {}; \
             SELECT set_config('pulsedb.tenant', '{tenant}', true), now_ms()",
            limit.as_millis()
        );
        let said = client.simple_query(&begin).await.map_err(|error| failure::of(&error, limit))?;
        let now = said.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(1)?.parse().ok(),
            _ => None,
        });
        let now = Timestamp::from_millis(now.expect("the last statement returns a row with a number"));
        Ok(Self { client, limit, now, log: Vec::new(), counted: Vec::new() })
    }

    /// The rows that a statement returns.
    pub(crate) async fn rows(&self, sql: &str, values: &[Value<'_>]) -> Answer<Vec<Row>> {
        let said = |error| failure::of(&error, self.limit);
        let statement = self.client.prepare_cached(sql).await.map_err(said)?;
        self.client.query(&statement, values).await.map_err(said)
    }

    /// The first row that a statement returns.
    pub(crate) async fn row(&self, sql: &str, values: &[Value<'_>]) -> Answer<Option<Row>> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Runs a statement that returns nothing; how many rows it changed.
    pub(crate) async fn run(&self, sql: &str, values: &[Value<'_>]) -> Answer<u64> {
        let said = |error| failure::of(&error, self.limit);
        let statement = self.client.prepare_cached(sql).await.map_err(said)?;
        self.client.execute(&statement, values).await.map_err(said)
    }

    /// Notes a change, which is logged at the end.
    pub(crate) fn log(&mut self, collective: CollectiveId, kind: Kind, subject: [u8; 16]) {
        self.log.push((Uuid::from_bytes(*collective.as_bytes()), kind, Uuid::from_bytes(subject)));
    }

    /// Notes rows of the index that came or went.
    pub(crate) fn count(&mut self, collective: CollectiveId, kind: i16, rows: i64, words: i64) {
        let collective = Uuid::from_bytes(*collective.as_bytes());
        self.counted.push(Counted { collective, kind, rows, words });
    }

    /// Ends the transaction with its changes in the log; the number of the last one, 0 if there is none.
    ///
    /// The counter is the last row that is locked, so the numbers have no gap and become visible in their order.
    pub(crate) async fn commit(self) -> Answer<Seq> {
        let mut last = 0;
        if !self.log.is_empty() {
            last = self.number().await?;
        }
        self.client.batch_execute("COMMIT").await.map_err(|error| failure::of(&error, self.limit))?;
        Ok(last)
    }

    async fn number(&self) -> Answer<Seq> {
        let count = self.log.len() as i64;
        let collectives: Vec<Uuid> = self.log.iter().map(|(collective, _, _)| *collective).collect();
        let kinds: Vec<i16> = self.log.iter().map(|(_, kind, _)| *kind as i16).collect();
        let subjects: Vec<Uuid> = self.log.iter().map(|(_, _, subject)| *subject).collect();
        let row = self
            .row(
                "WITH counter AS (UPDATE tenant SET sequence = sequence + $1 \
                     WHERE tenant_id = current_setting('pulsedb.tenant') RETURNING tenant_id, sequence - $1 AS base), \
                 change AS (SELECT base + at AS sequence, tenant_id, collective_id, kind, subject FROM counter, \
                     unnest($2::uuid[], $3::smallint[], $4::uuid[]) WITH ORDINALITY AS c(collective_id, kind, subject, at)), \
                 logged AS (INSERT INTO log (tenant_id, sequence, stamp, collective_id, kind, subject) \
                     SELECT tenant_id, sequence, now_ms(), collective_id, kind, subject FROM change), \
                 marked AS (UPDATE experience x SET sequence = last.sequence \
                     FROM (SELECT tenant_id, subject, max(sequence) AS sequence FROM change WHERE kind < 5 GROUP BY 1, 2) last \
                     WHERE x.tenant_id = last.tenant_id AND x.id = last.subject) \
                 SELECT base + $1 FROM counter",
                &[&count, &collectives, &kinds, &subjects],
            )
            .await?;
        let row = row.expect("the row of the tenant is made when a store is connected, and never deleted");
        for Counted { collective, kind, rows, words } in &self.counted {
            self.run(
                "INSERT INTO totals AS t (tenant_id, collective_id, kind, rows, words) \
                 VALUES (current_setting('pulsedb.tenant'), $1, $2, $3, $4) \
                 ON CONFLICT (tenant_id, collective_id, kind) \
                 DO UPDATE SET rows = t.rows + excluded.rows, words = t.words + excluded.words",
                &[collective, kind, rows, words],
            )
            .await?;
        }
        Ok(row.get::<_, i64>(0).unsigned_abs())
    }

    /// Takes everything back; whether that was possible.
    pub(crate) async fn roll_back(client: &ClientWrapper) -> bool {
        client.batch_execute("ROLLBACK").await.is_ok()
    }
}
