"""From what the detector reads to the film that is stored."""
