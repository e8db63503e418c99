//! The checks of the border: input in NFC, or the reason why it is refused.

use crate::error::ValidationError;
use crate::model::{
    ContextRequest, Experience, ExperienceType, ExperienceUpdate, NewActivity, NewDerivedInsight,
    NewExperience, NewExperienceRelation, SearchFilter, SearchOptions,
};
use crate::storage::type_tag;
use crate::validate::{self, Valid};

type Result<T> = std::result::Result<T, ValidationError>;

/// A new experience in NFC. The length of its vector is checked by [`vector`].
///
/// # Errors
/// What is wrong with it, as for [`PulseDB::record_experience`](crate::PulseDB::record_experience).
pub fn new_experience(new: NewExperience) -> Result<NewExperience> {
    validate::batch(std::slice::from_ref(&new))?;
    validate::new_experience(new).map(Valid::into_inner)
}

/// An update in NFC. The length of its vector is checked by [`vector`].
///
/// # Errors
/// What is wrong with it, as for [`PulseDB::update_experience`](crate::PulseDB::update_experience).
pub fn update(update: ExperienceUpdate) -> Result<ExperienceUpdate> {
    validate::batch_bytes(validate::update_bytes(&update))?;
    validate::experience_update(update).map(Valid::into_inner)
}

/// A new relation.
///
/// # Errors
/// What is wrong with it before its ends are looked for.
pub fn new_relation(new: NewExperienceRelation) -> Result<NewExperienceRelation> {
    validate::relation::new(new).map(Valid::into_inner)
}

/// A new insight in NFC.
///
/// # Errors
/// What is wrong with it before its sources are looked for.
pub fn new_insight(new: NewDerivedInsight) -> Result<NewDerivedInsight> {
    validate::insight::new(new).map(Valid::into_inner)
}

/// A new activity in NFC.
///
/// # Errors
/// What is wrong with it.
pub fn new_activity(new: NewActivity) -> Result<NewActivity> {
    validate::new_activity(new).map(Valid::into_inner)
}

/// The name of an agent at work, in NFC.
///
/// # Errors
/// If it is no such name.
pub fn active_agent(agent: &str) -> Result<String> {
    validate::active_agent(agent)
}

/// The name of a collective, in NFC.
///
/// # Errors
/// If it is no such name.
pub fn collective_name(name: &str) -> Result<String> {
    validate::collective_name(name)
}

/// A filter in NFC.
///
/// # Errors
/// What is out of bounds.
pub fn filter(filter: SearchFilter) -> Result<SearchFilter> {
    validate::filter(filter)
}

/// A request for a context, its filter in NFC.
///
/// # Errors
/// What is out of bounds.
pub fn context(request: ContextRequest) -> Result<ContextRequest> {
    validate::context::request(request)
}

/// Checks the weights of a search.
///
/// # Errors
/// Which one is out of bounds.
pub fn weights(options: &SearchOptions) -> Result<()> {
    validate::weights(options)
}

/// Checks a text to be searched for.
///
/// # Errors
/// If it is blank or too long.
pub fn query_text(text: &str) -> Result<()> {
    validate::query_text(text)
}

/// Checks a number of results.
///
/// # Errors
/// If it is out of bounds.
pub fn result_count(field: &str, count: usize) -> Result<()> {
    validate::result_count(field, count)
}

/// Checks a vector to be stored or searched for.
///
/// # Errors
/// If it has other dimensions, is zero or not finite.
pub fn vector(field: &str, given: &[f32], dimension: usize) -> Result<()> {
    validate::vector(field, given, dimension)
}

/// Checks how many domains and tags an experience has that took over those of another one.
///
/// # Errors
/// If they are too many.
pub fn merged(experience: &Experience) -> Result<()> {
    validate::merged(experience)
}

/// The number of the variant of a type.
pub fn kind_of(experience_type: &ExperienceType) -> u8 {
    type_tag(experience_type)
}
