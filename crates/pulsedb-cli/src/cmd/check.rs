//! `check` and `repair`: whether the database agrees with itself, and making it so.

use std::io::Write;

use indicatif::HumanCount;
use pulsedb::CheckReport;
use serde_json::{Value, json};

use crate::args::JsonArgs;
use crate::database::Target;
use crate::exit::Exit;
use crate::output::Out;
use crate::text::printable_line;

/// Compares everything; faults are exit code 5.
pub(crate) fn check(target: &Target, args: &JsonArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let report = target.read()?.check()?;
    write_report(&report, args.json, out)?;
    if report.is_clean() {
        return Ok(Exit::Ok);
    }
    if !args.json {
        writeln!(out, "`pulsedb repair` rebuilds what can be derived from the records")?;
    }
    Ok(Exit::Damaged)
}

/// Rebuilds what is derived from the records.
pub(crate) fn repair(target: &Target, args: &JsonArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let report = target.repair()?;
    write_report(&report, args.json, out)?;
    if !args.json {
        if let Some(copy) = &report.damaged_copy {
            writeln!(out, "the file as it was is kept at {}", copy.display())?;
        }
        if report.records_lost > 0 {
            writeln!(out, "{} or more records could not be saved", HumanCount(report.records_lost))?;
        }
        if report.vectors_lost > 0 {
            let count = HumanCount(report.vectors_lost);
            writeln!(out, "{count} records have lost their vectors; a search by vector passes them by")?;
        }
    }
    // Of a page that cannot be read nobody knows what stood on it.
    let lost_pages = report.faults.iter().any(|fault| fault.table == "file");
    let lost = report.records_lost > 0 || report.vectors_lost > 0 || lost_pages;
    Ok(if lost { Exit::Failure } else { Exit::Ok })
}

fn write_report(report: &CheckReport, json: bool, out: &mut Out) -> anyhow::Result<()> {
    if json {
        return out.json(&report_json(report));
    }
    writeln!(
        out,
        "{} collectives, {} experiences, {} vectors, {} changes, {} index rows read",
        HumanCount(report.collectives),
        HumanCount(report.experiences),
        HumanCount(report.vectors),
        HumanCount(report.changes),
        HumanCount(report.index_rows)
    )?;
    for fault in &report.faults {
        let problem = printable_line(&fault.problem);
        writeln!(out, "fault in table {}, key {}: {problem}", fault.table, printable_line(&fault.key))?;
    }
    match report.fault_count {
        0 => writeln!(out, "no fault found")?,
        count => writeln!(out, "{} faults, {} of them listed", HumanCount(count), report.faults.len())?,
    }
    Ok(())
}

fn report_json(report: &CheckReport) -> Value {
    let faults =
        report.faults.iter().map(|it| json!({ "table": it.table, "key": it.key, "problem": it.problem }));
    json!({
        "clean": report.is_clean(),
        "collectives": report.collectives,
        "experiences": report.experiences,
        "vectors": report.vectors,
        "changes": report.changes,
        "index_rows": report.index_rows,
        "fault_count": report.fault_count,
        "faults": faults.collect::<Vec<_>>(),
        "records_lost": report.records_lost,
        "vectors_lost": report.vectors_lost,
        "damaged_copy": report.damaged_copy.as_ref().map(|copy| copy.to_string_lossy()),
    })
}
