//! The control plane as delivery sees it.

use super::client::{ControlError, ControlPlane};
use crate::delivery::{Credentials, Post, PostError};
use crate::net::Live;
use crate::wire::command::Route;
use crate::wire::response::Parts;

impl Post for ControlPlane {
    type Credentials = Live;

    async fn post(&self, route: &Route, body: Parts) -> Result<(), PostError> {
        self.respond(route, body).await.map_err(PostError::from)
    }

    fn credentials(&self) -> Live {
        self.live().clone()
    }
}

impl Credentials for Live {
    fn number(&self) -> u64 {
        Self::number(self)
    }

    fn seen(&mut self) -> u64 {
        Self::seen(self)
    }

    async fn changed(&mut self) {
        Self::changed(self).await;
    }
}

impl From<ControlError> for PostError {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Net { error, written, .. } => Self::Unanswered {
                reason: error.to_string(),
                hop: error.hop(),
                written,
            },
            ControlError::Status(answer) => Self::Status(answer),
        }
    }
}
