//! `export`: every experience of a collective as a line of JSON, then every relation and every insight.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use pulsedb::limits::RESULTS_MAX;
use pulsedb::{CollectiveId, PulseDB};

use crate::args::ExportArgs;
use crate::database::Target;
use crate::exit::Exit;
use crate::import::lookup::for_each_experience;
use crate::json::ExperienceJson;
use crate::links::{InsightJson, RelationJson};
use crate::output::{Out, write_json_line};

pub(crate) fn run(target: &Target, args: &ExportArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.read()?;
    let id = target.collective(&db)?;
    match &args.out {
        Some(path) => to_file(&db, id, target, args.embeddings, path)?,
        None => write_all(&db, id, target, args.embeddings, out.lines())?,
    }
    Ok(Exit::Ok)
}

/// Records come before what joins them.
fn write_all(
    db: &PulseDB,
    id: CollectiveId,
    target: &Target,
    embeddings: bool,
    writer: &mut impl Write,
) -> anyhow::Result<()> {
    let name = &target.collective;
    for_each_experience(db, id, |experience| {
        write_json_line(writer, &ExperienceJson::new(&experience, name, embeddings))
    })?;
    in_pages(
        |offset| db.list_relations(id, RESULTS_MAX, offset),
        |relation| write_json_line(writer, &RelationJson::new(relation)),
    )?;
    in_pages(
        |offset| db.list_insights(id, RESULTS_MAX, offset),
        |insight| write_json_line(writer, &InsightJson::new(insight, name, embeddings)),
    )
}

/// Hands over every row of a list.
fn in_pages<T>(
    list: impl Fn(usize) -> pulsedb::Result<Vec<T>>,
    mut take: impl FnMut(&T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut offset = 0;
    loop {
        let page = list(offset)?;
        page.iter().try_for_each(&mut take)?;
        offset += page.len();
        if page.len() < RESULTS_MAX {
            return Ok(());
        }
    }
}

/// Writes beside the file and renames when all of it is on the disk.
fn to_file(
    db: &PulseDB,
    id: CollectiveId,
    target: &Target,
    embeddings: bool,
    path: &Path,
) -> anyhow::Result<()> {
    let mut name = path.file_name().context("name a file to write")?.to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let partial: PathBuf = path.with_file_name(name);
    let write = || -> anyhow::Result<()> {
        let mut writer = BufWriter::new(File::create_new(&partial)?);
        write_all(db, id, target, embeddings, &mut writer)?;
        writer.into_inner()?.sync_all()?;
        Ok(fs::rename(&partial, path)?)
    };
    write().with_context(|| format!("cannot write {}", path.display())).inspect_err(|_| {
        // The failure is told; that a part of the file stays behind would add nothing.
        let _ = fs::remove_file(&partial);
    })
}
