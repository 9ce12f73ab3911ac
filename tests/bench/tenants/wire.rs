//! One kept connection: a request is one write, its answer is read by its length.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::stage::Server;

pub struct Wire {
    stream: TcpStream,
    host: String,
}

pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Wire {
    pub fn open(server: &Server) -> Result<Self, String> {
        let stream = TcpStream::connect(&server.address).map_err(|error| error.to_string())?;
        stream
            .set_nodelay(true)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            stream,
            host: server.address.clone(),
        })
    }

    pub fn ask(
        &mut self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&str>,
    ) -> Result<Answer, String> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.host);
        if let Some(token) = token {
            request.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        if let Some(body) = body {
            request.push_str(&format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            ));
        }
        request.push_str("\r\n");
        request.push_str(body.unwrap_or_default());
        self.stream
            .write_all(request.as_bytes())
            .map_err(|error| error.to_string())?;
        self.read_answer()
    }

    fn read_answer(&mut self) -> Result<Answer, String> {
        let mut bytes = Vec::new();
        let mut part = [0; 16 << 10];
        loop {
            let read = self
                .stream
                .read(&mut part)
                .map_err(|error| error.to_string())?;
            if read == 0 {
                return Err("the server closed the connection".to_owned());
            }
            bytes.extend(part.iter().take(read));
            if let Some(answer) = whole(&bytes)? {
                return Ok(answer);
            }
        }
    }
}

/// The answer, once all of it is there.
fn whole(bytes: &[u8]) -> Result<Option<Answer>, String> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(start) = head.parse(bytes).map_err(|error| error.to_string())?
    else {
        return Ok(None);
    };
    let length: usize = head
        .headers
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case("content-length"))
        .and_then(|field| std::str::from_utf8(field.value).ok())
        .and_then(|text| text.parse().ok())
        .ok_or("an answer has no length")?;
    Ok(bytes.get(start..start + length).map(|body| Answer {
        status: head.code.unwrap_or_default(),
        body: body.to_vec(),
    }))
}
