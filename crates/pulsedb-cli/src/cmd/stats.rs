//! `stats`: what the database says about itself.

use std::io::Write;

use indicatif::{HumanBytes, HumanCount};
use pulsedb::{DatabaseStats, ProviderIdentity};
use serde_json::{Value, json};

use crate::args::JsonArgs;
use crate::database::Target;
use crate::exit::Exit;
use crate::json::Moment;
use crate::output::table::{lines, table};
use crate::output::{Out, STRONG};
use crate::text::{count, printable_line};
use crate::time;

pub(crate) fn run(target: &Target, args: &JsonArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.read()?;
    let stats = db.stats()?;
    if args.json {
        out.json(&stats_json(&stats, target))?;
    } else {
        write_stats(&stats, target, out)?;
    }
    Ok(Exit::Ok)
}

fn write_stats(stats: &DatabaseStats, target: &Target, out: &mut Out) -> anyhow::Result<()> {
    let experiences: u64 = stats.collectives.iter().map(|collective| collective.experience_count).sum();
    let collectives = count(stats.collectives.len() as u64, "collective");
    let mut fields = vec![
        ("database", target.path.display().to_string()),
        ("experiences", format!("{} in {collectives}", HumanCount(experiences))),
        ("file", format!("{} of at most {}", HumanBytes(stats.file_bytes), HumanBytes(stats.map_bytes))),
        ("reusable", HumanBytes(stats.reclaimable_bytes).to_string()),
        ("changes", format!("{}, kept from {} on", stats.sequence, stats.oldest_change)),
    ];
    fields.push(("vectors", format!("of {}", stats.embedder)));
    if let Some(moving) = &stats.reembedding {
        let progress = &moving.progress;
        let done = format!("{} of {} records", HumanCount(progress.done), HumanCount(progress.total));
        fields.push(("moving", format!("to {}, {done}; `pulsedb reembed` goes on", moving.to)));
    }
    if stats.old_vectors_reclaiming {
        fields.push(("reclaiming", "vectors of an earlier embedder".to_owned()));
    }
    if stats.collectives_reclaiming > 0 {
        fields.push(("reclaiming", count(stats.collectives_reclaiming, "deleted collective")));
    }
    for reader in &stats.readers {
        let behind = count(reader.transactions_behind, "transaction");
        let seconds = count(reader.age.as_secs(), "second");
        fields.push(("reader", format!("process {}, {behind} behind, for {seconds} or more", reader.pid)));
    }
    for writer in &stats.writers {
        let since = time::display(writer.started);
        fields.push(("writer", format!("process {} on {} since {since}", writer.pid, writer.host)));
    }
    for (name, value) in fields {
        writeln!(out, "{STRONG}{name:<12}{STRONG:#}{}", printable_line(&value))?;
    }
    let mut list = table(out.width, &["collective", "experiences", "bytes"], &[1, 2]);
    for collective in &stats.collectives {
        list.add_row([
            printable_line(&collective.name),
            collective.experience_count.to_string(),
            HumanBytes(collective.storage_bytes).to_string(),
        ]);
    }
    if !stats.collectives.is_empty() {
        write!(out, "\n{}", lines(&list))?;
    }
    let mut list = table(out.width, &["table", "rows", "bytes"], &[1, 2]);
    for part in stats.tables.iter().filter(|part| part.rows > 0) {
        list.add_row([part.name.to_owned(), part.rows.to_string(), HumanBytes(part.bytes).to_string()]);
    }
    write!(out, "\n{}", lines(&list))?;
    Ok(())
}

fn stats_json(stats: &DatabaseStats, target: &Target) -> Value {
    let tables = stats.tables.iter().map(|it| json!({ "name": it.name, "rows": it.rows, "bytes": it.bytes }));
    let readers = stats.readers.iter().map(|it| {
        json!({ "pid": it.pid, "transactions_behind": it.transactions_behind, "age_seconds": it.age.as_secs_f64() })
    });
    let writers = stats
        .writers
        .iter()
        .map(|it| json!({ "pid": it.pid, "started": Moment(it.started), "host": it.host }));
    let collectives = stats.collectives.iter().map(|it| {
        json!({ "id": it.id, "name": it.name, "experiences": it.experience_count, "bytes": it.storage_bytes })
    });
    json!({
        "database": target.path.to_string_lossy(),
        "file_bytes": stats.file_bytes,
        "map_bytes": stats.map_bytes,
        "reclaimable_bytes": stats.reclaimable_bytes,
        "sequence": stats.sequence,
        "oldest_change": stats.oldest_change,
        "tables": tables.collect::<Vec<_>>(),
        "readers": readers.collect::<Vec<_>>(),
        "writers": writers.collect::<Vec<_>>(),
        "collectives": collectives.collect::<Vec<_>>(),
        "collectives_reclaiming": stats.collectives_reclaiming,
        "embedder": embedder_json(&stats.embedder),
        "reembedding": stats.reembedding.as_ref().map(|one| json!({
            "to": embedder_json(&one.to), "done": one.progress.done, "total": one.progress.total,
        })),
        "old_vectors_reclaiming": stats.old_vectors_reclaiming,
    })
}

/// The name of an embedder.
pub(super) fn embedder_json(embedder: &ProviderIdentity) -> Value {
    json!({
        "provider": embedder.provider,
        "model_digest": embedder.model_digest,
        "dimension": embedder.dimension,
    })
}
