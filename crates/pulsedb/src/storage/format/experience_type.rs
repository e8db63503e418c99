//! The part of a row of `experience` that depends on its type.

use crate::id::ExperienceId;
use crate::model::{ExperienceType, Severity};
use crate::storage::format::flags::flag;
use crate::storage::format::reader::Reader;
use crate::storage::format::writer::Write;

/// The number of a variant on disk.
pub(crate) const fn type_tag(experience_type: &ExperienceType) -> u8 {
    match experience_type {
        ExperienceType::Difficulty { .. } => 0,
        ExperienceType::Solution { .. } => 1,
        ExperienceType::ErrorPattern { .. } => 2,
        ExperienceType::SuccessPattern { .. } => 3,
        ExperienceType::UserPreference { .. } => 4,
        ExperienceType::ArchitecturalDecision { .. } => 5,
        ExperienceType::TechInsight { .. } => 6,
        ExperienceType::Fact { .. } => 7,
        ExperienceType::Generic { .. } => 8,
    }
}

pub(super) fn write_type(experience_type: &ExperienceType, out: &mut Vec<u8>) {
    match experience_type {
        ExperienceType::Difficulty { description, severity } => {
            out.u8(*severity as u8);
            out.text(description);
        }
        ExperienceType::Solution { problem_ref, approach, worked } => {
            out.u8(u8::from(*worked));
            out.put(problem_ref.unwrap_or(ExperienceId::nil()).as_bytes());
            out.u8(u8::from(problem_ref.is_some()));
            out.text(approach);
        }
        ExperienceType::ErrorPattern { signature, fix, prevention } => {
            out.text(signature);
            out.text(fix);
            out.text(prevention);
        }
        ExperienceType::SuccessPattern { task_type, approach, quality } => {
            out.f32(*quality);
            out.text(task_type);
            out.text(approach);
        }
        ExperienceType::UserPreference { category, preference, strength } => {
            out.f32(*strength);
            out.text(category);
            out.text(preference);
        }
        ExperienceType::ArchitecturalDecision { decision: first, rationale: second }
        | ExperienceType::TechInsight { technology: first, insight: second }
        | ExperienceType::Fact { statement: first, source: second } => {
            out.text(first);
            out.text(second);
        }
        ExperienceType::Generic { category } => {
            out.u8(u8::from(category.is_some()));
            if let Some(category) = category {
                out.text(category);
            }
        }
    }
}

pub(super) fn read_type(type_tag: u8, reader: &mut Reader<'_>) -> Option<ExperienceType> {
    Some(match type_tag {
        0 => {
            let severity = match reader.u8()? {
                0 => Severity::Low,
                1 => Severity::Medium,
                2 => Severity::High,
                3 => Severity::Critical,
                _ => return None,
            };
            ExperienceType::Difficulty { description: reader.text()?, severity }
        }
        1 => {
            let worked = flag(reader.u8()?)?;
            let id = ExperienceId::from_bytes(reader.id()?);
            let problem_ref = flag(reader.u8()?)?.then_some(id);
            if problem_ref.is_none() && !id.is_nil() {
                return None;
            }
            ExperienceType::Solution { problem_ref, approach: reader.text()?, worked }
        }
        2 => ExperienceType::ErrorPattern {
            signature: reader.text()?,
            fix: reader.text()?,
            prevention: reader.text()?,
        },
        3 => {
            let quality = reader.f32()?;
            ExperienceType::SuccessPattern { task_type: reader.text()?, approach: reader.text()?, quality }
        }
        4 => {
            let strength = reader.f32()?;
            ExperienceType::UserPreference { category: reader.text()?, preference: reader.text()?, strength }
        }
        5 => ExperienceType::ArchitecturalDecision { decision: reader.text()?, rationale: reader.text()? },
        6 => ExperienceType::TechInsight { technology: reader.text()?, insight: reader.text()? },
        7 => ExperienceType::Fact { statement: reader.text()?, source: reader.text()? },
        8 => {
            let category = if flag(reader.u8()?)? { Some(reader.text()?) } else { None };
            ExperienceType::Generic { category }
        }
        _ => return None,
    })
}
