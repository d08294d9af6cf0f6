//! Why an exchange with the control plane failed, in words of the contract.

/// Why an exchange with the control plane failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed {
    /// Kind of the failure, which is also the reason code.
    pub category: Category,
    /// Status of the answer, if there was one.
    pub http_status: Option<u16>,
    /// Hop that failed, a word of this program: `dns`, `proxy`, `tls` and so on.
    pub hop: Option<&'static str>,
}

/// Kinds of failures (contract: ops, section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// The service answered, and not with what was asked for.
    HttpError,
    /// No answer came in time.
    Timeout,
    /// There was no answer for another reason.
    NetworkError,
}

impl Category {
    /// The contract's word.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::HttpError => "http_error",
            Self::Timeout => "timeout",
            Self::NetworkError => "network_error",
        }
    }
}

impl Failed {
    /// The service answered with this status.
    #[must_use]
    pub const fn with_status(status: u16) -> Self {
        Self {
            category: Category::HttpError,
            http_status: Some(status),
            hop: None,
        }
    }

    /// There was no answer; `hop` is the one that failed, or `timeout`.
    #[must_use]
    pub fn at(hop: &'static str) -> Self {
        Self {
            category: match hop {
                "timeout" => Category::Timeout,
                _ => Category::NetworkError,
            },
            http_status: None,
            hop: Some(hop),
        }
    }
}
