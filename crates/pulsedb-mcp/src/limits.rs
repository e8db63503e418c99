//! What a client may ask for at once, each bound with its reason.

/// Memories in one call of `remember`: more is an import, for which there is `pulsedb import`.
pub const REMEMBERED_MAX: usize = 100;
/// Ids in one call of `forget`: a model that names more has not read them.
pub const FORGOTTEN_MAX: usize = 100;
/// Memories that `recall` returns if it is not told how many.
pub const RECALLED_DEFAULT: usize = 10;
/// Memories that `recall` returns at most: more does not fit into a context window.
pub const RECALLED_MAX: usize = 100;
/// Tokens of the answer of `context` if it is not told how many.
pub const CONTEXT_TOKENS_DEFAULT: usize = 2000;
/// Tokens of the answer of `context` at most.
pub const CONTEXT_TOKENS_MAX: usize = 20_000;
/// Tokens of the answer of `context` at least: room for a head and one short memory.
pub const CONTEXT_TOKENS_MIN: usize = 100;
/// Changes in one answer of `changes`; the next call goes on behind them.
pub const CHANGES_MAX: usize = 100;
/// Seconds that `changes` waits at most: clients give up on a call after a minute or more.
pub const WAIT_SECONDS_MAX: usize = 55;
/// Bytes of a content in an answer of `changes`, and in the news of a channel: the rest is there for `recall`.
pub const NEWS_BYTES_MAX: usize = 1000;
/// Memories in one message of a channel.
pub const NEWS_ITEMS_MAX: usize = 20;
/// The newest memories that are listed as resources: a list is for a person to pick from.
pub const RESOURCES_MAX: usize = 50;
/// Memories in the resource of a collective.
pub const RESOURCE_MEMORIES_MAX: usize = 100;
/// Resources that one connection may subscribe to: each has a task and a stream.
pub const SUBSCRIPTIONS_MAX: usize = 64;
/// Bytes of a message on standard input, and of the body of an HTTP request: a hundred memories of the greatest length,
/// with room for their escapes.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;
/// HTTP connections at once; more wait until one ends.
pub const CONNECTIONS_MAX: usize = 256;
/// Seconds in which the head of an HTTP request must have come.
pub const HEAD_SECONDS_MAX: u64 = 10;
/// Seconds without a request after which an HTTP session of the older era ends: an agent may think, or wait for a person,
/// for long.
pub const SESSION_IDLE_SECONDS_MAX: u64 = 3600;
/// Bytes of `tools/list` that names, descriptions and input schemas may take: a client that lists tools pays for them in
/// every session.
pub const TOOLS_BYTES_MAX: usize = 6 * 1024;
