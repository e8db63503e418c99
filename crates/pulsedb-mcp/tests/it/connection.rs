//! A database, a server on it, and clients that are connected in memory.

use std::sync::Arc;

use pulsedb::{Config, PulseDB};
use pulsedb_mcp::{Server, Settings, Store};
use rmcp::model::{CallToolRequestParams, CallToolResult, ProtocolVersion};
use rmcp::service::RunningService;
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt, RoleClient, ServiceExt};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// The collective of the server.
pub(crate) const COLLECTIVE: &str = "project";

/// Both ways in which a client can begin.
pub(crate) fn eras() -> [ClientLifecycleMode; 2] {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    [ClientLifecycleMode::Initialize, ClientLifecycleMode::Discover { preferred_versions }]
}

/// A database that is gone at the end.
pub(crate) struct Place {
    pub(crate) directory: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn db(&self) -> PulseDB {
        PulseDB::open(self.directory.path().join("db"), config()).unwrap()
    }

    pub(crate) fn server(&self, channel: bool) -> Server {
        let path = self.directory.path().join("db");
        Server::new(Settings {
            open: Arc::new(move || Ok(Arc::new(PulseDB::open(&path, config())?) as Arc<dyn Store>)),
            collective: COLLECTIVE.to_owned(),
            channel,
        })
    }

    /// A client of a new server.
    pub(crate) async fn client(&self, era: ClientLifecycleMode) -> Client<()> {
        self.client_with((), era, false).await
    }

    pub(crate) async fn client_with<H: ClientHandler>(
        &self,
        handler: H,
        era: ClientLifecycleMode,
        channel: bool,
    ) -> Client<H> {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let server = self.server(channel);
        tokio::spawn(async move {
            if let Ok(running) = server.serve(theirs).await {
                let _ = running.waiting().await;
            }
        });
        Client { service: handler.serve_with_lifecycle(ours, era).await.unwrap() }
    }
}

fn config() -> Config {
    Config { map_size_gb: 1, ..Config::default() }
}

/// A connected client.
pub(crate) struct Client<H: ClientHandler> {
    pub(crate) service: RunningService<RoleClient, H>,
}

impl<H: ClientHandler> Client<H> {
    pub(crate) async fn call(&self, tool: &'static str, arguments: Value) -> CallToolResult {
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        self.service.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await.unwrap()
    }

    /// The JSON of an answer that is none of a failure.
    pub(crate) async fn ok(&self, tool: &'static str, arguments: Value) -> Value {
        let result = self.call(tool, arguments).await;
        assert_ne!(result.is_error, Some(true), "{}", text_of(&result));
        result.structured_content.unwrap()
    }

    /// The message of a call that must fail.
    pub(crate) async fn refused(&self, tool: &'static str, arguments: Value) -> String {
        let result = self.call(tool, arguments).await;
        assert_eq!(result.is_error, Some(true), "{}", text_of(&result));
        assert!(result.structured_content.is_none());
        text_of(&result)
    }

    /// Stores one memory and returns its id.
    pub(crate) async fn remember(&self, content: &str) -> String {
        let stored = self.ok("remember", serde_json::json!({ "memories": [{ "content": content }] })).await;
        stored["memories"][0]["id"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn text_of(result: &CallToolResult) -> String {
    result.content.iter().filter_map(|it| it.as_text()).map(|it| it.text.as_str()).collect()
}

/// Runs a test that waits for answers.
pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test);
}
