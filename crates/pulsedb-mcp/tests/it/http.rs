//! The server on HTTP: both eras, and who is not let in.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use pulsedb_mcp::{HttpSettings, Listening, McpError};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientServiceExt, ServiceExt};
use serde_json::json;

use crate::connection::{Client, Place, eras, run};

fn serve(place: &Place, token: Option<&str>) -> SocketAddr {
    let address = "127.0.0.1:0".parse().unwrap();
    let settings = HttpSettings { address, token: token.map(str::to_owned) };
    let listening = Listening::new(place.server(false), &settings).unwrap();
    let address = listening.address();
    std::thread::spawn(move || listening.serve());
    address
}

fn config(address: SocketAddr) -> StreamableHttpClientTransportConfig {
    StreamableHttpClientTransportConfig::with_uri(format!("http://{address}/mcp"))
}

/// The status of the answer to a request. A server may answer and close before it has read all of
/// it, so a write that fails is no failure.
fn status(address: SocketAddr, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let request = format!("{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn clients_of_both_eras_share_a_memory_over_http() {
    let place = Place::new();
    let address = serve(&place, None);
    run(async {
        let mut clients = Vec::new();
        for era in eras() {
            let transport = StreamableHttpClientTransport::from_config(config(address));
            clients.push(Client { service: ().serve_with_lifecycle(transport, era).await.unwrap() });
        }
        let id = clients[0].remember("The door is blue").await;
        let found = clients[1].ok("recall", json!({ "query": "what colour is the door?" })).await;
        assert_eq!(found["memories"][0]["id"], id);
        let start = clients[1].ok("changes", json!({})).await["next"].clone();
        let (news, id) = tokio::join!(
            clients[1].ok("changes", json!({ "since": start, "timeout": 50 })),
            clients[0].remember("The window is red"),
        );
        assert_eq!(news["changes"][0]["id"], id);
    });
}

#[test]
fn token_lets_in_and_nothing_else_does() {
    let place = Place::new();
    let address = serve(&place, Some("s3cret"));
    run(async {
        let with =
            |token: &str| StreamableHttpClientTransport::from_config(config(address).auth_header(token));
        assert!(().serve(StreamableHttpClientTransport::from_config(config(address))).await.is_err());
        assert!(().serve(with("wrong")).await.is_err());
        let client = Client { service: ().serve(with("s3cret")).await.unwrap() };
        client.remember("x").await;
    });
}

#[test]
fn foreign_hosts_origins_and_paths_are_refused() {
    let place = Place::new();
    let address = serve(&place, None);
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "x", "version": "1" } } })
    .to_string();
    let ask = |path: &str, host: &str, origin: &str| {
        let origin = if origin.is_empty() { String::new() } else { format!("Origin: {origin}\r\n") };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\n{origin}Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
        );
        status(address, &head, &body)
    };
    let own = address.to_string();
    assert!(ask("/mcp", &own, "").contains("200"));
    assert!(ask("/mcp", "localhost", "http://localhost:3000").contains("200"));
    for host in
        ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "192.168.1.7", "localhost.evil.example"]
    {
        assert!(ask("/mcp", host, "").contains("403"), "{host}");
    }
    for origin in [
        "http://evil.example",
        "https://localhost.evil.example",
        "null",
        "file://",
        "http://127.0.0.1@evil.example",
    ] {
        assert!(ask("/mcp", &own, origin).contains("403"), "{origin}");
    }
    assert!(ask("/", &own, "").contains("404") && ask("/mcp/x", &own, "").contains("404"));
}

#[test]
fn hostile_requests_do_not_end_the_server() {
    let place = Place::new();
    let address = serve(&place, None);
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
    );
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    for body in ["", "null", "{", deep.as_str(), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}"] {
        assert!(!status(address, &head, body).contains("200"), "{}", &body[..body.len().min(50)]);
    }
    status(address, "\u{0}\u{1}garbage\r\n", "");
    status(address, "GET /mcp HTTP/9.9\r\n", "");
    run(async {
        let transport = StreamableHttpClientTransport::from_config(config(address));
        let client = Client { service: ().serve(transport).await.unwrap() };
        client.remember("still here").await;
    });
}

#[test]
fn addresses_that_others_reach_and_ports_that_are_taken_are_refused() {
    let place = Place::new();
    let listen =
        |address: SocketAddr| Listening::new(place.server(false), &HttpSettings { address, token: None });
    assert!(matches!(listen("0.0.0.0:0".parse().unwrap()), Err(McpError::NotLoopback { .. })));
    assert!(matches!(listen("192.168.1.1:80".parse().unwrap()), Err(McpError::NotLoopback { .. })));
    let taken = serve(&place, None);
    assert!(matches!(listen(taken), Err(McpError::Listen { .. })));
}
