//! A server on HTTP: any number of clients of this machine, by the transport "Streamable HTTP".

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

use crate::error::McpError;
use crate::limits::{CONNECTIONS_MAX, HEAD_SECONDS_MAX, MESSAGE_BYTES_MAX, SESSION_IDLE_SECONDS_MAX};
use crate::server::Server;

/// The only path that is served.
const PATH: &str = "/mcp";
/// Threads for calls that are under way at once, of all clients.
const CALLS_MAX: usize = 64;
/// How long the server waits when the system has no room for a connection.
const PAUSE: Duration = Duration::from_millis(50);
/// The names of this machine that only it answers to.
const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// Pages of this machine; no other page may call, not even one whose name leads here.
const ORIGINS: [&str; 6] = [
    "http://localhost:*",
    "http://127.0.0.1:*",
    "http://[::1]:*",
    "https://localhost:*",
    "https://127.0.0.1:*",
    "https://[::1]:*",
];

/// Where a server listens, and to whom.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// An address of this machine that no other one can reach. Port 0 takes any that is free.
    pub address: SocketAddr,
    /// What clients must send as `Authorization: Bearer <token>`; if `None`, every program of this machine may call.
    pub token: Option<String>,
}

/// A server that listens.
#[derive(Debug)]
pub struct Listening {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
    server: Server,
    expected: Option<HeaderValue>,
}

type Service = StreamableHttpService<Server, LocalSessionManager>;
type Answer = Response<BoxBody<Bytes, Infallible>>;

impl Listening {
    /// Listens; clients are answered as soon as [`serve`](Self::serve) runs.
    ///
    /// # Errors
    ///
    /// [`McpError::NotLoopback`] for an address that other machines can reach, [`McpError::Listen`] for one that is taken,
    /// [`McpError::Token`] for a token that no header can hold.
    pub fn new(server: Server, settings: &HttpSettings) -> Result<Self, McpError> {
        let address = settings.address;
        if !address.ip().is_loopback() {
            return Err(McpError::NotLoopback { address });
        }
        let expected = settings.token.as_deref().map(bearer).transpose()?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(CALLS_MAX)
            .build()
            .map_err(McpError::Runtime)?;
        let listen = |source| McpError::Listen { address, source };
        let listener = runtime.block_on(TcpListener::bind(address)).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        Ok(Self { runtime, listener, address, server, expected })
    }

    /// The address, with the port that the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Serves until the process ends.
    pub fn serve(self) {
        let Self { runtime, listener, server, expected, .. } = self;
        let config = StreamableHttpServerConfig::default()
            .with_allowed_hosts(HOSTS)
            .with_allowed_origins(ORIGINS)
            .enforce_origin_validation()
            .with_max_request_body_bytes(MESSAGE_BYTES_MAX);
        let mut sessions = LocalSessionManager::default();
        sessions.session_config.keep_alive = Some(Duration::from_secs(SESSION_IDLE_SECONDS_MAX));
        let service =
            StreamableHttpService::new(move || Ok(server.for_connection()), Arc::new(sessions), config);
        runtime.block_on(accept(&listener, service, expected));
    }
}

async fn accept(listener: &TcpListener, service: Service, expected: Option<HeaderValue>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let permit = Arc::clone(&room).acquire_owned().await;
        let Ok((connection, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let (service, expected) = (service.clone(), expected.clone());
        tokio::spawn(async move {
            converse(connection, service, expected).await;
            drop(permit);
        });
    }
}

/// Answers the requests of one connection until it ends. What a client breaks off is its own affair.
async fn converse(connection: TcpStream, service: Service, expected: Option<HeaderValue>) {
    // Answers are small and one is waited for.
    let _ = connection.set_nodelay(true);
    let answer = service_fn(move |request: Request<Incoming>| {
        let (service, expected) = (service.clone(), expected.clone());
        async move { Ok::<_, Infallible>(answer(&service, expected.as_ref(), request).await) }
    });
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEAD_SECONDS_MAX))
        .serve_connection(TokioIo::new(connection), answer)
        .await;
}

async fn answer(service: &Service, expected: Option<&HeaderValue>, request: Request<Incoming>) -> Answer {
    if request.uri().path() != PATH {
        return refusal(StatusCode::NOT_FOUND, "the server is at /mcp");
    }
    if !expected.is_none_or(|expected| is_authorized(request.headers(), expected)) {
        let mut refusal = refusal(
            StatusCode::UNAUTHORIZED,
            "send `Authorization: Bearer TOKEN` with the token of this server",
        );
        refusal.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return refusal;
    }
    service.handle(request).await
}

fn refusal(status: StatusCode, reason: &'static str) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from_static(reason.as_bytes())).boxed());
    *response.status_mut() = status;
    response
}

fn bearer(token: &str) -> Result<HeaderValue, McpError> {
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(McpError::Token);
    }
    HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| McpError::Token)
}

/// Whether the header is there once and is the expected one. The time that the comparison takes tells no more than the
/// length.
fn is_authorized(headers: &HeaderMap, expected: &HeaderValue) -> bool {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(given), None) = (given.next(), given.next()) else { return false };
    let (given, expected) = (given.as_bytes(), expected.as_bytes());
    let differing = given.iter().zip(expected).fold(0, |found, (one, other)| found | (one ^ other));
    given.len() == expected.len() && std::hint::black_box(differing) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_is_let_in() {
        let expected = bearer("s3cret").unwrap();
        let with = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_static(value));
            }
            is_authorized(&headers, &expected)
        };
        assert!(with(&["Bearer s3cret"]));
        assert!(!with(&[]) && !with(&["Bearer s3crex"]) && !with(&["Bearer s3cre"]) && !with(&["s3cret"]));
        assert!(!with(&["Bearer s3cret", "Bearer s3cret"]));
        assert!(bearer("").is_err() && bearer("a b").is_err() && bearer("\n").is_err());
    }
}
