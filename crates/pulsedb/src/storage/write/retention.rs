//! Retention: removes changes from the log that are too old or too many.

use crate::config::LogConfig;
use crate::error::Result;
use crate::limits;
use crate::storage::format::keys;
use crate::storage::format::meta;
use crate::storage::format::tables::Table;
use crate::storage::format::writer::Write;
use crate::storage::write::transaction::WriteTxn;

/// Trims the log for a transaction that has written to it, a bounded number of changes at a time, and raises the
/// floor. One that has logged nothing trims nothing.
pub(in crate::storage) fn trim(txn: &mut WriteTxn<'_>, config: &LogConfig) -> Result<()> {
    let logged = txn.logged();
    if logged == 0 {
        return Ok(());
    }
    let (floor, last) = (txn.floor(), txn.sequence());
    let by_count = last.saturating_sub(config.max_rows).saturating_add(1).max(floor);
    let cutoff = txn.now.minus(config.max_age);
    let limit = limits::TRIM_ROWS.saturating_add(logged.saturating_mul(2)) as u64;
    let end = floor.saturating_add(limit).min(last.saturating_add(1));
    let mut next = floor;
    while next < end {
        let Some((change, _)) = txn.view().first_written_from(next)? else { break };
        if change.sequence >= by_count && change.timestamp >= cutoff {
            // The numbers before this row are owed by a deletion; those below the bound are never written.
            next = next.max(by_count);
            break;
        }
        txn.delete(Table::Log, &keys::sequence(change.sequence))?;
        next = change.sequence.saturating_add(1);
    }
    if next > floor {
        txn.put(Table::Meta, meta::FLOOR, |out| out.u64(next))?;
    }
    Ok(())
}
