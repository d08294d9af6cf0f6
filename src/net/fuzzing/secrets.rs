//! Doors to the writer of `Authorization` and to the answers of proxies.

use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::SecretString;
use tokio::io::{AsyncRead, AsyncWrite};

use super::super::Cause;
use super::super::proxy;
use super::super::sealed::{Authorization, Seal, Sealed};

/// Stream that writes the real value of `Authorization` where its filler stands.
#[derive(Debug)]
pub struct SealedStream<S> {
    seal: Seal,
    stream: Sealed<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> SealedStream<S> {
    /// Wraps a stream.
    pub fn new(stream: S) -> Self {
        let seal = Seal::default();
        Self {
            stream: Sealed::new(stream, seal.clone()),
            seal,
        }
    }

    /// Arms the next head with a value, or with none. Returns what the head has to hold in its place.
    pub fn arm(&self, value: Option<&HeaderValue>) -> Option<HeaderValue> {
        let authorization = value.map(|value| Authorization::Value(value.clone()));
        let mut headers = HeaderMap::new();
        if let Some(authorization) = &authorization {
            authorization.hold_place(&mut headers);
        }
        self.seal.arm(authorization);
        headers.remove(AUTHORIZATION)
    }

    /// The stream to write to.
    pub fn stream(&mut self) -> &mut (impl AsyncRead + AsyncWrite + Unpin + use<S>) {
        &mut self.stream
    }
}

/// Asks a proxy for a tunnel and reads its answer.
pub async fn connect<S>(stream: &mut S, authority: &str, credentials: Option<&SecretString>) -> Result<u16, Cause>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    proxy::connect(stream, authority, credentials, false).await
}
