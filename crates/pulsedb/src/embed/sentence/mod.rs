//! Models of one's own: a sentence-transformer directory as an embedder, in builds with the feature `neural`.

#[cfg(not(feature = "neural"))]
mod absent;
#[cfg(not(feature = "neural"))]
pub(crate) use absent::open;

#[cfg(feature = "neural")]
mod bert;
#[cfg(feature = "neural")]
mod directory;
#[cfg(feature = "neural")]
mod transformer;
#[cfg(feature = "neural")]
pub(crate) use transformer::open;
