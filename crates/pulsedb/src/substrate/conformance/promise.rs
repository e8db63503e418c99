//! Tables of promises: each a sentence, and an attempt to see it broken.

use std::pin::Pin;

use super::world::{Verdict, World};

type Trial<'w> = Pin<Box<dyn Future<Output = Verdict> + Send + 'w>>;

/// A promise and how it is tried.
pub(super) struct Promise {
    pub(super) sentence: &'static str,
    pub(super) attempt: for<'w> fn(&'w World) -> Trial<'w>,
}

/// A table of promises: each a sentence and an async function.
macro_rules! promises {
    ($($attempt:ident: $sentence:literal,)*) => {
        pub(super) const PROMISES: &[$crate::substrate::conformance::promise::Promise] = &[
            $($crate::substrate::conformance::promise::Promise {
                sentence: $sentence,
                attempt: |world| Box::pin($attempt(world)),
            },)*
        ];
    };
}
pub(super) use promises;
