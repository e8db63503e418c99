//! `reembed`: moves the database to another embedder.

use std::io::{IsTerminal, Write};

use anyhow::anyhow;
use indicatif::{ProgressBar, ProgressStyle};
use pulsedb::EmbeddingProvider;
use serde_json::json;

use crate::args::ReembedArgs;
use crate::cmd::stats::embedder_json;
use crate::database::Target;
use crate::exit::Exit;
use crate::models;
use crate::output::Out;
use crate::text::count;

pub(crate) fn run(target: &Target, args: &ReembedArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let service = match &args.to.model {
        Some(directory) => models::add(directory.clone())?.0,
        None => EmbeddingProvider::default()
            .service()?
            .ok_or_else(|| anyhow!("the bundled table is missing from this build"))?,
    };
    let db = target.write()?;
    let (quiet, as_json) = (args.quiet, args.json);
    let bar = if quiet || !std::io::stderr().is_terminal() {
        ProgressBar::hidden()
    } else {
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template("{bar:24} {human_pos} of {human_len} records {eta}");
        style.map_or(bar.clone(), |style| bar.with_style(style))
    };
    db.reembed(service, |progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    })?;
    bar.finish_and_clear();
    let stats = db.stats()?;
    let records: u64 = stats.collectives.iter().map(|collective| collective.experience_count).sum();
    if as_json {
        out.json(&json!({ "embedder": embedder_json(&stats.embedder), "experiences": records }))?;
    } else {
        writeln!(out, "{} with vectors of {}", count(records, "experience"), stats.embedder)?;
    }
    Ok(Exit::Ok)
}
