//! The flags of commands that join experiences: relations, superseding, insights, and contexts made of all.

use std::path::PathBuf;

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use pulsedb::{ExperienceId, InsightId, InsightType, RelationId, RelationType};

use crate::args::reading::FilterArgs;
use crate::args::values::{JsonArgs, experience_id, pair};
use crate::args::writing::Duplicates;

#[derive(Debug, Args)]
pub(crate) struct RelateArgs {
    /// Id of the experience that says something
    #[arg(value_parser = experience_id)]
    pub(crate) source: ExperienceId,
    /// Id of the one that it is said about
    #[arg(value_parser = experience_id)]
    pub(crate) target: ExperienceId,
    /// What is said
    #[arg(long = "type", value_name = "TYPE", default_value = "related_to", value_parser = relation_type())]
    pub(crate) relation_type: RelationType,
    /// How strongly, from 0 to 1
    #[arg(long, value_name = "0..1", default_value_t = 0.5)]
    pub(crate) strength: f32,
    /// Anything else about it
    #[arg(long, value_name = "TEXT")]
    pub(crate) metadata: Option<String>,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SupersedeArgs {
    /// Id of the experience whose place is taken
    #[arg(value_parser = experience_id)]
    pub(crate) id: ExperienceId,
    /// The text of the new one; without it, or with `-`, standard input is read
    pub(crate) text: Option<String>,
    #[command(flatten)]
    pub(crate) fields: SuccessorArgs,
    /// File with its vector as a JSON array, in a database whose vectors you supply
    #[arg(long, value_name = "FILE")]
    pub(crate) embedding: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

/// What is said of an experience that takes the place of another one; what is not said is that of the old one.
#[derive(Debug, Args)]
pub(crate) struct SuccessorArgs {
    /// How much it matters, from 0 to 1 [default: that of the old one]
    #[arg(long, value_name = "0..1")]
    pub(crate) importance: Option<f32>,
    /// How certain it is, from 0 to 1 [default: that of the old one]
    #[arg(long, value_name = "0..1")]
    pub(crate) confidence: Option<f32>,
    /// Domain that it belongs to, instead of those of the old one; may be repeated
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) domain: Vec<String>,
    /// Tag to attach, beside those of the old one that no import made; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) tags: Vec<(String, String)>,
    /// Who records it [default: anonymous]
    #[arg(long)]
    pub(crate) agent: Option<String>,
    /// Name to find it by [default: that of the old one, which loses it]
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) key: Option<String>,
    /// When it is to be gone: a time, or a span from now such as 90min, 12h, 30d [default: that of the old one]
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    /// Keep it for good, though the old one is to be gone at some time
    #[arg(long, conflicts_with = "expires")]
    pub(crate) no_expiry: bool,
    /// What to do with a text that the collective holds already
    #[arg(long, value_name = "POLICY", default_value = "keep")]
    pub(crate) duplicates: Duplicates,
}

#[derive(Debug, Args)]
pub(crate) struct UnrelateArgs {
    /// Ids of relations, as `get --json` and `relate` print them
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<RelationId>,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Id of an experience
    #[arg(value_parser = experience_id)]
    pub(crate) id: ExperienceId,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct InsightArgs {
    #[command(subcommand)]
    pub(crate) command: InsightCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InsightCommand {
    /// Store one and print its id
    Add(InsightAddArgs),
    /// List them in the order they were stored
    List {
        /// Number of insights, from 1 to 1000
        #[arg(short = 'n', long, default_value_t = 50)]
        limit: usize,
        /// Number of insights to skip
        #[arg(long, default_value_t = 0)]
        offset: usize,
        /// Print one line of JSON for each
        #[arg(long)]
        json: bool,
    },
    /// Find them as `search` finds experiences, best first
    Search(InsightSearchArgs),
    /// Delete them for good; what they follow from stays
    Delete {
        /// Their ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<InsightId>,
        #[command(flatten)]
        output: JsonArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct InsightAddArgs {
    /// The text; without it, or with `-`, standard input is read
    pub(crate) text: Option<String>,
    /// Id of an experience that it follows from; may be repeated
    #[arg(long = "from", value_name = "ID", required = true, value_parser = experience_id)]
    pub(crate) sources: Vec<ExperienceId>,
    /// How it follows from them
    #[arg(long = "type", value_name = "TYPE", default_value = "pattern", value_parser = insight_type())]
    pub(crate) insight_type: InsightType,
    /// How certain it is, from 0 to 1
    #[arg(long, value_name = "0..1", default_value_t = 0.5)]
    pub(crate) confidence: f32,
    /// Domain that it belongs to; may be repeated
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) domain: Vec<String>,
    /// File with its vector as a JSON array, in a database whose vectors you supply
    #[arg(long, value_name = "FILE")]
    pub(crate) embedding: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct InsightSearchArgs {
    /// What to look for; several words need no quotes
    #[arg(required = true)]
    pub(crate) query: Vec<String>,
    /// Number of hits, from 1 to 1000
    #[arg(short, default_value_t = 10)]
    pub(crate) k: usize,
    /// Compare words only: "a phrase" must be in a hit, -word must not, begin* stands for words that begin so
    #[arg(long)]
    pub(crate) lexical: bool,
    /// Only in this domain; if repeated, in any of them
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) domain: Vec<String>,
    /// Only of this type; if repeated, of any of them
    #[arg(long = "type", value_name = "TYPE", value_parser = insight_type())]
    pub(crate) insight_types: Vec<InsightType>,
    /// Only at least this certain
    #[arg(long, value_name = "0..1")]
    pub(crate) min_confidence: Option<f32>,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ContextArgs {
    /// What it is about; several words need no quotes
    #[arg(required_unless_present = "vector")]
    pub(crate) query: Vec<String>,
    /// File with a vector to search by, as a JSON array; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) vector: Option<PathBuf>,
    /// The most tokens, estimated at 4 bytes each
    #[arg(long, value_name = "N")]
    pub(crate) tokens: Option<usize>,
    /// Number of similar experiences, and of insights, from 0 to 1000
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) similar: usize,
    /// Number of recent experiences, from 0 to 1000
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) recent: usize,
    #[command(flatten)]
    pub(crate) without: WithoutArgs,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

/// Parts that a context goes without.
#[derive(Debug, Args)]
pub(crate) struct WithoutArgs {
    /// Leave out insights
    #[arg(long)]
    pub(crate) no_insights: bool,
    /// Leave out relations
    #[arg(long)]
    pub(crate) no_relations: bool,
    /// Leave out the agents at work
    #[arg(long)]
    pub(crate) no_agents: bool,
}

/// The names of relation types, as the API writes them.
fn relation_type() -> impl TypedValueParser<Value = RelationType> {
    let names = ["supports", "contradicts", "elaborates", "supersedes", "implies", "related_to"];
    let one = move |name: String| names.into_iter().zip(RelationType::ALL).find(|(known, _)| *known == name);
    PossibleValuesParser::new(names)
        .try_map(move |name| one(name).map(|(_, one)| one).ok_or("no such type of relation"))
}

/// The names of insight types, as the API writes them.
fn insight_type() -> impl TypedValueParser<Value = InsightType> {
    let names = ["pattern", "synthesis", "abstraction", "correlation"];
    let one = move |name: String| names.into_iter().zip(InsightType::ALL).find(|(known, _)| *known == name);
    PossibleValuesParser::new(names)
        .try_map(move |name| one(name).map(|(_, one)| one).ok_or("no such type of insight"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_have_the_names_that_the_api_writes() {
        let names = ["supports", "contradicts", "elaborates", "supersedes", "implies", "related_to"];
        assert_eq!(RelationType::ALL.map(|one| json!(one)), names.map(|name| json!(name)));
        let names = ["pattern", "synthesis", "abstraction", "correlation"];
        assert_eq!(InsightType::ALL.map(|one| json!(one)), names.map(|name| json!(name)));
    }
}
