"""Each port's contract, held by the implementation in memory and by the real one alike."""
