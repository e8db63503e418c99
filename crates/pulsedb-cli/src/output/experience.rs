//! Experiences for people: hits and recent ones as blocks, one whole as a page.

use std::io::{self, Write};

use pulsedb::{Experience, Query, Timestamp, passage};

use crate::kind;
use crate::output::snippet::{emphasise, snippet};
use crate::output::{FAINT, Out, PLACE, STRONG};
use crate::provenance::{CELL_TAG, HEADING_TAG, LINE_TAG, SOURCE_TAG};
use crate::text::{count, printable, printable_line};
use crate::time;

/// Lines of a text that a block shows.
const SNIPPET_LINES: usize = 4;
/// The text of a block stands under the place, not under the rank.
const INDENT: &str = "    ";

/// Where a record comes from: its source and line, if it was imported from a file.
pub(crate) fn place(experience: &Experience) -> Option<String> {
    let source = experience.tags.get(SOURCE_TAG)?;
    Some(match (experience.tags.get(LINE_TAG), experience.tags.get(CELL_TAG)) {
        (Some(line), _) => format!("{source}:{line}"),
        (None, Some(cell)) => format!("{source} cell {cell}"),
        (None, None) => source.clone(),
    })
}

/// The text without the heading line that is shown beside the place.
pub(crate) fn body(experience: &Experience) -> &str {
    let heading = experience.tags.get(HEADING_TAG).map(String::as_str).unwrap_or_default();
    let rest = experience.content.strip_prefix(heading).and_then(|rest| rest.strip_prefix("\n\n"));
    rest.filter(|_| !heading.is_empty()).unwrap_or(&experience.content)
}

/// What stands before a block.
pub(crate) struct Heading {
    pub(crate) rank: usize,
    pub(crate) score: Option<f32>,
}

/// An experience as a block of a list, from where it answers the query on, without an empty line behind it.
pub(crate) fn block(
    out: &mut Out,
    experience: &Experience,
    heading: &Heading,
    query: Query<'_>,
    now: Timestamp,
) -> io::Result<()> {
    write!(out, "{STRONG}{:>2}.{STRONG:#} ", heading.rank)?;
    if let Some(score) = heading.score {
        write!(out, "{STRONG}{score:.3}{STRONG:#}  ")?;
    }
    let label = printable_line(&kind::label(&experience.experience_type));
    match place(experience) {
        Some(place) => write!(out, "{PLACE}{}{PLACE:#}", printable_line(&place))?,
        None => write!(out, "{PLACE}{label}{PLACE:#}")?,
    }
    if let Some(heading) = experience.tags.get(HEADING_TAG) {
        write!(out, "  {}", emphasise(query, &printable_line(heading)))?;
    }
    writeln!(out)?;
    let body = body(experience);
    let before = experience.content.len() - body.len();
    let from = passage(query, &experience.content).start.saturating_sub(before);
    for line in snippet(body, from, out.width - INDENT.len(), SNIPPET_LINES) {
        writeln!(out, "{INDENT}{}", emphasise(query, &line))?;
    }
    let agent = printable_line(experience.source_agent.as_str());
    let age = time::age(experience.timestamp, now);
    let archived = if experience.archived { ", archived" } else { "" };
    let superseded = if experience.superseded { ", superseded" } else { "" };
    let id = experience.id;
    writeln!(out, "{INDENT}{FAINT}{id}  {label}, {agent}, {age}{archived}{superseded}{FAINT:#}")
}

/// An experience whole.
pub(crate) fn page(
    out: &mut Out,
    experience: &Experience,
    collective: &str,
    energy: f32,
) -> anyhow::Result<()> {
    let mut fields: Vec<(&str, String)> = vec![
        ("id", experience.id.to_string()),
        ("collective", collective.to_owned()),
        ("type", serde_json::to_string(&experience.experience_type)?),
        (
            "importance",
            format!("{}, confidence {}, energy {energy:.3}", experience.importance, experience.confidence),
        ),
        ("agent", experience.source_agent.to_string()),
    ];
    fields.extend(experience.source_task.as_ref().map(|task| ("task", task.to_string())));
    fields.push(("happened", time::display(experience.timestamp)));
    fields.push((
        "changed",
        format!("{}, sequence {}", time::display(experience.updated_at), experience.sequence),
    ));
    if experience.applications > 0 {
        let times = count(u64::from(experience.applications), "time");
        fields.push(("reinforced", format!("{times}, last {}", time::display(experience.last_reinforced))));
    }
    fields.extend(experience.key.as_ref().map(|key| ("key", key.clone())));
    fields.extend(experience.expires_at.map(|end| ("expires", time::display(end))));
    if experience.archived {
        fields.push(("archived", "yes; `pulsedb forget --undo` restores it".to_owned()));
    }
    if experience.superseded {
        fields.push(("superseded", "yes; `pulsedb history` shows by what".to_owned()));
    }
    if !experience.domain.is_empty() {
        fields.push(("domain", experience.domain.join(", ")));
    }
    fields.extend(experience.tags.iter().map(|(key, value)| ("tag", format!("{key}={value}"))));
    fields.extend(experience.related_files.iter().map(|file| ("file", file.clone())));
    let vector = match experience.embedding.len() {
        0 => "none: the embedder knows none of its words".to_owned(),
        dimensions => count(dimensions as u64, "dimension"),
    };
    fields.push(("vector", vector));
    for (name, value) in fields {
        writeln!(out, "{STRONG}{name:<12}{STRONG:#}{}", printable_line(&value))?;
    }
    writeln!(out, "\n{}", printable(&experience.content))?;
    Ok(())
}
