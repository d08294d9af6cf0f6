//! Processes: the protocol of the broker.
