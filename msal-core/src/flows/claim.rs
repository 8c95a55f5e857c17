//! Who does the work when several ask for the same.

use std::sync::Arc;

use crate::flights::{End, Flight, FlightKey, Flights, Join, Turn};
use crate::flow::Io;
use crate::store::AccessTokenEntry;
use crate::{Error, ErrorKind};

/// How asking for the lead came out.
pub(crate) enum Claim {
    /// There is no need to work: this was there, or somebody else has just obtained it.
    Answer(Arc<AccessTokenEntry>),
    /// Somebody else finished, and the answer lies where it always does.
    Landed,
    /// This flow does the work. Without a flight it does so alone.
    Lead(Option<Flight>),
}

/// Enters the flight for `key`. `look` finds what may have come meanwhile; it is asked by whoever is about to lead.
pub(crate) async fn claim(
    key: &FlightKey,
    flights: &Flights,
    look: impl Fn(&Io) -> Option<Arc<AccessTokenEntry>>,
    io: &mut Io,
) -> Result<Claim, Error> {
    let flight = loop {
        let (landing, bound_for) = match flights.enter(key, io.env().uptime()) {
            Turn::Lead(flight) => break flight,
            Turn::Follow(landing, bound_for) => (landing, bound_for),
        };
        let limit = bound_for.min(io.time_left());
        match io.join(landing, limit).await.outcome() {
            Join::Ended(End::Landed(Some(answer))) => return Ok(Claim::Answer(answer)),
            Join::Ended(End::Landed(None)) => return Ok(Claim::Landed),
            Join::Ended(End::Failed(error)) => return Err(error),
            Join::Ended(End::Lead(flight)) => break flight,
            Join::TimedOut if io.time_left().is_zero() => {
                return Err(Error::new(ErrorKind::Timeout));
            }
            // The leader stands still: the next turn is somebody else's.
            Join::TimedOut => {}
            Join::Declined => return Ok(Claim::Lead(None)),
        }
    };
    io.leads(&flight);
    // Whoever led before us may have landed since we last looked.
    if let Some(answer) = look(io) {
        flight.land(Some(&answer));
        return Ok(Claim::Answer(answer));
    }
    Ok(Claim::Lead(Some(flight)))
}

/// Waits for this flow's turn at something that only one may use at a time. Dropping the flight hands it to the next.
///
/// Without a flight there is nobody to wait for, or no way to: the flow goes on alone.
pub(crate) async fn turn(
    key: &FlightKey,
    flights: &Flights,
    io: &mut Io,
) -> Result<Option<Flight>, Error> {
    loop {
        let (landing, bound_for) = match flights.enter(key, io.env().uptime()) {
            Turn::Lead(flight) => {
                io.leads(&flight);
                return Ok(Some(flight));
            }
            Turn::Follow(landing, bound_for) => (landing, bound_for),
        };
        let limit = bound_for.min(io.time_left());
        match io.join(landing, limit).await.outcome() {
            Join::Ended(End::Lead(flight)) => {
                io.leads(&flight);
                return Ok(Some(flight));
            }
            Join::TimedOut if io.time_left().is_zero() => {
                return Err(Error::new(ErrorKind::Timeout));
            }
            Join::Ended(_) | Join::TimedOut => {}
            Join::Declined => return Ok(None),
        }
    }
}

/// Ends the flight as the work ended: what only this flow met, nobody else is told.
pub(crate) fn settle<'a>(
    flight: Option<Flight>,
    outcome: Result<Option<&'a Arc<AccessTokenEntry>>, &'a Error>,
    io: &Io,
) {
    match (flight, outcome) {
        (Some(flight), Ok(answer)) => flight.land(answer),
        (Some(flight), Err(error)) if !is_own(error, io) => {
            // Whoever waited sent nothing: the id to look for at the provider is this flow's.
            let error = error.clone().with_correlation_id(io.correlation_id());
            flight.fail(&error);
        }
        // Dropping the flight hands it to the next in line.
        _ => {}
    }
}

/// Whether others who ask for the same may fare better.
fn is_own(error: &Error, io: &Io) -> bool {
    match error.kind() {
        ErrorKind::CallbackPanicked(_) | ErrorKind::Declined(_) | ErrorKind::Internal(_) => true,
        ErrorKind::Timeout => io.time_left().is_zero(),
        _ => false,
    }
}
