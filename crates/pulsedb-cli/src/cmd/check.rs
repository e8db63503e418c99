//! `check` and `repair`: whether the database agrees with itself, and making it so.

use std::io::Write;

use pulsedb::CheckReport;
use serde_json::{Value, json};

use crate::args::JsonArgs;
use crate::database::Target;
use crate::exit::Exit;
use crate::output::Out;
use crate::text::{count, printable_line};

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
            writeln!(out, "{} or more could not be saved", count(report.records_lost, "record"))?;
        }
        for (lost, noun) in [(report.relations_lost, "relation"), (report.insights_lost, "insight")] {
            if lost > 0 {
                writeln!(out, "{} or more could not be saved", count(lost, noun))?;
            }
        }
        if report.vectors_lost > 0 {
            let vectors = count(report.vectors_lost, "vector");
            writeln!(out, "{vectors} lost; a search by vector does not find their records")?;
        }
    }
    // Nobody knows what was on a page that cannot be read.
    let lost_pages = report.faults.iter().any(|fault| fault.table == "file");
    let counts = [report.records_lost, report.vectors_lost, report.relations_lost, report.insights_lost];
    let lost = counts.iter().any(|lost| *lost > 0) || lost_pages;
    Ok(if lost { Exit::Failure } else { Exit::Ok })
}

fn write_report(report: &CheckReport, json: bool, out: &mut Out) -> anyhow::Result<()> {
    if json {
        return out.json(&report_json(report));
    }
    writeln!(
        out,
        "read {}, {}, {}, {}, {}, {}, {}, {}",
        count(report.collectives, "collective"),
        count(report.experiences, "experience"),
        count(report.vectors, "vector"),
        count(report.insights, "insight"),
        count(report.relations, "relation"),
        if report.activities == 1 {
            "1 activity".to_owned()
        } else {
            format!("{} activities", report.activities)
        },
        count(report.changes, "change"),
        count(report.index_rows, "index row")
    )?;
    for fault in &report.faults {
        let problem = printable_line(&fault.problem);
        writeln!(out, "fault in table {}, key {}: {problem}", fault.table, printable_line(&fault.key))?;
    }
    match report.fault_count {
        0 => writeln!(out, "no fault found")?,
        faults => writeln!(out, "{}, {} of them listed", count(faults, "fault"), report.faults.len())?,
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
        "insights": report.insights,
        "relations": report.relations,
        "activities": report.activities,
        "changes": report.changes,
        "index_rows": report.index_rows,
        "fault_count": report.fault_count,
        "faults": faults.collect::<Vec<_>>(),
        "records_lost": report.records_lost,
        "vectors_lost": report.vectors_lost,
        "relations_lost": report.relations_lost,
        "insights_lost": report.insights_lost,
        "damaged_copy": report.damaged_copy.as_ref().map(|copy| copy.to_string_lossy()),
    })
}
