//! A server on standard input and output: one client, one process.

use rmcp::service::{ServerInitializeError, ServiceExt};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::io::stdio_pipes;
use tokio::runtime::Builder;

use crate::error::McpError;
use crate::limits::MESSAGE_BYTES_MAX;
use crate::server::Server;

/// Threads for calls that are under way at once: a client sends few, and each waits for a disk.
const CALLS_MAX: usize = 16;

/// Serves the client at standard input and output until it closes them.
///
/// # Errors
///
/// [`McpError::Handshake`] if what comes first is not the beginning of a session.
pub fn serve_stdio(server: Server) -> Result<(), McpError> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(CALLS_MAX)
        .build()
        .map_err(McpError::Runtime)?;
    let outcome = runtime.block_on(serve(server));
    // A read of standard input that is under way cannot be ended.
    runtime.shutdown_background();
    outcome
}

async fn serve(server: Server) -> Result<(), McpError> {
    let (input, output) = stdio_pipes();
    let transport = AsyncRwTransport::new_server(input, output).with_max_line_length(MESSAGE_BYTES_MAX);
    match server.serve(transport).await {
        Ok(running) => {
            // However it ended, the client is gone.
            let _ = running.waiting().await;
            Ok(())
        }
        Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(error) => Err(McpError::Handshake(crate::form::shortened(&error.to_string(), 300))),
    }
}
