//! Kinds of experiences, and what each kind holds.

use serde::{Deserialize, Serialize};

use crate::id::ExperienceId;

/// The kind of an experience, with what that kind holds. Each string has at most 10 240 bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ExperienceType {
    /// Something that went wrong or is hard.
    Difficulty {
        /// What is hard.
        description: String,
        /// How bad it is.
        severity: Severity,
    },
    /// A solution to a difficulty.
    Solution {
        /// The experience that it solves.
        problem_ref: Option<ExperienceId>,
        /// What was done.
        approach: String,
        /// Whether it worked.
        worked: bool,
    },
    /// A recurring error.
    ErrorPattern {
        /// How to recognise it.
        signature: String,
        /// How to fix it.
        fix: String,
        /// How to avoid it.
        prevention: String,
    },
    /// A way of working that succeeds.
    SuccessPattern {
        /// For which kind of task.
        task_type: String,
        /// What to do.
        approach: String,
        /// How good the outcome is, 0 to 1.
        quality: f32,
    },
    /// What a user likes.
    UserPreference {
        /// What it concerns.
        category: String,
        /// What is preferred.
        preference: String,
        /// How strongly, 0 to 1.
        strength: f32,
    },
    /// A decision about the shape of a system.
    ArchitecturalDecision {
        /// What was decided.
        decision: String,
        /// Why.
        rationale: String,
    },
    /// Something learnt about a technology.
    TechInsight {
        /// Which technology.
        technology: String,
        /// What was learnt.
        insight: String,
    },
    /// A plain fact.
    Fact {
        /// What is true.
        statement: String,
        /// Where that comes from.
        source: String,
    },
    /// Anything else.
    Generic {
        /// A category of the caller's choice.
        category: Option<String>,
    },
}

impl Default for ExperienceType {
    fn default() -> Self {
        Self::Generic { category: None }
    }
}

/// How bad a difficulty is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A nuisance.
    Low,
    /// It slows work down.
    Medium,
    /// It stops some work.
    High,
    /// It stops everything.
    Critical,
}

/// A variant of [`ExperienceType`] without its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExperienceKind {
    /// [`ExperienceType::Difficulty`].
    Difficulty,
    /// [`ExperienceType::Solution`].
    Solution,
    /// [`ExperienceType::ErrorPattern`].
    ErrorPattern,
    /// [`ExperienceType::SuccessPattern`].
    SuccessPattern,
    /// [`ExperienceType::UserPreference`].
    UserPreference,
    /// [`ExperienceType::ArchitecturalDecision`].
    ArchitecturalDecision,
    /// [`ExperienceType::TechInsight`].
    TechInsight,
    /// [`ExperienceType::Fact`].
    Fact,
    /// [`ExperienceType::Generic`].
    Generic,
}

impl ExperienceKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Difficulty,
        Self::Solution,
        Self::ErrorPattern,
        Self::SuccessPattern,
        Self::UserPreference,
        Self::ArchitecturalDecision,
        Self::TechInsight,
        Self::Fact,
        Self::Generic,
    ];
}

impl ExperienceType {
    /// Which variant it is.
    pub const fn kind(&self) -> ExperienceKind {
        match self {
            Self::Difficulty { .. } => ExperienceKind::Difficulty,
            Self::Solution { .. } => ExperienceKind::Solution,
            Self::ErrorPattern { .. } => ExperienceKind::ErrorPattern,
            Self::SuccessPattern { .. } => ExperienceKind::SuccessPattern,
            Self::UserPreference { .. } => ExperienceKind::UserPreference,
            Self::ArchitecturalDecision { .. } => ExperienceKind::ArchitecturalDecision,
            Self::TechInsight { .. } => ExperienceKind::TechInsight,
            Self::Fact { .. } => ExperienceKind::Fact,
            Self::Generic { .. } => ExperienceKind::Generic,
        }
    }
}

/// A type of this kind with empty contents, for filters, which compare the kind only.
///
/// ```
/// use pulsedb::{ExperienceKind, SearchFilter};
/// let filter = SearchFilter {
///     experience_types: Some(vec![ExperienceKind::Fact.into()]),
///     ..Default::default()
/// };
/// assert_eq!(filter.experience_types.unwrap()[0].kind(), ExperienceKind::Fact);
/// ```
impl From<ExperienceKind> for ExperienceType {
    fn from(kind: ExperienceKind) -> Self {
        let text = String::new;
        match kind {
            ExperienceKind::Difficulty => Self::Difficulty { description: text(), severity: Severity::Low },
            ExperienceKind::Solution => Self::Solution { problem_ref: None, approach: text(), worked: false },
            ExperienceKind::ErrorPattern => {
                Self::ErrorPattern { signature: text(), fix: text(), prevention: text() }
            }
            ExperienceKind::SuccessPattern => {
                Self::SuccessPattern { task_type: text(), approach: text(), quality: 0.0 }
            }
            ExperienceKind::UserPreference => {
                Self::UserPreference { category: text(), preference: text(), strength: 0.0 }
            }
            ExperienceKind::ArchitecturalDecision => {
                Self::ArchitecturalDecision { decision: text(), rationale: text() }
            }
            ExperienceKind::TechInsight => Self::TechInsight { technology: text(), insight: text() },
            ExperienceKind::Fact => Self::Fact { statement: text(), source: text() },
            ExperienceKind::Generic => Self::Generic { category: None },
        }
    }
}
