use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::connection::{self, Answered};
use super::{Expectation, ResponseText, Verdict, accept, answer};
use crate::interactive::Pages;
use crate::interactive::http::{Door, Refusal};

/// What the threads of one wait share: who is being served, and whether the response has come.
pub(super) struct Reception {
    pub(super) door: Door,
    expectation: Expectation,
    pages: Pages,
    deadline: Instant,
    events: Sender<Event>,
    state: Mutex<State>,
    /// A seat came free, or it is over.
    changed: Condvar,
}

/// What ends the wait.
pub(super) enum Event {
    Answered,
    Broken(io::Error),
    Cancelled,
    Panicked,
    TooManyRequests,
}

#[derive(Default)]
struct State {
    is_over: bool,
    claimed_by: Option<u64>,
    seen: u64,
    seats: Vec<Seat>,
    sockets: Vec<Arc<TcpListener>>,
    response: Option<ResponseText>,
}

/// A connection that is being served.
struct Seat {
    number: u64,
    stream: Arc<TcpStream>,
    is_answered: bool,
}

impl Reception {
    pub(super) fn new(
        door: Door,
        expectation: Expectation,
        pages: Pages,
        deadline: Instant,
        sockets: Vec<TcpListener>,
        events: Sender<Event>,
    ) -> Self {
        Self {
            door,
            expectation,
            pages,
            deadline,
            events,
            state: Mutex::new(State {
                sockets: sockets.into_iter().map(Arc::new).collect(),
                ..State::default()
            }),
            changed: Condvar::new(),
        }
    }

    /// Serves a connection on a thread of its own. When there is no seat, whoever has said nothing for the longest
    /// time has to go: a browser speaks at once.
    pub(super) fn welcome(reception: &Arc<Self>, stream: TcpStream) {
        let stream = Arc::new(stream);
        let Some(number) = reception.seat(&stream) else {
            connection::abort(&stream);
            return;
        };
        let occupied = Occupied {
            reception: reception.clone(),
            number,
            stream: Some(stream),
        };
        let thread = thread::Builder::new().name("msal-loopback".to_owned());
        // If no thread is to be had the seat is free again: the closure that was not run is dropped.
        let _ = thread.spawn(move || occupied.serve());
    }

    pub(super) fn sockets(&self) -> Vec<Arc<TcpListener>> {
        self.state().sockets.clone()
    }

    pub(super) fn take_response(&self) -> Option<ResponseText> {
        self.state().response.take()
    }

    pub(super) fn is_over(&self) -> bool {
        self.state().is_over
    }

    pub(super) fn tell(&self, event: Event) {
        // Whoever waited may be gone.
        let _ = self.events.send(event);
    }

    /// Sleeps for this time, or until it is over.
    pub(super) fn pause(&self, time: Duration) {
        self.wait_while(time, |state| !state.is_over);
    }

    /// Stops listening and lets go of everybody.
    pub(super) fn close(&self) {
        let sockets = {
            let mut state = self.state();
            state.is_over = true;
            for seat in &state.seats {
                seat.dismiss();
            }
            std::mem::take(&mut state.sockets)
        };
        self.changed.notify_all();
        for socket in sockets {
            accept::shut(&socket);
        }
    }

    /// Waits until whoever sent the response has closed the connection, for a moment: who closes first is the one
    /// whose port is blocked for a while.
    pub(super) fn see_off(&self) {
        self.wait_while(connection::LINGER_TIME, |state| {
            state
                .seats
                .iter()
                .any(|seat| Some(seat.number) == state.claimed_by)
        });
    }

    /// Waits until the connections are closed. They were let go of, so it is only a moment.
    pub(super) fn settle(&self) {
        self.wait_while(SETTLE_TIME, |state| !state.seats.is_empty());
    }

    fn wait_while(&self, time: Duration, condition: impl Fn(&State) -> bool) {
        let state = self.state();
        let waited = self
            .changed
            .wait_timeout_while(state, time, |state| condition(state));
        drop(waited);
    }

    fn serve(&self, number: u64, stream: &TcpStream) {
        let (bytes, is_last) = match connection::receive(&self.door, stream) {
            Ok(response) if self.is_ours(&response) => {
                let page = answer::last_page(&self.pages, response.expose());
                if !self.claim(number, response) {
                    return connection::abort(stream);
                }
                (page, true)
            }
            Ok(_) => (answer::refusal(Refusal::BadRequest, true), false),
            Err(connection::End::Gone) => return connection::abort(stream),
            Err(connection::End::Refused { refusal, with_body }) => {
                tracing::debug!(
                    status = refusal.status(),
                    "the loopback listener refused a request"
                );
                (answer::refusal(refusal, with_body), false)
            }
        };
        if !is_last && !self.begin_answer(number) {
            return connection::abort(stream);
        }
        let answered = Answered::write(stream, &bytes, self.deadline);
        if is_last {
            self.tell(Event::Answered);
        }
        answered.linger();
    }

    fn is_ours(&self, response: &ResponseText) -> bool {
        let verdict = AssertUnwindSafe(|| (self.expectation.verdict)(response.expose()));
        match panic::catch_unwind(verdict) {
            Ok(verdict) => verdict == Verdict::Ours,
            Err(_) => {
                self.tell(Event::Panicked);
                false
            }
        }
    }

    /// Gives the connection a seat and its number; none when it is over.
    fn seat(&self, stream: &Arc<TcpStream>) -> Option<u64> {
        let mut state = self.state();
        while !state.is_over && state.seats.len() >= SEATS {
            match state.seats.iter().position(|seat| !seat.is_answered) {
                Some(oldest) => state.seats.remove(oldest).dismiss(),
                None => {
                    state = self
                        .changed
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
        if state.is_over {
            return None;
        }
        if state.seen == MAX_CONNECTIONS {
            drop(state);
            self.tell(Event::TooManyRequests);
            return None;
        }
        state.seen += 1;
        let number = state.seen;
        state.seats.push(Seat {
            number,
            stream: stream.clone(),
            is_answered: false,
        });
        Some(number)
    }

    /// Makes this the response, unless there is one or it is too late.
    fn claim(&self, number: u64, response: ResponseText) -> bool {
        let mut state = self.state();
        if state.claimed_by.is_some() || !state.answer(number) {
            return false;
        }
        state.claimed_by = Some(number);
        state.response = Some(response);
        true
    }

    /// Whether the connection still has its seat, which nobody takes from it from now on.
    fn begin_answer(&self, number: u64) -> bool {
        self.state().answer(number)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer(&mut self, number: u64) -> bool {
        if self.is_over {
            return false;
        }
        let seat = self.seats.iter_mut().find(|seat| seat.number == number);
        seat.map(|seat| seat.is_answered = true).is_some()
    }
}

impl Seat {
    /// Wakes the thread that reads from the connection: it finds its seat gone.
    fn dismiss(&self) {
        // Shut down for writing too, we would be the side that closes first, and the port be blocked for a minute
        // (TIME-WAIT, RFC 9293 section 3.6); but only Unix wakes a reader without.
        let how = match cfg!(unix) {
            true => Shutdown::Read,
            false => Shutdown::Both,
        };
        let _ = self.stream.shutdown(how);
    }
}

/// A seat, whose connection is closed and which is free when this is dropped.
struct Occupied {
    reception: Arc<Reception>,
    number: u64,
    stream: Option<Arc<TcpStream>>,
}

impl Occupied {
    fn serve(&self) {
        if let Some(stream) = &self.stream {
            self.reception.serve(self.number, stream);
        }
    }
}

impl Drop for Occupied {
    fn drop(&mut self) {
        self.stream = None;
        let mut state = self.reception.state();
        state.seats.retain(|seat| seat.number != self.number);
        drop(state);
        self.reception.changed.notify_all();
    }
}

/// More than a browser opens, its idle ones included.
const SEATS: usize = 32;
/// A connection carries one request.
const MAX_CONNECTIONS: u64 = 1_000;
const SETTLE_TIME: Duration = Duration::from_millis(500);
