//! Messages: framing, routing, splicing, unpacking.
