"""What a transaction is and how one is judged: pure, in event time, without clock or I/O."""
