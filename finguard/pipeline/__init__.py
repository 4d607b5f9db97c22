"""The detection loop: from a polled batch to effects that happen once, whatever dies between."""
