//! The sockets that Souk listens on: its own, or those that a supervisor or a predecessor opened.
//!
//! A socket that outlives its process is how a restart loses no request: while the old process ends and
//! the new one starts, connections wait in the socket's backlog. Two processes that each bind the port
//! (`SO_REUSEPORT`) cannot promise that: each has a backlog of its own, and the kernel resets what waits
//! in it when its process closes the socket.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use listenfd::ListenFd;

use super::edge::EdgeListener;
use super::running::{self, MAIN};
use crate::error::{Error, Result};

/// Open sockets, held until the process ends or hands them on.
pub struct Listening {
    sockets: Vec<TcpListener>,
    inherited: bool,
}

impl Listening {
    /// Takes the sockets that came with the process (`LISTEN_FDS`), or else binds the address. Called
    /// before there is a second thread: it takes those variables out of the environment.
    pub fn open(address: SocketAddr) -> Result<Self> {
        let mut handed = ListenFd::from_env();
        let mut sockets = Vec::with_capacity(handed.len());
        for at in 0..handed.len() {
            let socket = handed.take_tcp_listener(at).map_err(|error| {
                Error::invalid(
                    "LISTEN_FDS",
                    format!("what LISTEN_FDS hands over at place {at} is of no use: {error}; Souk needs listening TCP sockets"),
                )
            })?;
            sockets.extend(socket);
        }
        let inherited = !sockets.is_empty();
        if !inherited {
            sockets.push(running::bind(address)?);
        }
        Ok(Self { sockets, inherited })
    }

    /// Whether the sockets are older than the process; then the setting `listen` was not asked.
    pub fn is_inherited(&self) -> bool {
        self.inherited
    }

    pub fn addresses(&self) -> Result<Vec<SocketAddr>> {
        let addresses = self.sockets.iter().map(TcpListener::local_addr);
        Ok(addresses.collect::<std::io::Result<_>>()?)
    }

    /// The same sockets for an edge; closing those leaves these open.
    pub fn for_edge(&self) -> Result<Vec<EdgeListener>> {
        let listeners = self.sockets.iter().map(|socket| {
            Ok(EdgeListener {
                socket: socket.try_clone()?,
                name: MAIN,
            })
        });
        listeners.collect()
    }

    /// Turns this process into the successor, which keeps its number and the sockets. Returns only if
    /// that fails.
    pub fn hand_to(self, successor: Command) -> Error {
        match self.replace_process(successor) {
            Ok(never) => match never {},
            Err(error) => Error::internal("cannot start the program anew", error),
        }
    }

    fn replace_process(&self, mut successor: Command) -> std::io::Result<std::convert::Infallible> {
        for socket in &self.sockets {
            rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::empty())?;
        }
        // Several came one after the other, and still lie so: these are the ones that came.
        let first = self.sockets.first().map_or(-1, |socket| socket.as_raw_fd());
        Err(successor
            .env("LISTEN_PID", std::process::id().to_string())
            .env("LISTEN_FDS", self.sockets.len().to_string())
            .env("LISTEN_FDS_FIRST_FD", first.to_string())
            .exec())
    }
}
