//! Statistics: sizes of tables, readers, writers and collectives, as one snapshot has them.

use std::time::Duration;

use crate::clock;
use crate::error::Result;
use crate::model::{CollectiveSummary, DatabaseStats, Progress, ReaderInfo, Reembedding, TableStats};
use crate::storage::env::{self, Environment, engine_error};
use crate::storage::format::tables::Table;
use crate::storage::read::view::View;

/// The state of the database.
pub(in crate::storage) fn stats(env: &Environment) -> Result<DatabaseStats> {
    // Before the snapshot, which would be in the list.
    let readers = env.readers()?;
    let writers = env::writers(env.path())?;
    let txn = env.read()?;
    let view = View::of(&txn);
    Ok(DatabaseStats {
        file_bytes: env.file_bytes()?,
        tables: table_stats(view)?,
        reclaimable_bytes: txn.free_pages()? * env.page_size()?,
        map_bytes: env.map_bytes()?,
        sequence: view.last_sequence()?,
        oldest_change: view.oldest_change()?,
        readers: readers
            .into_iter()
            .map(|reader| reader_info(view, reader))
            .collect::<Result<Vec<_>>>()
            .map(oldest_first)?,
        writers,
        collectives: summaries(view)?,
        collectives_reclaiming: view.reclaims()?.len() as u64,
        embedder: view.identity()?,
        reembedding: reembedding(view)?,
        old_vectors_reclaiming: view.has_old_vectors()?,
    })
}

fn reembedding(view: View<'_>) -> Result<Option<Reembedding>> {
    let Some(next) = view.next_embedding()? else { return Ok(None) };
    let (done, total) = view.progress_in_all()?;
    Ok(Some(Reembedding { to: next.identity, progress: Progress { done, total } }))
}

fn table_stats(view: View<'_>) -> Result<Vec<TableStats>> {
    let stats = Table::ALL.into_iter().map(|table| {
        let stat = view.engine.table(table.index()).stat(view.txn);
        let stat = stat.map_err(|error| engine_error("counting pages", error))?;
        let pages = stat.branch_pages + stat.leaf_pages + stat.overflow_pages;
        let bytes = pages as u64 * u64::from(stat.page_size);
        Ok(TableStats { name: table.name(), rows: stat.entries as u64, bytes })
    });
    stats.collect()
}

/// A reader slot with how far behind it is, in transactions and in time.
fn reader_info(view: View<'_>, reader: env::RawReader) -> Result<ReaderInfo> {
    let transactions_behind = view.transaction().saturating_sub(reader.txn_id);
    // Out of date since the first change that it does not see.
    let outdated = if transactions_behind == 0 { None } else { view.first_change_after(reader.txn_id)? };
    let age = outdated.map_or(Duration::ZERO, |since| clock::now().since(since));
    Ok(ReaderInfo { pid: reader.pid, transactions_behind, age })
}

fn oldest_first(mut readers: Vec<ReaderInfo>) -> Vec<ReaderInfo> {
    readers.sort_by_key(|reader| std::cmp::Reverse(reader.transactions_behind));
    readers
}

fn summaries(view: View<'_>) -> Result<Vec<CollectiveSummary>> {
    let mut summaries = Vec::new();
    for collective in view.collectives()? {
        let Some(stats) = view.collective_stats(collective.id)? else { continue };
        summaries.push(CollectiveSummary {
            id: collective.id,
            name: collective.name,
            experience_count: stats.experience_count,
            storage_bytes: stats.storage_bytes,
        });
    }
    Ok(summaries)
}
