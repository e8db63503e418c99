//! What a score is made of, for people.

use std::io::{self, Write};

use pulsedb::{Explain, Signal};

use crate::output::{FAINT, Out};

/// The parts of a score on a line, those that add nothing left out.
pub(crate) fn line(out: &mut Out, parts: &Explain) -> io::Result<()> {
    let mut said: Vec<String> = Vec::new();
    let mut signal = |name: &str, signal: Option<Signal>, measure: &str| match signal {
        Some(Signal { raw, share }) => said.push(format!("{name} {share:.3} ({measure}{raw:.3})")),
        None => said.push(format!("no {name}")),
    };
    signal("words", parts.lexical, "BM25 ");
    signal("meaning", parts.vector, "cosine ");
    signal("late interaction", parts.late, "");
    let context = [
        ("session", parts.session),
        ("neighbours", parts.window),
        ("question before", parts.question),
        ("named agent", parts.agent),
    ];
    let context = context.into_iter().filter(|(_, part)| *part > 0.0);
    said.extend(context.map(|(name, part)| format!("{name} {part:.3}")));
    said.extend(parts.energy.map(|energy| format!("energy {energy:.3}")));
    writeln!(out, "    {FAINT}{}{FAINT:#}", said.join(", "))
}
