//! Experiences and collectives as resources: what a person picks from a list, and what a client may subscribe to.

use pulsedb::{CollectiveId, ExperienceId, NotFoundError, PulseDBError, SearchFilter};
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};

use crate::error::ToolError;
use crate::form::{defused, fenced_memories, shortened};
use crate::limits::{RESOURCE_MEMORIES_MAX, RESOURCES_MAX};
use crate::memory::Memory;
use crate::store::Store;

const COLLECTIVE: &str = "pulsedb://collective/";
const EXPERIENCE: &str = "pulsedb://experience/";
const MARKDOWN: &str = "text/markdown";
/// Bytes of a content in the title of its resource.
const TITLE_BYTES_MAX: usize = 80;

/// What a resource is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Collective(CollectiveId),
    Experience(ExperienceId),
}

impl Place {
    /// The place that a URI names.
    pub(crate) fn of(uri: &str) -> Option<Self> {
        if let Some(id) = uri.strip_prefix(COLLECTIVE) {
            return id.parse().ok().map(Self::Collective);
        }
        uri.strip_prefix(EXPERIENCE)?.parse().ok().map(Self::Experience)
    }

    pub(crate) fn uri(self) -> String {
        match self {
            Self::Collective(id) => format!("{COLLECTIVE}{id}"),
            Self::Experience(id) => format!("{EXPERIENCE}{id}"),
        }
    }
}

/// The collectives, and the newest experiences of the server's own.
pub(crate) fn list(memory: &Memory, db: &dyn Store) -> Result<Vec<Resource>, ToolError> {
    let mut listed: Vec<Resource> = db
        .list_collectives()?
        .into_iter()
        .map(|it| {
            Resource::new(Place::Collective(it.id).uri(), defused(&it.name))
                .with_description("The newest memories of this collective")
                .with_mime_type(MARKDOWN)
        })
        .collect();
    if let Some(own) = memory.existing(db, None)? {
        let newest = db.get_recent_experiences(own, RESOURCES_MAX, SearchFilter::default())?;
        listed.extend(newest.into_iter().map(|it| {
            let words = it.content.split_whitespace().collect::<Vec<_>>().join(" ");
            Resource::new(Place::Experience(it.id).uri(), it.id.to_string())
                .with_title(defused(&shortened(&words, TITLE_BYTES_MAX)))
                .with_mime_type(MARKDOWN)
        }));
    }
    Ok(listed)
}

/// How the URIs of all others are made.
pub(crate) fn templates() -> Vec<ResourceTemplate> {
    let template = |uri: &str, name: &str, description: &str| {
        ResourceTemplate::new(format!("{uri}{{id}}"), name)
            .with_description(description)
            .with_mime_type(MARKDOWN)
    };
    vec![
        template(EXPERIENCE, "experience", "One memory, with all of its versions"),
        template(COLLECTIVE, "collective", "The newest memories of a collective"),
    ]
}

/// What a resource holds.
pub(crate) fn read(db: &dyn Store, place: Place) -> Result<ResourceContents, ToolError> {
    let found = match place {
        Place::Experience(id) => {
            let found = db.get_history(id)?;
            if found.is_empty() {
                return Err(PulseDBError::from(NotFoundError::Experience(id)).into());
            }
            found
        }
        Place::Collective(id) => {
            db.get_recent_experiences(id, RESOURCE_MEMORIES_MAX, SearchFilter::default())?
        }
    };
    Ok(ResourceContents::text(fenced_memories(found), place.uri()).with_mime_type(MARKDOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uri_names_its_place_and_no_other() {
        let places = [Place::Collective(CollectiveId::new()), Place::Experience(ExperienceId::new())];
        for place in places {
            assert_eq!(Place::of(&place.uri()), Some(place));
        }
        for bad in ["", "pulsedb://", "pulsedb://experience/", "pulsedb://experience/x", "file:///etc/passwd"]
        {
            assert_eq!(Place::of(bad), None, "{bad}");
        }
    }
}
