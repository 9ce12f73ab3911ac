//! The socket of an upstream connection: a unix one, or loopback TCP where those are missing.

use std::io::{self, Read, Write};

use mio::{Interest, Registry, Token};
#[cfg(unix)]
use rustix::net::RecvFlags;

use super::super::Upstream;

#[derive(Debug)]
pub enum Socket {
    #[cfg(unix)]
    Unix(mio::net::UnixStream),
    Tcp(mio::net::TcpStream),
}

impl Socket {
    pub fn connect(upstream: &Upstream) -> io::Result<Self> {
        match upstream {
            #[cfg(unix)]
            Upstream::Unix(path) => mio::net::UnixStream::connect(path).map(Self::Unix),
            Upstream::Loopback { address, .. } => {
                let socket = mio::net::TcpStream::connect(*address)?;
                socket.set_nodelay(true)?;
                Ok(Self::Tcp(socket))
            }
        }
    }

    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => registry.register(socket, token, both),
            Self::Tcp(socket) => registry.register(socket, token, both),
        }
    }

    pub fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => registry.reregister(socket, token, interest),
            Self::Tcp(socket) => registry.reregister(socket, token, interest),
        }
    }

    pub fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => registry.deregister(socket),
            Self::Tcp(socket) => registry.deregister(socket),
        }
    }

    /// Reads without taking the bytes out.
    pub fn look(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => {
                let (count, _) = rustix::net::recv(socket, buffer, RecvFlags::PEEK)?;
                Ok(count)
            }
            Self::Tcp(socket) => socket.peek(buffer),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => socket.read(buffer),
            Self::Tcp(socket) => socket.read(buffer),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => socket.write(bytes),
            Self::Tcp(socket) => socket.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
