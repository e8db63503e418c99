//! The rules about this repository's code, each over the repository and over what it must refuse.

mod captions;
mod circles;
mod docs;
mod layers;
mod manifests;
mod names;
mod repository;
mod sizes;
mod text;
mod tokens;
mod unsafety;
