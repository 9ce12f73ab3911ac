//! How the loop ends: it accepts nothing more, answers what has come, and closes what is idle.
//!
//! The listening socket may live on in a successor's hands, with connections waiting in its backlog.
//! Those are the successor's. What was accepted here is answered here, also when not a byte of it had
//! arrived when the word to stop came: its client has no reason to try again.

use std::time::Duration;

use super::EventLoop;

/// How long a client may still take to send its request head.
const LAST_WORDS: Duration = Duration::from_secs(1);

impl EventLoop {
    pub(super) fn is_over(&mut self) -> bool {
        if let Ok(within) = self.stops.try_recv() {
            self.stop_at = Some(self.turn.now + within);
            self.turn.stopping = true;
            self.close_listeners();
            self.take_leave();
        }
        self.stop_at
            .is_some_and(|stop_at| self.clients.is_empty() || self.turn.now >= stop_at)
    }

    fn close_listeners(&mut self) {
        for mut listener in self.listeners.drain(..) {
            // The socket closes with it in any case.
            let _ = self.poll.registry().deregister(&mut listener.socket);
        }
    }

    /// Looks once more at every connection, and closes those that are between two requests.
    fn take_leave(&mut self) {
        let all: Vec<usize> = self.clients.iter().map(|(index, _)| index).collect();
        for index in all {
            if let Some(client) = self.clients.get_mut(index) {
                client.hurry(self.turn.now + LAST_WORDS);
            }
            self.drive_client(index);
            if self
                .clients
                .get(index)
                .is_some_and(|client| client.is_idle())
            {
                self.close(index);
            }
        }
    }
}
