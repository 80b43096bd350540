"""From a scene to what the detector reads."""
