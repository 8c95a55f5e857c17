use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use socket2::SockRef;
use zeroize::Zeroizing;

use super::ResponseText;
use crate::interactive::http::{Admitted, Door, Head, MAX_HEAD, Refusal, form_text};

/// Why a connection brought nothing.
pub(super) enum End {
    /// Nobody is there to be answered.
    Gone,
    Refused {
        refusal: Refusal,
        with_body: bool,
    },
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        Self::Refused {
            refusal,
            with_body: true,
        }
    }
}

/// Reads what may be the response from a connection, within its limits of time and length.
pub(super) fn receive(door: &Door, stream: &TcpStream) -> Result<ResponseText, End> {
    // Never grown, since growing would leave a copy behind unwiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_HEAD + CHUNK));
    let until = Instant::now() + HEAD_TIME;
    let (start, len) = loop {
        if let Some(head) = Head::read(&bytes)? {
            let admitted = door.admit(&head).map_err(|refusal| End::Refused {
                refusal,
                with_body: head.method != "HEAD",
            })?;
            match admitted {
                Admitted::Body(len) => break (head.len, len),
                Admitted::Query(query) => return Ok(ResponseText::new(query)),
            }
        }
        read(stream, &mut bytes, CHUNK, until).map_err(|failure| match bytes.is_empty() {
            // A browser connects ahead of need, and takes an answer to nothing as one to what it asks later.
            true => End::Gone,
            false => failure.into(),
        })?;
    };
    let mut body = Zeroizing::new(Vec::with_capacity(len));
    body.extend(bytes.iter().skip(start).take(len));
    drop(bytes);
    let until = Instant::now() + BODY_TIME;
    while body.len() < len {
        let missing = len - body.len();
        read(stream, &mut body, missing, until)?;
    }
    Ok(ResponseText::new(form_text(&body)?))
}

/// A connection to which all that there is to say was said.
pub(super) struct Answered<'a>(&'a TcpStream);

impl<'a> Answered<'a> {
    /// Says it, as far as whoever asked takes it within its time.
    pub(super) fn write(stream: &'a TcpStream, mut bytes: &[u8], deadline: Instant) -> Self {
        let until = deadline.min(Instant::now() + WRITE_TIME);
        while let Some(left) = time_left(until) {
            let written = stream
                .set_write_timeout(Some(left))
                .and_then(|()| (&mut { stream }).write(bytes));
            match written {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) | Ok(0) => break,
                Ok(len) => bytes = bytes.get(len..).unwrap_or_default(),
            }
            if bytes.is_empty() {
                break;
            }
        }
        Self(stream)
    }

    /// Lets the other side close first, for a moment: else the port would be blocked for a minute (TIME-WAIT, RFC 9293
    /// section 3.6), and what it has not read be lost if it is still sending.
    pub(super) fn linger(self) {
        let until = Instant::now() + LINGER_TIME;
        let mut chunk = Zeroizing::new([0; CHUNK]);
        while let Some(left) = time_left(until) {
            if self.0.set_read_timeout(Some(left)).is_err() {
                return;
            }
            match (&mut { self.0 }).read(chunk.as_mut_slice()) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }
}

/// Closes a connection that was not answered, which it will be told at once when it is dropped.
pub(super) fn abort(stream: &TcpStream) {
    // An orderly end would block the port, as above.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// Why nothing more came.
enum Failure {
    Broken,
    Ended,
    Late,
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Broken => Self::Gone,
            Failure::Ended => Refusal::BadRequest.into(),
            Failure::Late => Refusal::TooSlow.into(),
        }
    }
}

/// Appends what comes, `most` bytes of it.
fn read(
    stream: &TcpStream,
    bytes: &mut Vec<u8>,
    most: usize,
    until: Instant,
) -> Result<(), Failure> {
    let mut chunk = Zeroizing::new([0; CHUNK]);
    let room = chunk.get_mut(..most.min(CHUNK)).unwrap_or_default();
    loop {
        let left = time_left(until).ok_or(Failure::Late)?;
        let came = stream
            .set_read_timeout(Some(left))
            .and_then(|()| (&mut { stream }).read(room));
        match came {
            Ok(0) => return Err(Failure::Ended),
            Ok(len) => {
                bytes.extend_from_slice(room.get(..len).unwrap_or_default());
                return Ok(());
            }
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => return Err(Failure::Late),
                _ => return Err(Failure::Broken),
            },
        }
    }
}

fn time_left(until: Instant) -> Option<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    (!left.is_zero()).then_some(left)
}

const HEAD_TIME: Duration = Duration::from_secs(5);
const BODY_TIME: Duration = Duration::from_secs(5);
const WRITE_TIME: Duration = Duration::from_secs(2);
pub(super) const LINGER_TIME: Duration = Duration::from_millis(500);
const CHUNK: usize = 4 * 1024;
