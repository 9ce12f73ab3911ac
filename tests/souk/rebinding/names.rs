//! A name server that says what it is told to: for each name a list of answers, the next one at each look-up.

use std::collections::HashMap;
use std::net::{IpAddr, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::network::NAME_SERVER;

const HEADER: usize = 12;
const TYPE_A: u16 = 1;
const TYPE_AAAA: u16 = 28;

#[derive(Default)]
pub struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    /// How often each name was asked for, by type: a look-up asks for both.
    looked_up: Mutex<HashMap<(String, u16), usize>>,
    asked: AtomicUsize,
}

impl Names {
    pub fn start() -> Arc<Self> {
        let names = Arc::new(Self::default());
        let socket = UdpSocket::bind((NAME_SERVER, 53)).unwrap();
        let serving = Arc::clone(&names);
        std::thread::spawn(move || {
            let mut question = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut question) {
                if let Some(answer) = serving.answer(&question[..length]) {
                    let _gone = socket.send_to(&answer, from);
                }
            }
        });
        names
    }

    /// The last answer stays.
    pub fn set(&self, name: &str, answers: &[&[&str]]) {
        let answers = answers
            .iter()
            .map(|addresses| addresses.iter().map(|text| text.parse().unwrap()).collect())
            .collect();
        self.answers
            .lock()
            .unwrap()
            .insert(name.to_owned(), answers);
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// RFC 1035: the header and the question as they came, then the addresses, which hold for no time.
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut labels = Vec::new();
        let mut at = HEADER;
        while let length @ 1.. = usize::from(*question.get(at)?) {
            let label = question.get(at + 1..at + 1 + length)?;
            labels.push(String::from_utf8_lossy(label).to_lowercase());
            at += 1 + length;
        }
        let (name, end) = (labels.join("."), at + 5);
        let kind = u16::from_be_bytes([*question.get(at + 1)?, *question.get(at + 2)?]);
        let found = self.next(&name, kind);
        let addresses: Vec<Vec<u8>> = found
            .iter()
            .flatten()
            .filter_map(|address| match (address, kind) {
                (IpAddr::V4(v4), TYPE_A) => Some(v4.octets().to_vec()),
                (IpAddr::V6(v6), TYPE_AAAA) => Some(v6.octets().to_vec()),
                _ => None,
            })
            .collect();
        let unknown = u8::from(found.is_none()) * 3;
        let count = u8::try_from(addresses.len()).unwrap();
        let mut answer = question.get(..2)?.to_vec();
        answer.extend([0x84, 0x80 | unknown, 0, 1, 0, count, 0, 0, 0, 0]);
        answer.extend(question.get(HEADER..end)?);
        for address in addresses {
            let length = u8::try_from(address.len()).unwrap();
            answer.extend([0xc0, 12]);
            answer.extend(kind.to_be_bytes());
            answer.extend([0, 1, 0, 0, 0, 0, 0, length]);
            answer.extend(address);
        }
        Some(answer)
    }

    fn next(&self, name: &str, kind: u16) -> Option<Vec<IpAddr>> {
        let answers = self.answers.lock().unwrap().get(name)?.clone();
        let mut looked_up = self.looked_up.lock().unwrap();
        let count = looked_up.entry((name.to_owned(), kind)).or_default();
        let answer = answers[(*count).min(answers.len() - 1)].clone();
        *count += 1;
        Some(answer)
    }
}
