//! Secrets: redaction, log lines, sealed writer.
