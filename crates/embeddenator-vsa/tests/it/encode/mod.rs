//! The encoders of texts and bytes.

mod evaluation;
