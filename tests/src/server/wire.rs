use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::accepted::ResetSwitch;
use crate::Wire;

/// Takes the steps of a fault over a connection, and ends it. A client that goes earlier ends the play.
pub(crate) async fn play<S>(mut stream: S, steps: Vec<Wire>, reset: &ResetSwitch)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    for step in steps {
        match step {
            Wire::Close => break,
            Wire::Cut => return,
            Wire::Hang => return until_gone(&mut stream).await,
            Wire::Repeat(bytes) => {
                while stream.write_all(&bytes).await.is_ok() {}
                return;
            }
            Wire::Reset => return reset.set(),
            Wire::Wait(pause) => tokio::time::sleep(pause).await,
            Wire::Write(bytes) => {
                if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
        }
    }
    // A client that is gone already needs no good form.
    let _ = stream.shutdown().await;
}

async fn until_gone<S: AsyncRead + Unpin>(stream: &mut S) {
    let mut scratch = [0; 1024];
    while let Ok(1..) = stream.read(&mut scratch).await {}
}
