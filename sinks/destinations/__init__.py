"""Where differences of segments go: one file a kind of destination, each behind the protocol of a sender."""
