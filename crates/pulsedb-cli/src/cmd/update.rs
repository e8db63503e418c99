//! `update`: changes what is named of one experience, in whichever collective it is.

use std::io::Write;

use pulsedb::{Experience, ExperienceUpdate, NotFoundError, PulseDBError, TermsUpdate};

use crate::args::UpdateArgs;
use crate::cmd::fields;
use crate::database::Target;
use crate::exit::{CliError, Exit};
use crate::json::ExperienceJson;
use crate::kind;
use crate::output::Out;

pub(crate) fn run(target: &Target, args: &UpdateArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let (content, flaws) = match args.text.as_deref() {
        Some("-") => fields::standard_input().map(|(text, flaws)| (Some(text), flaws))?,
        text => (text.map(str::to_owned), Vec::new()),
    };
    let given = ExperienceUpdate {
        content,
        embedding: args.embedding.as_deref().map(fields::vector).transpose()?,
        importance: args.importance,
        confidence: args.confidence,
        domain: list(&args.domain, args.no_domain),
        related_files: list(&args.related_files, args.no_file),
        ..ExperienceUpdate::default()
    };
    let changes_tags = !args.tags.is_empty() || !args.no_tag.is_empty();
    let changes_type = args.kind.is_some() || !args.parts.is_empty();
    let terms = TermsUpdate {
        key: optional(args.terms.key.clone(), args.terms.no_key),
        expires_at: optional(fields::end(args.terms.expires.clone())?, args.terms.no_expiry),
    };
    let changes_terms = terms != TermsUpdate::default();
    if given == ExperienceUpdate::default() && !changes_tags && !changes_type && !changes_terms {
        let message = "nothing to change: give a new text, or a flag for what is to change";
        return Err(CliError::Usage(message.to_owned()).into());
    }
    let db = target.write()?;
    let missing = || PulseDBError::from(NotFoundError::Experience(args.id));
    let present = db.get_experience(args.id)?.ok_or_else(missing)?;
    let mut update = given;
    if changes_tags {
        let mut tags = present.tags.clone();
        tags.retain(|key, _| !args.no_tag.contains(key));
        tags.extend(fields::tag_map(args.tags.clone())?);
        update.tags = Some(tags);
    }
    if changes_type {
        update.experience_type = Some(new_type(&present, args)?);
    }
    db.update_experience_and_terms(args.id, update, terms)?;
    if args.output.json {
        let changed = db.get_experience(args.id)?.ok_or_else(missing)?;
        let collective = db.get_collective(changed.collective_id)?.ok_or_else(missing)?;
        out.json(&ExperienceJson::new(&changed, &collective.name, false))?;
    } else {
        writeln!(out, "updated {}", args.id)?;
    }
    Ok(fields::write_flaws(&flaws))
}

/// The new entries of a list; `None` if it stays as it is.
fn list(entries: &[String], none: bool) -> Option<Vec<String>> {
    (none || !entries.is_empty()).then(|| entries.to_vec())
}

/// The new value; `None` if it stays as it is, and none if it is taken away.
#[expect(clippy::option_option, reason = "as the database takes it")]
fn optional<T>(new: Option<T>, none: bool) -> Option<Option<T>> {
    if none { Some(None) } else { new.map(Some) }
}

fn new_type(present: &Experience, args: &UpdateArgs) -> anyhow::Result<pulsedb::ExperienceType> {
    let changed = match args.kind {
        Some(kind) => kind::with_parts(kind, &args.parts),
        None => kind::changed(&present.experience_type, &args.parts),
    };
    changed.map_err(|message| CliError::Usage(message).into())
}
