//! Writes across restarts: what was acknowledged is there once, and nothing else but what may be.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::restart::{Load, PATIENCE, RESTARTS};
use crate::support::Client;
use crate::support::serving::Serving;

/// The most notes that the plugin can be told to keep.
const MOST_NOTES: usize = 10_000;
/// Notes that each writer adds before the process is replaced.
const NOTES_EACH: usize = 5;

/// What became of one writer's notes, by their titles.
#[derive(Default)]
struct Written {
    acknowledged: BTreeSet<String>,
    /// Sent on a kept connection that ended without a byte of an answer. No client may repeat a POST by
    /// itself then: the note may be there or not.
    unknown: BTreeSet<String>,
    lost: Vec<String>,
}

/// Adds notes without pause until told to stop, over one connection as long as it lasts, or one each.
fn write_notes(
    address: SocketAddr,
    token: &str,
    (name, keep): (&str, bool),
    (stop, count): (&AtomicBool, &AtomicUsize),
) -> Written {
    let mut written = Written::default();
    let mut kept: Option<TcpStream> = None;
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) && number < MOST_NOTES / 2 {
        number += 1;
        let title = format!("{name} {number}");
        let (mut stream, reused) = match kept.take() {
            Some(stream) => (stream, true),
            None => {
                let stream = TcpStream::connect(address).unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                (stream, false)
            }
        };
        match add_note(&mut stream, token, &title, keep) {
            Answered::Created { stays } => {
                written.acknowledged.insert(title);
                count.fetch_add(1, Ordering::Relaxed);
                kept = stays.then_some(stream);
            }
            Answered::Nothing if reused => drop(written.unknown.insert(title)),
            Answered::Nothing => written.lost.push(format!("{title}: no answer")),
            Answered::Otherwise(answer) => written.lost.push(format!("{title}: {answer}")),
        }
    }
    written
}

/// Until every writer has added some more.
fn wait_for_notes(counts: &[AtomicUsize]) {
    let start = Instant::now();
    for count in counts {
        let enough = count.load(Ordering::Relaxed) + NOTES_EACH;
        while count.load(Ordering::Relaxed) < enough {
            assert!(start.elapsed() < PATIENCE, "the writers came to a halt");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

enum Answered {
    Created { stays: bool },
    Nothing,
    Otherwise(String),
}

fn add_note(stream: &mut TcpStream, token: &str, title: &str, keep: bool) -> Answered {
    let body = json!({"title": title}).to_string();
    let close = if keep { "" } else { "Connection: close\r\n" };
    let request = format!(
        "POST /api/plugins/notes/notes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n{close}\r\n{body}",
        body.len()
    );
    // In one piece: half a request is no request, and would be no loss.
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    let mut failed = stream.write_all(request.as_bytes()).is_err();
    while !failed && !answer.ends_with(b"}}") {
        match stream.read(&mut piece) {
            Ok(count) if count > 0 => answer.extend_from_slice(&piece[..count]),
            _ => failed = true,
        }
    }
    let answer = String::from_utf8(answer).unwrap();
    match answer.as_str() {
        "" => Answered::Nothing,
        text if !failed && text.starts_with("HTTP/1.1 201") => Answered::Created {
            stays: !text.to_ascii_lowercase().contains("connection: close"),
        },
        _ => Answered::Otherwise(answer),
    }
}

/// An Admin who may add as many notes as there can be.
fn prepare(serving: &mut Serving) -> Client {
    let link = serving.link();
    let (base, token) = link.split_once("/setup?token=").unwrap();
    let nobody = Client {
        base: base.to_owned(),
        token: None,
    };
    let answers = json!({
        "token": token, "organizationName": "Gamma", "name": "Grace", "email": "grace@gamma.example",
        "password": "long enough for this",
    });
    let token = nobody.post("/api/users/setup", answers).is(200).data()["token"].clone();
    let admin = Client {
        token: token.as_str().map(str::to_owned),
        ..nobody
    };
    let made = admin
        .post("/api/plugins/install", json!({"pluginKey": "notes"}))
        .is(201)
        .data();
    let path = format!("/api/plugins/installations/{}/configuration", made["id"]);
    let configuration = json!({"configuration": {"max_notes": MOST_NOTES}});
    admin.put(&path, configuration).is(200);
    admin
}

/// The titles in the one tenant's file, and how many rows they fill.
fn stored(folder: &Path) -> (BTreeSet<String>, usize) {
    let shards = std::fs::read_dir(folder.join("data/tenants")).unwrap();
    let file = shards
        .flat_map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .find(|file| file.extension().is_some_and(|end| end == "db"))
        .unwrap();
    let file = rusqlite::Connection::open(file).unwrap();
    let mut select = file.prepare("SELECT title FROM notes").unwrap();
    let titles = select.query_map([], |row| row.get(0)).unwrap();
    let titles: Vec<String> = titles.map(Result::unwrap).collect();
    let rows = titles.len();
    (titles.into_iter().collect(), rows)
}

#[test]
fn what_was_acknowledged_across_restarts_is_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut serving = Serving::start(folder.path());
    let first = serving.client().base;
    let admin = prepare(&mut serving);
    let address: SocketAddr = first.trim_start_matches("http://").parse().unwrap();
    let token = admin.token.clone().unwrap();
    let load = Load::on(address);
    let stop = AtomicBool::new(false);
    let counts = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let pid = Pid::from_raw(i32::try_from(serving.pid()).unwrap());

    let written = std::thread::scope(|scope| {
        let kinds = [("kept", true), ("new", false)];
        let mut at = counts.iter();
        let writers = kinds.map(|kind| {
            let (token, state) = (&token, (&stop, at.next().unwrap()));
            scope.spawn(move || write_notes(address, token, kind, state))
        });
        for _ in 0..RESTARTS {
            load.wait_for_answers();
            wait_for_notes(&counts);
            kill_process(pid.unwrap(), Signal::USR2).unwrap();
            assert_eq!(serving.client().base, first);
        }
        load.wait_for_answers();
        wait_for_notes(&counts);
        stop.store(true, Ordering::Relaxed);
        writers.map(|writer| writer.join().unwrap())
    });
    let (answered, mut lost) = load.end();
    serving.kill();

    let mut acknowledged = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for one in written {
        acknowledged.extend(one.acknowledged);
        unknown.extend(one.unknown);
        lost.extend(one.lost);
    }
    let (titles, rows) = stored(folder.path());
    println!(
        "{RESTARTS} restarts: {answered} requests answered, {} notes acknowledged, {} on connections that broke, \
         {rows} rows, {} lost",
        acknowledged.len(),
        unknown.len(),
        lost.len()
    );
    assert_eq!(lost, Vec::<String>::new());
    assert_eq!(titles.len(), rows, "none is there twice");
    let missing: Vec<_> = acknowledged.difference(&titles).collect();
    assert!(
        missing.is_empty(),
        "acknowledged and not there: {missing:?}"
    );
    let strange: Vec<_> = titles
        .difference(&acknowledged)
        .filter(|title| !unknown.contains(*title))
        .collect();
    assert!(strange.is_empty(), "there although refused: {strange:?}");
}
