//! A server that answers as told, over real sockets.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Answers requests with these texts in turn, the last one again and again; an empty text is no answer.
pub struct Server {
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn answering(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        // Ends with the test's process.
        std::thread::spawn(move || {
            let mut open = Vec::new();
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                // A connection stays for as many requests as come, as the answers have it.
                while let Some(request) = read(&mut connection) {
                    let mut seen = seen.lock().unwrap();
                    let answer = &answers[seen.len().min(answers.len() - 1)];
                    seen.push(request);
                    if answer.is_empty() {
                        open.push(connection);
                        break;
                    }
                    connection.write_all(answer.as_bytes()).unwrap();
                    if answer.contains("Connection: close") {
                        break;
                    }
                }
            }
        });
        Self { url, requests }
    }

    /// The requests that came, whole.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// A request, none where the connection ended.
fn read(connection: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        if connection.read(&mut byte).unwrap_or(0) == 0 {
            return None;
        }
        request.extend(byte);
    }
    let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap_or("0");
    let mut body = vec![0; length.lines().next()?.parse().ok()?];
    connection.read_exact(&mut body).ok()?;
    request.extend(body);
    String::from_utf8(request).ok()
}

/// An answer after which the connection closes.
pub fn reply(status: u16, content: &str) -> String {
    let close = "Connection: close\r\nContent-Type: application/json";
    let length = content.len();
    format!("HTTP/1.1 {status} Told\r\n{close}\r\nContent-Length: {length}\r\n\r\n{content}")
}
