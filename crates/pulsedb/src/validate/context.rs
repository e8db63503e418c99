//! What a request for a context must be.

use crate::config;
use crate::error::ValidationError;
use crate::limits;
use crate::model::ContextRequest;
use crate::validate::{Result, filter};

/// A checked request, with the names of its filter in NFC. Its query is checked where it is made.
pub(crate) fn request(request: ContextRequest) -> Result<ContextRequest> {
    for (field, count) in [("max_similar", request.max_similar), ("max_recent", request.max_recent)] {
        if count > limits::RESULTS_MAX {
            let reason = format!("{count} is not within 0..={}", limits::RESULTS_MAX);
            return Err(ValidationError::invalid(field, reason));
        }
    }
    let weights = request.recall_weights;
    weights.map_or(Ok(()), |weights| config::recall_weights("recall_weights", weights))?;
    let filter = filter(request.filter)?;
    Ok(ContextRequest { filter, ..request })
}
