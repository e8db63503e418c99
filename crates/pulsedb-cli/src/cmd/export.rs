//! `export`: every experience of a collective as a line of JSON.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::Context;
use pulsedb::{CollectiveId, PulseDB};

use crate::args::ExportArgs;
use crate::database::Target;
use crate::exit::Exit;
use crate::import::lookup::for_each_experience;
use crate::json::ExperienceJson;
use crate::output::{Out, write_json_line};

pub(crate) fn run(target: &Target, args: &ExportArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.read()?;
    let id = target.collective(&db)?;
    match &args.out {
        Some(path) => to_file(&db, id, target, args.embeddings, path)?,
        None => for_each_experience(&db, id, |experience| {
            out.json_line(&ExperienceJson::new(&experience, &target.collective, args.embeddings))
        })?,
    }
    Ok(Exit::Ok)
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
        for_each_experience(db, id, |experience| {
            write_json_line(&mut writer, &ExperienceJson::new(&experience, &target.collective, embeddings))
        })?;
        writer.into_inner()?.sync_all()?;
        Ok(fs::rename(&partial, path)?)
    };
    write().with_context(|| format!("cannot write {}", path.display())).inspect_err(|_| {
        // The failure is told; that a part of the file stays behind would add nothing.
        let _ = fs::remove_file(&partial);
    })
}
