//! Statistics: sizes of tables, readers, writers and collectives, as one snapshot has them.

use std::time::Duration;

use crate::clock;
use crate::error::Result;
use crate::model::{CollectiveSummary, DatabaseStats, ReaderInfo, TableStats};
use crate::storage::Store;
use crate::storage::env::{self, engine_error};
use crate::storage::format::tables::Table;
use crate::storage::read::view::View;

impl Store {
    /// The state of the database.
    pub(crate) fn stats(&self) -> Result<DatabaseStats> {
        // Before the snapshot, which would be in the list.
        let readers = self.env.readers()?;
        let writers = env::writers(self.env.path())?;
        let txn = self.env.read()?;
        let view = View::new(&self.env, &txn);
        Ok(DatabaseStats {
            file_bytes: self.env.file_bytes()?,
            tables: self.table_stats(view)?,
            reclaimable_bytes: self.env.free_pages(&txn)? * self.env.page_size(),
            map_bytes: self.env.map_bytes(),
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
        })
    }

    fn table_stats(&self, view: View<'_>) -> Result<Vec<TableStats>> {
        let stats = Table::ALL.into_iter().map(|table| {
            let stat = self.env.table(table.index()).stat(view.txn);
            let stat = stat.map_err(|error| engine_error("counting pages", error))?;
            let pages = stat.branch_pages + stat.leaf_pages + stat.overflow_pages;
            let bytes = pages as u64 * u64::from(stat.page_size);
            Ok(TableStats { name: table.name(), rows: stat.entries as u64, bytes })
        });
        stats.collect()
    }
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
